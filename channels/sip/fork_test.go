package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
)

const several = listen + `minexpiry=60
qualify=no
[many]
type=friend
host=dynamic
secret=manypw
max_contacts=3
[one]
type=friend
host=dynamic
secret=onepw
[watched]
type=friend
host=dynamic
max_contacts=2
qualify=500
qualifyfreq=20
[trunk]
type=peer
host=127.0.50.99
`

// at lists the contacts of a peer as user@host without the port 5070 of the rig.
func (r *rig) at(name string) string {
	var list []string
	if err := r.Call(func() {
		for _, c := range r.Driver.peer(name).contacts {
			list = append(list, strings.TrimSuffix(strings.TrimPrefix(c.URI, "sip:"), ":5070"))
		}
	}); err != nil {
		r.t.Fatal(err)
	}
	return strings.Join(list, " ")
}

// TestRegisterLimit: what is one binding, and what goes when there are too many.
func TestRegisterLimit(t *testing.T) {
	type step struct {
		host, params string
		want         string
	}
	for _, c := range []struct {
		name, user string
		steps      []step
	}{
		{"the one refreshed longest ago goes", "many", []step{
			{"10", "", "many@127.0.50.10"},
			{"11", "", "many@127.0.50.11 many@127.0.50.10"},
			{"12", "", "many@127.0.50.12 many@127.0.50.11 many@127.0.50.10"},
			{"10", "", "many@127.0.50.10 many@127.0.50.12 many@127.0.50.11"},
			{"13", "", "many@127.0.50.13 many@127.0.50.10 many@127.0.50.12"},
		}},
		{"an instance that moved is not another", "many", []step{
			{"10", `;+sip.instance="<urn:uuid:a>"`, "many@127.0.50.10"},
			{"11", `;+sip.instance="<urn:uuid:b>"`, "many@127.0.50.11 many@127.0.50.10"},
			{"12", `;+sip.instance="<urn:uuid:a>"`, "many@127.0.50.12 many@127.0.50.11"},
		}},
		{"RFC5626_6 flows of one instance differ in reg-id", "many", []step{
			{"10", `;reg-id=1;+sip.instance="<urn:uuid:a>"` + "\nSupported: outbound", "many@127.0.50.10"},
			{"11", `;reg-id=2;+sip.instance="<urn:uuid:a>"` + "\nSupported: outbound", "many@127.0.50.11 many@127.0.50.10"},
			{"12", `;reg-id=1;+sip.instance="<urn:uuid:a>"` + "\nSupported: outbound", "many@127.0.50.12 many@127.0.50.11"},
		}},
		{"reg-id without an instance means nothing", "many", []step{
			{"10", ";reg-id=1", "many@127.0.50.10"},
			{"11", ";reg-id=1", "many@127.0.50.11 many@127.0.50.10"},
		}},
		{"one contact is replaced", "one", []step{
			{"10", "", "one@127.0.50.10"},
			{"11", `;+sip.instance="<urn:uuid:b>"`, "one@127.0.50.11"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, several, nil)
				phones := map[string]*phone{}
				for i, s := range c.steps {
					p := phones[s.host]
					if p == nil {
						p = r.phone("127.0.50."+s.host+":5070", c.user)
						phones[s.host] = p
					}
					if m := p.register(c.user+"pw", strings.TrimSuffix(p.contact(), "\n")+s.params+"\n"); statusOf(m) != 200 {
						t.Fatalf("step %d: %d", i, statusOf(m))
					}
					if got := r.at(c.user); got != s.want {
						t.Errorf("step %d: %s, want %s", i, got, s.want)
					}
				}
			})
		})
	}
}

