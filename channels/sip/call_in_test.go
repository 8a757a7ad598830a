package sip

import (
	"testing"
	"time"

	"pbx/channel"
)

func TestInboundCalls(t *testing.T) {
	extens := map[string]func(*channel.Channel){
		"1000": answerAndWait,
		"1001": answerFor(time.Second),
		"1002": indicate(channel.ControlRinging),
		"1003": indicate(channel.ControlProgress),
		"1004": indicate(channel.ControlBusy),
		"1006": hangupWith(0),
		"404":  hangupWith(1),
	}
	tests := map[string]string{
		"answer, the caller hangs up": `
			alice > INVITE 1000 sdp
			alice < 100 | Contact: <sip:1000@192.0.2.1:5060> | Server: | Allow: INVITE, ACK | !;tag=as
			alice < 200 sdp | m=audio | RTP/AVP 0 8 101 | a=rtpmap:0 PCMU/8000 | a=fmtp:101 0-16 | a=ptime:20 | a=maxptime:140 | a=sendrecv
			alice > ACK
			wait 3s
			alice > BYE
			alice < 200
			alice < nothing 40s`,
		"answer, we hang up": `
			alice > INVITE 1001 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice < BYE @1s | X-Asterisk-HangupCause: Normal Clearing | X-Asterisk-HangupCauseCode: 16 | CSeq: 102 BYE
			alice > 200
			alice < nothing 40s`,
		"BYE waits for the ACK": `
			alice > INVITE 1001 sdp
			alice < 100
			alice < 200 sdp
			alice < 200 @500ms sdp
			alice < 200 @1s sdp
			alice > ACK
			alice < BYE
			alice > 200`,
		"lost ACK: 200 until timer H, then BYE": `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice < 200 @500ms sdp
			alice < 200 @1s sdp
			alice < 200 @2s sdp
			alice < 200 @4s sdp
			alice < 200 @4s sdp
			alice < 200 @4s sdp
			alice < 200 @4s sdp
			alice < 200 @4s sdp
			alice < 200 @4s sdp
			alice < 200 @4s sdp
			alice < BYE @500ms
			alice > 200
			alice < nothing 40s`,
		"CANCEL": `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180 | Contact: <sip:1002@
			alice > CANCEL
			alice < 200 | CSeq: 1 CANCEL
			alice < 487
			alice > ACK
			alice < nothing 40s`,
		"CANCEL without INVITE": `
			alice > CANCEL 1002
			alice < 481`,
		"487 again until the ACK": `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180
			alice > CANCEL
			alice < 200
			alice < 487
			alice < 487 @500ms
			alice < 487 @1s
			alice > ACK
			alice < nothing 40s`,
		"ringing is repeated every minute": `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180
			alice < 180 @1m
			alice < 180 @1m
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK
			alice < nothing 2m`,
		"early media": `
			alice > INVITE 1003 sdp
			alice < 100
			alice < 183 sdp
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`,
		"busy": `
			alice > INVITE 1004 sdp
			alice < 100
			alice < 486 | SIP/2.0 486 Busy Here | !X-Asterisk
			alice > ACK
			alice < nothing 40s`,
		"no cause": `
			alice > INVITE 1006 sdp
			alice < 100
			alice < 603 | SIP/2.0 603 Declined
			alice > ACK`,
		"cause 1": `
			alice > INVITE 404 sdp
			alice < 100
			alice < 404 | SIP/2.0 404 Not Found
			alice > ACK`,
		"unknown extension": `
			alice > INVITE 9999 sdp
			alice < 404
			alice > ACK`,
		"a retransmitted INVITE makes one call": `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180
			alice > again
			alice < 180
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`,
		"a stranger is challenged": `
			mallory > INVITE 1000 sdp
			mallory < 401 | WWW-Authenticate: Digest
			mallory > ACK
			mallory < nothing 40s`,
		"late offer": `
			alice > INVITE 1000
			alice < 100
			alice < 200 sdp | RTP/AVP 0 8 101
			alice > ACK sdp
			alice > BYE
			alice < 200`,
		"late offer without answer": `
			alice > INVITE 1000
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice < BYE
			alice > 200`,
		"no common codec": `
			alice > INVITE 1000 sdp=18,4
			alice < 488
			alice > ACK`,
		"not a session description": `
			alice > INVITE 1000 | Content-Type: text/plain | body hello
			alice < 415 | Accept: application/sdp
			alice > ACK`,
		"Require 100rel": `
			alice > INVITE 1000 sdp | Require: 100rel, foo
			alice < 420 | SIP/2.0 420 Bad extension (unsupported) | Unsupported: foo
			alice > ACK`,
		"hold and resume": `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > INVITE sdp=hold
			alice < 200 sdp | a=recvonly
			alice > ACK
			alice > INVITE sdp=inactive
			alice < 200 sdp | a=inactive
			alice > ACK
			alice > INVITE sdp=zero
			alice < 200 sdp
			alice > ACK
			alice > INVITE sdp
			alice < 200 sdp | a=sendrecv
			alice > ACK
			alice > BYE
			alice < 200`,
		"re-INVITE before the ACK": `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > INVITE sdp=hold
			alice < 491
			alice > ACK
			alice > ACK cseq=1
			alice < 200 @500ms sdp
			alice > ACK cseq=1 branch=new
			alice > BYE
			alice < 200`,
		"BYE crosses BYE": `
			alice > INVITE 1001 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice < BYE @1s
			alice > BYE
			alice < 200
			alice > 200`,
		"BYE of another dialog": `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			mallory > BYE 1000 tag=x
			mallory < 481
			alice > BYE
			alice < 200`,
		"CSeq goes back": `
			alice > INVITE 1000 sdp cseq=10
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > OPTIONS cseq=5
			alice < 500
			alice > BYE
			alice < 200`,
		"INFO": `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > INFO | Content-Type: application/dtmf-relay | body Signal=5\r\nDuration=160\r\n
			alice < 200
			alice > INFO | Content-Type: application/foo | body x
			alice < 415
			alice > BYE
			alice < 200`,
		"session timer": `
			alice > INVITE 1000 sdp | Supported: timer
			alice < 100
			alice < 200 sdp | Session-Expires: 1800;refresher=uas | Require: timer
			alice > ACK
			alice < INVITE @15m sdp | Session-Expires: 1800;refresher=uac
			alice > 200 sdp | Session-Expires: 1800;refresher=uac
			alice < ACK
			alice > BYE
			alice < 200`,
		"session timer that nobody refreshes": `
			alice > INVITE 1000 sdp | Supported: timer | Session-Expires: 90;refresher=uac
			alice < 100
			alice < 200 sdp | Session-Expires: 90;refresher=uac
			alice > ACK
			alice < BYE @60s
			alice > 200`,
		"session interval too small": `
			alice > INVITE 1000 sdp | Supported: timer | Session-Expires: 60
			alice < 422 | Min-SE: 90
			alice > ACK`,
		"no support for the timer": `
			alice > INVITE 1000 sdp | Session-Expires: 600
			alice < 100
			alice < 200 sdp | !Session-Expires
			alice > ACK
			alice > BYE
			alice < 200`,
		"merged request": `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180
			alice1 > INVITE 1000 call=new | Z: y
			alice1 < 100
			alice1 < 200 sdp
			alice1 > ACK sdp
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK
			alice1 > BYE
			alice1 < 200`,
	}
	for name, script := range tests {
		t.Run(name, func(t *testing.T) { runFlow(t, office, extens, script) })
	}
}
