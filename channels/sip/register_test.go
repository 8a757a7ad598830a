package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

const phones = listen + `minexpiry=60
maxexpiry=3600
defaultexpiry=600
[alice]
type=friend
host=dynamic
secret=alicepw
context=t
[many]
type=friend
host=dynamic
secret=manypw
max_contacts=3
[usr]
type=user
secret=usrpw
[plainpeer]
type=peer
host=dynamic
secret=pppw
[statpeer]
type=peer
host=127.0.50.20
port=5070
secret=x12345678
[open]
type=friend
host=dynamic
[sha]
type=friend
host=dynamic
secret=shapw
digest=sha-256,md5
[fenced]
type=friend
host=dynamic
secret=fencedpw
deny=0.0.0.0/0
permit=127.0.50.99
[strict]
type=friend
host=dynamic
secret=strictpw
contactdeny=0.0.0.0/0
contactpermit=127.0.50.11/32
`

func expires(m *message.Message) string { return string(m.Header(message.HeaderExpires)) }

func contacts(m *message.Message) (list []string) {
	for v := range m.Values(message.HeaderContact) {
		list = append(list, string(v))
	}
	return list
}

// TestRegisterExpiry holds the lifetimes of the ancestor: too short is raised
// without a 423, too long lowered.
func TestRegisterExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		for _, c := range []struct{ header, want, contact string }{
			{"Expires: 300\n", "300", "<sip:alice@127.0.50.10:5070>;expires=300"},
			{"Expires: 30\n", "60", "<sip:alice@127.0.50.10:5070>;expires=60"},
			{"Expires: 7200\n", "3600", "<sip:alice@127.0.50.10:5070>;expires=3600"},
			{"", "600", "<sip:alice@127.0.50.10:5070>;expires=600"},
			{"Expires: 4294967296\n", "3600", "<sip:alice@127.0.50.10:5070>;expires=3600"},
			{"Expires: 0\n", "0", ""},
		} {
			m := p.register("alicepw", p.contact()+c.header)
			if statusOf(m) != 200 {
				t.Fatalf("%q: status %d", c.header, statusOf(m))
			}
			if expires(m) != c.want || strings.Join(contacts(m), " ") != c.contact {
				t.Errorf("%q: Expires %s, Contact %q", c.header, expires(m), contacts(m))
			}
			if !m.Has(message.HeaderDate) {
				t.Errorf("%q: no Date", c.header)
			}
		}
	})
}

// TestRegisterRefused holds golden/sip-behaviour.md: an unknown name, a wrong
// secret and a section that cannot register look alike, 401 then 403.
func TestRegisterRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		n := 0
		var sizes []int
		for _, c := range []struct{ name, user, secret, log string }{
			{"wrong secret", "alice", "wrong", "Wrong password"},
			{"unknown name", "nobod", "x", "No matching peer found"},
			{"type=user", "usr", "usrpw", "No matching peer found"},
			{"static host", "statpeer", "x12345678", "Peer is not supposed to register"},
			{"ACL", "fenced", "fencedpw", "Device does not match ACL"},
		} {
			n++
			p := r.phone(fmt.Sprintf("127.0.50.11:%d", 5070+n), c.user)
			first := p.ask("REGISTER", "", p.contact(), "")
			if statusOf(first) != 401 {
				t.Errorf("%s: %d first", c.name, statusOf(first))
				continue
			}
			sizes = append(sizes, len(first.Header(message.HeaderWWWAuthenticate)))
			second := p.ask("REGISTER", "", answerTo(t, first, "REGISTER", "sip:127.0.50.1", c.user, c.secret, "00000001")+p.contact(), "")
			if statusOf(second) != 403 {
				t.Errorf("%s: %d second", c.name, statusOf(second))
			}
			want := fmt.Sprintf("Registration from '<sip:%s@127.0.50.1>' failed for '%s' - %s", c.user, p.addr, c.log)
			if r.logs.count(want) == 0 {
				t.Errorf("%s: no line %q", c.name, want)
			}
		}
		for _, s := range sizes {
			if s != sizes[0] {
				t.Errorf("challenges differ in size: %v", sizes)
			}
		}
	})
}

func TestRegisterUnknownWithoutAlwaysAuthReject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, strings.Replace(phones, "minexpiry", "alwaysauthreject=no\nminexpiry", 1), nil)
		p := r.phone("127.0.50.11:5071", "nobody")
		if m := p.ask("REGISTER", "", p.contact(), ""); statusOf(m) != 404 || string(m.Reason()) != "Not found" {
			t.Errorf("REGISTER: %d %s", statusOf(m), m.Reason())
		}
		if m := p.ask("REFER", "1000", "", ""); statusOf(m) != 403 {
			t.Errorf("REFER: %d", statusOf(m))
		}
	})
}

func TestRegisterReplacesAndLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		a := r.phone("127.0.50.10:5070", "alice")
		b := r.phone("127.0.50.12:5072", "alice")
		a.register("alicepw", a.contact()+"Expires: 300\n")
		if got := contacts(b.register("alicepw", b.contact()+"Expires: 300\n")); len(got) != 1 || got[0] != "<sip:alice@127.0.50.12:5072>;expires=300" {
			t.Errorf("the newest replaces: %q", got)
		}
		if n := r.logs.count("Registered SIP 'alice' at 127.0.50.12:5072"); n != 1 {
			t.Errorf("logged %d times", n)
		}
		b.register("alicepw", b.contact()+"Expires: 300\n")
		if n := r.logs.count("Registered SIP 'alice'"); n != 2 {
			t.Errorf("a refresh is not news: %d lines", n)
		}

		x, y := r.phone("127.0.50.13:5070", "many"), r.phone("127.0.50.14:5070", "many")
		x.register("manypw", x.contact()+"Expires: 300\n")
		time.Sleep(10 * time.Second)
		got := contacts(y.register("manypw", strings.Replace(y.contact(), ">", ">;q=0.5", 1)+"Expires: 300\n"))
		if want := "[<sip:many@127.0.50.14:5070>;expires=300;q=0.500 <sip:many@127.0.50.13:5070>;expires=290]"; fmt.Sprint(got) != want {
			t.Errorf("contacts %v\nwant     %s", got, want)
		}
		query := y.register("manypw", "")
		if len(contacts(query)) != 2 {
			t.Errorf("a query lists %q", contacts(query))
		}
		if m := y.register("manypw", "Contact: *\nExpires: 0\n"); statusOf(m) != 200 || len(contacts(m)) != 0 {
			t.Errorf("Contact *: %d %q", statusOf(m), contacts(m))
		}
	})
}

func TestRegisterBadContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		for i, c := range []struct {
			headers string
			status  int
		}{
			{"Contact: *\n", 400},
			{"Contact: *\nExpires: 60\n", 400},
			{"Contact: *, <sip:a@b>\nExpires: 0\n", 400},
			{"Contact: <mailto:a@b>\n", 400},
			{"Contact: <sip:>\n", 400},
			{"Contact: <sip:alice@phone.invalid>\n", 200}, // where it came from
		} {
			p := r.phone(fmt.Sprintf("127.0.50.15:%d", 6000+i), "alice")
			if m := p.register("alicepw", c.headers); statusOf(m) != c.status {
				t.Errorf("%q: %d, want %d", c.headers, statusOf(m), c.status)
			}
		}
		synctest.Wait()
		if r.Call(func() {
			if got := r.Driver.peer("alice").primary().String(); got != "127.0.50.15:6005" {
				t.Errorf("a host name in Contact leads to %s", got)
			}
		}) != nil {
			t.Error("closed")
		}
	})
}

func TestRegisterContactACL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		p := r.phone("127.0.50.10:5070", "strict")
		if m := p.register("strictpw", p.contact()); statusOf(m) != 603 {
			t.Errorf("refused address: %d", statusOf(m))
		}
		q := r.phone("127.0.50.11:5070", "strict")
		if m := q.register("strictpw", q.contact()); statusOf(m) != 200 {
			t.Errorf("permitted address: %d", statusOf(m))
		}
	})
}

// TestRegisterOutOfOrder holds RFC 3261 10.3 step 7.
func TestRegisterOutOfOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		p := r.phone("127.0.50.10:5070", "open")
		p.ask("REGISTER", "", p.contact()+"Expires: 300\n", "")
		p.seq -= 5
		if m := p.ask("REGISTER", "", p.contact()+"Expires: 0\n", ""); statusOf(m) != 500 {
			t.Errorf("an older CSeq: %d", statusOf(m))
		}
		p.seq += 10
		if m := p.ask("REGISTER", "", p.contact()+"Expires: 0\n", ""); statusOf(m) != 200 || len(contacts(m)) != 0 {
			t.Errorf("a newer CSeq: %d", statusOf(m))
		}
	})
}

func TestRegistrationExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rigStore{records: map[string][]byte{}}
		r := newRig(t, phones, store)
		p := r.phone("127.0.50.10:5070", "alice")
		p.register("alicepw", p.contact()+"Expires: 100\n")
		if got := r.DeviceState("alice").String(); got != "NOT_INUSE" {
			t.Errorf("registered: %s", got)
		}
		time.Sleep(99 * time.Second)
		if got := r.DeviceState("alice").String(); got != "NOT_INUSE" {
			t.Errorf("after 99 s: %s", got)
		}
		time.Sleep(2 * time.Second)
		if got := r.DeviceState("alice").String(); got != "UNAVAILABLE" {
			t.Errorf("after 101 s: %s", got)
		}
		if r.logs.count("Unregistered SIP 'alice'") != 1 {
			t.Error("the end was not logged")
		}
		synctest.Wait()
		if len(store.records) != 0 {
			t.Errorf("the store still has %v", store.records)
		}
	})
}

