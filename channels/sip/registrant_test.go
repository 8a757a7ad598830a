package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/message"
	"pbx/event"
)

const registering = listen + `defaultexpiry=600
register => regme:regpw@127.0.50.40:5070/inreg
`

// registrar is one that is played by hand.
type registrar struct{ *phone }

func (r *rig) registrar(addr string) registrar { return registrar{r.phone(addr, "provider")} }

// register returns the one REGISTER that came; nil for none.
func (p registrar) register() *message.Message {
	p.r.t.Helper()
	msgs := p.receive()
	switch len(msgs) {
	case 0:
		return nil
	case 1:
		if msgs[0].Method() != message.REGISTER {
			p.r.t.Fatalf("%s received %s", p.addr, msgs[0].Method())
		}
		return msgs[0]
	}
	p.r.t.Fatalf("%s received %d messages", p.addr, len(msgs))
	return nil
}

// answer answers a request.
func (p registrar) answer(m *message.Message, status int, headers ...string) {
	p.r.t.Helper()
	if m == nil {
		p.r.t.Fatal("nothing to answer")
	}
	b := message.NewBuilder(nil)
	b.Response(m, status, "", "prov")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		b.HeaderNamed(name, value)
	}
	if err := p.s.Send(b.Bytes(), netip.MustParseAddrPort(rigAddr)); err != nil {
		p.r.t.Fatal(err)
	}
	synctest.Wait()
}

// proven reports whether a request proves that it is from user with the secret, and
// with which nonce and count.
func proven(t testing.TB, m *message.Message, id message.HeaderID, user, secret string) string {
	t.Helper()
	a, ok := digest.ParseAuthorization(m.Header(id))
	if !ok {
		return ""
	}
	alg, _ := digest.ParseAlgorithm(a.Algorithm)
	var h digest.Hasher
	want := h.Response(alg, alg.HA1(user, string(a.Realm), secret), string(m.Method()), &a, m.Body())
	if string(a.Username) != user || string(want) != string(a.Response) || string(a.URI) != string(m.RequestURIBytes()) {
		return "wrong"
	}
	return fmt.Sprintf("%s %s", a.Nonce, a.NC)
}

const asks = `WWW-Authenticate: Digest realm="prov", nonce="%s", algorithm=MD5, qop="auth"`

// state is what the console says of the registration of a user.
func (r *rig) state(user string) string {
	r.t.Helper()
	for line := range strings.Lines(r.console("sip show registry")) {
		if len(line) > 105 && strings.TrimSpace(line[47:59]) == user {
			return strings.TrimSpace(line[61:69]) + " " + strings.TrimSpace(line[70:90])
		}
	}
	return ""
}

func (r *rig) expectState(user, want string) {
	r.t.Helper()
	if got := r.state(user); got != want {
		r.t.Errorf("%s: %q, want %q", user, got, want)
	}
}

