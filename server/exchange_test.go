package server

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// twoPhones is the story of one call in the default office: two phones register,
// one calls the other, they talk, the caller hangs up. It returns every message
// by phone and dialog.
func twoPhones(t *testing.T) (traces map[string][]string) {
	x := newExchange(t)
	defer x.stop()
	a, b := x.phone("101"), x.phone("102")
	a.register()
	b.register()

	invite := a.call("102", "call-1")
	offered := b.expect("INVITE")
	if got := header(offered, "From"); !strings.Contains(got, `"Phone 101" <sip:101@`) {
		t.Errorf("102 is called by %q", got)
	}
	b.send(b.response(offered, "180 Ringing", ""))
	a.expect("180")
	time.Sleep(3 * time.Second) // virtual: it rings
	b.send(b.response(offered, "200 OK", b.sdp()))
	b.expect("ACK")
	answer := a.expect("200")
	a.send(a.ack(invite, answer))
	synctest.Wait()

	shown := x.command("core show channels")
	for _, want := range []string{"SIP/101-00000000 ", "102@office:1", "Up      Dial(SIP/102,30)", "2 active channels\n", "1 active call\n", "1 call processed\n"} {
		if !strings.Contains(shown, want) {
			t.Errorf("core show channels lacks %q:\n%s", want, shown)
		}
	}
	for line := range strings.Lines(x.command("core show channels concise")) {
		if n := strings.Count(line, "!"); n != 13 {
			t.Errorf("a concise line has %d fields, want 14: %s", n+1, line)
		}
	}

	time.Sleep(30 * time.Second) // they talk
	a.bye(invite, answer)
	gone := b.expect("BYE")
	b.send(b.response(gone, "200 OK", ""))
	synctest.Wait()
	if got := x.command("core show channels concise"); got != "" {
		t.Errorf("channels are left:\n%s", got)
	}
	x.stop()
	traces = map[string][]string{}
	for _, p := range []*phone{a, b} {
		for _, id := range p.calls {
			if !strings.HasPrefix(id, "reg-") && !strings.HasPrefix(id, "call-") && strings.HasPrefix(p.trace[id][0], "< OPTIONS") {
				continue
			}
			traces[p.name+" "+id] = p.trace[id]
		}
	}
	if got, want := a.summary("call-1"), `> INVITE sip:102@127.0.0.1 [1 INVITE]
< SIP/2.0 401 Unauthorized [1 INVITE]
> ACK sip:102@127.0.0.1 [1 ACK]
> INVITE sip:102@127.0.0.1 [2 INVITE]
< SIP/2.0 100 Trying [2 INVITE]
< SIP/2.0 180 Ringing [2 INVITE]
< SIP/2.0 200 OK [2 INVITE]
> ACK sip:102@127.0.0.1:5060 [2 ACK]
> BYE sip:102@127.0.0.1:5060 [3 BYE]
< SIP/2.0 200 OK [3 BYE]
`; got != want {
		t.Errorf("the caller's dialog:\n%s\nwant:\n%s", got, want)
	}
	return traces
}

func TestTwoPhonesTalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { twoPhones(t) })
}

// TestSameTraceTwice holds that the exchange does the same thing twice, to the
// byte, when chance and time are the same.
func TestSameTraceTwice(t *testing.T) {
	var runs [2]map[string][]string
	for i := range runs {
		synctest.Test(t, func(t *testing.T) { runs[i] = twoPhones(t) })
	}
	if t.Failed() {
		return
	}
	if len(runs[0]) != len(runs[1]) {
		t.Fatalf("%d dialogs, then %d", len(runs[0]), len(runs[1]))
	}
	for id, first := range runs[0] {
		if second := runs[1][id]; !slices.Equal(first, second) {
			for i := range min(len(first), len(second)) {
				if first[i] != second[i] {
					t.Errorf("dialog %s, message %d: once\n%s\nand once\n%s", id, i, first[i], second[i])
					break
				}
			}
		}
	}
}

