package sip

import (
	"strings"
	"testing"
	"time"

	"pbx/channel"
)

// Session timers (RFC 4028), re-INVITE (RFC 3261 14) and UPDATE (RFC 3311).
func TestSessions(t *testing.T) {
	extens := map[string]func(*channel.Channel){
		"1000": answerAndWait, "1002": indicate(channel.ControlRinging), "1003": indicate(channel.ControlProgress),
		"1020": answerFor(20 * time.Second), "2000": dial(nil, "SIP/bob"),
	}
	const up = `
			alice > INVITE 1000 sdp | Supported: timer | Session-Expires: 200
			alice < 100
			alice < 200 sdp | Session-Expires: 200;refresher=uas
			alice > ACK`
	const updates = `
			alice > INVITE 1000 sdp | Supported: timer | Session-Expires: 200 | Allow: INVITE, UPDATE
			alice < 100
			alice < 200 sdp | Session-Expires: 200;refresher=uas
			alice > ACK`
	const down = `
			alice > BYE
			alice < 200
			alice < nothing 40s`
	const dialled = `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp | Session-Expires: 200 | Min-SE: 90`
	const joined = `
			bob < ACK
			alice < 200 sdp
			alice > ACK`
	const parted = `
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`
	for name, tt := range map[string]struct{ conf, script string }{
		"4028 10: refreshed by UPDATE where the far end takes it": {"", updates + `
			alice < UPDATE @100s | Session-Expires: 200;refresher=uac | !m=audio
			alice > 200 | Session-Expires: 200;refresher=uac
			alice < UPDATE @100s
			alice > 200 | Session-Expires: 200;refresher=uac` + down},
		"4028 10: by re-INVITE when it does not after all": {"", updates + `
			alice < UPDATE @100s
			alice > 501
			alice < INVITE sdp | Session-Expires: 200;refresher=uac
			alice > 200 sdp | Session-Expires: 200;refresher=uac
			alice < ACK` + down},
		"4028 10: a refresh that nobody answers ends the call": {"", `
			alice > INVITE 1000 sdp | Supported: timer | Session-Expires: 90;refresher=uas | Allow: UPDATE
			alice < 100
			alice < 200 sdp | Session-Expires: 90;refresher=uas
			alice > ACK
			alice < UPDATE @45s
			alice < UPDATE @500ms
			alice < UPDATE @1s
			alice < UPDATE @2s
			alice < UPDATE @4s
			alice < UPDATE @4s
			alice < UPDATE @4s
			alice < UPDATE @4s
			alice < UPDATE @4s
			alice < UPDATE @4s
			alice < UPDATE @4s
			alice < BYE @500ms
			alice > 200`},
		"4028 7.4: 422 to a refresh raises the interval": {"", updates + `
			alice < UPDATE @100s
			alice > 422 | Min-SE: 360
			alice < UPDATE | Session-Expires: 360;refresher=uac | Min-SE: 360
			alice > 200 | Session-Expires: 360;refresher=uac
			alice < UPDATE @180s
			alice > 200` + down},
		"4028 9: the caller refreshes, and stops": {"", `
			alice > INVITE 1000 sdp | Supported: timer | Session-Expires: 90;refresher=uac
			alice < 100
			alice < 200 sdp | Session-Expires: 90;refresher=uac
			alice > ACK
			alice < nothing 50s
			alice > UPDATE | Supported: timer | Session-Expires: 90;refresher=uac
			alice < 200 | Session-Expires: 90;refresher=uac | Require: timer
			alice < nothing 50s
			alice > UPDATE | Supported: timer | Session-Expires: 60
			alice < 422 | Min-SE: 90
			alice > INVITE sdp | Supported: timer | Session-Expires: 60
			alice < 422 | Min-SE: 90
			alice > ACK
			alice < BYE @10s
			alice > 200`},
		"4028 9: a refused re-INVITE leaves the timer alone": {"", `
			alice > INVITE 1000 sdp | Supported: timer | Session-Expires: 90;refresher=uac
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > INVITE sdp=18
			alice < 488
			alice > ACK
			alice < BYE @60s
			alice > 200`},
		"4028 9: Min-SE above what was asked": {"", `
			alice > INVITE 1000 sdp | Supported: timer | Session-Expires: 90 | Min-SE: 600
			alice < 100
			alice < 200 sdp | Session-Expires: 600;refresher=uas
			alice > ACK` + down},
		"session-timers=refuse": {"session-timers=refuse", `
			alice > INVITE 1000 sdp | Supported: timer | Session-Expires: 600
			alice < 100
			alice < 200 sdp | !Session-Expires | !timer
			alice > ACK` + down},
		"session-refresher=uac": {"session-refresher=uac", `
			alice > INVITE 1000 sdp | Supported: timer | Session-Expires: 600
			alice < 100
			alice < 200 sdp | Session-Expires: 600;refresher=uac
			alice > ACK` + down},
		"4028 7.1: originate, the callee refreshes": {"session-timers=originate\nsession-expires=200", dialled + `
			bob > 200 sdp | Session-Expires: 200;refresher=uas | Require: timer` + joined + `
			bob < BYE @168s
			bob > 200
			alice < BYE
			alice > 200`},
		"4028 7.1: originate, we refresh": {"session-timers=originate\nsession-expires=200", dialled + `
			bob > 200 sdp | Session-Expires: 200;refresher=uac | Require: timer` + joined + `
			bob < INVITE @100s sdp | Session-Expires: 200;refresher=uac
			bob > 200 sdp | Session-Expires: 200;refresher=uac
			bob < ACK` + parted},
		"4028 7.2: originate, the callee knows no timer": {"session-timers=originate\nsession-expires=200", dialled + `
			bob > 200 sdp` + joined + `
			bob < INVITE @100s sdp
			bob > 200 sdp
			bob < ACK
			bob < INVITE @100s sdp
			bob > 481
			bob < ACK
			bob < BYE
			bob > 481
			alice < BYE
			alice > 200`},
		"4028 7.4: 422 to the INVITE": {"session-timers=originate\nsession-expires=200", dialled + `
			bob > 422 | Min-SE: 240
			bob < ACK
			bob < INVITE sdp | Session-Expires: 240 | Min-SE: 240 | CSeq: 103 INVITE
			bob > 200 sdp | Session-Expires: 240;refresher=uac` + joined + parted},

		"3261 14.1: 491 to the one who answered: up to 2 s": {"", up + `
			alice < INVITE @100s sdp
			alice > 491
			alice < ACK
			alice < INVITE @@2s sdp
			alice > 200 sdp | Session-Expires: 200;refresher=uac
			alice < ACK` + down},
		"3261 14.1: 491 to the one who called: 2.1 to 4 s": {"session-timers=originate\nsession-expires=200", dialled + `
			bob > 200 sdp | Session-Expires: 200;refresher=uac` + joined + `
			bob < INVITE @100s sdp
			bob > 491
			bob < ACK
			bob < nothing 2090ms
			bob < INVITE @@1910ms sdp
			bob > 200 sdp
			bob < ACK` + parted},
		"3261 14.2: 491 while ours is open": {"", up + `
			alice < INVITE @100s sdp
			alice > INVITE sdp=hold
			alice < 491
			alice > ACK
			alice > progress 200 sdp
			alice < ACK
			alice > INVITE sdp=hold
			alice < 200 sdp | a=recvonly
			alice > ACK` + down},
		"3261 14.1: a refused re-INVITE changes nothing": {"", up + `
			alice < INVITE @100s sdp
			alice > 488
			alice < ACK
			alice < INVITE @100s sdp
			alice > 200 sdp | Session-Expires: 200;refresher=uac
			alice < ACK` + down},
		"3261 14.1: 481 to a re-INVITE ends the call": {"", up + `
			alice < INVITE @100s sdp
			alice > 481
			alice < ACK
			alice < BYE
			alice > 200`},
		"3261 12.2.1.2: 408 too": {"", up + `
			alice < INVITE @100s sdp
			alice > 408
			alice < ACK
			alice < BYE
			alice > 200`},
		"3261 21.5.4: 503 with Retry-After puts it off": {"", up + `
			alice < INVITE @100s sdp
			alice > 503 | Retry-After: 7
			alice < ACK
			alice < INVITE @7s sdp
			alice > 200 sdp
			alice < ACK` + down},
		"a re-INVITE that is thought about for too long": {"", up + `
			alice < INVITE @100s sdp | !100rel
			alice > 100
			alice < CANCEL @180s
			alice > 200
			alice > progress 487
			alice < ACK` + down},
		"a challenged re-INVITE": {"session-timers=originate\nsession-expires=200\n[bob](+)\nremotesecret=pw", dialled + `
			bob > 200 sdp | Session-Expires: 200;refresher=uac` + joined + `
			bob < INVITE @100s sdp
			bob > 407 | Proxy-Authenticate: Digest realm="x", nonce="z"
			bob < ACK
			bob < INVITE sdp | Proxy-Authorization: Digest
			bob > 200 sdp
			bob < ACK | CSeq: 104 ACK` + parted},
		"3261 13.2.2.4: a repeated 200 to a re-INVITE is acknowledged again": {"", up + `
			alice < INVITE @100s sdp
			alice > 200 sdp
			alice < ACK | CSeq: 102 ACK
			alice > again
			alice < ACK | CSeq: 102 ACK` + down},
		"BYE crosses a re-INVITE of ours": {"", up + `
			alice < INVITE @100s sdp
			alice > 100
			alice > BYE
			alice < 200 | BYE
			alice < CANCEL
			alice > 200
			alice > progress 487
			alice < ACK
			alice < nothing 40s`},
		"3311 5.2: UPDATE with an offer while ours is open": {"", up + `
			alice < INVITE @100s sdp
			alice > UPDATE sdp=hold
			alice < 491
			alice > UPDATE
			alice < 200
			alice > progress 200 sdp
			alice < ACK` + down},
		"3311 5.2: UPDATE before the offer of the INVITE is answered": {"", `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180
			alice > UPDATE sdp=hold
			alice < 500 | Retry-After:
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`},
		"3264 8.2: audio that is given up comes back": {"", up + `
			alice > INVITE sdp=stopped | Supported: timer | Session-Expires: 200
			alice < 200 sdp | m=audio 0 RTP/AVP 0 8 101 | !a=
			alice > ACK
			alice < INVITE @100s sdp | m=audio 0 RTP/AVP | !a=
			alice > 200 sdp=stopped | Session-Expires: 200;refresher=uac
			alice < ACK
			alice > INVITE sdp
			alice < 200 sdp | RTP/AVP 0 8 101 | a=sendrecv | !m=audio 0
			alice > ACK
			alice > UPDATE sdp=stopped
			alice < 200 sdp | m=audio 0 RTP/AVP 0 8 101
			alice > UPDATE sdp=hold
			alice < 200 sdp | a=recvonly` + down},
		"3311 5.2: UPDATE that cannot be": {"", up + `
			alice > UPDATE sdp=18
			alice < 488` + down},
		"6337 3: a re-INVITE without an offer": {"", up + `
			alice > INVITE
			alice < 200 sdp | RTP/AVP 0 8 101
			alice > ACK sdp=8,101
			alice > INVITE
			alice < 200 sdp | RTP/AVP 8 0 101
			alice > ACK
			alice > OPTIONS
			alice < 200` + down},
		"3261 15.1.2: BYE while a re-INVITE of theirs lacks its ACK": {"", up + `
			alice > INVITE sdp=hold
			alice < 200 sdp
			alice > BYE
			alice < 200
			alice < nothing 40s`},
	} {
		t.Run(name, func(t *testing.T) {
			general, more, _ := strings.Cut(tt.conf, "[")
			conf := strings.Replace(office, "rtptimeout=0", "rtptimeout=0\n"+general, 1)
			if more != "" {
				conf += "[" + more + "\n"
			}
			runFlow(t, conf, extens, tt.script)
		})
	}
}
