package sip

import (
	"strings"
	"testing"
	"time"

	"pbx/channel"
)

// What a peer's settings make of the INVITE to it.
func TestDialledPeers(t *testing.T) {
	set := func(name, value string, then func(*channel.Channel)) func(*channel.Channel) {
		return func(ch *channel.Channel) {
			ch.SetVar(name, channel.Clean(value))
			then(ch)
		}
	}
	gone := `
			carol > 404
			carol < ACK
			alice < 503
			alice > ACK`
	tests := []struct {
		name, conf string
		app        func(*[]string) func(*channel.Channel)
		script     string
		want       string
	}{
		{
			"credentials of a trunk", office + "remotesecret=pw\ndefaultuser=me\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol/77") }, `
			carol < INVITE sdp | CSeq: 102 INVITE | !Authorization
			carol > 401 | WWW-Authenticate: Digest realm="x", nonce="y", qop="auth"
			carol < ACK
			carol < INVITE sdp | CSeq: 103 INVITE | Authorization: Digest username="me", realm="x", algorithm=MD5, uri="sip:77@192.0.2.30"
			carol > 407 | Proxy-Authenticate: Digest realm="x", nonce="z"
			carol < ACK
			carol < INVITE sdp | Proxy-Authorization: Digest username="me"
			carol > 401 | WWW-Authenticate: Digest realm="x", nonce="q"
			carol < ACK
			alice < 503
			alice > ACK`, "Congestion 21 SIP 401 Unauthorized",
		},
		{
			"a challenged BYE", office + "remotesecret=pw\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") }, `
			carol < INVITE sdp
			carol > 200 sdp
			carol < ACK
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			carol < BYE | CSeq: 103 BYE
			carol > 407 | Proxy-Authenticate: Digest realm="x", nonce="z"
			carol < BYE | CSeq: 104 BYE | Proxy-Authorization: Digest
			carol > 407 | Proxy-Authenticate: Digest realm="x", nonce="z"
			carol < nothing 1s`, "answer ulaw; end 0 cause 16",
		},
		{
			"one proof serves the call", office + "remotesecret=pw\nsession-timers=originate\nsession-expires=90\nsession-refresher=uac\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") }, `
			carol < INVITE sdp
			carol > 407 | Proxy-Authenticate: Digest realm="x", nonce="z", qop="auth"
			carol < ACK
			carol < INVITE sdp | nonce="z" | nc=00000001
			carol > 200 sdp | Session-Expires: 90;refresher=uac | Require: timer
			carol < ACK | Proxy-Authorization: Digest username="carol", realm="x" | nc=00000001
			alice < 200 sdp
			alice > ACK
			carol < INVITE @45s sdp | nonce="z" | nc=00000002
			carol > 407 | Proxy-Authenticate: Digest realm="x", nonce="y", qop="auth", stale=true
			carol < ACK
			carol < INVITE sdp | nonce="y" | nc=00000001
			carol > 200 sdp | Session-Expires: 90;refresher=uac | Require: timer
			carol < ACK
			alice > BYE
			alice < 200
			carol < BYE | nonce="y" | nc=00000002`, "answer ulaw; end 0 cause 16",
		},
		{
			"SHA-256 and auth-int", office + "remotesecret=pw\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") }, `
			carol < INVITE sdp
			carol > 401 | WWW-Authenticate: Digest realm="x", nonce="y", qop="auth-int", algorithm=MD5 | WWW-Authenticate: Digest realm="x", nonce="z", qop="auth-int", algorithm=SHA-256
			carol < ACK
			carol < INVITE sdp | algorithm=SHA-256 | nonce="z" | qop=auth-int` + gone, "hangup 1",
		},
		{
			"who is not the trunk gets no proof", office + "remotesecret=pw\nnat=no\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") }, `
			carol < INVITE sdp
			carol > 401 | WWW-Authenticate: Digest realm="x", nonce="y"
			carol < ACK
			carol < INVITE sdp | Authorization: Digest
			carol > 200 sdp | Record-Route: <sip:198.51.100.66;lr>
			mallory < ACK | !Authorization
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			mallory < BYE | !Authorization
			mallory > 401 | WWW-Authenticate: Digest realm="x", nonce="y"
			mallory < nothing 1s`, "answer ulaw; end 0 cause 16",
		},
		{
			"ringing with media", office,
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") }, `
			carol < INVITE sdp
			carol > 180 sdp
			alice < 180
			alice < 183 sdp
			carol > 200
			carol < ACK
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			carol < BYE
			carol > 200`, "Ringing; Progress; answer ulaw; end 0 cause 16",
		},
		{
			"a BYE within the callee's dialog is not proven", office + "remotesecret=pw\n",
			func(r *[]string) func(*channel.Channel) { return answerFor(time.Second) }, `
			alice < 200 sdp
			alice > ACK
			alice < BYE @1s
			alice > 407 | Proxy-Authenticate: Digest realm="x", nonce="z"
			alice < nothing 1s`, "",
		},
		{
			"added headers", office + "header=X-Peer: yes\n",
			func(r *[]string) func(*channel.Channel) {
				return set("__SIPADDHEADER01", "X-One: 1", set("__SIPADDHEADER02", "Content-Length: 9", dial(r, "SIP/carol")))
			}, "carol < INVITE sdp | X-Peer: yes | X-One: 1 | !Content-Length: 9" + gone, "hangup 1",
		},
		{
			"identity", office + "sendrpid=pai\nfromuser=line1\nfromdomain=carrier.example\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") },
			`carol < INVITE sdp | From: <sip:line1@carrier.example>;tag= | P-Asserted-Identity: "alice" <sip:alice@carrier.example>` + gone, "hangup 1",
		},
		{
			"session-timers=originate", office + "session-timers=originate\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") }, `
			carol < INVITE sdp | Session-Expires: 1800 | Min-SE: 90
			carol > 422 | Min-SE: 2000
			carol < ACK
			carol < INVITE sdp | Session-Expires: 2000 | Min-SE: 2000
			carol > 200 sdp | Session-Expires: 2000;refresher=uac | Require: timer
			carol < ACK
			alice < 200 sdp
			alice > ACK
			carol < INVITE @1000s sdp | Session-Expires: 2000;refresher=uac
			carol > 491
			carol < ACK
			wait 1h`, "",
		},
		{
			"call-limit", office + "call-limit=1\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol", "SIP/carol") },
			"carol < INVITE sdp" + gone, "request 17; hangup 1",
		},
		{
			"not registered", strings.Replace(office, "host=192.0.2.30", "host=dynamic", 1),
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") }, `
			alice < 503
			alice > ACK`, "request 20",
		},
		{
			"promiscredir", office + "promiscredir=yes\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") }, `
			carol < INVITE sdp
			carol > 302
			carol < ACK
			alice < 181`, "forward SIP/carol@192.0.2.30:5060",
		},
		{
			"promiscredir to several, the best first", office + "promiscredir=yes\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") }, `
			carol < INVITE sdp
			carol > 300 | Contact: <sip:a@one.example>;q=0.2, <sip:b@[2001:db8::1]:5070>;q=0.9 | Contact: <sip:c&SIP%2Fd@x>, <sip:e@alice>, <tel:+1555>;q=0.5
			carol < ACK
			alice < 181`, "forward SIP/carol@192.0.2.30:5060|SIP/b@[2001:db8::1]:5070|Local/+1555@phones|SIP/a@one.example",
		},
		{
			"codecs asked for", office,
			func(r *[]string) func(*channel.Channel) {
				return set("_SIP_CODEC_OUTBOUND", "alaw", dial(r, "SIP/carol"))
			}, "carol < INVITE sdp | RTP/AVP 8 101" + gone, "hangup 1",
		},
		{
			"a loop is counted down", office,
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") },
			"carol < INVITE sdp | Max-Forwards: 69" + gone, "hangup 1",
		},
		{
			"usereqphone", office + "usereqphone=yes\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol/123") },
			"carol < INVITE sdp | INVITE sip:123@192.0.2.30;user=phone SIP/2.0" + gone, "hangup 1",
		},
		{
			"withheld, to a trunk that knows us by From", strings.Replace(office, "[alice]\n", "[alice]\ncallingpres=prohib\n", 1) + "fromuser=line1\nfromdomain=carrier.example\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") },
			`carol < INVITE sdp | From: "Anonymous" <sip:line1@carrier.example>;tag=` + gone, "hangup 1",
		},
		{
			"withheld, to who is trusted", strings.Replace(office, "[alice]\n", "[alice]\ncallingpres=prohib\n", 1) + "sendrpid=pai\ntrust_id_outbound=yes\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") },
			`carol < INVITE sdp | From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag= | P-Asserted-Identity: "alice" <sip:alice@192.0.2.1> | Privacy: id` + gone, "hangup 1",
		},
		{
			"a number that was verified", strings.Replace(office, "[alice]\n", "[alice]\ncallingpres=allowed_passed_screen\n", 1) + "sendrpid=yes\n",
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol") },
			`carol < INVITE sdp | Remote-Party-ID: "alice" <sip:alice@192.0.2.1>;party=calling;privacy=off;screen=yes` + gone, "hangup 1",
		},
		{
			"somebody without a number", strings.Replace(office, "[general]\n", "[general]\ncallerid=Front Desk\n", 1),
			func(r *[]string) func(*channel.Channel) {
				return func(ch *channel.Channel) {
					ch.UpdateIdentity(func(id *channel.Identity) { id.Caller = channel.Party{} })
					dial(r, "SIP/carol")(ch)
				}
			}, `carol < INVITE sdp | From: "Front Desk" <sip:Front%20Desk@192.0.2.1>;tag=` + gone, "hangup 1",
		},
		{
			"a header in quotes", office,
			func(r *[]string) func(*channel.Channel) {
				return set("__SIPADDHEADER01", `"X-One: a "b" c"`, dial(r, "SIP/carol"))
			}, `carol < INVITE sdp | X-One: a "b" c` + gone, "hangup 1",
		},
		{
			"options of the URI", office,
			func(r *[]string) func(*channel.Channel) {
				return set("_SIP_URI_OPTIONS", "cpc=payphone;x", dial(r, "SIP/carol/123"))
			}, "carol < INVITE sdp | INVITE sip:123@192.0.2.30;cpc=payphone;x SIP/2.0 | To: <sip:123@192.0.2.30;cpc=payphone;x>" + gone, "hangup 1",
		},
		{
			"options that would leave the URI", office,
			func(r *[]string) func(*channel.Channel) {
				return set("_SIP_URI_OPTIONS", "x SIP/2.0\r\nX-Evil: 1", dial(r, "SIP/carol/123"))
			}, "carol < INVITE sdp | INVITE sip:123@192.0.2.30 SIP/2.0" + gone, "hangup 1",
		},
		{
			"an address as the number", office,
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol/ann@x.example") },
			"carol < INVITE sdp | INVITE sip:ann%40x.example@192.0.2.30 SIP/2.0" + gone, "hangup 1",
		},
		{
			"by another hop", office,
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol/123/192.0.2.20") }, `
			bob < INVITE sdp | INVITE sip:123@192.0.2.30 SIP/2.0 | To: <sip:123@192.0.2.30>
			bob > 404
			bob < ACK`, "hangup 1",
		},
		{
			"by a hop that is none", office,
			func(r *[]string) func(*channel.Channel) {
				return dial(r, "SIP/123@x.example:5070//sip:192.0.2.20:5060")
			}, `
			alice < 503
			alice > ACK`, "request 20",
		},
		{
			"to a host by another hop", office,
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/123@x.example:5070//udp://192.0.2.20") }, `
			bob < INVITE sdp | INVITE sip:123@x.example:5070 SIP/2.0
			bob > 404
			bob < ACK`, "hangup 1",
		},
		{
			"a number that is no peer", office,
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/5551") }, `
			alice < 503
			alice > ACK`, "request 20",
		},
		{
			"another To and From", office,
			func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/carol!200@to.example!me@from.example") },
			"carol < INVITE sdp | To: <sip:200@to.example> | <sip:me@from.example>;tag=" + gone, "hangup 1",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			withFlow(t, tt.conf, map[string]func(*channel.Channel){"2000": tt.app(&got)}, func(f *flow) {
				f.phone("carol")
				f.play("alice > INVITE 2000 sdp\nalice < 100\n" + tt.script)
				f.endAll()
			})
			if s := strings.Join(got, "; "); tt.want != "" && !strings.HasPrefix(s, tt.want) {
				t.Errorf("the legs came to %q, want %q", s, tt.want)
			}
		})
	}
}

// A call that comes back to us is a call of its own, although it carries a
// Call-ID that we know (a spiral).
func TestSpiral(t *testing.T) {
	conf := office + "[self]\ntype=peer\nhost=192.0.2.1\ncontext=phones\ninsecure=port,invite\n"
	extens := map[string]func(*channel.Channel){"2000": dial(nil, "SIP/self/3000"), "3000": dial(nil, "SIP/bob")}
	runFlow(t, conf, extens, `
		alice > INVITE 2000 sdp
		alice < 100
		bob < INVITE sdp
		bob > 180
		alice < 180
		bob > 200 sdp
		bob < ACK
		alice < 200 sdp
		alice > ACK
		alice > BYE
		alice < 200
		bob < BYE
		bob > 200`)
}
