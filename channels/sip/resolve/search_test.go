package resolve

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pbx/channels/sip/transaction"
)

// zone is a scripted DNS: "KIND name" → records, "!" for a failure.
type zone map[string]string

var errDead = errors.New("dead")

func (z zone) answer(q Question) Answer {
	text, ok := z[q.String()]
	switch {
	case !ok:
		return Answer{Err: ErrNone, TTL: time.Minute}
	case text == "!":
		return Answer{Err: errDead}
	}
	a := Answer{TTL: time.Minute}
	for rec := range strings.SplitSeq(text, ";") {
		f := strings.Fields(rec)
		switch {
		case f[0] == "local":
			return Answer{Err: ErrNone, Local: true}
		case strings.HasPrefix(f[0], "ttl="):
			d, err := time.ParseDuration(f[0][4:])
			if err != nil {
				panic(err)
			}
			a.TTL = d
		case q.Kind == SRV:
			var s Server
			if _, err := fmt.Sscan(rec, &s.Priority, &s.Weight, &s.Port, &s.Target); err != nil {
				panic(err)
			}
			a.Servers = append(a.Servers, s)
		case q.Kind == NAPTR:
			var r Rule
			if _, err := fmt.Sscan(rec, &r.Order, &r.Preference, &r.Flags, &r.Services, &r.Replacement); err != nil {
				panic(err)
			}
			a.Rules = append(a.Rules, r)
		default:
			a.Addrs = append(a.Addrs, netip.MustParseAddr(f[0]))
		}
	}
	return a
}

// run answers every question of a search and returns what was asked.
func run(t *testing.T, s *Search, z zone) (asked []string) {
	t.Helper()
	for rounds := 0; ; rounds++ {
		list := s.Questions()
		if len(list) == 0 {
			return asked
		}
		if rounds > 3 {
			t.Fatal("the search does not end")
		}
		for _, q := range list {
			asked = append(asked, q.String())
			s.Answer(q, z.answer(q))
		}
	}
}

func show(targets []Target) string {
	var list []string
	for _, t := range targets {
		s := strings.ToLower(t.Protocol.String()) + " " + t.Addr.String()
		if t.TTL != time.Minute && t.TTL != 0 {
			s += " " + t.TTL.String()
		}
		list = append(list, s)
	}
	return strings.Join(list, ", ")
}

const (
	udp = transaction.UDP
	tcp = transaction.TCP
	tls = transaction.TLS
)