// TestDefaultOffice calls what the default office offers.
func TestDefaultOffice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		step := func(name string, f func()) {
			t.Log("# " + name)
			f()
		}
		x := newExchange(t)
		defer x.stop()
		phones := map[string]*phone{}
		for _, name := range []string{"101", "102", "103"} {
			phones[name] = x.phone(name)
			phones[name].register()
		}
		a := phones["101"]

		step("100 rings all but the caller", func() {
			invite := a.call("100", "all")
			x, y := phones["102"].expect("INVITE"), phones["103"].expect("INVITE")
			phones["102"].send(phones["102"].response(x, "180 Ringing", ""))
			phones["103"].send(phones["103"].response(y, "180 Ringing", ""))
			a.expect("180")
			phones["103"].send(phones["103"].response(y, "200 OK", phones["103"].sdp()))
			phones["103"].expect("ACK")
			lost := phones["102"].expect("CANCEL")
			phones["102"].send(phones["102"].response(lost, "200 OK", ""))
			phones["102"].send(phones["102"].response(x, "487 Request Terminated", ""))
			phones["102"].expect("ACK")
			answer := a.expect("200")
			a.send(a.ack(invite, answer))
			a.bye(invite, answer)
			phones["103"].send(phones["103"].response(phones["103"].expect("BYE"), "200 OK", ""))
		})
		for _, number := range []string{"600", "601", "602"} {
			step(number+" answers", func() {
				invite := a.call(number, "to-"+number)
				answer := a.expect("200")
				a.send(a.ack(invite, answer))
				time.Sleep(2 * time.Second) // virtual
				a.bye(invite, answer)
			})
		}
		step("102 is busy", func() {
			invite := a.call("102", "busy")
			offered := phones["102"].expect("INVITE")
			phones["102"].send(phones["102"].response(offered, "486 Busy Here", ""))
			phones["102"].expect("ACK")
			no := a.expect("486")
			a.send(a.ack(invite, no))
		})
		step("nobody is at 104", func() {
			invite := a.call("104", "absent")
			for {
				m := a.receive(40 * time.Second)
				if strings.HasPrefix(m, "SIP/2.0 183") {
					continue // the announcement
				}
				if !strings.HasPrefix(m, "SIP/2.0 503") {
					t.Fatalf("got %q, want 503", startLine(m))
				}
				a.send(a.ack(invite, m))
				break
			}
		})
		step("999 is not there", func() {
			to := "999@127.0.0.1"
			first := a.request("INVITE", to, "none", 1, "", a.sdp())
			a.send(first)
			challenge := a.expect("401")
			a.send(a.ack(first, challenge))
			invite := a.request("INVITE", to, "none", 2, a.authorize(challenge, "INVITE", "sip:"+to), a.sdp())
			a.send(invite)
			a.send(a.ack(invite, a.expect("404")))
		})
		synctest.Wait()
		if got := x.command("core show channels concise"); got != "" {
			t.Errorf("channels are left:\n%s", got)
		}
		if n := x.s.media.Sessions(); n != 0 {
			t.Errorf("%d RTP sessions are left", n)
		}
	})
}

// TestGuestsRefused holds that nobody gets in without a password.
func TestGuestsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t)
		defer x.stop()
		p := x.phone("66")
		for _, method := range []string{"INVITE", "REGISTER", "MESSAGE", "SUBSCRIBE", "REFER"} {
			p.send(p.request(method, "101@127.0.0.1", "guest-"+method, 1, "", ""))
			m := p.receive(time.Second)
			line := startLine(m)
			if !strings.HasPrefix(line, "SIP/2.0 4") && !strings.HasPrefix(line, "SIP/2.0 6") && !strings.HasPrefix(line, "SIP/2.0 5") {
				t.Errorf("%s by a stranger: %q", method, line)
			}
			if method == "INVITE" {
				p.send(p.ack(p.trace["guest-INVITE"][0][2:], m))
			}
		}
	})
}

// TestStop holds what a stop does to calls: no new ones, those that are up may
// end, then they are ended.
func TestStop(t *testing.T) {
	for _, tt := range []struct {
		name  string
		grace time.Duration
		want  time.Duration // until the call hears BYE
	}{
		{"now", 0, 0},
		{"drain", 3 * time.Second, 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t)
				defer x.stop()
				a := x.phone("101")
				a.register()
				invite := a.call("600", "up")
				answer := a.expect("200")
				a.send(a.ack(invite, answer))
				synctest.Wait()
				start := time.Now()
				x.s.Stop(tt.grace)
				if tt.grace > 0 {
					late := a.request("INVITE", "600@127.0.0.1", "late", 1, "", a.sdp())
					a.send(late)
					no := a.expect("503")
					a.send(a.ack(late, no))
				}
				a.send(a.response(a.expect("BYE"), "200 OK", ""))
				if d := time.Since(start).Round(100 * time.Millisecond); d != tt.want {
					t.Errorf("BYE came after %v, want %v", d, tt.want)
				}
			})
		})
	}
}

