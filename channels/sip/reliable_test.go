package sip

import (
	"strings"
	"testing"

	"pbx/channel"
)

// Reliable provisional responses that we send (RFC 3262 3 and 5).
func TestReliableSent(t *testing.T) {
	extens := map[string]func(*channel.Channel){
		"1000": answerAndWait, "1002": indicate(channel.ControlRinging), "1003": indicate(channel.ControlProgress),
		"1004": func(ch *channel.Channel) {
			_ = ch.Leg().Indicate(channel.ControlRinging)
			_ = ch.Leg().Answer()
			untilHangup(ch)
		},
		"1005": func(ch *channel.Channel) {
			_ = ch.Leg().Indicate(channel.ControlProgress)
			_ = ch.Leg().Indicate(channel.ControlForward)
			_ = ch.Leg().Answer()
			untilHangup(ch)
		},
		"1006": func(ch *channel.Channel) {
			_ = ch.Leg().Indicate(channel.ControlForward)
			_ = ch.Leg().Indicate(channel.ControlRinging)
			untilHangup(ch)
		},
	}
	for name, tt := range map[string]struct{ conf, script string }{
		"3262 3: repeated at intervals that double until the PRACK": {"", `
			alice > INVITE 1002 sdp | Require: 100rel
			alice < 100 | !RSeq | !Require
			alice < 180 | Require: 100rel | RSeq: | Contact:
			alice < 180 @500ms
			alice < 180 @1s
			alice < 180 @2s
			alice > PRACK | rack
			alice < 200 | CSeq: 2 PRACK
			alice < nothing 30s
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`},
		"3262 3: no PRACK in 64*T1": {"", `
			alice > INVITE 1002 sdp | Require: 100rel
			alice < 100
			alice < 180
			alice < 180 @500ms
			alice < 180 @1s
			alice < 180 @2s
			alice < 180 @4s
			alice < 180 @8s
			alice < 180 @16s
			alice < 504 @500ms
			alice > ACK
			alice < nothing 40s`},
		"3262 3: one at a time": {"", `
			alice > INVITE 1006 sdp | Require: 100rel
			alice < 100
			alice < 181
			alice < nothing 400ms
			alice > PRACK | rack
			alice < 200 | PRACK
			alice < 180 | RSeq:
			alice > PRACK | rack
			alice < 200 | PRACK
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`},
		"3262 3: the 200 waits for the PRACK of a description": {"", `
			alice > INVITE 1005 sdp | Require: 100rel
			alice < 100
			alice < 183 sdp
			alice < nothing 400ms
			alice > PRACK | rack
			alice < 200 | PRACK
			alice < 200 | CSeq: 1 INVITE | !m=audio
			alice > ACK
			alice > BYE
			alice < 200`},
		"3262 3: … and for nothing else": {"", `
			alice > INVITE 1004 sdp | Require: 100rel
			alice < 100
			alice < 180
			alice < 200 sdp
			alice > ACK
			alice > PRACK | rack
			alice < 200
			alice < nothing 40s
			alice > BYE
			alice < 200`},
		"3262 3: RAck of another response": {"", `
			alice > INVITE 1002 sdp | Require: 100rel
			alice < 100
			alice < 180
			alice > PRACK | RAck: 1 1 INVITE
			alice < 481
			alice > PRACK | RAck: x
			alice < 400 | Malformed RAck
			alice > PRACK
			alice < 481
			alice > PRACK | rack
			alice < 200
			alice > PRACK | rack
			alice < 481
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`},
		"3262 3: CANCEL ends the retransmissions": {"", `
			alice > INVITE 1002 sdp | Require: 100rel
			alice < 100
			alice < 180
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK
			alice > PRACK | rack
			alice < 481
			alice < nothing 40s`},
		"3262 5: an offer in the 183, the answer in PRACK": {"", `
			alice > INVITE 1003 | Supported: 100rel
			alice < 100
			alice < 183 sdp | Require: 100rel
			alice > PRACK sdp | rack
			alice < 200 | !m=audio
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`},
		"3262 5: an offer in the 183 that PRACK does not answer": {"", `
			alice > INVITE 1003 | Supported: 100rel
			alice < 100
			alice < 183 sdp
			alice > PRACK | rack
			alice < 200
			alice < 488
			alice > ACK`},
		"3262 5: a second offer in PRACK": {"", `
			alice > INVITE 1003 sdp | Require: 100rel
			alice < 100
			alice < 183 sdp | RTP/AVP 0 8 101
			alice > PRACK sdp=8,101 | rack
			alice < 200 sdp | RTP/AVP 8 101
			alice > UPDATE sdp=0
			alice < 200 sdp | RTP/AVP 0
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`},
		"3262 5: a second offer in PRACK that cannot be": {"", `
			alice > INVITE 1003 sdp | Require: 100rel
			alice < 100
			alice < 183 sdp
			alice > PRACK sdp=18 | rack
			alice < 488
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`},
		"3262 5: an offer in PRACK before the answer": {"", `
			alice > INVITE 1002 sdp | Require: 100rel
			alice < 100
			alice < 180
			alice > PRACK sdp | rack
			alice < 500 | Retry-After:
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`},
		"3261 13.2.1: no offer in a response that may be lost": {"", `
			alice > INVITE 1003
			alice < 100
			alice < 183 | !m=audio
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`},
		"100rel=yes: who only knows it gets plain responses": {"", `
			alice > INVITE 1003 sdp | Supported: 100rel
			alice < 100
			alice < 183 sdp | !RSeq
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`},
		"100rel=peer_supported": {"100rel=peer_supported", `
			alice > INVITE 1003 sdp | Supported: 100rel
			alice < 100
			alice < 183 sdp | RSeq:
			alice > PRACK | rack
			alice < 200
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`},
		"100rel=no": {"100rel=no", `
			alice > INVITE 1003 sdp | Require: 100rel
			alice < 420 | SIP/2.0 420 Bad extension (unsupported) | Unsupported: 100rel
			alice > ACK
			alice > INVITE 1000 sdp call=new | Supported: 100rel
			alice < 100
			alice < 200 sdp | !100rel
			alice > ACK
			alice > BYE
			alice < 200`},
		"100rel=required": {"100rel=required", `
			alice > INVITE 1003 sdp
			alice < 421 | Require: 100rel
			alice > ACK`},
	} {
		t.Run(name, func(t *testing.T) {
			runFlow(t, strings.Replace(office, "rtptimeout=0", "rtptimeout=0\n"+tt.conf, 1), extens, tt.script)
		})
	}
}

