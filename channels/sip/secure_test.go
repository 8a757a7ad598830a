package sip

import (
	"crypto/tls"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/channels/sip/message"
	"pbx/channels/sip/resolve"
	"pbx/channels/sip/transaction"
	pbxio "pbx/io"
	"pbx/media"
)

// TestSecureNextHop: a sips URI never leads over UDP or TCP (RFC 3261 26.2.2),
// whatever way the dialog came by.
func TestSecureNextHop(t *testing.T) {
	at := netip.MustParseAddrPort
	from := func(p transaction.Protocol) transaction.Route {
		return transaction.Route{Protocol: p, Remote: at("192.0.2.9:4321"), Flow: transaction.Flow(p)}
	}
	tests := []struct {
		name      string
		target    string
		routes    []string
		from      transaction.Route
		symmetric bool
		want      string
		encrypted bool // by CHANNEL(secure_bridge_signaling)
	}{
		{"an address", "sips:a@192.0.2.20", nil, from(transaction.UDP), false, "TLS 192.0.2.20:5061", false},
		{"a port", "sips:a@192.0.2.20:5091", nil, from(transaction.TCP), false, "TLS 192.0.2.20:5091", false},
		{"transport=udp is no way out", "sips:a@192.0.2.20;transport=udp", nil, from(transaction.UDP), false, "TLS 192.0.2.20:5061", false},
		{"transport=tcp is TLS over TCP", "sips:a@192.0.2.20:5091;transport=tcp", nil, from(transaction.TCP), false, "TLS 192.0.2.20:5091", false},
		{"behind a NAT", "sips:a@10.0.0.7:5091", nil, from(transaction.UDP), true, "TLS 192.0.2.9:5091", false},
		{"a route", "sip:a@192.0.2.20", []string{"sips:192.0.2.30;lr"}, from(transaction.UDP), true, "TLS 192.0.2.30:5061", false},
		{"a name", "sips:a@b.example.com", nil, from(transaction.UDP), false, "TLS 192.0.2.40:5061", false},
		{"a service", "sips:a@example.com", nil, from(transaction.UDP), false, "TLS 192.0.2.40:5099", false},
		{"no such name", "sips:a@nowhere.example.com", nil, from(transaction.UDP), false, "TLS 192.0.2.9:5061", false},
		{"no such name, by the connection it came by", "sips:a@nowhere.example.com", nil, from(transaction.TLS), false, "TLS 192.0.2.9:4321", false},
		{"the connection it came by", "sips:a@10.0.0.7", nil, from(transaction.TLS), true, "TLS 192.0.2.9:4321", false},
		{"a browser", "sips:a@x.invalid;transport=ws", nil, from(transaction.WSS), true, "WSS 192.0.2.9:4321", false},
		{"sip may go in the clear", "sip:a@192.0.2.20", nil, from(transaction.UDP), false, "UDP 192.0.2.20:5060", false},
		{"sip may leave TLS", "sip:a@192.0.2.20", nil, from(transaction.TLS), false, "UDP 192.0.2.20:5060", false},
		{"but not where the caller wants TLS", "sip:a@192.0.2.20", nil, from(transaction.TLS), false, "TLS 192.0.2.9:4321", true},
		{"nor by a name", "sip:a@b.example.com", nil, from(transaction.TLS), false, "TLS 192.0.2.9:4321", true},
	}
	synctest.Test(t, func(t *testing.T) {
		dns := &scriptedDNS{}
		dns.set("A b.example.com", "192.0.2.40", "SRV _sips._tcp.example.com", "1 0 5099 b.example.com")
		cfg, _ := loadText(t, listen)
		r := startRig(t, cfg, nil, dns)
		for _, tt := range tests {
			g := &dialog{target: tt.target, routes: tt.routes, route: tt.from, encrypted: tt.encrypted}
			if err := r.Call(func() { g.aim(r.Driver, tt.from, tt.symmetric) }); err != nil {
				t.Fatal(err)
			}
			time.Sleep(6 * time.Second)
			synctest.Wait()
			if got := g.route.Protocol.String() + " " + g.route.Remote.String(); got != tt.want {
				t.Errorf("%s: goes by %s, want %s", tt.name, got, tt.want)
			}
		}
	})
}

