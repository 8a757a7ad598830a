// Drives the exchange through asterisk-ami-client, unmodified: node ami-client.js HOST USER SECRET
'use strict';
const [host, user, secret] = process.argv.slice(2);
const fail = (what) => { console.log('FAILED ' + (what.message || JSON.stringify(what))); process.exit(1); };
setTimeout(() => fail('timeout'), 20000);
const ami = new (require('asterisk-ami-client'))({ emitEventsByTypes: true, emitResponsesById: true, dontDeleteSpecActionId: true });
let ends = 0, answered = false;
ami.on('internalError', fail);
ami.on('OriginateResponse', (e) => { answered = e.Response === 'Success' && e.Reason === '4' && e.ActionID === 'o'; });
ami.on('Hangup', (e) => {
  if (e['Cause-txt'] !== 'Normal Clearing') fail(e);
  if (++ends === 2) { if (!answered) fail('no OriginateResponse'); console.log('OK'); process.exit(0); }
});
ami.connect(user, secret, { host, port: 5038 }).then(async () => {
  const status = await ami.action({ Action: 'CoreStatus' }, true);
  if (status.CoreCurrentCalls !== '0') fail(status);
  const settings = await ami.action({ Action: 'CoreSettings' }, true);
  if (!/^20\./.test(settings.AsteriskVersion)) fail(settings);
  ami.action({ Action: 'Originate', ActionID: 'o', Channel: 'Local/1000@t', Application: 'Wait', Data: '1', Async: 'true' });
}).catch(fail);
