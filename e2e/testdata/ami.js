// Drives the exchange through asterisk-manager, unmodified: node ami.js HOST PORT USER SECRET
'use strict';
const [host, port, user, secret] = process.argv.slice(2);
const ami = new (require('asterisk-manager'))(port, host, user, secret, true);
const seen = [];
const fail = (what) => { console.log('FAILED ' + what); process.exit(1); };
setTimeout(() => fail('timeout after ' + seen.join(' ')), 20000);
ami.on('error', (e) => fail('error ' + e));
ami.on('managerevent', (e) => seen.push(e.event));

const act = (action) => new Promise((done) => ami.action(action, (err, res) => done(err || res)));

ami.on('connect', () => {});
ami.on('response', () => {});
ami.on('fullybooted', async () => {
  const pong = await act({ action: 'ping' });
  if (pong.ping !== 'Pong') fail('ping ' + JSON.stringify(pong));
  const peers = await act({ action: 'sippeers' });
  if (peers.response !== 'Success' || peers.eventlist !== 'start') fail('sippeers ' + JSON.stringify(peers));
  const core = await act({ action: 'command', command: 'core show uptime' });
  if (core.response !== 'Success') fail('command ' + JSON.stringify(core));
  await act({ action: 'dbput', family: 'js', key: 'k', val: 'v' });
  ami.on('originateresponse', (e) => {
    if (e.response !== 'Success' || e.reason !== '4') fail('originate ' + JSON.stringify(e));
  });
  ami.on('hangup', (e) => {
    if (!/^Local\/.*;1$/.test(e.channel)) return;
    setTimeout(() => {
      for (const want of ['Newchannel', 'Newexten', 'DialBegin', 'DialEnd', 'OriginateResponse', 'Hangup', 'PeerEntry', 'PeerlistComplete']) {
        if (!seen.includes(want)) fail('no ' + want + ' in ' + seen.join(' '));
      }
      console.log('OK ' + seen.length);
      process.exit(0);
    }, 500);
  });
  const queued = await act({ action: 'originate', channel: 'Local/1000@t', application: 'Wait', data: '1', async: 'true', variable: { A: '1' } });
  if (queued.message !== 'Originate successfully queued') fail('originate ' + JSON.stringify(queued));
});
