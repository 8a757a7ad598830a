package sip

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/message"
)

const banPhones = listen + `
[alice]
type=friend
host=dynamic
secret=alicepw
[bob]
type=friend
host=dynamic
secret=bobpw
[trunk]
type=peer
host=127.0.50.60
secret=trunkpw
`

// guess registers with a wrong secret, and reports the final status, 0 for none.
func (p *phone) guess() int { return statusOf(p.register("wrong", p.contact())) }

// wait lets time pass.
func (p *phone) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// TestBan: ten wrong passwords ban for ten minutes, then twenty, whatever name
// they are for; the exchange is silent as if it were not there.
func TestBan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, banPhones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		for i := range 10 {
			p.user = []string{"alice", "nobody"}[i%2]
			if got := p.guess(); got != 403 {
				t.Fatalf("guess %d: %d", i, got)
			}
		}
		p.user = "alice"
		if m := p.ask("OPTIONS", "1000", "", ""); m != nil {
			t.Errorf("answered %d", m.Status())
		}
		if m := p.register("alicepw", p.contact()); m != nil {
			t.Errorf("registered: %d", m.Status())
		}
		if m := r.phone("127.0.50.11:5070", "alice").ask("OPTIONS", "1000", "", ""); m == nil {
			t.Error("another address is banned, too")
		}
		if out := r.console("sip show bans"); !strings.Contains(out, "127.0.50.10 ") || !strings.Contains(out, "banned") || !strings.Contains(out, "10m0s") {
			t.Errorf("sip show bans:\n%s", out)
		}
		if n := r.logs.count("hacking attempt detected '127.0.50.10'"); n != 1 {
			t.Errorf("%d lines for fail2ban", n)
		}
		p.wait(10 * time.Minute)
		for range 10 {
			p.guess()
		}
		p.wait(10 * time.Minute)
		if m := p.ask("OPTIONS", "1000", "", ""); m != nil {
			t.Error("the second ban is not longer than the first")
		}
		if out := r.console("sip unban 127.0.50.10"); out != "127.0.50.10 is not banned any more\n" {
			t.Error(out)
		}
		if m := p.register("alicepw", p.contact()); statusOf(m) != 200 {
			t.Errorf("after unban: %d", statusOf(m))
		}
	})
}

// TestBanLines: the line of the log is one that fail2ban's filter reads.
func TestBanLines(t *testing.T) {
	// filter.d/asterisk.conf of fail2ban 1.0, the part after its prefix.
	filter := regexp.MustCompile(`^hacking attempt detected '127\.0\.50\.10'$`)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, banPhones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		for range 10 {
			p.guess()
		}
		r.logs.mu.Lock()
		defer r.logs.mu.Unlock()
		for _, line := range r.logs.lines {
			if filter.MatchString(line) {
				return
			}
		}
		t.Errorf("no line:\n%s", strings.Join(r.logs.lines, "\n"))
	})
}

// TestSecurityEvent: the line at the level SECURITY is one that fail2ban's filter
// reads, whatever the sender calls himself.
func TestSecurityEvent(t *testing.T) {
	filter := regexp.MustCompile(`^SecurityEvent="(?:FailedACL|InvalidAccountID|ChallengeResponseFailed|InvalidPassword)"(?:(?:,(?:[A-QS-Z]|R[a-df-z])\w*="[^"]*")*),RemoteAddress="IPV[46]/[^/"]+/127\.0\.50\.10/\d+"$`)
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, banPhones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		p.guess()
		p.user = `x%22,RemoteAddress=%22IPV4/UDP/192.0.2.1/5`
		p.ask("REGISTER", "", p.contact(), "")
		r.logs.mu.Lock()
		defer r.logs.mu.Unlock()
		var got []string
		for _, line := range r.logs.lines {
			if strings.HasPrefix(line, "SecurityEvent=") {
				got = append(got, line)
				if !filter.MatchString(line) {
					t.Errorf("not read: %s", line)
				}
			}
		}
		if len(got) != 2 || !strings.Contains(got[0], `"InvalidPassword"`) || !strings.Contains(got[0], `AccountID="alice"`) {
			t.Errorf("%q", got)
		}
	})
}

// TestRegisteredIsSlowed: where a device of ours is registered, or has a fixed
// host, wrong passwords slow the account down and lock nobody out.
func TestRegisteredIsSlowed(t *testing.T) {
	for name, addr := range map[string]string{"registered": "127.0.50.10", "trunk": "127.0.50.60"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, banPhones, nil)
				alice := r.phone(addr+":5070", "alice")
				if name == "registered" {
					if m := alice.register("alicepw", alice.contact()); statusOf(m) != 200 {
						t.Fatal(statusOf(m))
					}
				}
				guesser := r.phone(addr+":6666", "bob")
				heard := 0
				for range 300 {
					if guesser.guess() != 0 {
						heard++
					}
					guesser.wait(200 * time.Millisecond)
				}
				if heard < 15 || heard > 20 {
					t.Errorf("%d guesses in a minute were heard", heard)
				}
				if m := guesser.register("bobpw", guesser.contact()); m != nil {
					t.Errorf("the right password among the wrong ones is told: %d", m.Status())
				}
				if m := alice.register("alicepw", alice.contact()); statusOf(m) != 200 {
					t.Errorf("alice: %d", statusOf(m))
				}
				if m := alice.ask("OPTIONS", "1000", "", ""); m == nil {
					t.Error("alice is cut off")
				}
				guesser.wait(time.Minute)
				if m := guesser.register("bobpw", guesser.contact()); statusOf(m) != 200 {
					t.Errorf("bob a minute later: %d", statusOf(m))
				}
				if out := r.console("sip show bans"); !strings.Contains(out, "0 addresses") {
					t.Error(out)
				}
			})
		})
	}
}

