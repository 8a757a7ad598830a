# Drives the exchange through panoramisk, unmodified: panoramisk_client.py HOST USER SECRET
# It serves FastAGI too, for the call that it asks for.
import asyncio
import sys

from panoramisk import Manager, fast_agi

host, user, secret = sys.argv[1:4]


async def main():
    loop = asyncio.get_running_loop()
    manager = Manager(loop=loop, host=host, port=5038, username=user, secret=secret, ssl=False, encoding='utf8')
    seen = []
    manager.register_event('*', lambda m, e: seen.append(e.event))
    await manager.connect()
    while 'FullyBooted' not in seen:
        await asyncio.sleep(0.05)
    pong = await manager.send_action({'Action': 'Ping'})
    assert pong.success and pong.ping == 'Pong', pong
    peers = await manager.send_action({'Action': 'SIPpeers'})
    assert [p.objectname for p in peers if p.event == 'PeerEntry'] == ['bob'], peers
    assert peers[-1].event == 'PeerlistComplete' and peers[-1].listitems == '1', peers
    version = await manager.send_command('core show version')
    assert version.output.startswith('Asterisk 20.'), version

    asked = asyncio.Future()

    async def menu(request):
        answers = [await request.send_command(c) for c in (
            'ANSWER', 'GET VARIABLE G1', 'DATABASE GET none none', 'GET DATA beep 100 1', 'NONSENSE', 'CHANNEL STATUS')]
        asked.set_result((dict(request.headers), answers))

    app = fast_agi.Application(loop=loop)
    app.add_route('menu', menu)
    await asyncio.start_server(app.handler, host, 4573)
    how = await manager.send_action({'Action': 'Originate', 'Channel': 'Local/1002@t', 'Application': 'Wait', 'Data': '1', 'Async': 'true'})
    assert how[-1].event == 'OriginateResponse' and how[-1].response == 'Success', how
    headers, answers = await asked
    assert headers['agi_network_script'] == 'menu' and headers['agi_extension'] == '1002' and headers['agi_arg_1'] == 'one two', headers
    assert [a.get('result', ('',))[0] for a in answers] == ['0', '1', '0', '', '', '6'], answers
    assert answers[1]['result'][1] == 'one', answers
    assert [a['status_code'] for a in answers] == [200, 200, 200, 200, 510, 200], answers
    while seen.count('Hangup') < 2:
        await asyncio.sleep(0.05)
    for want in ('Newchannel', 'Newexten', 'DialBegin', 'DialEnd', 'Hangup'):
        assert want in seen, seen
    print('OK', len(seen))

asyncio.run(asyncio.wait_for(main(), 20))
