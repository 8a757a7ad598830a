package sip

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pbx/channel"
)

// The order of headers is that of the field, whose programs and pictures of
// traces people compare with.
func TestWireOrder(t *testing.T) {
	conf := office + "sendrpid=pai\nsession-timers=originate\nheader=X-Peer: yes\n"
	extens := map[string]func(*channel.Channel){"2000": dial(nil, "SIP/carol"), "1001": answerFor(time.Second)}
	names := func(b []byte) string {
		head, _, _ := strings.Cut(string(b), "\r\n\r\n")
		var list []string
		for _, line := range strings.Split(head, "\r\n")[1:] {
			name, _, _ := strings.Cut(line, ":")
			list = append(list, name)
		}
		return strings.Join(list, ", ")
	}
	withFlow(t, conf, extens, func(f *flow) {
		check := func(phone, step, want string) {
			t.Helper()
			if step != "" {
				if err := f.step(step); err != nil {
					t.Fatal(err)
				}
			}
			b, ok := f.next(f.phone(phone), 2*time.Second)
			if got := names(b); !ok || got != want {
				t.Errorf("after %s:\n%s\nwant\n%s", step, got, want)
			}
		}
		f.phone("carol")
		const response = "Via, From, To, Call-ID, CSeq, Server, Allow, Supported"
		check("alice", "alice > INVITE 2000 sdp | Supported: timer", response+", Contact, Content-Length")
		check("carol", "", "Via, Max-Forwards, From, To, Contact, Call-ID, CSeq, User-Agent, Date, Session-Expires, Min-SE, Allow, Supported, P-Asserted-Identity, X-Peer, Content-Type, Content-Length")
		check("alice", "alice > CANCEL", response+", Content-Length")
		f.endAll()
		for _, ok := f.next(f.phone("alice"), 0); ok; _, ok = f.next(f.phone("alice"), 0) {
		}
		f.play(`
			alice > INVITE 1001 sdp call=new | Supported: timer
			alice < 100
			alice < 200 sdp
			alice > ACK`)
		check("alice", "wait 1s", "Via, Max-Forwards, From, To, Call-ID, CSeq, User-Agent, X-Asterisk-HangupCause, X-Asterisk-HangupCauseCode, Content-Length")
	})
}

// A whole message, once.
func TestWireText(t *testing.T) {
	const want = `SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-alice-2;received=192.0.2.10;rport=5060
From: <sip:alice@192.0.2.1>;tag=alice1
To: <sip:1000@192.0.2.1>;tag=asTAG
Call-ID: alice-1@test
CSeq: 1 INVITE
Server: PBX test
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE, UPDATE, PRACK
Supported: replaces, timer, 100rel
Session-Expires: 1800;refresher=uas
Require: timer
Contact: <sip:1000@192.0.2.1:5060>
Content-Type: application/sdp
Content-Length: LEN

v=0
o=root ID ID IN IP4 192.0.2.1
s=PBX test
c=IN IP4 192.0.2.1
t=0 0
m=audio PORT RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=maxptime:140
a=sendrecv
`
	withFlow(t, office, map[string]func(*channel.Channel){"1000": answerAndWait}, func(f *flow) {
		f.play("alice > INVITE 1000 sdp | Supported: timer\nalice < 100")
		b, ok := f.next(f.phone("alice"), 0)
		if !ok {
			t.Fatal("no answer")
		}
		got := strings.ReplaceAll(string(b), "\r\n", "\n")
		for pattern, with := range map[string]string{
			`tag=as[0-9a-f]{16}`: "tag=asTAG", `Content-Length: \d+`: "Content-Length: LEN",
			`o=root (\d+) (\d+) `: "o=root ID ID ", `m=audio \d+ `: "m=audio PORT ",
		} {
			got = regexp.MustCompile(pattern).ReplaceAllString(got, with)
		}
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		f.endAll()
	})
}