// TestReload holds that changes are taken in for new calls, and that a broken
// file changes nothing and is named.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t)
		defer x.stop()
		a := x.phone("101")
		a.register()
		x.edit("extensions.conf", "exten => 601,1,Goto(menu,s,1)", "exten => 603,1,Hangup(17)")
		want := "extensions.conf: 1 added, 0 changed, 1 gone\n" +
			"  + 603 in [office] (extensions.conf:45)\n" +
			"  - 601 in [office] (extensions.conf:45)\n"
		if got := x.command("dialplan reload --dry-run"); got != want+"Nothing was changed: a dry run.\n" {
			t.Errorf("dialplan reload --dry-run: %s", got)
		}
		if got := x.command("dialplan reload"); got != want+"Dialplan reloaded.\n" {
			t.Errorf("dialplan reload: %s", got)
		}
		if got := x.command("dialplan reload --dry-run"); got != "Nothing would change.\n" {
			t.Errorf("dialplan reload --dry-run after it: %s", got)
		}
		invite := a.call("603", "new")
		a.send(a.ack(invite, a.expect("486")))
		x.edit("extensions.conf", "[office]", "#include missing.conf\n[office]")
		got := x.command("core reload")
		if !strings.Contains(got, "extensions.conf:") || !strings.Contains(got, "missing.conf") || !strings.Contains(got, "The old configuration goes on.") {
			t.Errorf("reload of a broken file: %s", got)
		}
		invite = a.call("603", "still")
		a.send(a.ack(invite, a.expect("486")))
	})
}

// TestBrokenAEL: an extensions.ael that cannot be read costs the exchange only what it
// would have given the plan; what it gave before stays.
func TestBrokenAEL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, func(dir string) { write(t, dir+"/extensions.ael", "context more {\n  710 => Answer(;\n}\n") })
		defer x.stop()
		x.edit("extensions.conf", "exten => 601,1,Goto(menu,s,1)", "exten => 603,1,Hangup(17)")
		if got := x.command("dialplan reload"); !strings.Contains(got, "extensions.ael:2") || !strings.HasSuffix(got, "Dialplan reloaded.\n") {
			t.Errorf("reload beside a broken file: %s", got)
		}
		if got := x.command("dialplan show 603@office"); !strings.Contains(got, "Hangup(17)") {
			t.Errorf("the rest of the plan: %s", got)
		}
		x.edit("extensions.ael", "Answer(;", "Answer();")
		if got := x.command("dialplan reload"); !strings.Contains(got, "+ [more] (extensions.ael:1)") {
			t.Errorf("reload of a mended file: %s", got)
		}
		x.edit("extensions.ael", "Answer();", "Answer(;")
		x.edit("extensions.conf", "Hangup(17)", "Hangup(18)")
		if got := x.command("dialplan reload"); !strings.Contains(got, "extensions.ael:2") || !strings.Contains(got, "The old configuration goes on.") {
			t.Errorf("reload of a file that broke: %s", got)
		}
		if got := x.command("dialplan show more") + x.command("dialplan show 603@office"); !strings.Contains(got, "'710'") || !strings.Contains(got, "Hangup(17)") {
			t.Errorf("what was there: %s", got)
		}
	})
}

// TestTwoExchanges runs two in one process: nothing is global.
func TestTwoExchanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := newExchange(t), newExchange(t)
		defer x.stop()
		defer y.stop()
		for _, e := range []*exchange{x, y} {
			p := e.phone("101")
			p.register()
			invite := p.call("600", "echo")
			answer := p.expect("200")
			p.send(p.ack(invite, answer))
			synctest.Wait()
			if n, total := e.s.Registry().Count(); n != 1 || total != 1 {
				t.Errorf("%d channels of %d calls, want 1 of 1", n, total)
			}
			p.bye(invite, answer)
		}
	})
}

// TestMaxCalls refuses the call beyond maxcalls with 503.
func TestMaxCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, func(dir string) { edit(t, dir+"/asterisk.conf", ";maxcalls=50", "maxcalls=1") })
		defer x.stop()
		a := x.phone("101")
		a.register()
		invite := a.call("600", "one")
		answer := a.expect("200")
		a.send(a.ack(invite, answer))
		second := a.request("INVITE", "600@127.0.0.1", "two", 1, "", a.sdp())
		a.send(second)
		a.send(a.ack(second, a.expect("503")))
		if got := x.command("core show calls"); !strings.HasPrefix(got, "1 of 1 max active call (100.00% of capacity)\n") {
			t.Errorf("core show calls: %s", got)
		}
		a.bye(invite, answer)
	})
}

func TestSpan(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0 seconds"},
		{time.Second, "1 second"},
		{8*time.Minute + 27*time.Second, "8 minutes, 27 seconds"},
		{25 * time.Hour, "1 day, 1 hour"},
		{400 * 24 * time.Hour, "1 year, 5 weeks"},
	} {
		if got := span(tt.d); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.d, got, tt.want)
		}
	}
}