// TestSecureRequests: no other way in leads down from sips either.
func TestSecureRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listen+"[alice]\ntype=friend\nhost=dynamic\npromiscredir=yes\n", nil)
		if err := r.Call(func() {
			d := r.Driver
			alice := d.peer("alice")
			addr := netip.MustParseAddrPort("192.0.2.9:5060")
			alice.addContact(d, &Contact{URI: "sips:alice@192.0.2.9", Addr: addr, Q: 1000})
			only := func(what string, q resolve.Query) {
				if len(q.Protocols) != 1 || q.Protocols[0] != transaction.TLS {
					t.Errorf("%s may go by %v", what, q.Protocols)
				}
			}
			target, at, err := d.destination(alice, alice.best(), "")
			if err != nil || target != "sips:alice@192.0.2.9" || at.route.Protocol != transaction.TLS {
				t.Errorf("a contact: %s by %v, %v", target, at.route.Protocol, err)
			}
			if target, at, err = d.destination(alice, alice.best(), "77"); err != nil || !strings.HasPrefix(target, "sips:77@192.0.2.9") || at.route.Protocol != transaction.TLS {
				t.Errorf("a number at a contact: %s by %v, %v", target, at.route.Protocol, err)
			}
			only("Path", d.uriHop("sips:edge.example.com;lr", &alice.PeerSettings, hop{}).query)
			only("Path with transport=tcp", d.uriHop("sips:edge.example.com;transport=tcp;lr", &alice.PeerSettings, hop{}).query)
			p := &pvt{d: d, peer: alice, settings: &alice.PeerSettings}
			u, _ := message.ParseURI([]byte("sips:bob@b.example.com"))
			ds := parseDialString(p.place(&u)[len("SIP/"):])
			if ds.Exten != "bob" || ds.Peer != "b.example.com" || ds.Transport != "tls" {
				t.Errorf("a redirection: %+v", ds)
			}
			if to, err := messageTarget("sips:bob@b.example.com"); err != nil || to != "sips:bob@b.example.com" {
				t.Errorf("a message: %s, %v", to, err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// TestSecureContact: of a dialog that begins with sips our Contact is one too (RFC
// 3261 8.1.1.8, 12.1.1).
func TestSecureContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		r := newRig(t, tlsOffice(a.issue("pbx.pem", "pbx.example"), a.file, ""), nil)
		if err := r.Call(func() {
			to := netip.MustParseAddrPort("127.0.50.9:5060")
			for _, tt := range []struct {
				protocol transaction.Protocol
				secure   bool
				want     string
			}{
				{transaction.TLS, true, "sips:77@127.0.50.1:5061"},
				{transaction.TLS, false, "sip:77@127.0.50.1:5061;transport=tls"},
				{transaction.UDP, true, "sips:77@127.0.50.1:5061"},
				{transaction.UDP, false, "sip:77@127.0.50.1:5060"},
			} {
				way, _ := r.routeTo(tt.protocol, to)
				if got := r.contactOn(way, "77", tt.secure); got != tt.want {
					t.Errorf("%v, secure %v: %s, want %s", tt.protocol, tt.secure, got, tt.want)
				}
			}
			for text, want := range map[string]bool{
				"INVITE sips:a@b SIP/2.0\r\n": true, "INVITE sip:a@b SIP/2.0\r\n": false,
				"INVITE sip:a@b SIP/2.0\r\nContact: <sips:c@d>\r\n":                             true,
				"INVITE sip:a@b SIP/2.0\r\nContact: <sips:c@d>\r\nRecord-Route: <sip:e;lr>\r\n": false,
				"INVITE sip:a@b SIP/2.0\r\nContact: <sip:c@d>\r\nRecord-Route: <sips:e;lr>\r\n": true,
			} {
				var m message.Message
				if err := m.Parse([]byte(text + "Via: SIP/2.0/TLS a;branch=z9hG4bK1\r\nFrom: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n")); err != nil {
					t.Fatal(err)
				}
				var g dialog
				g.learnRoutes(&m, false)
				g.learnTarget(&m)
				if got := g.beganSecure(&m); got != want {
					t.Errorf("%q begins a secure dialog: %v", text, got)
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// TestTrunkByCertificate: who connects and shows a certificate for the domain of a
// trunk is that trunk, wherever he connects from (RFC 5922 7.1).
func TestTrunkByCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, stranger := newAuthority(t), newAuthority(t)
		more := "tlsverifyclient=yes\n[trunk]\ntype=peer\nhost=trunk.example\ntransport=tls\n[udponly]\ntype=peer\nhost=plain.example\n"
		r := newRig(t, tlsOffice(a.issue("pbx.pem", "pbx.example"), a.file, more), nil)
		for name, tt := range map[string]struct {
			by   *authority
			cert string
			want string
		}{
			"of the trunk":           {a, "trunk.example", "trunk"},
			"its sip URI":            {a, "sip:trunk.example", "trunk"},
			"of somebody else":       {a, "other.example", ""},
			"of one who has not TLS": {a, "plain.example", ""},
			"a forged one":           {stranger, "trunk.example", "turned away"},
		} {
			file := tt.by.issue("client.pem", tt.cert)
			pair, err := tls.LoadX509KeyPair(file, file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := r.dialTLS("127.0.50.1:5061", "77", &tls.Config{RootCAs: a.pool(), ServerName: "pbx.example", Certificates: []tls.Certificate{pair}})
			if gone := err != nil || p.gone(); gone != (tt.want == "turned away") {
				t.Errorf("%s: turned away %v, %v", name, gone, err)
			}
			if err != nil || p.gone() {
				continue
			}
			if err := r.Call(func() {
				list := r.Driver.net.Connections()
				c := list[len(list)-1]
				got := ""
				if peer := r.byStream(source{addr: c.Remote, protocol: c.Protocol, flow: c.Flow}, []byte("77")); peer != nil {
					got = peer.Name
				}
				if got != tt.want {
					t.Errorf("%s: taken for %q, want %q", name, got, tt.want)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestTLSProxy: outboundproxy=tls:// takes requests by TLS, to who proves that he is
// the proxy.
func TestTLSProxy(t *testing.T) {
	for cert, up := range map[string]bool{"sip.example": true, "trunk.example": false} {
		t.Run(cert, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority(t)
				dns := &scriptedDNS{}
				dns.set("A sip.example", "192.0.2.7")
				cfg, _ := loadText(t, listen+"srvlookup=no\ntlscafile="+a.file+"\n[trunk]\ntype=peer\nhost=trunk.example\noutboundproxy=tls://sip.example\nqualify=yes\n")
				network := pbxio.NewMemory()
				connections := tlsProvider(t, network, "192.0.2.7:5061", a.issue("proxy.pem", cert))
				r := startRigOver(t, network, cfg, nil, dns)
				time.Sleep(5 * time.Second)
				if got := r.console("sip show peer trunk"); strings.Contains(got, "Status       : OK") != up {
					t.Errorf("%s\n%v", got, r.logs.lines)
				}
				if connections() == 0 {
					t.Error("nobody connected to the proxy")
				}
			})
		})
	}
}

// TestExternPorts: outside our public port is that of the protocol.
func TestExternPorts(t *testing.T) {
	for options, want := range map[string]string{
		"": "UDP 203.0.113.1:5080, TCP 203.0.113.1:5080, TLS 203.0.113.1:5061",
		"externtcpport=5081\nexterntlsport=5082\n": "UDP 203.0.113.1:5080, TCP 203.0.113.1:5081, TLS 203.0.113.1:5082",
	} {
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(t)
			r := newRig(t, tlsOffice(a.issue("pbx.pem", "pbx.example"), a.file, "tcpenable=yes\nexternaddr=203.0.113.1:5080\nlocalnet=127.0.0.0/8\n"+options), nil)
			if err := r.Call(func() {
				var got []string
				for _, p := range []transaction.Protocol{transaction.UDP, transaction.TCP, transaction.TLS} {
					out, _ := r.routeTo(p, netip.MustParseAddrPort("198.51.100.1:5060"))
					there, _ := r.localAddress(out)
					got = append(got, p.String()+" "+there.String())
					in, _ := r.routeTo(p, netip.MustParseAddrPort("127.0.50.9:5060"))
					if here, _ := r.localAddress(in); here.Addr() != netip.MustParseAddr("127.0.50.1") {
						t.Errorf("inside over %v we are at %v", p, here)
					}
				}
				if s := strings.Join(got, ", "); s != want {
					t.Errorf("%q: %s, want %s", options, s, want)
				}
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestSecureBridge: for a caller that wants it, only what is reached over TLS is called,
// and nobody where the audio is to be encrypted, too.
func TestSecureBridge(t *testing.T) {
	const (
		plain     = 1 << iota // neither is asked for
		signaling             // CHANNEL(secure_bridge_signaling)=1
		audio                 // CHANNEL(secure_bridge_media)=1
	)
	tests := []struct {
		name, dest string
		made       int // for which of them there is a leg
	}{
		{"a peer over UDP", "SIP/udp", plain},
		{"a peer over TLS", "SIP/tls", plain | signaling},
		{"a number there", "SIP/tls/77", plain | signaling},
		{"a phone that registered over TLS", "SIP/phone", plain | signaling},
		{"a name that is served over both", "SIP/both", plain | signaling},
		{"an address", "SIP/77@192.0.2.9", plain},
	}
	synctest.Test(t, func(t *testing.T) {
		dns := &scriptedDNS{}
		dns.set("A b.example.com", "192.0.2.40", "SRV _sip._udp.example.com", "1 0 5060 b.example.com", "SRV _sips._tcp.example.com", "1 0 5061 b.example.com")
		cfg, _ := loadText(t, listen+"srvlookup=yes\n[udp]\ntype=peer\nhost=192.0.2.9\n[tls]\ntype=peer\nhost=192.0.2.9\ntransport=tls\n"+
			"[phone]\ntype=friend\nhost=dynamic\ntransport=tls\n[both]\ntype=peer\nhost=example.com\ntransport=udp,tls\n")
		network := pbxio.NewMemory()
		engine, err := media.NewEngine(network, media.EngineOptions{Bind: cfg.General.UDPBind.Addr()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(engine.Close)
		r := startRigWith(t, network, cfg, func(d *Deps) { d.DNS, d.Media = dns, engine })
		if err := r.Call(func() {
			c := &Contact{URI: "sip:phone@192.0.2.9;transport=tls", Addr: netip.MustParseAddrPort("192.0.2.9:40000"), Protocol: transaction.TLS, Q: 1000}
			r.Driver.peer("phone").addContact(r.Driver, c)
		}); err != nil {
			t.Fatal(err)
		}
		r.registry.Register(r.Driver)
		caller := channeltest.New("Test", r.registry).Inbound(channel.Options{Name: "caller"}).Channel()
		defer caller.Hangup()
		for _, tt := range tests {
			for _, want := range []int{plain, signaling, audio} {
				caller.SetSettings(func(s *channel.Settings) { s.SecureSignaling, s.SecureMedia = want == signaling, want == audio })
				leg, err := r.registry.Request(tt.dest, channel.Request{From: caller, Formats: []string{"alaw"}})
				if err != nil {
					var e *channel.RequestError
					if tt.made&want != 0 || !errors.As(err, &e) || e.Cause != channel.CauseBearerNotAvailable {
						t.Errorf("%s, %d: %v", tt.name, want, err)
					}
					continue
				}
				if s := leg.Settings(); tt.made&want == 0 || s.SecureSignaling != (want == signaling) {
					t.Errorf("%s, %d: there is a leg, %+v", tt.name, want, s)
				}
				if secure, _ := leg.Leg().Item("secure_signaling"); want == signaling && secure != "1" {
					t.Errorf("%s: the leg is not secure", tt.name)
				}
				leg.Hangup()
			}
		}
	})
}