// TestRegister is the golden exchange and what follows it: refreshes in one round
// trip, a stale nonce, the end.
func TestOutboundRegister(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, registering, nil)
		p := r.registrar("127.0.50.40:5070")
		bus := r.bus.Subscribe(100, event.Registry)
		time.Sleep(registryGap)
		first := p.register()
		if first == nil {
			t.Fatal("no REGISTER")
		}
		text := string(first.Bytes())
		for _, want := range []string{
			"REGISTER sip:127.0.50.40:5070 SIP/2.0\r\n", "\r\nFrom: <sip:regme@127.0.50.40>;tag=as", "\r\nTo: <sip:regme@127.0.50.40>\r\n",
			"@127.0.50.1\r\n", "\r\nCSeq: 102 REGISTER\r\n", "\r\nSupported: replaces, timer\r\n", "\r\nExpires: 600\r\n", "\r\nContact: <sip:inreg@127.0.50.1:5060>\r\n",
			"\r\nMax-Forwards: 70\r\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
		r.expectState("regme", "600 Request Sent")
		p.answer(first, 401, fmt.Sprintf(asks, "abc"))
		second := p.register()
		if got := proven(t, second, message.HeaderAuthorization, "regme", "regpw"); got != "abc 00000001" {
			t.Errorf("proof %q", got)
		}
		if string(second.CallID()) != string(first.CallID()) || string(second.FromTag()) != string(first.FromTag()) {
			t.Error("another Call-ID or tag")
		}
		r.expectState("regme", "600 Auth. Sent")
		began := time.Now()
		p.answer(second, 200, "Contact: <sip:prov@127.0.50.40:5070>", "Expires: 300")
		r.expectState("regme", "285 Registered")
		want := fmt.Sprintf("Host                                    dnsmgr Username       Refresh State                Reg.Time                 \n127.0.50.40:5070                        N      regme              285 Registered           %s\n1 SIP registrations.\n", began.Local().Format("Mon, 02 Jan 2006 15:04:05"))
		if got := r.console("sip show registry"); got != want {
			t.Errorf("golden layout\ngot  %q\nwant %q", got, want)
		}
		time.Sleep(284 * time.Second)
		if m := p.register(); m != nil {
			t.Fatal("refreshed too early")
		}
		time.Sleep(time.Second)
		m := p.register()
		if got := proven(t, m, message.HeaderAuthorization, "regme", "regpw"); got != "abc 00000002" {
			t.Errorf("refresh: proof %q", got)
		}
		r.expectState("regme", "285 Registered")
		p.answer(m, 401, fmt.Sprintf(asks, "def")+", stale=true")
		m = p.register()
		if got := proven(t, m, message.HeaderAuthorization, "regme", "regpw"); got != "def 00000001" {
			t.Errorf("stale: proof %q", got)
		}
		p.answer(m, 200, "Contact: <sip:inreg@127.0.50.1:5060>;expires=60")
		r.expectState("regme", "45 Registered")
		go r.Close()
		m = p.register()
		if got := proven(t, m, message.HeaderAuthorization, "regme", "regpw"); got != "def 00000002" || m.Expires() != 0 {
			t.Errorf("at the end: proof %q\n%s", got, m.Bytes())
		}
		p.answer(m, 200)
		bus.Close()
		var told []string
		for e := range bus.C {
			told = append(told, e.Name+"@"+e.Address+" "+e.Value)
		}
		if got := strings.Join(told, "; "); got != "regme@127.0.50.40 Request Sent; regme@127.0.50.40 Auth. Sent; regme@127.0.50.40 Registered; regme@127.0.50.40 Registered; regme@127.0.50.40 Unregistered" {
			t.Errorf("events: %s", got)
		}
	})
}

// TestUnregisterIsBounded: a registrar that is gone does not keep the exchange.
func TestUnregisterIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, registering, nil)
		p := r.registrar("127.0.50.40:5070")
		time.Sleep(registryGap)
		p.answer(p.register(), 200)
		began := time.Now()
		r.Close()
		if took := time.Since(began); took != unregisterLimit {
			t.Errorf("took %v", took)
		}
	})
}

