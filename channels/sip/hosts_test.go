package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/transaction"
	"pbx/config"
	"pbx/event"
)

const named = listen + `externhost=office.example.net
externrefresh=10
localnet=127.0.0.0/8
[trunk]
type=peer
host=sip.example.com
port=5070
[via]
type=peer
host=192.0.2.5
outboundproxy=proxy.example.com:5080
`

// TestHostNames: names are looked up beside the loop, and again when their time is
// over.
func TestHostNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := &scriptedDNS{}
		dns.set("A proxy.example.com", "203.0.113.9", "A office.example.net", "198.51.100.1;ttl=1m")
		cfg, _ := loadText(t, named)
		r := startRig(t, cfg, nil, dns)
		synctest.Wait()
		destination := func(name, exten string) (target, to string, err error) {
			if e := r.Call(func() {
				var at hop
				if target, at, err = r.destination(r.Driver.peer(name), nil, exten); err != nil {
					return
				}
				r.reach(at, func(s *servers, e error) {
					if err = e; e == nil {
						to = s.route().Remote.String()
					}
				})
			}); e != nil {
				t.Fatal(e)
			}
			synctest.Wait()
			return target, to, err
		}
		if _, _, err := destination("trunk", "100"); !errors.Is(err, errUnresolved) {
			t.Errorf("before the name is known: %v", err)
		}
		if got := r.DeviceState("trunk").String(); got != "UNAVAILABLE" {
			t.Errorf("before the name is known: %s", got)
		}
		dns.set("A sip.example.com", "203.0.113.1;203.0.113.3;ttl=20s")
		time.Sleep(time.Minute)
		if target, to, err := destination("trunk", "100"); err != nil || target != "sip:100@sip.example.com:5070" || to != "203.0.113.1:5070" {
			t.Errorf("trunk: %s %s %v", target, to, err)
		}
		for _, from := range []string{"203.0.113.1:5070", "203.0.113.3:5070"} {
			if got := r.identified(t, from, "5551212", "1000"); got != "trunk" {
				t.Errorf("calls from %s are taken for %q", from, got)
			}
		}
		if target, to, err := destination("via", "100"); err != nil || target != "sip:100@192.0.2.5" || to != "203.0.113.9:5080" {
			t.Errorf("through the proxy: %s %s %v", target, to, err)
		}
		dns.set("A sip.example.com", "203.0.113.2;ttl=20s", "A office.example.net", "198.51.100.2;ttl=1m")
		time.Sleep(2 * time.Minute)
		if got := r.identified(t, "203.0.113.2:5070", "5551212", "1000"); got != "trunk" {
			t.Errorf("after it moved, calls are taken for %q", got)
		}
		if got := r.identified(t, "203.0.113.1:5070", "5551212", "1000"); got != "" {
			t.Errorf("the old address still is %q", got)
		}
		if err := r.Call(func() {
			if s, _ := r.localAddress(transaction.Route{Remote: netip.MustParseAddrPort("8.8.8.8:5060")}); s.String() != "198.51.100.2:5060" {
				t.Errorf("externhost: %s", s)
			}
		}); err != nil {
			t.Error(err)
		}
	})
}

// TestDNSManager: dnsmgr.conf has names looked up more often than their TTL says.
func TestDNSManager(t *testing.T) {
	for _, tt := range []struct {
		conf, finding string
		every         time.Duration
	}{
		{"[general]\nenable=yes\nrefreshinterval=60\n", "", time.Minute},
		{"[general]\nenable=yes\n", "", 5 * time.Minute},
		{"[general]\nrefreshinterval=60\n", "", 0},
		{"[general]\nenable=yes\nrefreshinterval=soon\n", "dnsmgr.conf:3: warning: refreshinterval", 5 * time.Minute},
		{"[general]\nenabled=yes\n", "dnsmgr.conf:2: warning: dnsmgr.conf has no option enabled", 0},
	} {
		cfg, findings := loadText(t, named, "dnsmgr.conf", tt.conf)
		found := tt.finding == ""
		for _, f := range findings {
			found = found || strings.Contains(f.String(), tt.finding)
		}
		if cfg.General.NameRefresh != tt.every || !found {
			t.Errorf("%q: every %v, findings %v", tt.conf, cfg.General.NameRefresh, findings)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		dns := &scriptedDNS{}
		dns.set("A sip.example.com", "203.0.113.1")
		cfg, _ := loadText(t, named, "dnsmgr.conf", "[general]\nenable=yes\nrefreshinterval=60\n")
		r := startRig(t, cfg, nil, dns)
		synctest.Wait()
		dns.set("A sip.example.com", "203.0.113.2")
		time.Sleep(61 * time.Second)
		if got := r.identified(t, "203.0.113.2:5070", "5551212", "1000"); got != "trunk" {
			t.Errorf("after it moved, calls are taken for %q", got)
		}
	})
}

