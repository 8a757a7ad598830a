package sip

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"pbx/channel"
	"pbx/channels/sip/message"
)

const instances = `Contact: <sip:many@%s>;+sip.instance="<urn:uuid:%s>"%s` + "\nSupported: gruu, outbound\n"

// gruusOf are the GRUUs of the instance in a response to REGISTER.
func gruusOf(t *testing.T, m *message.Message, instance string) (public, temporary string) {
	t.Helper()
	for a := range m.Addresses(message.HeaderContact) {
		if v, _ := a.Params.Get("+sip.instance"); instanceOf(v) != instance {
			continue
		}
		pub, _ := a.Params.Get("pub-gruu")
		temp, _ := a.Params.Get("temp-gruu")
		return strings.Trim(string(pub), `"`), strings.Trim(string(temp), `"`)
	}
	t.Fatalf("no instance %s in %q", instance, contacts(m))
	return "", ""
}

// TestOutbound holds RFC 5626 6: when a contact is a flow, and what says so.
func TestOutbound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, several, nil)
		p := r.phone("127.0.50.10:5070", "many")
		const flow = `Contact: <sip:many@127.0.50.10:5070>;reg-id=1;+sip.instance="<urn:uuid:a>"` + "\n"
		for _, c := range []struct {
			name, headers string
			status        int
			required      bool
			regID         uint32
		}{
			{"a flow", flow + "Supported: path, outbound\n", 200, true, 1},
			{"required", flow + "Require: outbound\n", 200, true, 1},
			{"not meant", flow, 200, false, 0},
			{"no number", strings.Replace(flow, "=1", "=0", 1) + "Supported: outbound\n", 200, false, 0},
			{"without an instance", "Contact: <sip:many@127.0.50.10:5070>;reg-id=1\nSupported: outbound\n", 200, false, 0},
			{"two at once", flow + strings.Replace(flow, "5070", "5071", 1) + "Supported: outbound\n", 400, false, 0},
			{"through a proxy that cannot", "Via: SIP/2.0/UDP 127.0.50.9;branch=z9hG4bKx\n" + flow + "Supported: outbound\n", 439, false, 0},
			{"through one that says nothing of it", "Via: SIP/2.0/UDP 127.0.50.9;branch=z9hG4bKx\nPath: <sip:127.0.50.9;lr>\n" + flow + "Supported: outbound\n", 439, false, 0},
			{"through one that can", "Via: SIP/2.0/UDP 127.0.50.9;branch=z9hG4bKx\nPath: <sip:127.0.50.9;lr;ob>\n" + flow + "Supported: outbound\n", 200, true, 1},
		} {
			m := p.register("manypw", c.headers)
			if statusOf(m) != c.status || string(m.Header(message.HeaderRequire)) == "outbound" != c.required {
				t.Errorf("%s: %d, Require %q", c.name, statusOf(m), m.Header(message.HeaderRequire))
			}
			var got uint32
			if err := r.Call(func() { got = r.Driver.peer("many").contacts[0].RegID }); err != nil {
				t.Error(err)
			}
			if c.status == 200 && got != c.regID {
				t.Errorf("%s: reg-id %d", c.name, got)
			}
			p.register("manypw", "Contact: *\nExpires: 0\n")
			if c.status != 200 {
				p.register("manypw", flow)
			}
		}
	})
}