func TestSearch(t *testing.T) {
	all := []transaction.Protocol{udp, tcp, tls}
	pair := zone{
		"SRV _sip._udp.example.com": "20 0 5062 b.example.com;10 0 5061 a.example.com",
		"A a.example.com":           "192.0.2.1",
		"A b.example.com":           "192.0.2.2",
	}
	full := zone{
		"NAPTR example.com":          "20 10 s SIP+D2U _sip._udp.example.com;10 20 S sip+d2t _sip._tcp.example.com;10 10 s SIPS+D2T _sips._tcp.example.com;5 1 s SIP+D2S _sip._sctp.example.com;1 1 u E2U+sip _sip._udp.example.com",
		"SRV _sip._udp.example.com":  "0 0 5060 u.example.com",
		"SRV _sip._tcp.example.com":  "0 0 5070 t.example.com",
		"SRV _sips._tcp.example.com": "0 0 5071 t.example.com",
		"A u.example.com":            "192.0.2.1",
		"A t.example.com":            "192.0.2.2",
	}
	tests := []struct {
		name  string
		query Query
		zone  zone
		want  string
		asked string // "" does not matter
		err   error
	}{
		{name: "a literal address", query: Query{Host: "192.0.2.9"}, want: "udp 192.0.2.9:5060", asked: "nothing"},
		{name: "a literal address and port", query: Query{Host: "[2001:db8::1]", Port: 5070, Protocols: []transaction.Protocol{tls}}, want: "tls [2001:db8::1]:5070"},
		{name: "the port of TLS", query: Query{Host: "2001:db8::1", Protocols: []transaction.Protocol{tls}}, want: "tls [2001:db8::1]:5061"},
		{
			name: "a port asks for addresses only", query: Query{Host: "example.com", Port: 5080},
			zone: zone{"A example.com": "192.0.2.7;192.0.2.8", "SRV _sip._udp.example.com": "0 0 1 x.example.com"},
			want: "udp 192.0.2.7:5080, udp 192.0.2.8:5080", asked: "A example.com",
		},
		{
			name: "srvlookup=no", query: Query{Host: "example.com", NoSRV: true}, zone: zone{"A example.com": "192.0.2.7"},
			want: "udp 192.0.2.7:5060", asked: "A example.com",
		},
		{name: "by priority", query: Query{Host: "example.com", Fixed: true}, zone: pair, want: "udp 192.0.2.1:5061, udp 192.0.2.2:5062"},
		{name: "one name of the pair is not there", query: Query{Host: "example.com", Fixed: true}, zone: zone{
			"SRV _sip._udp.example.com": "10 0 5061 a.example.com;20 0 5062 b.example.com", "A b.example.com": "192.0.2.2",
		}, want: "udp 192.0.2.2:5062"},
		{name: "in any case, with a dot", query: Query{Host: "Example.COM.", Fixed: true}, zone: pair, want: "udp 192.0.2.1:5061, udp 192.0.2.2:5062"},
		{name: "the order of NAPTR", query: Query{Host: "example.com", Protocols: all}, zone: full, want: "tls 192.0.2.2:5071, tcp 192.0.2.2:5070, udp 192.0.2.1:5060"},
		{
			name: "of NAPTR only what we have", query: Query{Host: "example.com", Protocols: []transaction.Protocol{udp, tcp}}, zone: full,
			want:  "tcp 192.0.2.2:5070, udp 192.0.2.1:5060",
			asked: "NAPTR example.com, SRV _sip._tcp.example.com, SRV _sip._udp.example.com, A t.example.com, A u.example.com",
		},
		{name: "a fixed protocol passes NAPTR over", query: Query{Host: "example.com", Protocols: []transaction.Protocol{tcp, udp}, Fixed: true}, zone: full, want: "tcp 192.0.2.2:5070"},
		{
			name: "SRV of every protocol without NAPTR", query: Query{Host: "example.com", Protocols: []transaction.Protocol{tcp, udp}},
			zone: zone{"SRV _sip._udp.example.com": full["SRV _sip._udp.example.com"], "SRV _sip._tcp.example.com": full["SRV _sip._tcp.example.com"], "A u.example.com": "192.0.2.1", "A t.example.com": "192.0.2.2"},
			want: "tcp 192.0.2.2:5070, udp 192.0.2.1:5060",
		},
		{name: "a plain host", query: Query{Host: "example.com", Protocols: all}, zone: zone{"A example.com": "192.0.2.7"}, want: "udp 192.0.2.7:5060"},
		{
			name: "IPv4 before IPv6", query: Query{Host: "example.com", NoSRV: true, IPv6: true}, zone: zone{"A example.com": "192.0.2.7", "AAAA example.com": "2001:db8::7"},
			want: "udp 192.0.2.7:5060, udp [2001:db8::7]:5060",
		},
		{name: "the shortest TTL", query: Query{Host: "example.com", Fixed: true}, zone: zone{"SRV _sip._udp.example.com": "ttl=20s;0 0 5060 a.example.com", "A a.example.com": "192.0.2.1"}, want: "udp 192.0.2.1:5060 20s"},
		{name: "SRV says no", query: Query{Host: "example.com", Fixed: true}, zone: zone{"SRV _sip._udp.example.com": "0 0 0 .", "A example.com": "192.0.2.7"}, err: ErrNone},
		{name: "SRV fails, the host is there", query: Query{Host: "example.com", Fixed: true}, zone: zone{"SRV _sip._udp.example.com": "!", "A example.com": "192.0.2.7"}, want: "udp 192.0.2.7:5060"},
		{name: "an address as the target of SRV", query: Query{Host: "example.com", Fixed: true}, zone: zone{"SRV _sip._udp.example.com": "0 0 5060 192.0.2.4"}, want: "udp 192.0.2.4:5060"},
		{name: "a name of /etc/hosts", query: Query{Host: "office"}, zone: zone{"NAPTR office": "local", "A office": "192.0.2.3"}, want: "udp 192.0.2.3:5060", asked: "NAPTR office, A office"},
		{name: "no such name", query: Query{Host: "example.com"}, zone: zone{}, err: ErrNone},
		{name: "a dead DNS", query: Query{Host: "example.com", NoSRV: true}, zone: zone{"A example.com": "!"}, err: errDead},
		{name: "no name", query: Query{Host: ""}, err: ErrName, asked: "nothing"},
		{name: "a number", query: Query{Host: "102"}, err: ErrName, asked: "nothing"},
		{name: "an empty label", query: Query{Host: ".1"}, err: ErrName, asked: "nothing"},
		{name: "brackets around a name", query: Query{Host: "[.1]"}, err: ErrName, asked: "nothing"},
		{name: "a space", query: Query{Host: "a b.example"}, err: ErrName, asked: "nothing"},
		{name: "too long", query: Query{Host: strings.Repeat("a.", 130) + "x"}, err: ErrName, asked: "nothing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := tt.query
			q.IPv4 = true
			if q.Protocols == nil {
				q.Protocols = []transaction.Protocol{udp}
			}
			s := NewSearch(q, rand.New(rand.NewPCG(1, 2)).Uint32N)
			asked := strings.Join(run(t, s, tt.zone), ", ")
			if tt.asked != "" && asked != strings.TrimPrefix(tt.asked, "nothing") {
				t.Errorf("asked %s\nwant %s", asked, tt.asked)
			}
			targets, err := s.Targets()
			if got := show(targets); got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%s, %v\nwant %s, %v", got, err, tt.want, tt.err)
			}
			for _, target := range targets {
				if _, ok := literal(q.Host); !ok && target.Host != strings.ToLower(strings.TrimSuffix(q.Host, ".")) {
					t.Errorf("the certificate must be of %q", target.Host)
				}
			}
		})
	}
}