// TestDNSManagerCommands: the operator sees where names lead, and has them looked up
// now; where the DNS does not answer, what it said last counts.
func TestDNSManagerCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := &scriptedDNS{}
		dns.set("A sip.example.com", "203.0.113.1;ttl=1h", "A office.example.net", "198.51.100.1;ttl=1h")
		cfg, _ := loadText(t, named, "dnsmgr.conf", "[general]\nenable=yes\nrefreshinterval=1200\n")
		r := startRig(t, cfg, nil, dns)
		synctest.Wait()
		status := func(trunk string) string {
			return "DNS Manager: enabled\nRefresh Interval: 1200 seconds\nNumber of entries: 3\n" +
				"  office.example.net                       UDP 198.51.100.1:5060\n" +
				"  proxy.example.com                        not found yet\n" +
				"  sip.example.com                          UDP " + trunk + "\n"
		}
		for _, tt := range []struct{ records, command, says, trunk string }{
			{"203.0.113.1;ttl=1h", "", "", "203.0.113.1:5070"},
			{"203.0.113.2;ttl=1h", "", "", "203.0.113.1:5070"},
			{"203.0.113.2;ttl=1h", "dnsmgr refresh office", "1 names are looked up.\n", "203.0.113.1:5070"},
			{"203.0.113.2;ttl=1h", "dnsmgr refresh", "3 names are looked up.\n", "203.0.113.2:5070"},
			{"fail", "dnsmgr refresh ^SIP", "1 names are looked up.\n", "203.0.113.2:5070"},
			{"203.0.113.3;ttl=1h", "dnsmgr refresh (", "refresh (: error parsing regexp: missing closing ): `(?i)(`\n", "203.0.113.2:5070"},
		} {
			dns.set("A sip.example.com", tt.records)
			if tt.command != "" {
				if got := r.console(tt.command); got != tt.says {
					t.Errorf("%s: %s", tt.command, got)
				}
				time.Sleep(10 * time.Second)
			}
			if got := r.console("dnsmgr status"); got != status(tt.trunk) {
				t.Errorf("after %q:\n%s", tt.command, got)
			}
		}
		synctest.Wait() // what was asked for last is found
		timers := 0
		if err := r.Call(func() {
			for _, h := range r.hosts.names {
				if h.timer != 0 {
					timers++
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		if timers != 3 {
			t.Errorf("%d of 3 names wait for their next time", timers)
		}
	})
}

// TestEvents: what the bus hears of peers.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		sub := r.bus.Subscribe(64, event.PeerStatus, event.Security, event.DeviceState)
		p := r.phone("127.0.50.10:5070", "alice")
		p.register("alicepw", p.contact()+"Expires: 60\n")
		p.register("wrong", p.contact())
		time.Sleep(61 * time.Second)
		sub.Close()
		var got []string
		for e := range sub.C {
			got = append(got, e.Name+" "+e.Value)
		}
		want := "ChallengeSent alice|SuccessfulAuth alice|SIP/alice Registered|SIP/alice NOT_INUSE|ChallengeSent alice|InvalidPassword alice|SIP/alice Unregistered|SIP/alice UNAVAILABLE"
		if strings.Join(got, "|") != want {
			t.Errorf("%s\nwant %s", strings.Join(got, "|"), want)
		}
	})
}

