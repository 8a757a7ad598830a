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
	pbxio "pbx/io"
)

// TestReloadListeners: a reload opens what is new, closes what is gone, keeps what is
// the same, and where something cannot be opened keeps what there was.
func TestReloadListeners(t *testing.T) {
	tests := []struct {
		name, before, after string
		want                string
		log                 string // a part of a line
	}{
		{"nothing changes", "udpbindaddr=127.0.50.1\n", "udpbindaddr=127.0.50.1\n", "UDP 127.0.50.1:5060, TCP , TLS ", ""},
		{"another UDP address", "udpbindaddr=127.0.50.1\n", "udpbindaddr=127.0.50.2\n", "UDP 127.0.50.2:5060, TCP , TLS ", ""},
		{"one more", "udpbindaddr=127.0.50.1\n", "udpbindaddr=127.0.50.1,127.0.50.2:5070\n", "UDP 127.0.50.1:5060 127.0.50.2:5070, TCP , TLS ", ""},
		{"one less", "udpbindaddr=127.0.50.1,127.0.50.2:5070\n", "udpbindaddr=127.0.50.2:5070\n", "UDP 127.0.50.2:5070, TCP , TLS ", ""},
		{"TCP begins", "udpbindaddr=127.0.50.1\n", "udpbindaddr=127.0.50.1\ntcpenable=yes\n", "UDP 127.0.50.1:5060, TCP 127.0.50.1:5060, TLS ", ""},
		{"TCP moves", "udpbindaddr=127.0.50.1\ntcpenable=yes\n", "udpbindaddr=127.0.50.1\ntcpenable=yes\ntcpbindaddr=127.0.50.3:5090\n", "UDP 127.0.50.1:5060, TCP 127.0.50.3:5090, TLS ", ""},
		{"TCP ends", "udpbindaddr=127.0.50.1\ntcpenable=yes\n", "udpbindaddr=127.0.50.1\n", "UDP 127.0.50.1:5060, TCP , TLS ", ""},
		{"TLS without a certificate", "udpbindaddr=127.0.50.1\n", "udpbindaddr=127.0.50.1\ntlsenable=yes\n", "UDP 127.0.50.1:5060, TCP , TLS ", "line=sip.conf:3"},
		{"a UDP address that is taken", "udpbindaddr=127.0.50.1\n", "udpbindaddr=127.0.50.7\n", "UDP 127.0.50.1:5060, TCP , TLS ", "line=sip.conf:2"},
		{"a TCP address that is taken", "udpbindaddr=127.0.50.1\ntcpenable=yes\n", "udpbindaddr=127.0.50.1\ntcpenable=yes\ntcpbindaddr=127.0.50.7\n", "UDP 127.0.50.1:5060, TCP 127.0.50.1:5060, TLS ", "line=sip.conf:4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := pbxio.NewMemory()
				taken := netip.MustParseAddrPort("127.0.50.7:5060")
				u, err := network.ListenUDP(taken, pbxio.SocketOptions{})
				if err != nil {
					t.Fatal(err)
				}
				defer u.Close()
				l, err := network.ListenTCP(taken, pbxio.SocketOptions{})
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				cfg, _ := loadText(t, "[general]\n"+tt.before)
				r := startRigOver(t, network, cfg, nil, &scriptedDNS{})
				for range 3 { // there, back and there again
					r.reloadText(tt.after)
					if got := r.listenersNow(); got != tt.want {
						t.Errorf("after the reload %s, want %s", got, tt.want)
					}
					if tt.log != "" && r.logs.with("is not served", tt.log) == 0 {
						t.Errorf("the log: %q", r.logs.full)
					}
					r.reloadText(tt.before)
				}
				if n := len(r.Driver.net.Listening(transaction.UDP)); n != len(cfg.General.UDPBinds) {
					t.Errorf("%d UDP sockets in the end", n)
				}
			})
		})
	}
}

func (r *rig) reloadText(text string) {
	r.t.Helper()
	cfg, _ := loadText(r.t, "[general]\n"+text)
	r.Reload(cfg)
	synctest.Wait()
}

func (r *rig) listenersNow() string {
	r.t.Helper()
	var parts []string
	if err := r.Call(func() {
		for _, p := range []transaction.Protocol{transaction.UDP, transaction.TCP, transaction.TLS} {
			var at []string
			for _, n := range r.Driver.net.Listening(p) {
				at = append(at, r.Driver.net.Local(n).String())
			}
			parts = append(parts, fmt.Sprintf("%v %s", p, strings.Join(at, " ")))
		}
	}); err != nil {
		r.t.Fatal(err)
	}
	return strings.Join(parts, ", ")
}

// TestReloadMovesCalls: a call that is up when its listener goes is told of the new
// address, and ends by it.
func TestReloadMovesCalls(t *testing.T) {
	withFlow(t, office, map[string]func(*channel.Channel){"1000": answerFor(10 * time.Second)}, func(f *flow) {
		f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK`)
		f.d.Reload(testConfig(t, strings.Replace(office, "192.0.2.1:5060", "192.0.2.1:5070", 1)))
		f.play("alice < INVITE sdp | Contact: <sip:1000@192.0.2.1:5070> | Via: SIP/2.0/UDP 192.0.2.1:5070")
		alice := f.phone("alice")
		b := message.NewBuilder(nil)
		b.Response(alice.request, 200, "", "")
		b.Body(sdpType, []byte(alice.sdp("")))
		if err := alice.socket.Send(b.Bytes(), netip.MustParseAddrPort("192.0.2.1:5070")); err != nil {
			t.Fatal(err)
		}
		f.play(`
			alice < ACK
			alice < BYE @@10s | Via: SIP/2.0/UDP 192.0.2.1:5070`)
		b.Reset(nil)
		b.Response(alice.request, 200, "", "")
		if err := alice.socket.Send(b.Bytes(), netip.MustParseAddrPort("192.0.2.1:5070")); err != nil {
			t.Fatal(err)
		}
	})
}

// TestReloadKeepsConnections: who is connected stays when the listener goes.
func TestReloadKeepsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, tcpOffice, nil)
		p := r.dial("127.0.50.1:5060", "alice")
		if m := p.register("Contact: <sip:alice@10.0.0.9:5070;transport=tcp>\n"); m.Status() != 200 {
			t.Fatal(m.Status())
		}
		cfg, _ := loadText(t, strings.Replace(tcpOffice, "tcpbindaddr=127.0.50.1:5060", "tcpbindaddr=127.0.50.1:5090", 1))
		r.Reload(cfg)
		synctest.Wait()
		if p.gone() {
			t.Fatal("the reload cut off a phone")
		}
		if m := p.ask("OPTIONS", "1000", ""); m.Status() != 200 {
			t.Error(m.Status())
		}
		if m := r.dial("127.0.50.1:5090", "bob").ask("OPTIONS", "1000", ""); m.Status() != 200 {
			t.Error(m.Status())
		}
		if _, err := r.net.DialTCP(t.Context(), netip.Addr{}, netip.MustParseAddrPort("127.0.50.1:5060"), pbxio.SocketOptions{}); err == nil {
			t.Error("the old address is still served")
		}
	})
}
