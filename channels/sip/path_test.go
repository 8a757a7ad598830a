package sip

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
)

// TestPath: a device behind a proxy is called through it (RFC 3327), also after a
// restart.
func TestPath(t *testing.T) {
	conf := listen + "[alice]\ntype=friend\nhost=dynamic\nsecret=alicepw\nqualify=yes\nsupportpath=yes\nnat=no\n[bob]\ntype=friend\nhost=dynamic\nsecret=bobpw\nnat=no\n"
	const path = "Path: <sip:127.0.50.9:5080;lr>, <sip:inner.example;lr>\n"
	synctest.Test(t, func(t *testing.T) {
		store := &rigStore{records: map[string][]byte{}}
		r := newRig(t, conf, store)
		proxy := r.phone("127.0.50.9:5080", "proxy")
		alice := r.phone("127.0.50.10:5070", "alice")
		m := alice.register("alicepw", path+"Require: path\n"+alice.contact())
		if statusOf(m) != 200 || string(m.Header(message.HeaderPath)) != "<sip:127.0.50.9:5080;lr>, <sip:inner.example;lr>" {
			t.Fatalf("%s", m.Bytes())
		}
		through := func(when string) {
			t.Helper()
			msgs := proxy.receive()
			if len(msgs) == 0 {
				t.Fatalf("%s: nothing goes through the proxy", when)
			}
			var routes []string
			for a := range msgs[0].Addresses(message.HeaderRoute) {
				routes = append(routes, a.URI.String())
			}
			if got := string(msgs[0].RequestURIBytes()) + " by " + strings.Join(routes, " "); got != "sip:alice@127.0.50.10:5070 by sip:127.0.50.9:5080;lr sip:inner.example;lr" {
				t.Errorf("%s: %s", when, got)
			}
		}
		through("after the registration")
		r.Close()
		r = newRig(t, conf, store)
		proxy = r.phone("127.0.50.9:5080", "proxy")
		time.Sleep(600 * time.Millisecond)
		through("after a restart")

		bob := r.phone("127.0.50.11:5070", "bob")
		m = bob.register("bobpw", path+"Require: path\n"+bob.contact())
		if statusOf(m) != 420 || string(m.Header(message.HeaderUnsupported)) != "path" {
			t.Errorf("without supportpath: %d", statusOf(m))
		}
	})
}

// TestInviteByServiceRoute: a call to a provider takes the route that its registrar
// told, and proves itself there.
func TestInviteByServiceRoute(t *testing.T) {
	conf := strings.Replace(office, "rtptimeout=0\n", "rtptimeout=0\nregister => carol:pw@192.0.2.30/5000\n", 1) + "remotesecret=pw\n"
	runFlow(t, conf, map[string]func(*channel.Channel){"2000": dial(nil, "SIP/carol/77")}, `
		carol < REGISTER
		carol > 200 | Service-Route: <sip:192.0.2.20;lr>, <sip:198.51.100.66;lr>
		alice > INVITE 2000 sdp
		alice < 100
		bob < INVITE sdp | INVITE sip:77@192.0.2.30 SIP/2.0 | Route: <sip:192.0.2.20;lr> | Route: <sip:198.51.100.66;lr>
		bob > 407 | Proxy-Authenticate: Digest realm="x", nonce="z"
		bob < ACK
		bob < INVITE sdp | Proxy-Authorization: Digest username="carol" | Route: <sip:192.0.2.20;lr>
		bob > 486
		bob < ACK
		alice < 503
		alice > ACK`)
}