// TestRegisterFails: what a registrar may answer, and what becomes of it.
func TestRegisterFails(t *testing.T) {
	const retry403 = "register_retry_403=yes\n"
	for _, tt := range []struct {
		name, conf string
		status     int
		header     string
		state      string
		next       time.Duration // until the next REGISTER, 0 for never
	}{
		{"403 is the end", "", 403, "X: y", "600 No Authentication", 0},
		{"403 with register_retry_403", retry403, 403, "X: y", "600 No Authentication", time.Minute},
		{"404", "", 404, "X: y", "600 Rejected", time.Minute},
		{"500", "", 500, "X: y", "600 Unregistered", 20 * time.Second},
		{"503 with Retry-After", "", 503, "Retry-After: 42", "600 Unregistered", 42 * time.Second},
		{"registertimeout", "registertimeout=7\n", 503, "X: y", "600 Unregistered", 7 * time.Second},
		{"registerattempts", "registerattempts=1\n", 503, "X: y", "600 Failed", 0},
		{"a challenge that is none", "", 401, "X: y", "600 No Authentication", time.Minute},
		{"423", "", 423, "Min-Expires: 900", "600 Request Sent", time.Nanosecond},
		{"423 with nothing to go along with", "", 423, "Min-Expires: 60", "600 Rejected", time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, registering+tt.conf, nil)
				p := r.registrar("127.0.50.40:5070")
				time.Sleep(registryGap)
				p.answer(p.register(), tt.status, tt.header)
				r.expectState("regme", tt.state)
				if tt.next == 0 {
					time.Sleep(48 * time.Hour)
					if p.drain() != 0 {
						t.Error("tried again")
					}
					return
				}
				time.Sleep(tt.next - 1)
				if tt.next > 1 {
					if p.drain() != 0 {
						t.Error("tried again too early")
					}
					time.Sleep(time.Nanosecond)
				}
				m := p.register()
				if m == nil {
					t.Fatal("not tried again")
				}
				if tt.status == 423 && tt.next == 1 && m.Expires() != 900 {
					t.Errorf("asks for %d", m.Expires())
				}
				p.answer(m, 200)
				if got := r.state("regme"); !strings.HasSuffix(got, " Registered") {
					t.Errorf("in the end: %s", got)
				}
			})
		})
	}
}

// TestWrongSecret: a secret that is refused is not tried again and again.
func TestWrongSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, registering, nil)
		p := r.registrar("127.0.50.40:5070")
		time.Sleep(registryGap)
		asked := 0
		for began := time.Now(); time.Since(began) < time.Hour; time.Sleep(100 * time.Millisecond) {
			for _, m := range p.receive() {
				asked++
				p.answer(m, 401, fmt.Sprintf(asks, fmt.Sprint("n", asked)))
			}
		}
		// Tries after 0, 1, 3, 7, 15 and 31 minutes, the later ones up to a quarter
		// earlier, each a request and two proofs.
		if asked != 18 && asked != 21 {
			t.Errorf("%d requests in an hour", asked)
		}
		r.expectState("regme", "600 No Authentication")
	})
}

// TestRegistrarSilent: the registrar is away, and is found when it is back.
func TestRegistrarSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, registering, nil)
		p := r.registrar("127.0.50.40:5070")
		time.Sleep(registryGap)
		time.Sleep(19 * time.Second)
		r.expectState("regme", "600 Request Sent")
		time.Sleep(1100 * time.Millisecond)
		r.expectState("regme", "600 Timeout")
		p.drain()
		time.Sleep(500 * time.Millisecond)
		p.answer(p.register(), 200, "Expires: 100")
		r.expectState("regme", "85 Registered")
		time.Sleep(100 * time.Second) // the refresh is not answered
		if got := r.state("regme"); got == "85 Registered" {
			t.Error("registered, although the binding is over")
		}
	})
}

// TestRegistrarComesBack: a provider that qualify finds again is registered with at
// once, whatever it remembers.
func TestRegistrarComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, registering+"[trunk]\ntype=peer\nhost=127.0.50.40\nport=5070\nqualify=yes\nqualifyfreq=5\n", nil)
		p := r.registrar("127.0.50.40:5070")
		registers := 0
		answer := func(limit time.Duration) {
			for began := time.Now(); time.Since(began) < limit; time.Sleep(50 * time.Millisecond) {
				for _, m := range p.receive() {
					if m.Method() == message.REGISTER {
						registers++
					}
					p.answer(m, 200, "Expires: 3000")
				}
			}
		}
		answer(time.Second)
		if registers != 1 {
			t.Fatalf("%d REGISTER at the start", registers)
		}
		time.Sleep(30 * time.Second)
		if !strings.Contains(r.console("sip show peers"), "UNREACHABLE") {
			t.Fatal("not missed")
		}
		p.drain()
		answer(30 * time.Second)
		if registers != 2 {
			t.Errorf("%d REGISTER after it came back", registers)
		}
	})
}

