package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/message"
)

// goldenPeers are the peers of golden/sip-behaviour.md.
const goldenPeers = `[general]
context=guest
udpbindaddr=127.0.50.1:5060
disallow=all
allow=ulaw,alaw
srvlookup=no
minexpiry=60
maxexpiry=3600
defaultexpiry=600
directmedia=no
callcounter=yes
%s
[alice]
type=friend
host=dynamic
secret=alicepw
context=t
callerid="Alice A" <101>
accountcode=acc1
[unreg]
type=friend
host=dynamic
secret=x
context=t
[plainpeer]
type=peer
host=dynamic
secret=pppw
context=frompeer
[usr]
type=user
secret=usrpw
context=fromuser
[usrnosec]
type=user
context=fromuser
[statpeer]
type=peer
host=127.0.50.20
port=5070
context=fromstat
[statsec]
type=peer
host=127.0.50.21
port=5070
secret=sspw
context=fromstat
[statinv]
type=peer
host=127.0.50.22
port=5070
secret=sspw
insecure=invite
context=fromstat
[statport]
type=peer
host=127.0.50.23
port=5070
secret=sspw
insecure=port
context=fromstat
[statboth]
type=peer
host=127.0.50.24
port=5070
secret=sspw
insecure=port,invite
context=fromstat
[frsec]
type=friend
host=127.0.50.25
port=5070
secret=sspw
context=fromstat
[acct1]
type=peer
host=127.0.50.40
port=5060
callbackextension=5551
insecure=port,invite
[acct2]
type=peer
host=127.0.50.40
port=5060
callbackextension=5552
insecure=port,invite
`

// probe asks with a request that is let in like an INVITE and answered without a
// call: REFER, which an admitted sender gets a 603 for.
func (p *phone) probe(digestUser, secret string) (statuses []int) {
	m := p.ask("REFER", "1000", "", "")
	statuses = append(statuses, statusOf(m))
	if statusOf(m) != 401 || secret == "" {
		return statuses
	}
	m = p.ask("REFER", "1000", answerTo(p.r.t, m, "REFER", "sip:1000@127.0.50.1", digestUser, secret, "00000001"), "")
	return append(statuses, statusOf(m))
}

