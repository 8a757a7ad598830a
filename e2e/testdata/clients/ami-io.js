// Drives the exchange through ami-io, and asterisk-ami beside it, unmodified: node ami-io.js HOST USER SECRET
'use strict';
const [host, user, secret] = process.argv.slice(2);
const fail = (what) => { console.log('FAILED ' + (what && what.stack || JSON.stringify(what))); process.exit(1); };
setTimeout(() => fail('timeout'), 20000);
const io = require('ami-io');
const ami = new io.Client({ host, port: 5038, login: user, password: secret, logger: new io.SilentLogger() });
const act = (name, fields) => new Promise((done, not) =>
  ami.send(Object.assign(new io.Action[name](), fields), (err, got) => (err ? not(err) : done(got))));
for (const e of ['incorrectServer', 'incorrectLogin', 'socketError']) ami.on(e, fail);

// The other one watches.
const watch = new (require('asterisk-ami'))({ host, port: 5038, username: user, password: secret });
const seen = [];
watch.on('ami_data', (e) => { if (e.event) seen.push(e.event); });
watch.on('ami_socket_error', fail);
watch.on('ami_login', (ok) => { if (!ok) fail('login'); ami.connect(); });
watch.connect();

ami.on('connected', async () => {
  try {
    if (ami.getVersion() !== '9.0.0') fail(ami.getVersion());
    const peer = await act('SipShowPeer', { Peer: 'bob' });
    if (peer.objectname !== 'bob' || peer.status !== 'Unmonitored') fail(peer);
    const none = await act('SipShowPeer', { Peer: 'none' }).then(fail, (e) => e);
    if (none.message !== 'Peer none not found.') fail(none);
    const peers = await act('SipPeers');
    if (peers.events.length !== 2 || peers.events[1].listitems !== '1') fail(peers);
    const state = await act('ExtensionState', { Exten: '1000', Context: 't' });
    if (state.status !== '-1') fail(state);
    // WaitEvent makes it wait for the OriginateResponse.
    const call = await act('Originate', { Channel: 'Local/1000@t', Application: 'Wait', Data: '1', Async: 'true', WaitEvent: true });
    if (call.event !== 'OriginateResponse' || call.reason !== '4') fail(call);
    const list = await act('CoreShowChannels');
    if (list.events.length !== 3) fail(list);
    setTimeout(() => {
      for (const e of ['Newchannel', 'LocalBridge', 'Newexten', 'Hangup']) if (!seen.includes(e)) fail(seen);
      console.log('OK');
      process.exit(0);
    }, 2500);
  } catch (e) { fail(e); }
});
