package sip

import (
	"slices"
	"strings"
	"testing"

	"pbx/channel"
)

func TestDialledCalls(t *testing.T) {
	tests := []struct {
		name   string
		dests  string
		script string
		want   string // what the legs came to
	}{
		{"answer, the caller hangs up", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp | INVITE sip:192.0.2.20 SIP/2.0 | From: <sip:alice@192.0.2.1>;tag=as | To: <sip:192.0.2.20> | Contact: <sip:alice@192.0.2.1:5060> | CSeq: 102 INVITE | RTP/AVP 0 8 101 | Date: | Supported: replaces, timer | User-Agent:
			bob > 180
			alice < 180
			bob > 200 sdp
			bob < ACK | CSeq: 102 ACK | ACK sip:bob@192.0.2.20:5060 SIP/2.0
			alice < 200 sdp
			alice > ACK
			wait 2s
			alice > BYE
			alice < 200
			bob < BYE | CSeq: 103 BYE | X-Asterisk-HangupCauseCode: 16
			bob > 200`, "Ringing; answer ulaw; end 0 cause 16"},
		{"answer, the callee hangs up", "SIP/bob/7777", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp | INVITE sip:7777@192.0.2.20 SIP/2.0
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK
			bob > BYE
			bob < 200
			alice < BYE
			alice > 200`, "answer ulaw; end 1 cause 16"},
		{"the caller gives up before any response", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK
			bob < nothing 200ms
			bob > 100
			bob < CANCEL | CSeq: 102 CANCEL | !Reason
			bob > 200
			bob < nothing 1s`, "caller gone"},
		{"CANCEL and 487", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 180
			alice < 180
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK
			bob < CANCEL
			bob > 200`, "Ringing; caller gone"},
		{"busy", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 486
			bob < ACK | CSeq: 102 ACK
			alice < 503 | X-Asterisk-HangupCause: User busy | X-Asterisk-HangupCauseCode: 17
			alice > ACK`, "Busy 17 SIP 486 Busy Here"},
		{"temporarily unavailable is busy, forwarded first", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 480
			bob < ACK
			alice < 181 | Call is being forwarded
			alice < 503
			alice > ACK`, "forward ; Busy 19 SIP 480 Temporarily Unavailable"},
		{"congestion", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 503
			bob < ACK
			alice < 503
			alice > ACK`, "Congestion 34 SIP 503 Service Unavailable"},
		{"not found", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 404
			bob < ACK
			alice < 503
			alice > ACK`, "hangup 1"},
		{"silence", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob < INVITE @500ms sdp
			bob < INVITE @1s sdp
			bob < INVITE @2s sdp
			bob < INVITE @4s sdp
			bob < INVITE @8s sdp
			bob < INVITE @16s sdp
			alice < 503 @500ms
			alice > ACK`, "hangup 18"},
		{"first answer wins, the others are cancelled", "SIP/bob SIP/carol", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			carol < INVITE sdp
			bob > 180
			alice < 180
			carol > 180
			alice < 180
			carol > 200 sdp
			carol < ACK
			bob < CANCEL | Reason: SIP;cause=200;text="Call completed elsewhere"
			bob > 200
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			carol < BYE
			carol > 200`, "Ringing; Ringing; answer ulaw; end 0 cause 16"},
		{"forks of one INVITE: each answer is acknowledged, the first kept", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 180 fork=one
			bob > 180 fork=two
			alice < 180
			alice < 180
			bob > 200 fork=two sdp
			bob < ACK | tag=two
			alice < 200 sdp
			alice > ACK
			bob > answer fork=one sdp
			bob < ACK | tag=one
			bob < BYE | tag=one
			bob > 200
			bob > answer fork=one sdp
			bob < ACK | tag=one
			bob > answer fork=two sdp
			bob < ACK | tag=two
			alice > BYE
			alice < 200
			bob < BYE | tag=two
			bob > 200
			bob > answer fork=two sdp
			bob < ACK | tag=two
			bob > answer fork=three sdp
			bob < ACK | tag=three
			bob < BYE | tag=three
			bob > 200`, "Ringing; Ringing; answer ulaw; end 0 cause 16"},
		{"early media", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 183 sdp=8,101
			alice < 183 sdp | RTP/AVP 8 0 101
			bob > 200
			bob < ACK
			alice < 200 sdp | RTP/AVP 8 0 101
			alice > ACK
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`, "Progress; answer alaw; end 0 cause 16"},
		{"the caller speaks what the callee took", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 200 sdp=8,101
			bob < ACK
			alice < 200 sdp | RTP/AVP 8 0 101
			alice > ACK
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`, "answer alaw; end 0 cause 16"},
		{"an answer without a codec of ours", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 200 sdp=18
			bob < ACK
			bob < BYE
			bob > 200
			alice < 503
			alice > ACK`, "hangup 58"},
		{"CANCEL crosses the answer", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 100
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK
			bob < CANCEL
			bob > answer sdp
			bob < ACK
			bob < BYE
			bob > 200`, "caller gone"},
		{"moved", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 302
			bob < ACK
			alice < 181
			alice < nothing 1s
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`, "forward Local/bob@phones; caller gone"},
		{"nobody of that name", "SIP/", `
			alice > INVITE 2000 sdp
			alice < 100
			alice < 503
			alice > ACK`, "request 0"},
		{"any address", "SIP/x@192.0.2.20:5061", `
			alice > INVITE 2000 sdp
			alice < 100
			bob1 < INVITE sdp | INVITE sip:x@192.0.2.20:5061 SIP/2.0
			bob1 > 600
			bob1 < ACK
			alice < 503
			alice > ACK`, "Busy 17 SIP 600 Busy Everywhere"},
		{"401 without credentials", "SIP/bob", `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 401 | WWW-Authenticate: Digest realm="x", nonce="y"
			bob < ACK
			alice < 503
			alice > ACK`, "Congestion 21 SIP 401 Unauthorized"},
		{"record route", "SIP/bob", `
			alice > INVITE 2000 sdp | Record-Route: <sip:192.0.2.99;lr>, <sip:192.0.2.98;lr>
			alice < 100
			bob < INVITE sdp
			bob > 200 sdp | Record-Route: <sip:192.0.2.30;lr>, <sip:192.0.2.20:5062;lr>
			bob2 < ACK | Route: <sip:192.0.2.20:5062;lr> | Route: <sip:192.0.2.30;lr> | ACK sip:bob@192.0.2.20:5060 SIP/2.0
			alice < 200 sdp | Record-Route: <sip:192.0.2.99;lr>, <sip:192.0.2.98;lr>
			alice > ACK
			alice > BYE
			alice < 200
			bob2 < BYE | Route: <sip:192.0.2.20:5062;lr>
			bob2 > 200`, "answer ulaw; end 0 cause 16"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			dests := strings.Fields(tt.dests)
			extens := map[string]func(*channel.Channel){"2000": dial(&got, dests...)}
			runFlow(t, office, extens, tt.script)
			if tt.want != "" && strings.Join(got, "; ") != tt.want {
				t.Errorf("the legs came to %q, want %q", slices.Clone(got), tt.want)
			}
		})
	}
}