// TestForgedSourceIsNotBanned: requests alone, whose sender may be forged, never
// ban; they mute, and then a device that proves itself gets in.
func TestForgedSourceIsNotBanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, banPhones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		answered := 0
		for i := range 500 {
			// A nonce that is none of ours proves nothing either.
			headers := ""
			if i%2 == 0 {
				headers = `Authorization: Digest username="alice",realm="asterisk",nonce="0123456789012345678901234567890123456789",uri="sip:127.0.50.1",response="0"` + "\n"
			}
			p.user = fmt.Sprintf("%d", 100+i)
			if p.ask("REGISTER", "", headers, "") != nil {
				answered++
			}
		}
		if answered != 30 {
			t.Errorf("%d of 500 were answered", answered)
		}
		if out := r.console("sip show bans"); !strings.Contains(out, "muted") {
			t.Error(out)
		}
		if r.logs.count("hacking attempt") != 0 {
			t.Error("fail2ban would ban")
		}
		if m := p.ask("OPTIONS", "1000", "", ""); m == nil {
			t.Error("a mute cuts off")
		}
		p.user = "alice"
		p.wait(6 * time.Second)
		if m := p.register("alicepw", p.contact()); statusOf(m) != 200 {
			t.Errorf("a phone with the right password: %d", statusOf(m))
		}
		if out := r.console("sip show bans"); !strings.Contains(out, "0 addresses") {
			t.Error(out)
		}
	})
}

// TestBanOptions: a reload keeps bans, ban_ignoreip and ban=no end them.
func TestBanOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, banPhones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		reload := func(options string) {
			cfg, findings := loadText(t, strings.Replace(banPhones, "[alice]", options+"\n[alice]", 1))
			for _, f := range findings {
				if strings.HasPrefix(f.Rule, "sip-") {
					t.Error(f)
				}
			}
			r.Reload(cfg)
			synctest.Wait()
		}
		banned := func() bool { return strings.Contains(r.console("sip show bans"), "1 addresses") }
		for range 10 {
			p.guess()
		}
		if reload("ban_maxretry=3"); !banned() {
			t.Error("a reload ended the ban")
		}
		if reload("ban_ignoreip=192.0.2.1, 127.0.50.0/24"); banned() {
			t.Error("ban_ignoreip did not end it")
		}
		for range 20 {
			p.guess()
		}
		if banned() {
			t.Error("banned although ignored")
		}
		if out := r.console("sip ban 127.0.50.10"); !strings.Contains(out, "ban_ignoreip") {
			t.Error(out)
		}
		reload("ban_maxretry=3\nban_time=60\nban_findtime=30")
		p.wait(time.Minute)
		for range 3 {
			p.guess()
		}
		if !banned() {
			t.Error("three did not ban")
		}
		if p.wait(time.Minute); banned() {
			t.Error("the ban is longer than a minute")
		}
		reload("ban=no")
		for range 50 {
			p.guess()
		}
		if banned() {
			t.Error("ban=no bans")
		}
	})
}

// TestBanByHand: the operator may ban anybody who is not ignored.
func TestBanByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, banPhones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		if m := p.register("alicepw", p.contact()); statusOf(m) != 200 {
			t.Fatal(statusOf(m))
		}
		if out := r.console("sip ban 127.0.50.10 60"); !strings.Contains(out, "cut off") {
			t.Error(out)
		}
		if p.ask("OPTIONS", "1000", "", "") != nil {
			t.Error("answered")
		}
		p.wait(time.Minute)
		if p.ask("OPTIONS", "1000", "", "") == nil {
			t.Error("not answered after a minute")
		}
		r.console("sip ban 2001:db8::77")
		if out := r.console("sip show bans"); !strings.Contains(out, "2001:db8::/64") || !strings.Contains(out, "by hand") {
			t.Error(out)
		}
		for _, bad := range []string{"sip ban here", "sip ban 192.0.2.1 long", "sip unban 192.0.2.1", "sip unban there"} {
			if out := r.console(bad); !strings.Contains(out, "is not") {
				t.Errorf("%s: %s", bad, out)
			}
		}
	})
}

// TestStaleNonceIsNoOracle: an old nonce does not let anybody guess for nothing.
func TestStaleNonceIsNoOracle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, banPhones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		first := p.ask("REGISTER", "", "", "")
		p.wait(2 * time.Minute)
		for i := range 10 {
			wrong := answerTo(t, first, "REGISTER", "sip:127.0.50.1", "alice", fmt.Sprint("wrong", i), "00000001")
			m := p.ask("REGISTER", "", wrong, "")
			if statusOf(m) != 401 || strings.Contains(string(m.Header(message.HeaderWWWAuthenticate)), "stale") {
				t.Fatalf("%d: %d", i, statusOf(m))
			}
		}
		if p.ask("REGISTER", "", "", "") != nil {
			t.Error("ten guesses did not ban")
		}
	})
}