// TestMatching holds the table "INVITE matching" of golden/sip-behaviour.md and
// rows 20 and 21 of its corrections. in is the peer that the request is taken
// for, "" for a guest.
func TestMatching(t *testing.T) {
	const admitted = 603
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fmt.Sprintf(goldenPeers, "allowguest=yes"), nil)
		reg := r.phone("127.0.50.11:5071", "plainpeer")
		if m := reg.register("pppw", reg.contact()); statusOf(m) != 200 {
			t.Fatalf("plainpeer: %d", statusOf(m))
		}
		reg.s.Close()
		for _, c := range []struct {
			name, from, user   string
			digestUser, secret string
			want               []int
			peer               string
		}{
			{"friend, right secret", "127.0.50.10:5070", "alice", "alice", "alicepw", []int{401, admitted}, "alice"},
			{"friend by name in any case", "127.0.50.10:5071", "ALICE", "alice", "alicepw", []int{401, admitted}, "alice"},
			{"friend from another address", "127.0.50.13:5070", "alice", "alice", "alicepw", []int{401, admitted}, "alice"},
			{"friend, wrong secret", "127.0.50.13:5071", "alice", "alice", "wrong", []int{401, 403}, "alice"},
			{"friend, no answer", "127.0.50.13:5072", "alice", "", "", []int{401}, "alice"},
			{"friend, not registered", "127.0.50.13:5073", "unreg", "unreg", "x", []int{401, admitted}, "unreg"},
			{"user, right secret", "127.0.50.13:5074", "usr", "usr", "usrpw", []int{401, admitted}, "usr"},
			{"user without secret", "127.0.50.13:5075", "usrnosec", "", "", []int{admitted}, "usrnosec"},
			{"dynamic peer by name is a guest", "127.0.50.13:5076", "plainpeer", "", "", []int{admitted}, ""},
			{"registered peer by address", "127.0.50.11:5071", "555", "plainpeer", "pppw", []int{401, admitted}, "plainpeer"},
			{"nobody", "127.0.50.13:5077", "nobody", "", "", []int{admitted}, ""},
			{"static peer", "127.0.50.20:5070", "whatever", "", "", []int{admitted}, "statpeer"},
			{"static peer, other port", "127.0.50.20:5071", "whatever", "", "", []int{admitted}, ""},
			{"static peer with secret", "127.0.50.21:5070", "5551212", "statsec", "sspw", []int{401, admitted}, "statsec"},
			{"digest user is the From user", "127.0.50.21:5070", "5551212", "5551212", "sspw", []int{401, 403}, "statsec"},
			{"static peer, wrong secret", "127.0.50.21:5070", "statsec", "statsec", "no", []int{401, 403}, "statsec"},
			{"insecure=invite", "127.0.50.22:5070", "zz", "", "", []int{admitted}, "statinv"},
			{"insecure=invite, other port", "127.0.50.22:5071", "zz", "", "", []int{admitted}, ""},
			{"insecure=port, other port", "127.0.50.23:5999", "zz", "statport", "sspw", []int{401, admitted}, "statport"},
			{"insecure=port, wrong secret", "127.0.50.23:5998", "zz", "statport", "no", []int{401, 403}, "statport"},
			{"insecure=port,invite, other port", "127.0.50.24:5999", "zz", "", "", []int{admitted}, "statboth"},
			{"friend with host by name from elsewhere", "127.0.50.13:5078", "frsec", "frsec", "sspw", []int{401, admitted}, "frsec"},
			{"friend with host by address", "127.0.50.25:5070", "zz", "frsec", "sspw", []int{401, admitted}, "frsec"},
			{"a friend's name beats the peer's address", "127.0.50.20:5070", "alice", "alice", "alicepw", []int{401, admitted}, "alice"},
		} {
			p := r.phone(c.from, c.user)
			if got := p.probe(c.digestUser, c.secret); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
			if got := r.identified(t, c.from, c.user, "1000"); got != c.peer {
				t.Errorf("%s: taken for %q, want %q", c.name, got, c.peer)
			}
			p.s.Close()
		}
		for exten, want := range map[string]string{"5551": "acct1", "5552": "acct2", "9": "acct1"} {
			if got := r.identified(t, "127.0.50.40:5060", "0123", exten); got != want {
				t.Errorf("callbackextension %s: %q, want %q", exten, got, want)
			}
		}
	})
}

// identified is the name of the peer that a request is taken for.
func (r *rig) identified(t *testing.T, from, user, exten string) (name string) {
	t.Helper()
	raw := fmt.Sprintf("INVITE sip:%s@127.0.50.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKx\r\nFrom: <sip:%s@127.0.50.1>;tag=1\r\nTo: <sip:1000@127.0.50.1>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", exten, from, user)
	var m message.Message
	if err := m.Parse([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	if err := r.Call(func() {
		if p, _ := r.identify(&m, source{addr: netip.MustParseAddrPort(from)}); p != nil {
			name = p.Name
		}
	}); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestGuests: what a stranger hears.
func TestGuests(t *testing.T) {
	for _, c := range []struct {
		name, options string
		want          []int
	}{
		{"the safe default", "", []int{401, 403}},
		{"allowguest=no", "allowguest=no", []int{401, 403}},
		{"without alwaysauthreject", "allowguest=no\nalwaysauthreject=no", []int{403}},
		{"allowguest=yes", "allowguest=yes", []int{603}},
		{"the ancestor's default", "compat=asterisk", []int{603}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fmt.Sprintf(goldenPeers, c.options), nil)
				p := r.phone("127.0.50.13:5070", "nobody")
				if got := p.probe("nobody", "x"); fmt.Sprint(got) != fmt.Sprint(c.want) {
					t.Errorf("%v, want %v", got, c.want)
				}
			})
		})
	}
}