// TestContactsAreAskedEach: one contact that is silent is not called, and the
// device is there as long as another answers.
func TestContactsAreAskedEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, several, nil)
		a, b := r.phone("127.0.50.10:5070", "watched"), r.phone("127.0.50.11:5070", "watched")
		for _, p := range []*phone{a, b} {
			p.send(fmt.Sprintf("REGISTER sip:127.0.50.1 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKr%s\nMax-Forwards: 70\nFrom: <sip:watched@127.0.50.1>;tag=t\nTo: <sip:watched@127.0.50.1>\nCall-ID: %s\nCSeq: 1 REGISTER\n%sContent-Length: 0\n\n",
				p.addr, p.id, p.id, p.contact()))
			if got := p.receive(); len(got) != 2 || got[0].Status() != 200 { // and the OPTIONS
				t.Fatalf("%s: %d messages", p.addr, len(got))
			}
		}
		time.Sleep(400 * time.Millisecond)
		b.drain()
		time.Sleep(30 * time.Second) // both are silent
		if got := r.DeviceState("watched").String(); got != "UNAVAILABLE" {
			t.Errorf("both are silent: %s", got)
		}
		b.drain()
		for n := 0; b.reply() == 0; n++ {
			if n == 200 {
				t.Fatal("b is not asked")
			}
			time.Sleep(100 * time.Millisecond)
		}
		if got := r.DeviceState("watched").String(); got != "NOT_INUSE" {
			t.Errorf("b answers: %s", got)
		}
		out := r.console("sip show contacts watched")
		if !strings.Contains(out, "UNREACHABLE") || !strings.Contains(out, "OK (") || !strings.Contains(out, "2 contacts") {
			t.Errorf("contacts:\n%s", out)
		}
		if n := r.logs.count("Peer 'watched' is now Reachable"); n != 1 {
			t.Errorf("%d lines of the peer", n)
		}
		if list := r.Fork("watched", nil); list != nil {
			t.Errorf("a fork to one that is there: %v", list)
		}
	})
}

// TestForkOrder: q and the flows of one instance decide who rings when.
func TestForkOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, several+"[x]\ntype=friend\nhost=dynamic\nsecret=xpw\nmax_contacts=9\ncontact_timeout=7\n", nil)
		p := r.phone("127.0.50.10:5070", "x")
		for _, headers := range []string{
			"Contact: <sip:x@127.0.50.11>;q=0.5, <sip:x@127.0.50.12>, <sip:x@127.0.50.13>;q=0.1\n",
			`Contact: <sip:x@127.0.50.14>;reg-id=1;+sip.instance="<urn:a>"` + "\nSupported: outbound\n",
			`Contact: <sip:x@127.0.50.15>;reg-id=2;+sip.instance="<urn:a>"` + "\nSupported: outbound\n",
		} {
			if m := p.register("xpw", headers); statusOf(m) != 200 {
				t.Fatal(statusOf(m))
			}
		}
		r.console("sip add contact x 0171@trunk 60 0.5")
		var got []string
		for _, b := range r.Fork("x", nil) {
			got = append(got, fmt.Sprint(b.Target.(*branch).contact.URI, " ", b.After))
		}
		want := "sip:x@127.0.50.15 0s, sip:x@127.0.50.12 0s, sip:x@127.0.50.11 7s, sip:0171@trunk 7s, sip:x@127.0.50.13 14s"
		if strings.Join(got, ", ") != want {
			t.Errorf("fork: %s\nwant  %s", strings.Join(got, ", "), want)
		}
		if r.Fork("x/100", nil) != nil || r.Fork("trunk", nil) != nil || r.Fork("nobody", nil) != nil {
			t.Error("forks of what is one device")
		}
	})
}

// TestStaticContacts: a contact that the operator adds joins calls, is not the
// device's to remove, makes nobody the device, survives a restart and ends.
func TestStaticContacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rigStore{records: map[string][]byte{}}
		r := newRig(t, several, store)
		for _, c := range []struct{ line, want string }{
			{"sip add contact nobody 0171@trunk", "Peer 'nobody' not found"},
			{"sip add contact trunk 0171@trunk", "has a host of its own"},
			{"sip add contact one trunk", "neither sip:user@host nor number@trunk"},
			{"sip add contact one tel:+49171", "needs the trunk"},
			{"sip add contact one 0171@nowhere", "No such peer 'nowhere'"},
			{"sip add contact one 0171@trunk soon", "is not a time"},
			{"sip add contact one 0171@trunk 60 2", "is not a q"},
			{"sip add contact one a:b@trunk", "neither"},
			{"sip add contact one SIP/0171@trunk 4h", "for 14400 seconds"},
			{"sip add contact one sip:one@127.0.50.77", "until it is removed"},
			{"sip add contact one sip:one@softphone.example:5080 60", "for 60 seconds"},
			{"sip add contact one 0171@trunk 3600", "for 3600 seconds"}, // again: the time changes
		} {
			if out := r.console(c.line); !strings.Contains(out, c.want) {
				t.Errorf("%s: %s", c.line, out)
			}
		}
		const all = "one@127.0.50.77 one@softphone.example:5080 0171@trunk"
		if got := r.at("one"); got != all {
			t.Errorf("contacts: %s", got)
		}
		if got := r.DeviceState("one").String(); got != "NOT_INUSE" {
			t.Errorf("with static contacts alone: %s", got)
		}
		p := r.phone("127.0.50.10:5070", "one")
		if got := contacts(p.register("onepw", p.contact())); len(got) != 1 {
			t.Errorf("REGISTER lists %q", got)
		}
		if got := r.at("one"); got != "one@127.0.50.10 "+all {
			t.Errorf("with the phone: %s", got)
		}
		p.register("onepw", "Contact: *\nExpires: 0\n")
		if got := r.at("one"); got != all {
			t.Errorf("after Contact *: %s", got)
		}
		if err := r.Call(func() {
			if o := r.peers.byAddr(netip.MustParseAddrPort("127.0.50.77:5060")); o != nil {
				t.Errorf("whoever is at an added contact is %s", o.Name)
			}
		}); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		again := newRig(t, several, store)
		if got := again.at("one"); got != all {
			t.Errorf("after a restart: %s", got)
		}
		time.Sleep(61 * time.Second)
		if got := again.at("one"); got != "one@127.0.50.77 0171@trunk" {
			t.Errorf("after 61 s: %s", got)
		}
		if out := again.console("sip remove contact one SIP/0171@trunk"); !strings.Contains(out, "is gone") {
			t.Error(out)
		}
		if out := again.console("sip remove contact one SIP/0171@trunk"); !strings.Contains(out, "has no contact") {
			t.Error(out)
		}
		if got := again.at("one"); got != "one@127.0.50.77" {
			t.Errorf("after removing: %s", got)
		}
	})
}