// TestSecurityEvents: what programs of the security class are told, header by header.
func TestSecurityEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		sub := r.bus.Subscribe(64, event.Security)
		p := r.phone("127.0.50.10:5070", "alice")
		right := p.register("alicepw", p.contact()+"Expires: 60\n")
		wrong := p.register("wrong", p.contact())
		q := r.phone("127.0.50.11:5070", "nobody")
		q.register("x", q.contact())
		call := p.ask("INVITE", "1000", p.contact(), "")
		if right.Status() != 200 || wrong.Status() != 403 || call.Status() != 401 {
			t.Fatal(right.Status(), wrong.Status(), call.Status())
		}
		sub.Close()
		head := func(severity, account, port, id string) string {
			return "EventTV: 2000-01-01T00:00:00.000+0000\nSeverity: " + severity + "\nService: SIP\nEventVersion: 1\nAccountID: " + account +
				"\nSessionID: " + id + "\nLocalAddress: IPV4/UDP/127.0.50.1/5060\nRemoteAddress: IPV4/UDP/" + port
		}
		alice, stranger := "127.0.50.10/5070", "127.0.50.11/5070"
		for i, want := range []string{
			"ChallengeSent " + head("Informational", "alice", alice, p.id) + "\nChallenge: *",
			"SuccessfulAuth " + head("Informational", "alice", alice, p.id) + "\nUsingPassword: 1",
			"ChallengeSent " + head("Informational", "alice", alice, p.id) + "\nChallenge: *",
			"InvalidPassword " + head("Error", "alice", alice, p.id) + "\nReceivedChallenge: *",
			"ChallengeSent " + head("Informational", "nobody", stranger, q.id) + "\nChallenge: *",
			"InvalidAccountID " + head("Error", "nobody", stranger, q.id),
			"InvalidAccountID " + head("Error", "nobody", stranger, q.id),
			"ChallengeSent " + head("Informational", "sip:alice@127.0.50.1", alice, p.id) + "\nChallenge: *",
		} {
			e, ok := <-sub.C
			if !ok {
				t.Fatalf("event %d is missing", i)
			}
			want, rest, open := strings.Cut(want, "*")
			if got := e.Name + " " + e.AppData; !strings.HasPrefix(got, want) || !open && got != want || rest != "" {
				t.Errorf("event %d is\n%s\nwant\n%s", i, got, want)
			}
		}
	})
}

// TestLogCannotBeForged: a header does not close the quotes that fail2ban reads.
func TestLogCannotBeForged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		p := r.phone("127.0.50.10:5070", "x' failed for '192.0.2.1' - Wrong password")
		p.user = "x'y"
		p.register("z", p.contact())
		if r.logs.count("x'y") != 0 || r.logs.count("failed for '127.0.50.10:5070'") == 0 {
			t.Error("the quotes were closed")
		}
	})
}

// TestResolverFile: resolver_unbound.conf says whom to ask.
func TestResolverFile(t *testing.T) {
	cfg, findings := loadText(t, named, "resolver_unbound.conf", `[general]
hosts=system
resolv=/etc/pbx/resolv.conf
nameserver=192.0.2.53
nameserver=2001:db8::53@5353
nameserver=ns.example.com
debug=99
ta_file=/etc/keys
resolve=typo
`)
	o := cfg.Resolver
	if o.Hosts != "" || o.Conf != "/etc/pbx/resolv.conf" || fmt.Sprint(o.Servers) != "[192.0.2.53:53 [2001:db8::53]:5353]" {
		t.Errorf("%+v", o)
	}
	for _, line := range []string{":6: warning: nameserver", ":8: note: ta_file", ":9: warning: resolver_unbound.conf has no option resolve"} {
		if !slices.ContainsFunc(findings, func(f config.Finding) bool { return strings.Contains(f.String(), "resolver_unbound.conf"+line) }) {
			t.Errorf("no finding %s in %v", line, findings)
		}
	}
}