// TestRegistrarSendsOn: a 3xx response is followed with promiscredir, and is a
// refusal without.
func TestRegistrarSendsOn(t *testing.T) {
	for follow, text := range map[bool]string{
		true: registering[:len(listen)] + "promiscredir=yes\nregister => regme:regpw@127.0.50.40:5070/inreg\n", false: registering,
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, text, nil)
			p, other := r.registrar("127.0.50.40:5070"), r.registrar("127.0.50.41:5071")
			time.Sleep(registryGap)
			p.answer(p.register(), 302, "Contact: <sip:127.0.50.41:5071>")
			m := other.register()
			if (m != nil) != follow {
				t.Fatalf("promiscredir %v: followed %v", follow, m != nil)
			}
			if !follow {
				if got := r.state("regme"); !strings.HasSuffix(got, " Rejected") {
					t.Errorf("state %q", got)
				}
				return
			}
			if uri := string(m.RequestURIBytes()); uri != "sip:127.0.50.41:5071" || string(m.To().URI.Host) != "127.0.50.40" {
				t.Errorf("%s", m.Bytes())
			}
			other.answer(m, 401, fmt.Sprintf(asks, "abc"))
			m = other.register()
			if got := proven(t, m, message.HeaderAuthorization, "regme", "regpw"); got != "abc 00000001" {
				t.Errorf("proof %q", got)
			}
			other.answer(m, 200, "Expires: 300")
			if got := r.state("regme"); !strings.HasSuffix(got, " Registered") {
				t.Errorf("state %q", got)
			}
			time.Sleep(285*time.Second + time.Millisecond)
			p.answer(p.register(), 302, "Contact: <sip:127.0.50.41:5071>")
			for range maxRedirects - 1 { // in a circle
				other.answer(other.register(), 302, "Contact: <sip:127.0.50.41:5071>")
			}
			other.answer(other.register(), 302, "Contact: <sip:127.0.50.41:5071>")
			if other.register() != nil {
				t.Error("sent round and round")
			}
		})
	}
}