// Reliable provisional responses that we get (RFC 3262 4), and the early dialogs
// that they make (RFC 3261 12.1.2).
func TestReliableReceived(t *testing.T) {
	for name, tt := range map[string]struct{ conf, script, want string }{
		"3262 4: acknowledged in order, once": {"", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp | Supported: replaces, timer, 100rel | !Require
			bob > 180 | Require: 100rel | RSeq: 5
			bob < PRACK | RAck: 5 102 INVITE | CSeq: 103 PRACK | tag=uas-bob | PRACK sip:bob@192.0.2.20:5060 SIP/2.0
			bob > 200
			alice < 180
			bob > progress 180 | Require: 100rel | RSeq: 5
			bob < nothing 100ms
			bob > progress 183 sdp | Require: 100rel | RSeq: 7
			bob < nothing 100ms
			bob > progress 183 sdp | Require: 100rel | RSeq: 6
			bob < PRACK | RAck: 6 102 INVITE | CSeq: 104 PRACK
			bob > 200
			alice < 183 sdp
			bob > answer
			bob < ACK | CSeq: 102 ACK
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			bob < BYE | CSeq: 105 BYE
			bob > 200`, "Ringing; Progress; answer ulaw; end 0 cause 16"},
		"3262 4: each fork has its own order and media": {"", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 183 fork=one sdp=0 | Require: 100rel | RSeq: 5
			bob < PRACK | RAck: 5 102 INVITE | CSeq: 103 PRACK | tag=one
			bob > 200
			alice < 183 sdp
			bob > progress 183 fork=two sdp=8 | Require: 100rel | RSeq: 900
			bob < PRACK | RAck: 900 102 INVITE | CSeq: 103 PRACK | tag=two
			bob > 200
			bob > progress 180 fork=one | Require: 100rel | RSeq: 6
			bob < PRACK | RAck: 6 102 INVITE | CSeq: 104 PRACK | tag=one
			bob > 200
			bob > answer fork=two
			bob < ACK | tag=two | CSeq: 102 ACK
			alice < 200 sdp
			alice > ACK
			bob > answer fork=one
			bob < ACK | tag=one
			bob < BYE | tag=one | CSeq: 105 BYE
			bob > 200
			alice > BYE
			alice < 200
			bob < BYE | tag=two | CSeq: 104 BYE
			bob > 200`, "Progress; Progress; Ringing; answer alaw; end 0 cause 16"},
		"3262 4: a challenged PRACK": {"remotesecret=pw", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 180 | Require: 100rel | RSeq: 5
			bob < PRACK
			bob > 407 | Proxy-Authenticate: Digest realm="x", nonce="z"
			bob < PRACK | Proxy-Authorization: Digest | RAck: 5 102 INVITE | CSeq: 104 PRACK
			bob > 200
			alice < 180
			bob > answer sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			bob < BYE | CSeq: 105 BYE
			bob > 200`, ""},
		"3261 13.2.1: after a reliable answer the 200 has none": {"", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 183 sdp=8 | Require: 100rel | RSeq: 5
			bob < PRACK
			bob > 200
			alice < 183 sdp
			bob > answer sdp=0
			bob < ACK
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`, "Progress; answer alaw; end 0 cause 16"},
		"3311 5.2: UPDATE in an early dialog": {"", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 183 sdp=0
			alice < 183 sdp
			bob > UPDATE sdp=8
			bob < 491
			bob > progress 183 sdp=0 | Require: 100rel | RSeq: 5
			bob < PRACK
			bob > 200
			bob > UPDATE sdp=8
			bob < 200 sdp | RTP/AVP 8
			bob > answer
			bob < ACK
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`, "Progress; Progress; answer alaw; end 0 cause 16"},
		"100rel=required": {"100rel=required", `
			alice > INVITE 2000 sdp | Supported: 100rel
			alice < 100
			bob < INVITE sdp | Supported: replaces, timer, 100rel | Require: 100rel
			bob > 420 | Unsupported: 100rel
			bob < ACK
			alice < 503
			alice > ACK`, ""},
		"100rel=no": {"100rel=no", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp | !100rel
			bob > 180 | Require: 100rel | RSeq: 5
			bob < nothing 1s
			alice < 180
			bob > answer sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			conf := strings.Replace(office, "[carol]", tt.conf+"\n[carol]", 1)
			runFlow(t, conf, map[string]func(*channel.Channel){"2000": dial(&got, "SIP/bob")}, tt.script)
			if tt.want != "" && strings.Join(got, "; ") != tt.want {
				t.Errorf("the legs came to %q, want %q", got, tt.want)
			}
		})
	}
}