// TestRegistrationIsSavedFirst: the 200 waits for the store, retransmissions are
// absorbed meanwhile, and the next exchange finds the phone.
func TestRegistrationIsSavedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rigStore{records: map[string][]byte{}, hold: true}
		r := newRig(t, phones, store)
		p := r.phone("127.0.50.10:5070", "alice")
		if m := p.register("alicepw", p.contact()+"Expires: 300\n"); m != nil {
			t.Fatalf("answered %d before it was saved", m.Status())
		}
		store.release()
		if got := p.receive(); len(got) != 1 || got[0].Status() != 200 || expires(got[0]) != "300" {
			t.Fatalf("after it was saved: %v", got)
		}

		time.Sleep(100 * time.Second)
		again := newRig(t, strings.ReplaceAll(phones, "[alice]", "[ALICE]"), store)
		if out := again.console("sip show peers like ALICE"); !strings.Contains(out, "127.0.50.10") {
			t.Errorf("after a restart:\n%s", out)
		}
		time.Sleep(201 * time.Second)
		if got := again.DeviceState("alice").String(); got != "UNAVAILABLE" {
			t.Errorf("a restored registration did not expire: %s", got)
		}
		synctest.Wait()
		if third := newRig(t, phones, store); third.DeviceState("alice").String() != "UNAVAILABLE" {
			t.Error("an expired registration was restored")
		}
	})
}

func TestRegistrationThatIsNotSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rigStore{records: map[string][]byte{}, err: errors.New("disk full")}
		r := newRig(t, phones, store)
		p := r.phone("127.0.50.10:5070", "alice")
		if m := p.register("alicepw", p.contact()); statusOf(m) != 500 {
			t.Errorf("status %d", statusOf(m))
		}
	})
}

func TestReloadKeepsRegistrations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rigStore{records: map[string][]byte{}}
		r := newRig(t, phones, store)
		a, b := r.phone("127.0.50.10:5070", "alice"), r.phone("127.0.50.12:5070", "plainpeer")
		a.register("alicepw", a.contact())
		b.register("pppw", b.contact())
		cfg, _ := loadText(t, strings.Replace(phones, "[plainpeer]", "[other]", 1))
		r.Reload(cfg)
		synctest.Wait()
		if got := r.DeviceState("alice").String(); got != "NOT_INUSE" {
			t.Errorf("alice: %s", got)
		}
		if got := r.DeviceState("plainpeer").String(); got != "INVALID" {
			t.Errorf("plainpeer is gone: %s", got)
		}
		if len(store.records) != 1 {
			t.Errorf("store: %d records", len(store.records))
		}
		if err := r.Call(func() {
			if len(r.peers.addrs) != 2 { // alice and statpeer
				t.Errorf("addresses: %v", r.peers.addrs)
			}
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestContactRecord(t *testing.T) {
	now := time.Unix(1700000000, 0)
	want := []*Contact{
		{
			URI: "sip:a@10.0.0.1;x=y", Addr: netip.MustParseAddrPort("10.0.0.1:5060"), Received: netip.MustParseAddrPort("[2001:db8::1]:5062"),
			Expires: now, Q: 500, CallID: "c@h", CSeq: 7, UserAgent: "Phone",
		},
		{URI: "sip:b@10.0.0.1", Addr: netip.MustParseAddrPort("10.0.0.1:5060"), Received: netip.MustParseAddrPort("10.0.0.1:5060"), Expires: now, Q: 1000, Protocol: transaction.TLS, Path: []string{"sip:p;lr", "sip:q"}},
	}
	var b []byte
	for _, c := range want {
		b = c.appendRecord(b)
	}
	got, err := parseRecord(b)
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %d contacts", err, len(got))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%d: %+v\nwant %+v", i, *got[i], *want[i])
		}
	}
	older := []byte("1700000000\t10.0.0.1:5060\t10.0.0.1:5060\t1000\t7\tc\tsip:a@b\tPhone\n") // without the protocol
	if list, err := parseRecord(older); err != nil || len(list) != 1 || list[0].UserAgent != "Phone" || list[0].Protocol != transaction.UDP {
		t.Errorf("of an earlier version: %v %v", list, err)
	}
	evil := (&Contact{URI: "sip:a@b", UserAgent: "x\ty\nz", Addr: want[0].Addr, Received: want[0].Addr}).appendRecord(nil)
	if list, err := parseRecord(evil); err != nil || len(list) != 1 || list[0].UserAgent != "x y z" {
		t.Errorf("control characters: %v %v", list, err)
	}
	for _, bad := range []string{"x\n", "1\t2\n", strings.Replace(string(b), "10.0.0.1:5060", "nowhere", 1)} {
		if _, err := parseRecord([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
