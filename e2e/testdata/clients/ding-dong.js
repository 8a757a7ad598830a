// Serves AGI with ding-dong, unmodified, and has a call come by asterisk-manager: node ding-dong.js HOST USER SECRET
'use strict';
const [host, user, secret] = process.argv.slice(2);
const fail = (what) => { console.log('FAILED ' + (what.message || JSON.stringify(what))); process.exit(1); };
setTimeout(() => fail('timeout'), 20000);
const served = new (require('ding-dong'))(async (call) => {
  call.on('error', fail);
  const env = await call.onEvent('variables');
  if (env.agi_network_script !== 'menu' || env.agi_extension !== '1002' || env.agi_arg_1 !== 'one two') fail(env);
  const want = async (what, answer, result, value) => { const r = await answer; if (r.code !== 200 || r.result !== result || r.value !== value) fail({ what, r }); };
  await want('answer', call.answer(), '0');
  await want('variable', call.getVariable('G1'), '1', 'one');
  await want('full', call.getFullVariable('${CALLERID(num)}-${EXTEN}'), '1', '-1002');
  await want('set', call.setVariable('X', 'two words'), '1');
  await want('get', call.getVariable('X'), '1', 'two words');
  await want('exec', call.exec('NoOp', '"hello"'), '0');
  await want('verbose', call.verbose('hello', 1), '1');
  await want('stream', call.streamFile('beep', '#'), '0 endpos=2800');
  await want('data', call.getData('beep', 100, 1), '', 'timeout');
  await want('number', call.sayNumber(1, '#'), '0');
  await want('status', call.channelStatus(''), '6');
  await want('hangup', call.hangup(), '1');
  console.log('OK');
  process.exit(0);
}).start(4573, host);
served.on('listening', () => {
  const ami = new (require('asterisk-manager'))(5038, host, user, secret, true);
  ami.on('fullybooted', () => ami.action({ action: 'originate', channel: 'Local/1002@t', application: 'Wait', data: '5', async: 'true' }, () => {}));
});