// TestWeights: within a priority the first is drawn by weight (RFC 2782).
func TestWeights(t *testing.T) {
	list := []Server{{10, 10, 1, "a"}, {10, 30, 1, "b"}, {10, 60, 1, "c"}, {10, 0, 1, "zero"}, {20, 100, 1, "backup"}}
	weights := rand.New(rand.NewPCG(7, 7)).Uint32N
	const runs = 20000
	first := make(map[string]int)
	for range runs {
		got := Order(list, weights)
		first[got[0].Target]++
		if got[4].Target != "backup" {
			t.Fatalf("a lower priority comes early: %v", got)
		}
		seen := make(map[string]bool)
		for _, s := range got {
			seen[s.Target] = true
		}
		if len(seen) != len(list) {
			t.Fatalf("not every server is there once: %v", got)
		}
	}
	for name, share := range map[string]float64{"a": .10, "b": .30, "c": .60, "zero": .01} {
		if got := float64(first[name]) / runs; got < share-.015 || got > share+.015 {
			t.Errorf("%s comes first in %.3f of the runs, its share is %.2f", name, got, share)
		}
	}
}

func TestCache(t *testing.T) {
	var c Cache
	now := time.Unix(1000, 0)
	q := Question{"example.com", A}
	good := Answer{Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, TTL: time.Minute}
	dead := Answer{Err: errDead}
	none := Answer{Err: ErrNone, TTL: time.Hour}
	at := func(d time.Duration, want Freshness, ttl time.Duration) {
		t.Helper()
		if a, f := c.Get(q, now.Add(d)); f != want || f != Missing && a.TTL != ttl {
			t.Errorf("after %v: freshness %d, TTL %v", d, f, a.TTL)
		}
	}
	at(0, Missing, 0)
	c.Put(q, good, now)
	at(20*time.Second, Fresh, 40*time.Second)
	at(time.Minute, Recent, minTTL)
	at(2*time.Minute, Stale, minTTL)
	if a := c.Put(q, dead, now.Add(time.Minute)); a.Err != nil || len(a.Addrs) != 1 {
		t.Errorf("while the DNS is dead: %+v", a)
	}
	at(80*time.Second, Fresh, 10*time.Second) // not asked again for a while
	at(100*time.Second, Recent, minTTL)
	at(80*time.Hour, Missing, 0)
	c.Put(q, none, now)
	at(maxNone-time.Second, Fresh, time.Second)
	at(maxNone, Missing, 0)
	srv := Question{"_sip._udp.example.com", SRV}
	c.Put(srv, none, now)
	if a := c.Put(srv, dead, now.Add(time.Hour)); !errors.Is(a.Err, ErrNone) {
		t.Errorf("a host without SRV records, while the DNS is dead: %v", a.Err)
	}
	c.Put(q, dead, now)
	at(failRetry-time.Second, Fresh, time.Second)
	at(failRetry, Missing, 0)
	c.Put(q, Answer{Addrs: good.Addrs}, now)
	at(0, Fresh, minTTL)
	for i := range 2 * maxEntries {
		c.Put(Question{fmt.Sprint("h", i), A}, good, now)
	}
	if c.Len() > maxEntries {
		t.Errorf("%d answers are kept", c.Len())
	}
	c.Put(Question{"office", A}, Answer{Local: true, Addrs: good.Addrs}, now)
	if _, f := c.Get(Question{"office", A}, now); f != Missing {
		t.Error("what /etc/hosts says is kept")
	}
}

func TestBlacklist(t *testing.T) {
	var b Blacklist
	now := time.Unix(1000, 0)
	x := Target{Protocol: udp, Addr: netip.MustParseAddrPort("192.0.2.1:5060"), Host: "example.com"}
	y := x
	y.Protocol = tcp
	b.Add(x, "503", 0, now)
	if !b.Has(x, now.Add(29*time.Second)) || b.Has(y, now) || b.Has(x, now.Add(30*time.Second)) {
		t.Error("a server is left alone for 30 s, by that protocol")
	}
	b.Add(y, "503", 2*time.Hour, now)
	if list := b.List(now); len(list) != 2 || list[0].Protocol != udp || list[1].Until != now.Add(time.Hour) {
		t.Errorf("%+v", list)
	}
	b.Remove(x)
	if b.Has(x, now) {
		t.Error("a server that answers is still on the list")
	}
	if n := b.Clear(now); n != 1 || b.Has(y, now) {
		t.Errorf("%d cleared", n)
	}
}