// TestRegistrationPutBack: a line that went and came back while the registrar was
// silent goes on in the same order, and what it said on leaving does not count.
func TestRegistrationPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, registering, nil)
		p := r.registrar("127.0.50.40:5070")
		time.Sleep(registryGap)
		first := p.register()
		p.answer(first, 200, "Expires: 300")
		cfg, _ := loadText(t, listen)
		r.Reload(cfg)
		synctest.Wait()
		gone := p.register()
		if gone == nil || gone.Expires() != 0 {
			t.Fatal("what is gone is not taken back")
		}
		cfg, _ = loadText(t, registering)
		r.Reload(cfg)
		time.Sleep(registryGap)
		var back *message.Message
		for _, m := range p.receive() {
			if m.Expires() != 0 {
				back = m
			}
		}
		if back == nil {
			t.Fatal("what is back does not register")
		}
		was, _ := gone.CSeq()
		now, _ := back.CSeq()
		if string(back.CallID()) != string(gone.CallID()) || now <= was {
			t.Errorf("CSeq %d of %s after %d of %s", now, back.CallID(), was, gone.CallID())
		}
		p.answer(back, 200, "Expires: 300")
		p.answer(gone, 200) // late
		r.expectState("regme", "285 Registered")
		cfg, _ = loadText(t, listen)
		r.Reload(cfg)
		synctest.Wait()
		for _, m := range p.receive() {
			p.answer(m, 200)
		}
		if err := r.Call(func() {
			if n := len(r.Driver.leaving); n != 0 {
				t.Errorf("%d are still leaving", n)
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRegistrationsReload: what is kept, changed, gone and new.
func TestRegistrationsReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load := func(lines string) *Config {
			cfg, _ := loadText(t, listen+"defaultexpiry=600\n"+lines)
			return cfg
		}
		r := startRig(t, load("register => kept:s@127.0.50.40\nregister => changed:s@127.0.50.41\nregister => gone:s@127.0.50.42\nregister => lost:s@127.0.50.43\n"), nil, nil)
		kept, changed, gone, lost, added := r.registrar("127.0.50.40:5060"), r.registrar("127.0.50.41:5060"), r.registrar("127.0.50.42:5060"), r.registrar("127.0.50.43:5060"), r.registrar("127.0.50.44:5060")
		first := time.Now()
		at := map[string]time.Duration{}
		for range 10 {
			for name, p := range map[string]registrar{"kept": kept, "changed": changed, "gone": gone, "lost": lost} {
				if m := p.register(); m != nil {
					at[name] = time.Since(first)
					p.answer(m, map[bool]int{true: 403, false: 200}[name == "lost"], "Expires: 300")
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
		if fmt.Sprint(at) != "map[changed:200ms gone:300ms kept:100ms lost:400ms]" {
			t.Errorf("first tries %v", at)
		}
		r.Reload(load("register => added:s@127.0.50.44\nregister => lost:s@127.0.50.43\nregister => changed:t@127.0.50.41\nregister => kept:s@127.0.50.40\n"))
		synctest.Wait()
		if m := gone.register(); m == nil || m.Expires() != 0 || string(m.To().URI.User) != "gone" {
			t.Error("what is gone is not taken back")
		} else {
			gone.answer(m, 401, fmt.Sprintf(asks, "n"))
			if m := gone.register(); m == nil || proven(t, m, message.HeaderAuthorization, "gone", "s") != "n 00000001" || m.Expires() != 0 {
				t.Error("the challenge of the unregistration is not answered")
			} else {
				gone.answer(m, 200)
			}
		}
		time.Sleep(300 * time.Millisecond)
		if kept.register() != nil {
			t.Error("what is kept was sent again")
		}
		for name, p := range map[string]registrar{"added": added, "changed": changed, "lost": lost} {
			if m := p.register(); m == nil || m.Expires() != 600 {
				t.Errorf("%s is not registered", name)
			} else {
				p.answer(m, 200)
			}
		}
		if list := r.console("sip show registry"); !strings.Contains(list, "4 SIP registrations.") || strings.Contains(list, "127.0.50.42") || strings.Count(list, "Registered") != 4 {
			t.Error(list)
		}
		time.Sleep(285 * time.Second)
		if kept.drain() == 0 {
			t.Error("what is kept is not refreshed")
		}
		if gone.drain() != 0 {
			t.Error("what is gone is still refreshed")
		}
	})
}

// TestCallbackExtension: a section registers itself, with its own settings.
func TestCallbackExtension(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listen+`[trunk]
type=peer
host=127.0.50.40
port=5080
defaultuser=acct
secret=in
remotesecret=out
fromdomain=provider.example
callbackextension=4711
supportpath=yes
insecure=invite
context=in
[other]
type=peer
host=127.0.50.40
port=5080
defaultuser=acct2
secret=x
callbackextension=4712
insecure=invite
context=other
`, nil)
		p := r.registrar("127.0.50.40:5080")
		time.Sleep(registryGap)
		m := p.register()
		for _, want := range []string{
			"REGISTER sip:provider.example SIP/2.0\r\n", "\r\nTo: <sip:acct@provider.example>\r\n", "\r\nContact: <sip:4711@127.0.50.1:5060>\r\n", "\r\nSupported: replaces, timer, path\r\n",
		} {
			if !strings.Contains(string(m.Bytes()), want) {
				t.Errorf("%q is not in\n%s", want, m.Bytes())
			}
		}
		p.answer(m, 407, strings.Replace(fmt.Sprintf(asks, "n"), "WWW", "Proxy", 1))
		m = p.register()
		if got := proven(t, m, message.HeaderProxyAuthorization, "acct", "out"); got != "n 00000001" {
			t.Errorf("proof %q", got)
		}
		p.answer(m, 200)
		r.expectState("acct", "105 Registered")
		for number, want := range map[string]string{"4711": "trunk", "4712": "other", "1": "trunk"} {
			m := &message.Message{}
			if err := m.Parse([]byte("INVITE sip:" + number + "@127.0.50.1 SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:0049@provider.example>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n")); err != nil {
				t.Fatal(err)
			}
			if err := r.Call(func() {
				if got, _ := r.identify(m, source{addr: netip.MustParseAddrPort("127.0.50.40:5080")}); got == nil || got.Name != want {
					t.Errorf("a call to %s is %v's, want %s", number, got, want)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestRegisteredNumbers: of several accounts at one address a call is for the one
// whose line was registered for the number.
func TestRegisteredNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listen+"register => two?b:s@127.0.50.40/1002\nregister => c:s@three/1003\n[one]\ntype=peer\nhost=127.0.50.40\n[two]\ntype=peer\nhost=127.0.50.40\n[three]\ntype=peer\nhost=127.0.50.40\n", nil)
		for number, want := range map[string]string{"1001": "one", "1002": "two", "1003": "three", "s": "one"} {
			m := &message.Message{}
			if err := m.Parse([]byte("INVITE sip:" + number + "@127.0.50.1 SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:0049@provider.example>;tag=1\r\nTo: <sip:x@y>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n")); err != nil {
				t.Fatal(err)
			}
			if err := r.Call(func() {
				if got, _ := r.identify(m, source{addr: netip.MustParseAddrPort("127.0.50.40:5060")}); got == nil || got.Name != want {
					t.Errorf("a call to %s is %v's, want %s", number, got, want)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestServiceRoute: calls through a provider take the way that its registrar told
// (RFC 3608).
func TestServiceRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listen+"register => acct:s@127.0.50.40/in\n[trunk]\ntype=peer\nhost=127.0.50.40\ndefaultuser=acct\n[else]\ntype=peer\nhost=127.0.50.40\ndefaultuser=acct2\n", nil)
		p := r.registrar("127.0.50.40:5060")
		time.Sleep(registryGap)
		route := func(name string) string {
			var got string
			if err := r.Call(func() {
				if reg := r.registrantFor(r.Driver.peer(name)); reg != nil {
					got = fmt.Sprint(reg.service)
				}
			}); err != nil {
				t.Fatal(err)
			}
			return got
		}
		p.answer(p.register(), 200, "Service-Route: <sip:127.0.50.45:5070;lr>, <sip:b.example;lr>")
		if got := route("trunk"); got != "[sip:127.0.50.45:5070;lr sip:b.example;lr]" {
			t.Error(got)
		}
		if got := route("else"); got != "" {
			t.Errorf("of another account: %s", got)
		}
		time.Sleep(105 * time.Second)
		p.answer(p.register(), 200)
		if got := route("trunk"); got != "[]" {
			t.Errorf("the registrar took it back: %s", got)
		}
	})
}

func TestRegistrationLines(t *testing.T) {
	cfg, findings := loadText(t, `[general]
register => a:s@one.example
register => a:other@one.example
register => wrong
register => nobody?a:s@two.example
register => b:s@prov
register => c:s@three.example
[prov]
type=peer
host=four.example
[dyn]
type=friend
host=dynamic
callbackextension=7
[one]
type=peer
host=one.example
`)
	var got []string
	for _, r := range cfg.General.Registrations {
		got = append(got, r.Line.String())
	}
	if s := strings.Join(got, " "); s != "a@one.example a@two.example b@prov c@three.example" {
		t.Error(s)
	}
	var rules []string
	for _, f := range findings {
		switch f.Rule {
		case "registered-twice", "sip-value", "unknown-device", "no-trunk", "no-registrar":
			rules = append(rules, fmt.Sprintf("%d %s", f.Pos.Line, f.Rule))
		}
	}
	if s := strings.Join(rules, "; "); s != "4 sip-value; 14 no-registrar; 3 registered-twice; 5 unknown-device; 5 no-trunk; 7 no-trunk" {
		t.Error(s)
	}
}
