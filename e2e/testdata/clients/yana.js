// Drives the exchange through yana, unmodified: node yana.js HOST USER SECRET
'use strict';
const [host, login, password] = process.argv.slice(2);
const fail = (what) => { console.log('FAILED ' + JSON.stringify(what)); process.exit(1); };
setTimeout(() => fail('timeout'), 20000);
const ami = new (require('yana'))({ host, port: 5038, login, password, events: true, reconnect: false });
const act = (action) => new Promise((done) => ami.send(action, done));
let ends = 0;
ami.on('error', fail);
ami.on('UserEvent-Tick', (e) => { if (e.N !== '7') fail(e); });
ami.on('Hangup', () => {
  if (++ends === 2) ami.disconnect(() => { console.log('OK'); process.exit(0); });
});
ami.connect(async () => {
  const pong = await act({ Action: 'Ping' });
  if (pong.Ping !== 'Pong') fail(pong);
  const put = await act({ Action: 'DBPut', Family: 'js', Key: 'k', Val: 'v' });
  if (put.Message !== 'Updated database successfully') fail(put);
  const shown = await act({ Action: 'Command', Command: 'database show js' });
  if (!Array.isArray(shown.Output) || !/^\/js\/k +: v +$/.test(shown.Output[0]) || shown.Output[1] !== '1 results found.') fail(shown);
  await act({ Action: 'UserEvent', UserEvent: 'Tick', N: '7' });
  const call = await act({ Action: 'Originate', Channel: 'Local/1000@t', Application: 'Wait', Data: '1', Variable: ['A=1', 'B=2'] });
  if (call.Message !== 'Originate successfully queued') fail(call);
});