// forkOffice has bob registered at two phones, by the static contact of the flows.
const forkOffice = `
[general]
udpbindaddr=192.0.2.1:5060
disallow=all
allow=ulaw
[alice]
type=friend
host=192.0.2.10
[bob]
type=friend
host=dynamic
call-limit=1
[carol]
type=peer
host=192.0.2.30
`

// dialForked is a plain Dial that rings every branch.
func dialForked(states *[]string, dest string) func(*channel.Channel) {
	return func(ch *channel.Channel) {
		tech, _ := ch.Registry().Technology("SIP")
		chans := []*channel.Channel{ch}
		for _, b := range tech.(channel.Forker).Fork(dest, ch) {
			leg, err := ch.Registry().Request("SIP/"+dest, channel.Request{From: ch, Target: b.Target, Formats: ch.Settings().Formats})
			if err != nil {
				*states = append(*states, err.Error())
				continue
			}
			_ = leg.Leg().Call()
			chans = append(chans, leg)
		}
		for {
			i, f, err := channel.WaitAny(-1, chans...)
			if err != nil {
				break
			}
			if i > 0 && f.Control == channel.ControlRinging {
				*states = append(*states, tech.DeviceState(dest).String())
			}
			if i > 0 && f.Control == channel.ControlAnswer {
				for j, c := range chans {
					if j != 0 && j != i {
						c.SetCause(channel.CauseAnsweredElsewhere, "")
						c.Hangup()
					}
				}
				*states = append(*states, tech.DeviceState(dest).String())
				_ = ch.Sleep(time.Second)
				chans[i].Hangup()
				break
			}
		}
		*states = append(*states, tech.DeviceState(dest).String())
	}
}