// TestGRUU: what a registration gets, and where a request to it goes.
func TestGRUU(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rigStore{records: map[string][]byte{}}
		r := newRig(t, several, store)
		a, b := r.phone("127.0.50.10:5070", "many"), r.phone("127.0.50.11:5070", "many")
		a.register("manypw", fmt.Sprintf(instances, a.addr, "a", ""))
		m := b.register("manypw", fmt.Sprintf(instances, b.addr, "b", ""))
		public, temporary := gruusOf(t, m, "urn:uuid:b")
		if public != "sip:many@127.0.50.1;gr=urn:uuid:b" || !strings.HasPrefix(temporary, "sip:tgruu.") || !strings.HasSuffix(temporary, "@127.0.50.1;gr") {
			t.Errorf("%s and %s", public, temporary)
		}
		_, other := gruusOf(t, b.register("manypw", fmt.Sprintf(instances, b.addr, "b", "")), "urn:uuid:b")
		if other == temporary {
			t.Error("a temporary one was given twice")
		}
		if m := a.register("manypw", fmt.Sprintf(strings.Replace(instances, "gruu, ", "", 1), a.addr, "a", "")); strings.Contains(fmt.Sprint(contacts(m)), "gruu") {
			t.Errorf("not asked for: %q", contacts(m))
		}
		synctest.Wait()
		find := func(r *rig, uri string) string {
			u, err := message.ParseURI([]byte(uri))
			if err != nil {
				t.Fatal(err)
			}
			found := "none of ours"
			if err := r.Call(func() {
				if c, ok := r.Driver.gruu(&u); ok {
					found = "nowhere"
					if c != nil {
						found = c.URI
					}
				}
			}); err != nil {
				t.Fatal(err)
			}
			return found
		}
		again := newRig(t, several, store) // the registrations and the key outlive a restart
		for uri, want := range map[string]string{
			public: "sip:many@127.0.50.11:5070", temporary: "sip:many@127.0.50.11:5070", other: "sip:many@127.0.50.11:5070",
			"sip:many@x;gr=urn:uuid:a": "sip:many@127.0.50.10:5070", "sip:many@x;gr=urn:uuid:c": "nowhere",
			"sip:many@x": "none of ours", "sip:nobody@x;gr=urn:uuid:a": "none of ours", "sip:tgruu.AAAA@x;gr": "none of ours",
		} {
			for _, r := range []*rig{r, again} {
				if got := find(r, uri); got != want {
					t.Errorf("%s leads to %s, want %s", uri, got, want)
				}
			}
		}
		b.register("manypw", "Contact: *\nExpires: 0\n")
		b.id += "-new"
		b.register("manypw", fmt.Sprintf(instances, b.addr, "b", ""))
		if got := find(r, temporary); got != "nowhere" {
			t.Errorf("a temporary one of the registration before leads to %s", got)
		}
		if got := find(r, public); got != "sip:many@127.0.50.11:5070" {
			t.Errorf("the public one leads to %s", got)
		}
	})
}

// TestCallToGRUU: only the instance rings, and a far end that gives its GRUU as
// Contact is reached within the call.
func TestCallToGRUU(t *testing.T) {
	var branches int
	extens := map[string]func(*channel.Channel){"bob": func(ch *channel.Channel) {
		tech, _ := ch.Registry().Technology("SIP")
		branches = len(tech.(channel.Forker).Fork("bob", ch))
		dial(nil, "SIP/bob")(ch)
	}}
	withFlow(t, forkOffice, extens, func(f *flow) {
		if err := f.d.Call(func() {
			p := f.d.peer("bob")
			for i, uri := range []string{"sip:bob@192.0.2.20", "sip:bob@192.0.2.20:5061"} {
				addr, _ := literal(uri)
				p.addContact(f.d, &Contact{URI: uri, Addr: addr, Q: 1000, Instance: fmt.Sprint("urn:", i)})
			}
		}); err != nil {
			t.Fatal(err)
		}
		f.play(`
			alice > INVITE bob sdp
			alice < 100
			bob1 < INVITE sdp
			bob1 > 180
			alice < 180
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK
			bob1 < CANCEL
			bob1 > 200`)
		if branches != 2 {
			t.Errorf("%d branches of a plain call", branches)
		}
		alice := f.phone("alice")
		alice.fresh("")
		alice.target = "sip:bob@192.0.2.1;gr=urn:0"
		alice.remote = "<" + alice.target + ">"
		f.play(`
			alice > INVITE sdp
			alice < 100
			bob < INVITE sdp
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`)
		if branches != 0 {
			t.Errorf("%d branches of a call to one instance", branches)
		}
		alice.fresh("")
		alice.target = "sip:bob@192.0.2.1;gr=urn:9"
		alice.remote = "<" + alice.target + ">"
		f.play(`
			alice > INVITE sdp
			alice < 480
			alice > ACK`)
		alice.fresh("")
		alice.target = "sip:tgruu.nonsense@192.0.2.1;gr"
		alice.remote = "<" + alice.target + ">"
		f.play(`
			alice > INVITE sdp
			alice < 404
			alice > ACK`)
	})
}

// TestGRUUAsContact: requests within a call go to the contact behind the GRUU that
// the far end gave, not to ourselves.
func TestGRUUAsContact(t *testing.T) {
	withFlow(t, forkOffice, map[string]func(*channel.Channel){"1000": answerFor(1e9)}, func(f *flow) {
		if err := f.d.Call(func() {
			p := f.d.peer("bob")
			addr, _ := literal("sip:bob@192.0.2.20")
			p.addContact(f.d, &Contact{URI: "sip:bob@192.0.2.20", Addr: addr, Q: 1000, Instance: "urn:0"})
			f.d.place(p)
			g := dialog{target: "sip:bob@192.0.2.1;gr=urn:0"}
			if g.aim(f.d, g.route, false); g.target != "sip:bob@192.0.2.20" || g.route.Remote != addr {
				t.Errorf("aimed at %s, %v", g.target, g.route)
			}
			h := dialog{target: "sip:bob@198.51.100.1;gr=urn:5"}
			if h.aim(f.d, h.route, false); h.target != "sip:bob@198.51.100.1;gr=urn:5" {
				t.Errorf("somebody else's GRUU: %s", h.target)
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
}
