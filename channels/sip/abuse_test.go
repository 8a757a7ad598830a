package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// What those try who have no business here, beside guessing.

// TestGuestClaims: what a guest says of himself in headers that only somebody known
// is believed is not there for the dialplan.
func TestGuestClaims(t *testing.T) {
	const claims = "P-Asserted-Identity: <sip:boss@a>\nDiversion: <sip:boss@a>\nX-Account: 17\nHistory-Info: <sip:a@b>\nSubject: hello\n"
	for name, tt := range map[string]struct {
		conf, user string
		want       string
	}{
		"a guest":            {"allowguest=yes", "eve", "Subject"},
		"with compat":        {"compat=asterisk", "eve", "P-Asserted-Identity,Diversion,X-Account,History-Info,Subject"},
		"somebody we know":   {"allowguest=no", "carol", "P-Asserted-Identity,Diversion,X-Account,History-Info,Subject"},
		"a compact, odd one": {"allowguest=yes", "eve", "Subject"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, listen+tt.conf+"\n[carol]\ntype=friend\nhost=127.0.50.30\n", nil)
				text := strings.Replace(inviteText, "X-Account: 17&SIP/1\n", claims, 1)
				var m message.Message
				if err := m.Parse([]byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
					t.Fatal(err)
				}
				p := &pvt{d: r.Driver, peer: r.Driver.peer(tt.user), settings: &r.cfg.General.Defaults, invite: m.Clone()}
				p.setChannel(r.registry.New(channel.Options{Name: "x", Tech: r.Driver, Leg: p}))
				th := oneThread{ch: p.channel}
				var seen []string
				for _, h := range []string{"P-Asserted-Identity", "Diversion", "x-account", "History-Info", "Subject"} {
					if v, _, err := r.read(t, th, "SIP_HEADER", h); err != nil {
						t.Fatal(err)
					} else if v != "" {
						seen = append(seen, map[string]string{"x-account": "X-Account"}[h]+strings.TrimPrefix(h, "x-account"))
					}
				}
				if got := strings.Join(seen, ","); got != tt.want {
					t.Errorf("SIP_HEADER has %s, want %s", got, tt.want)
				}
				names, _, err := r.read(t, th, "SIP_HEADERS", "")
				if err != nil || strings.Contains(names, "Asserted") != strings.Contains(tt.want, "Asserted") {
					t.Errorf("SIP_HEADERS: %s, %v", names, err)
				}
			})
		})
	}
}

// TestOwnAddressForged: a request that seems to come from ourselves starts no
// conversation of the exchange with itself.
func TestOwnAddressForged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listen, nil)
		sent := 0
		r.net.SetRoute(func(netip.AddrPort, netip.AddrPort, []byte) []time.Duration {
			sent++
			return []time.Duration{0}
		})
		for i, method := range []string{"OPTIONS", "INVITE", "REGISTER", "BYE", "FOO"} {
			text := fmt.Sprintf("%s sip:1000@127.0.50.1 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKo%d\nMax-Forwards: 70\nFrom: <sip:x@127.0.50.1>;tag=o\nTo: <sip:1000@127.0.50.1>\nCall-ID: o%d\nCSeq: 1 %s\nContact: <sip:x@%s>\nContent-Length: 0\n\n",
				method, rigAddr, i, i, method, rigAddr)
			before := sent
			_ = r.Call(func() {
				r.receive([]byte(strings.ReplaceAll(text, "\n", "\r\n")), transaction.Route{Remote: netip.MustParseAddrPort(rigAddr)})
			})
			time.Sleep(time.Minute)
			synctest.Wait()
			if sent-before > 1 {
				t.Errorf("%s: %d datagrams", method, sent-before)
			}
		}
	})
}

// TestReplay: the answer to a challenge is good once, for its count, method and
// address, and never after its time (faults.md H13).
func TestReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, banPhones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		const uri = "sip:127.0.50.1"
		first := p.ask("REGISTER", "", p.contact(), "")
		good := answerTo(t, first, "REGISTER", uri, "alice", "alicepw", "00000001")
		if m := p.ask("REGISTER", "", good+p.contact(), ""); statusOf(m) != 200 {
			t.Fatal(statusOf(m))
		}
		challenged := func(what string, p *phone, method, header string, stale bool) {
			t.Helper()
			m := p.ask(method, "1000", header, "")
			if statusOf(m) != 401 || strings.Contains(string(m.Header(message.HeaderWWWAuthenticate)), "stale=true") != stale {
				t.Errorf("%s: %d %s", what, statusOf(m), m.Header(message.HeaderWWWAuthenticate))
			}
		}
		challenged("replayed", p, "REGISTER", good, true)
		if m := p.ask("REGISTER", "", answerTo(t, first, "REGISTER", uri, "alice", "alicepw", "00000002"), ""); statusOf(m) != 200 {
			t.Errorf("the next count: %d", statusOf(m))
		}
		challenged("an older count", p, "REGISTER", good, true)
		challenged("from another address", r.phone("127.0.50.11:5070", "alice"), "REGISTER", answerTo(t, first, "REGISTER", uri, "alice", "alicepw", "00000003"), false)
		// Of another method it is a wrong answer.
		if m := p.ask("MESSAGE", "1000", answerTo(t, first, "REGISTER", uri, "alice", "alicepw", "00000003"), ""); statusOf(m) != 403 {
			t.Errorf("another method: %d", statusOf(m))
		}
		// An algorithm that was not offered, or another realm, answers nothing.
		next := answerTo(t, first, "REGISTER", uri, "alice", "alicepw", "00000003")
		challenged("another algorithm", p, "REGISTER", strings.Replace(next, "algorithm=MD5", "algorithm=SHA-256", 1), false)
		challenged("another realm", p, "REGISTER", strings.Replace(next, `realm="asterisk"`, `realm="bank"`, 1), false)
		time.Sleep(61 * time.Second)
		challenged("too late", p, "REGISTER", next, true)
	})
}
