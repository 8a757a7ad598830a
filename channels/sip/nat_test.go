package sip

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// TestLocalAddress: which of our addresses a far end is given.
func TestLocalAddress(t *testing.T) {
	for _, c := range []struct{ name, options, to, signalling, media string }{
		{"plain", "", "203.0.113.9:5060", "127.0.50.1:5060", "127.0.50.1"},
		{"externaddr without localnet", "externaddr=198.51.100.1\n", "203.0.113.9:5060", "127.0.50.1:5060", "127.0.50.1"},
		{"outside", "externaddr=198.51.100.1\nlocalnet=127.0.0.0/8\n", "203.0.113.9:5060", "198.51.100.1:5060", "198.51.100.1"},
		{"outside, port", "externaddr=198.51.100.1:5099\nlocalnet=127.0.0.0/8\n", "203.0.113.9:5060", "198.51.100.1:5099", "198.51.100.1"},
		{"inside", "externaddr=198.51.100.1\nlocalnet=127.0.0.0/8\n", "127.0.50.9:5060", "127.0.50.1:5060", "127.0.50.1"},
		{"own address must be inside", "externaddr=198.51.100.1\nlocalnet=10.0.0.0/8\nmatchexternaddrlocally=yes\n", "203.0.113.9:5060", "127.0.50.1:5060", "127.0.50.1"},
		{"media_address", "media_address=192.0.2.7\n", "203.0.113.9:5060", "127.0.50.1:5060", "192.0.2.7"},
		{"rtpbindaddr", "rtpbindaddr=127.0.50.2\n", "203.0.113.9:5060", "127.0.50.1:5060", "127.0.50.2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, listen+c.options, nil)
				if err := r.Call(func() {
					s, m := r.localAddress(transaction.Route{Remote: netip.MustParseAddrPort(c.to)})
					if s.String() != c.signalling || m.String() != c.media {
						t.Errorf("%s and %s, want %s and %s", s, m, c.signalling, c.media)
					}
				}); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// TestReplyAddress: where responses go (RFC 3261 18.2.2, RFC 3581 4, nat=).
func TestReplyAddress(t *testing.T) {
	for _, c := range []struct{ name, nat, via, from, want, contact string }{
		{"rport", "no", "10.0.0.5:5070;rport", "198.51.100.7:40000", "198.51.100.7:40000", "10.0.0.5:5070"},
		{"no rport", "no", "10.0.0.5:5070", "198.51.100.7:40000", "198.51.100.7:5070", "10.0.0.5:5070"},
		{"no port either", "no", "10.0.0.5", "198.51.100.7:40000", "198.51.100.7:5060", "10.0.0.5:5070"},
		{"force_rport", "force_rport", "10.0.0.5:5070", "198.51.100.7:40000", "198.51.100.7:40000", "198.51.100.7:40000"},
		{"auto, behind a NAT", "auto_force_rport", "10.0.0.5:5070", "198.51.100.7:40000", "198.51.100.7:40000", "198.51.100.7:40000"},
		{"auto, not behind one", "auto_force_rport", "198.51.100.7:40000", "198.51.100.7:40000", "198.51.100.7:40000", "10.0.0.5:5070"},
		{"yes", "yes", "10.0.0.5:5070", "198.51.100.7:40000", "198.51.100.7:40000", "198.51.100.7:40000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, listen+"nat=no\n[p]\ntype=friend\nhost=dynamic\nnat="+c.nat+"\n", nil)
				raw := "REGISTER sip:127.0.50.1 SIP/2.0\nVia: SIP/2.0/UDP " + c.via + ";branch=z9hG4bKx\nMax-Forwards: 70\nFrom: <sip:p@127.0.50.1>;tag=1\nTo: <sip:p@127.0.50.1>\nCall-ID: x\nCSeq: 1 REGISTER\nContact: <sip:p@10.0.0.5:5070>\nContent-Length: 0\n\n"
				var m message.Message
				if err := m.Parse([]byte(strings.ReplaceAll(raw, "\n", "\r\n"))); err != nil {
					t.Fatal(err)
				}
				p := r.phone(c.from, "p")
				p.send(raw)
				synctest.Wait()
				if err := r.Call(func() {
					peer := r.Driver.peer("p")
					if got := r.replyAddress(&m, source{addr: netip.MustParseAddrPort(c.from)}, peer); got.String() != c.want {
						t.Errorf("answered to %s, want %s", got, c.want)
					}
					if got := peer.primary().String(); got != c.contact {
						t.Errorf("called at %s, want %s", got, c.contact)
					}
				}); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}
