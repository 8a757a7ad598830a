package sip

import (
	"strings"
	"testing"
	"time"

	"pbx/channel"
)

// accent writes a message as some phones do, with as=HABIT: norport, nocontact, notag (a response with
// no To tag, RFC 2543), compact (names of one letter), odd (names in another case),
// endless (no Max-Forwards), 2543 (a branch of those days), bare
// (Contact without <>).
func accent(m string, words []string) string {
	head, body, _ := strings.Cut(m, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	for _, w := range words {
		habit, ok := strings.CutPrefix(w, "as=")
		for i := 1; ok && i < len(lines); i++ {
			name, value, _ := strings.Cut(lines[i], ": ")
			switch habit {
			case "norport":
				lines[i] = strings.TrimSuffix(lines[i], ";rport")
			case "notag":
				if name == "To" {
					value, _, _ = strings.Cut(value, ";tag=")
					lines[i] = "To: " + value
				}
			case "nocontact":
				if name == "Contact" {
					lines, ok = append(lines[:i], lines[i+1:]...), false // that of the flow
				}
			case "endless":
				if name == "Max-Forwards" {
					lines, ok = append(lines[:i], lines[i+1:]...), false
				}
			case "2543":
				lines[i] = strings.Replace(lines[i], ";branch=z9hG4bK", ";branch=", 1)
			case "bare":
				if name == "Contact" {
					lines[i] = "Contact: " + strings.NewReplacer("<", "", ">", "").Replace(value)
				}
			case "compact":
				if short := compactNames[name]; short != "" {
					lines[i] = short + ":" + value
				}
			case "odd":
				lines[i] = strings.ToUpper(name[:1]) + strings.ToLower(name[1:]) + " :  " + value
				if i%2 == 0 {
					lines[i] = strings.ToUpper(name) + ":" + value
				}
			}
		}
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

var compactNames = map[string]string{
	"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m", "Content-Type": "c", "Content-Length": "l", "Subject": "s", "Supported": "k",
	"Event": "o", "Refer-To": "r", "Session-Expires": "x",
}

// TestPhoneHabits: what phones and trunks of other makes do that no rule forbids, or
// that was the rule once.
func TestPhoneHabits(t *testing.T) {
	const (
		answered = `
			alice < 100
			alice < 200 sdp
			alice > ACK`
		hangsUp = `
			alice > BYE
			alice < 200`
		called = `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp`
		bothEnd = hangsUp + `
			bob < BYE
			bob > 200`
		pair = `
			bob < ACK
			alice < 200 sdp
			alice > ACK` + bothEnd
		// A description of another make; %s are its media.
		session = "| body v=0\\r\\no=phone 1 1 IN IP4 192.0.2.10\\r\\ns=call\\r\\nc=IN IP4 192.0.2.10\\r\\nt=0 0\\r\\n"
	)
	came := map[string]string{ // what the legs came to, where that matters
		"moved to one of several":           "forward Local/222@phones; caller gone",
		"another description in the answer": "Progress; answer ulaw; end 0 cause 16",
		"another To tag in the answer":      "Progress; answer ulaw; end 0 cause 16",
	}
	for name, script := range map[string]string{
		"a target that moves": `
			alice > INVITE 3000 sdp` + answered + `
			alice > INVITE sdp contact=sip:alice@192.0.2.10:5065
			alice < 200 sdp
			alice > ACK
			alice5 < BYE @1s | BYE sip:alice@192.0.2.10:5065 SIP/2.0
			alice5 > 200`,
		"a target that moves with UPDATE": `
			alice > INVITE 3000 sdp` + answered + `
			alice > UPDATE contact=sip:alice@192.0.2.10:5065
			alice < 200
			alice5 < BYE @1s | BYE sip:alice@192.0.2.10:5065 SIP/2.0
			alice5 > 200`,
		"OPTIONS within a call": `
			alice > INVITE 1000 sdp` + answered + `
			alice > OPTIONS
			alice < 200` + hangsUp,
		"a description without s= and t=": `
			alice > INVITE 1000 | Content-Type: application/sdp | body v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\nc=IN IP4 192.0.2.10\r\nm=audio 30000 RTP/AVP 0\r\n` + answered + hangsUp,
		"a description of much else": `
			alice > INVITE 1000 | Content-Type: application/sdp; charset=UTF-8 | Content-Disposition: session | body v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\ni=x\r\nu=http://x\r\ne=a@b\r\np=+1\r\nc=IN IP4 192.0.2.10\r\nb=AS:84\r\nt=0 0\r\na=group:BUNDLE a\r\na=X-nat:0\r\nm=audio 30000 RTP/AVP 8\r\nb=TIAS:64000\r\na=rtcp:30001 IN IP4 192.0.2.10\r\na=rtcp-xr:rcvr-rtt=all\r\na=ssrc:1 cname:x\r\na=candidate:1 1 UDP 1 192.0.2.10 30000 typ host\r\n` + answered + hangsUp,
		"encryption by choice": `
			alice > INVITE 1000 | Content-Type: application/sdp ` + session + `m=audio 30000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n
			alice < 100
			alice < 200 sdp | !crypto
			alice > ACK` + hangsUp,
		"encryption by choice, as a stream of its own": `
			alice > INVITE 1000 | Content-Type: application/sdp ` + session + `m=audio 30000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\nm=audio 30002 RTP/AVP 0\r\n
			alice < 100
			alice < 200 sdp | m=audio 0 RTP/SAVP 0
			alice > ACK` + hangsUp,
		"encryption and nothing else": `
			alice > INVITE 1000 | Content-Type: application/sdp ` + session + `m=audio 30000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n
			alice < 488
			alice > ACK`,
		"a name for the audio": `
			alice > INVITE 1000 | Content-Type: application/sdp | body v=0\r\no=- 1 1 IN IP4 phone.example\r\ns=-\r\nc=IN IP4 phone.example\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n` + answered + hangsUp,
		"no Max-Forwards": `
			alice > INVITE 1000 sdp as=endless` + answered + hangsUp,
		"a branch without the cookie": `
			alice > INVITE 4000 sdp as=2543
			alice < 100
			alice < 180
			alice > CANCEL as=2543
			alice < 200
			alice < 487
			alice > ACK as=2543
			alice < nothing 10s`,
		"names of one letter": `
			alice > INVITE 1000 sdp as=compact | Supported: timer | Session-Expires: 1800` + answered + `
			alice > BYE as=compact
			alice < 200`,
		"names in any case": `
			alice > INVITE 1000 sdp as=odd` + answered + `
			alice > BYE as=odd
			alice < 200`,
		"no rport, and Contact with another port": `
			alice > INVITE 3000 sdp as=norport contact=sip:alice@192.0.2.10:5065
			alice < 100 | !rport
			alice < 200 sdp
			alice > ACK as=norport
			alice5 < BYE @1s | BYE sip:alice@192.0.2.10:5065 SIP/2.0
			alice5 > 200`,
		"Contact without brackets": `
			alice > INVITE 3000 sdp as=bare contact=sip:alice@192.0.2.10:5060;x=1` + answered + `
			alice < BYE @1s | BYE sip:alice@192.0.2.10:5060 SIP/2.0
			alice > 200`,
		"parameters of Contact come back": `
			alice > INVITE 3000 sdp contact=sip:alice@192.0.2.10:5060;ob;line=abc` + answered + `
			alice < BYE @1s | BYE sip:alice@192.0.2.10:5060;ob;line=abc SIP/2.0
			alice > 200`,
		"routes that lead to us": `
			alice > INVITE 1000 sdp | Route: <sip:192.0.2.1;lr>` + answered + `
			alice > BYE | Route: <sip:192.0.2.1:5060;lr>, <sip:192.0.2.1;lr>
			alice < 200`,
		"BYE that insists on what we do not know, with a text": `
			alice > INVITE 1000 sdp` + answered + `
			alice > INFO | Require: x-unheard-of
			alice < 420 | Unsupported: x-unheard-of
			alice > BYE | Require: x-unheard-of | Content-Type: text/plain | body tired
			alice < 200
			alice < nothing 40s`,
		"BYE instead of CANCEL": `
			alice > INVITE 4000 sdp
			alice < 100
			alice < 180
			alice > BYE
			alice < 487
			alice < 200
			alice > ACK`,
		"CANCEL after the answer": `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > CANCEL
			alice < 200
			alice > ACK
			alice < nothing 1s` + hangsUp,
		"the answer has no To tag": called + `
			bob > 180 as=notag
			alice < 180
			bob > 200 sdp as=notag
			bob < ACK | !tag=uas
			alice < 200 sdp
			alice > ACK` + bothEnd,
		"the answer has no Contact": called + `
			bob > 200 sdp as=nocontact
			bob < ACK | ACK sip:192.0.2.20 SIP/2.0
			alice < 200 sdp
			alice > ACK` + bothEnd,
		"another To tag in the answer": called + `
			bob > 183 sdp=8,101 fork=one
			alice < 183 sdp
			bob > 200 sdp=0,101 fork=two` + strings.Replace(pair, "bob < ACK", "bob < ACK | tag=two", 1),
		"180 after a 183 with media": called + `
			bob > 183 sdp
			alice < 183 sdp
			bob > 180
			alice < nothing 1s
			bob > 200 sdp` + pair,
		"another description in the answer": called + `
			bob > 183 sdp=8,101
			alice < 183 sdp
			bob > 200 sdp=0,101` + pair,
		"180 with media": called + `
			bob > 180 sdp
			alice < 180
			alice < 183 sdp
			bob > 200 sdp` + pair,
		"digits by another number in the answer": called + `
			bob > 200 sdp=events96` + pair,
		"digits stand first": `
			alice > INVITE 1000 | Content-Type: application/sdp ` + session + `m=audio 30000 RTP/AVP 101 8\r\na=rtpmap:101 telephone-event/8000\r\na=rtpmap:8 pcma/8000/1\r\n
			alice < 100
			alice < 200 sdp | RTP/AVP 8 101
			alice > ACK` + hangsUp,
		"an address of its own for the audio": `
			alice > INVITE 1000 | Content-Type: application/sdp ` + session + `m=audio 30000/1 RTP/AVP 0\r\nc=IN IP4 192.0.2.11/127\r\na=ptime:30\r\n
			alice < 100
			alice < 200 sdp
			alice > ACK` + hangsUp,
		"a stream in each address family": `
			alice > INVITE 1000 | Content-Type: application/sdp ` + session + `a=group:ANAT 1 2\r\nm=audio 30000 RTP/AVP 8\r\nc=IN IP6 2001:db8::1\r\na=mid:1\r\nm=audio 30002 RTP/AVP 0\r\na=mid:2\r\n
			alice < 100
			alice < 200 sdp | m=audio 0 RTP/AVP 8 | a=rtpmap:0 PCMU/8000
			alice > ACK` + hangsUp,
		"a stream in another address family only": `
			alice > INVITE 1000 | Content-Type: application/sdp ` + session + `m=audio 30000 RTP/AVP 8\r\nc=IN IP6 2001:db8::1\r\n
			alice < 100
			alice < 200 sdp | a=rtpmap:8 PCMA/8000
			alice > ACK` + hangsUp,
		"lines that end with LF alone": `
			alice > INVITE 1000 | Content-Type: application/sdp | body v=0\no=phone 1 1 IN IP4 192.0.2.10\ns=-\nc=IN IP4 192.0.2.10\nt=0 0\nm=audio 30000 RTP/AVP 0\n
			alice < 100
			alice < 200 sdp
			alice > ACK` + hangsUp,
		"a stream that is switched off": `
			alice > INVITE 1000 sdp` + answered + `
			alice > INVITE | Content-Type: application/sdp ` + session + `m=audio 0 RTP/AVP 0\r\na=sendonly\r\n
			alice < 200 sdp | m=audio 0 RTP/AVP 0 | !a=
			alice > ACK
			alice > INVITE sdp
			alice < 200 sdp | a=sendrecv
			alice > ACK` + hangsUp,
		"the same description again": `
			alice > INVITE 1000 sdp` + answered + `
			alice > INVITE sdp
			alice < 200 sdp
			alice > ACK` + hangsUp,
		"a call that begins on hold": `
			alice > INVITE 1000 sdp=inactive
			alice < 100
			alice < 200 sdp | a=inactive
			alice > ACK
			alice > INVITE sdp
			alice < 200 sdp | a=sendrecv
			alice > ACK` + hangsUp,
		"100 with a To tag": called + `
			bob > 100 fork=early
			bob > 180 fork=other
			alice < 180
			bob > 200 sdp fork=other` + pair,
		"183 without media, 180 with": called + `
			bob > 183
			alice < 180
			bob > 180 sdp
			alice < 180
			alice < 183 sdp
			bob > 200` + pair,
		"queued, forwarded, and a branch that ended": called + `
			bob > 182
			alice < 180
			bob > 181
			alice < 181
			bob > 199 fork=gone
			alice < 100
			bob > 180
			alice < 180
			bob > 200 sdp` + pair,
		"an answer that switches the audio off": called + `
			bob > 200 | Content-Type: application/sdp ` + session + `m=audio 0 RTP/AVP 0\r\n
			bob < ACK
			bob < BYE
			bob > 200
			alice < 503
			alice > ACK`,
		"an answer with a stream too many": called + `
			bob > 200 | Content-Type: application/sdp | body v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\nm=video 0 RTP/AVP 34\r\n` + pair,
		"ringing again and again": called + `
			bob > 180
			alice < 180
			bob > 180
			alice < 180
			bob > 180
			alice < 180
			bob > 200 sdp` + pair,
		"487 before the answer to CANCEL": called + `
			bob > 180
			alice < 180
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK
			bob < CANCEL
			bob > progress 487
			bob < ACK
			bob < CANCEL @500ms
			bob > 200
			bob < nothing 5s`,
		"no answer to CANCEL at all": called + `
			bob > 180
			alice < 180
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK
			bob < CANCEL
			bob < CANCEL @500ms
			bob < CANCEL @1s
			bob < CANCEL @2s
			wait 60s`,
		"the caller was answered elsewhere": called + `
			bob > 180
			alice < 180
			alice > CANCEL | Reason: SIP;cause=200;text="Call completed elsewhere"
			alice < 200
			alice < 487
			alice > ACK
			bob < CANCEL
			bob > 200`,
		"re-INVITE with the answer in the ACK": `
			alice > INVITE 1000 sdp` + answered + `
			alice > INVITE
			alice < 200 sdp
			alice > ACK sdp=8,101` + hangsUp,
		"a second INVITE of the same call before the ACK": `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > INVITE sdp
			alice < 491
			alice > ACK
			alice > ACK cseq=1` + hangsUp,
		"BYE before the ACK": `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > BYE
			alice < 200
			alice < nothing 5s`,
		"BYE that comes again": `
			alice > INVITE 1000 sdp` + answered + hangsUp + `
			alice > again
			alice < 200`,
		"UPDATE, INFO and REFER of a call that is over": `
			alice > INVITE 1000 sdp` + answered + hangsUp + `
			wait 40s
			alice > UPDATE sdp
			alice < 481
			alice > INFO
			alice < 481
			alice > BYE
			alice < 481`,
		"moved to one of several": called + `
			bob > 302 as=nocontact | Contact: <sip:111@192.0.2.1>;q=0.2, <sip:222@192.0.2.1>;q=0.9
			bob < ACK
			alice < 181
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`,
		"NOTIFY that keeps a pinhole open": `
			alice > NOTIFY 1000 | Event: keep-alive
			alice < 200`,
		"OPTIONS that keeps a pinhole open": `
			alice > OPTIONS 1000 contact=sip:alice@192.0.2.10:5060;ob | Accept: application/sdp
			alice < 200`,
		"SUBSCRIBE with names of one letter": `
			alice > SUBSCRIBE 107 as=compact | Event: dialog | Expires: 600
			alice < 200
			alice < NOTIFY
			alice > 200
			alice > SUBSCRIBE as=compact | Event: dialog | Expires: 0
			alice < 200
			alice < NOTIFY | Subscription-State: terminated
			alice > 200`,
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			plan := map[string]func(*channel.Channel){
				"1000": answerAndWait, "2000": dial(&got, "SIP/bob"), "3000": answerFor(time.Second), "4000": indicate(channel.ControlRinging),
			}
			runFlow(t, office, plan, script)
			if s, want := strings.Join(got, "; "), came[name]; want != "" && s != want {
				t.Errorf("the legs came to %q, want %q", s, want)
			}
		})
	}
}

// TestCompactHeaders: with compactheaders=yes all that we send is short, the ACK and the
// CANCEL of the transaction layer among it, and the call's history tells it as ever.
func TestCompactHeaders(t *testing.T) {
	conf := strings.Replace(office, "rtptimeout=0", "rtptimeout=0\ncompactheaders=yes", 1)
	withFlow(t, conf, map[string]func(*channel.Channel){"2000": dial(nil, "SIP/bob")}, func(f *flow) {
		f.play(`
			alice > INVITE 2000 sdp
			alice < 100 | v: SIP/2.0/UDP | !Via:
			bob < INVITE sdp | m: <sip:alice@ | i: | !Contact: | !Content-
			bob > 180
			alice < 180 | !Call-ID:
			bob > 486
			bob < ACK | v: SIP | !Via:
			alice < 503
			alice > ACK
			alice > INVITE 2000 sdp call=new
			alice < 100
			bob < INVITE sdp
			bob > 180
			alice < 180
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK
			bob < CANCEL | v: SIP | !Via:
			bob > 200`)
		if got := console(t, f.d, "sip show history "+f.phones["alice"].callID); !strings.Contains(got, "|< 487 Request Terminated |") || strings.Count(got, "INVITE (sdp)") != 2 {
			t.Errorf("the history:\n%s", got)
		}
	})
}