// TestRefusalsLookAlike compares what a wrong secret, a name that does not exist,
// one that may not do this, and one whose access list refuses the right secret are
// answered, octet by octet, but for what differs between any two requests.
func TestRefusalsLookAlike(t *testing.T) {
	const more = "[fence]\ntype=friend\nhost=dynamic\nsecret=alicepw\ndeny=0.0.0.0/0\npermit=192.0.2.0/24\n" +
		"[fixed]\ntype=friend\nhost=192.0.2.7\nsecret=alicepw\ndeny=0.0.0.0/0\npermit=192.0.2.0/24\n"
	for _, method := range []string{"REGISTER", "INVITE", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, fmt.Sprintf(goldenPeers, "allowguest=no\ndomainsasrealm=yes\ndomain=other.example\ndomain=127.0.50.1")+more, nil)
				var seen []string
				for _, user := range []string{"alice", "nobod", "fence", "fixed"} {
					p := r.phone("127.0.50.13:5070", user)
					uri, secret := "sip:1000@127.0.50.1", "alicepw"
					if user == "alice" {
						secret = "wrongpw"
					}
					headers := p.contact() + "Event: presence\n"
					first := p.ask(method, "1000", headers, "")
					nonce := string(first.Header(message.HeaderWWWAuthenticate))
					second := p.ask(method, "1000", headers+answerTo(t, first, method, uri, user, secret, "00000001"), "")
					if second == nil || second.Status() != 403 {
						t.Fatalf("%s: %d", user, statusOf(second))
					}
					text := string(first.Bytes()) + string(second.Bytes())
					for _, v := range [][2]string{{user, "USER"}, {nonce, fmt.Sprint(len(nonce))}, {string(first.ToTag()), "TAG"}, {string(second.ToTag()), "TAG"}} {
						text = strings.ReplaceAll(text, v[0], v[1])
					}
					seen = append(seen, text)
					p.s.Close()
				}
				for _, s := range seen[1:] {
					if s != seen[0] {
						t.Errorf("they differ:\n%s\n---\n%s", seen[0], s)
					}
				}
			})
		})
	}
}

// TestUnknownNameIsAnsweredFirst: what the log has to say of an unknown name must
// not make its answer later than that of a known one, and what is not answered
// must not fill the log.
func TestUnknownNameIsAnsweredFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fmt.Sprintf(goldenPeers, "allowguest=no"), nil)
		for _, method := range []string{"REGISTER", "REFER"} {
			p := r.phone("127.0.50.13:5070", "nobod")
			before, atSending := r.logs.count("failed for"), -1
			r.net.SetRoute(func(from, _ netip.AddrPort, _ []byte) []time.Duration {
				if from.String() == rigAddr {
					atSending = r.logs.count("failed for") - before
				}
				return []time.Duration{0}
			})
			if m := p.ask(method, "1000", p.contact(), ""); statusOf(m) != 401 {
				t.Fatalf("%s: %d", method, statusOf(m))
			}
			r.net.SetRoute(nil)
			if after := r.logs.count("failed for") - before; atSending != 0 || after != 1 {
				t.Errorf("%s: %d lines when the answer left, %d in the end", method, atSending, after)
			}
			p.s.Close()
		}
		p := r.phone("127.0.50.14:5070", "nobod")
		before, answered := r.logs.count("failed for"), 0
		for range 1000 {
			if p.ask("REGISTER", "", p.contact(), "") != nil {
				answered++
			}
		}
		if n := r.logs.count("failed for") - before; n != answered || n != 30 {
			t.Errorf("%d requests were logged, %d answered", n, answered)
		}
	})
}

// TestMatchAuthUsername matches by the digest's user name.
func TestMatchAuthUsername(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fmt.Sprintf(goldenPeers, "allowguest=no\nmatch_auth_username=yes"), nil)
		p := r.phone("127.0.50.13:5070", "5551212")
		if got := p.probe("alice", "alicepw"); fmt.Sprint(got) != "[401 603]" {
			t.Errorf("%v", got)
		}
	})
}

// TestMatchingDoesNotScan: neither a known name, nor an unknown one, nor an
// address costs an allocation.
func TestMatchingDoesNotAllocate(t *testing.T) {
	t1 := newPeerTable(1000)
	for i := range 1000 {
		p := &Peer{PeerConfig: &PeerConfig{Name: fmt.Sprintf("peer%d", i), Type: TypeFriend}, order: i}
		t1.add(p)
		t1.locate(p, []netip.AddrPort{netip.MustParseAddrPort(fmt.Sprintf("10.0.%d.%d:5060", i/250, i%250))})
	}
	known, unknown, addr := []byte("Peer999"), []byte("nobody"), netip.MustParseAddrPort("10.0.3.249:5060")
	if n := testing.AllocsPerRun(100, func() {
		if t1.byName(known) == nil || t1.byName(unknown) != nil || t1.byAddr(addr) == nil {
			t.Fatal("not found")
		}
	}); n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}
