// Drives the exchange through nami, unmodified: node nami.js HOST USER SECRET
// It knows --END COMMAND-- only, so it is the user of a program of its age.
'use strict';
const [host] = process.argv.slice(2);
const fail = (what) => { console.log('FAILED ' + (what && what.stack || JSON.stringify(what))); process.exit(1); };
setTimeout(() => fail('timeout'), 20000);
const { Nami, Actions } = require('nami');
const ami = new Nami({ host, port: 5038, username: 'old', secret: 'correct battery' });
ami.logLevel = 0;
const act = (name, fields) => new Promise((done) => ami.send(Object.assign(new Actions[name](), fields), done));
let ends = 0;
for (const e of ['namiInvalidPeer', 'namiLoginIncorrect', 'namiConnectionError']) ami.on(e, fail);
ami.on('namiEventHangup', (e) => {
  if (e.cause_txt !== 'Normal Clearing') fail(e);
  if (++ends === 2) { ami.close(); console.log('OK'); process.exit(0); }
});
ami.on('namiConnected', async () => {
  try {
    const peers = await act('SipPeers');
    if (peers.events.length !== 2 || peers.events[0].objectname !== 'bob' || peers.events[1].listitems !== '1') fail(peers);
    await act('DbPut', { Family: 'n', Key: 'k', Val: 'v' });
    const got = await act('DbGet', { Family: 'n', Key: 'k' });
    if (got.events[0].val !== 'v') fail(got);
    const none = await act('DbGet', { Family: 'n', Key: 'no' });
    if (none.response !== 'Error' || none.message !== 'Database entry not found') fail(none);
    const shown = await act('Command', { Command: 'database show n' });
    if (shown.response !== 'Follows' || !/\/n\/k +: v +\n1 results found.\n--END COMMAND--/.test(shown.lines.join('\r\n'))) fail(shown);
    const status = await act('Status');
    if (status.message !== 'Channel status will follow' || status.events.length !== 1) fail(status);
    const call = await act('Originate', { Channel: 'Local/1000@t', Application: 'Wait', Data: '1', variables: { A: '1', B: '2' } });
    if (call.message !== 'Originate successfully queued') fail(call);
    const list = await act('CoreShowChannels');
    if (list.events.length !== 3 || list.events[2].listitems !== '2') fail(list);
  } catch (e) { fail(e); }
});
ami.open();