// TestForkedCall: both phones ring, the loser is cancelled as answered elsewhere,
// and the two legs are one call towards call-limit.
func TestForkedCall(t *testing.T) {
	var states []string
	withFlow(t, forkOffice, map[string]func(*channel.Channel){"1000": dialForked(&states, "bob")}, func(f *flow) {
		if err := f.d.Call(func() {
			p := f.d.peer("bob")
			for _, uri := range []string{"sip:bob@192.0.2.20", "sip:bob@192.0.2.20:5061"} {
				addr, _ := literal(uri)
				p.addContact(f.d, &Contact{URI: uri, Addr: addr, Q: 1000})
			}
			c, err := f.d.staticContact("0171@carol")
			if err != nil {
				t.Error(err)
			}
			p.addContact(f.d, c)
		}); err != nil {
			t.Fatal(err)
		}
		f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			bob1 < INVITE sdp | INVITE sip:bob@192.0.2.20:5061
			bob < INVITE sdp | INVITE sip:bob@192.0.2.20 SIP/2.0
			carol < INVITE sdp | INVITE sip:0171@192.0.2.30
			bob1 > 180
			bob > 180
			carol > 180
			wait 2s
			bob > 200 sdp
			bob < ACK
			bob1 < CANCEL | Call completed elsewhere
			bob1 > 200
			carol < CANCEL | Call completed elsewhere
			carol > 200
			wait 1s
			bob < BYE
			bob > 200
		`)
	})
	if got := strings.Join(states, " "); got != "RINGING RINGING RINGING BUSY NOT_INUSE" {
		t.Errorf("states: %s", got)
	}
}

// TestForkDeclinedThroughTrunk: 6xx from one phone ends the call to the mobile that
// was added to it, and the other way round.
func TestForkDeclinedThroughTrunk(t *testing.T) {
	ring := func(ch *channel.Channel) {
		tech, _ := ch.Registry().Technology("SIP")
		var legs []*channel.Channel
		for _, b := range tech.(channel.Forker).Fork("bob", ch) {
			leg, err := ch.Registry().Request("SIP/bob", channel.Request{From: ch, Target: b.Target, Formats: ch.Settings().Formats})
			if err != nil {
				t.Error(err)
				return
			}
			_ = leg.Leg().Call()
			legs = append(legs, leg)
		}
		for len(legs) > 0 {
			i, f, _ := channel.WaitAny(-1, legs...)
			if f.Control == channel.ControlBusy {
				if d := legs[i].Leg().(channel.Decider); !d.Decided() {
					t.Error("who declined did not decide for both")
				}
				legs[i].Hangup()
				legs = append(legs[:i], legs[i+1:]...)
			}
		}
	}
	for _, tt := range [][2]string{{"bob", "carol"}, {"carol", "bob"}} {
		t.Run(tt[0]+" declines", func(t *testing.T) {
			withFlow(t, forkOffice, map[string]func(*channel.Channel){"1000": ring}, func(f *flow) {
				if err := f.d.Call(func() {
					p := f.d.peer("bob")
					addr, _ := literal("sip:bob@192.0.2.20")
					p.addContact(f.d, &Contact{URI: "sip:bob@192.0.2.20", Addr: addr, Q: 1000})
					c, err := f.d.staticContact("0171@carol")
					if err != nil {
						t.Error(err)
					}
					p.addContact(f.d, c)
				}); err != nil {
					t.Fatal(err)
				}
				f.play(strings.NewReplacer("YES", tt[0], "NO", tt[1]).Replace(`
					alice > INVITE 1000 sdp
					alice < 100
					bob < INVITE sdp
					carol < INVITE sdp
					bob > 180
					carol > 180
					wait 1s
					YES > 603
					YES < ACK
					NO < CANCEL | Reason: SIP;cause=603
					NO > 200
					NO > progress 487
					NO < ACK
					alice < 603
					alice > ACK`))
				if err := f.d.Call(func() {
					for _, name := range []string{"bob", "carol"} {
						if n := f.d.peer(name).inUse; n != 0 {
							t.Errorf("%s counts %d calls", name, n)
						}
					}
				}); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// TestForkDeclined: 6xx from one phone ends the call at all of them (RFC 3261
// 16.7, 21.6), those that would have rung later too.
func TestForkDeclined(t *testing.T) {
	var got []string
	ring := func(ch *channel.Channel) {
		tech, _ := ch.Registry().Technology("SIP")
		branches := tech.(channel.Forker).Fork("bob", ch)
		call := func(b channel.Branch) *channel.Channel {
			leg, err := ch.Registry().Request("SIP/bob", channel.Request{From: ch, Target: b.Target, Formats: ch.Settings().Formats})
			if err != nil {
				got = append(got, err.Error())
				return nil
			}
			_ = leg.Leg().Call()
			return leg
		}
		legs := []*channel.Channel{call(branches[0]), call(branches[1])}
		for len(legs) > 0 {
			i, f, _ := channel.WaitAny(-1, legs...)
			if f.Control == channel.ControlBusy {
				got = append(got, legs[i].TechCause())
				legs[i].Hangup()
				legs = append(legs[:i], legs[i+1:]...)
			}
		}
		call(branches[1])
	}
	withFlow(t, forkOffice, map[string]func(*channel.Channel){"1000": ring}, func(f *flow) {
		if err := f.d.Call(func() {
			p := f.d.peer("bob")
			for _, uri := range []string{"sip:bob@192.0.2.20", "sip:bob@192.0.2.20:5061"} {
				addr, _ := literal(uri)
				p.addContact(f.d, &Contact{URI: uri, Addr: addr, Q: 1000})
			}
		}); err != nil {
			t.Fatal(err)
		}
		f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			bob1 < INVITE sdp
			bob < INVITE sdp
			bob1 > 180
			bob > 180
			wait 1s
			bob > 603
			bob < ACK
			bob1 < CANCEL | Reason: SIP;cause=603
			bob1 > 200
			bob1 > progress 487
			bob1 < ACK
			alice < 603
			alice > ACK
		`)
	})
	if want := "SIP 603 Decline, SIP 603 Decline, SIP/bob: refused at another contact"; strings.Join(got, ", ") != want {
		t.Errorf("the legs came to %q, want %q", strings.Join(got, ", "), want)
	}
}
