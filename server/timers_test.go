package server

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const timerPlan = `[t]
exten => 1000,1,Answer()
 same => n,Wait(1)
[night]
exten => close,1,NoOp(CLOSED ${WHO} ${CHANNEL} ${CALLERID(num)} ${TIMER_DUE})
 same => n,Set(DB(office/night)=1)
exten => slow,1,Wait(150)
exten => failed,1,NoOp(FAILED ${REASON})
`

// TestTimers: the bubble's clock begins on 2000-01-01, a Saturday, at 00:00 UTC.
func TestTimers(t *testing.T) {
	for _, c := range []struct{ name, timers, script string }{
		{
			"an extension without a device",
			"[close]\ncron = 0 18 * * mon-fri\ntimezone = UTC\ncontext = night\nextension = close\nset = WHO=me\ncallerid = Night <99>\n", `
			wait 65h59m59s
			show "timers show" close  2000-01-03 18:00:00 UTC
			show "database get office night" not found
			wait 1s
			log "CLOSED me Timer/close 99 946922400"
			show "database get office night" Value: 1
			show "timers show" 2000-01-04 18:00:00 UTC`,
		},
		{
			"a device is called", "[wake]\nat = 2000-01-01T06:00:00Z\nchannel = SIP/bob\ncallerid = Wake-up <55>\ncontext = t\nextension = 1000\n", `
			wait 6h
			bob < INVITE call=A | From: "Wake-up" <sip:55@
			bob > 200
			bob < ACK A
			log Timer wake calls SIP/bob for 1000@t:1 (attempt 1)
			log Executing [1000@t:1] Answer
			wait 900ms
			bob < BYE A
			bob > 200
			show "timers show" done
			show "timers show" never`,
		},
		{
			"an application", "[tone]\nat = 2000-01-01T06:00:00Z\nchannel = SIP/bob\napplication = Wait\ndata = 1\n", `
			wait 6h
			bob < INVITE call=A
			bob > 200
			bob < ACK A
			wait 900ms
			bob < BYE A
			bob > 200`,
		},
		{
			"busy, and again", "[wake]\nat = 2000-01-01T06:00:00Z\nchannel = SIP/bob\ncontext = night\nextension = close\nmaxretries = 1\nretrytime = 60\n", `
			wait 6h
			bob < INVITE call=A
			bob > 486
			bob < ACK A
			log "timer wake: SIP/bob: Remote end is Busy"
			show "timers show" again at 2000-01-01 06:01:00
			wait 60s
			bob < INVITE call=B
			bob > 486
			bob < ACK B
			log "timer wake: SIP/bob: Remote end is Busy"
			bob < nothing 10m`,
		},
		{
			"due while its call goes on", "[slow]\nat = 2000-01-01T00:01:00Z\nat = 2000-01-01T00:02:00Z\nat = 2000-01-01T00:04:00Z\ntimezone = UTC\ncontext = night\nextension = slow\n", `
			wait 1m
			log Timer slow runs slow@night:1
			wait 1m
			log timer slow is due again while its last call goes on
			wait 2m
			log Timer slow runs slow@night:1
			show "core show channels concise" Timer/slow!night!slow!1
			show "channel request hangup Timer/slow" Requested Hangup`,
		},
		{
			"by hand", "[close]\nat = 2000-01-01T06:00:00Z\ncontext = night\nextension = close\n", `
			show "timers run close" runs
			log "CLOSED"
			show "timers show" 2000-01-01 06:00:00
			show "timers run open"`,
		},
		{
			"a place that is not there", "[close]\nat = 2000-01-01T06:00:00Z\ncontext = night\nextension = colse\n", `
			wait 6h
			log timer close: the call is not made: there is no night,colse,1`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			tell(t, map[string]string{"extensions.conf": timerPlan, "timers.conf": c.timers}, c.script)
		})
	}
}

// TestTimersRestart: what was missed while the exchange was down, and what was not.
func TestTimersRestart(t *testing.T) {
	for _, c := range []struct {
		name, timer string
		down        time.Duration
		want        string
	}{
		{"missed", "", 2 * time.Hour, "timer close was missed: it was due at 2000-01-01 06:00:00"},
		{"a moment late is on time", "", 61 * time.Minute, "Timer close runs close@night:1"},
		{"not too late for it", "missed = 90m\n", 2 * time.Hour, "Timer close runs close@night:1"},
		{"too late for it", "missed = 30m\n", 2 * time.Hour, "timer close was missed"},
		{"up again before", "", 30 * time.Minute, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStory(t, map[string]string{
					"extensions.conf": timerPlan,
					"timers.conf":     "[close]\nat = 2000-01-01T06:00:00Z\ntimezone = UTC\ncontext = night\nextension = close\n" + c.timer,
				})
				s.play("wait 5h")
				s.restart(c.down)
				defer s.stop()
				s.play("wait 10s")
				s.s.logger.Flush()
				if ran, want := s.logged.find("Timer close runs"), strings.HasPrefix(c.want, "Timer"); ran != want {
					t.Errorf("it ran: %v", ran)
				}
				s.logged.read = 0
				if c.want != "" && !s.logged.find(c.want) {
					t.Errorf("%q was not logged", c.want)
				}
				s.play("wait 48h") // nothing comes twice
				s.s.logger.Flush()
				s.logged.read = 0
				n := 0
				for s.logged.find("Timer close runs") {
					n++
				}
				want := 1
				if strings.Contains(c.want, "missed") {
					want = 0
				}
				if n != want {
					t.Errorf("it ran %d times, want %d", n, want)
				}
			})
		})
	}
}

// TestTimersReload: what the file says is taken in, and what it says no more is
// forgotten.
func TestTimersReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"extensions.conf": timerPlan})
		defer s.stop()
		reload := func(text string) {
			t.Helper()
			write(t, s.s.opts.ConfigDir+"/timers.conf", text)
			s.play(`show "core reload"`)
		}
		reload("[close]\nevery = 1h\ntimezone = UTC\ncontext = night\nextension = close\n")
		s.play("wait 1h\nlog Timer close runs")
		reload("[close]\nevery = 2h\ntimezone = UTC\ncontext = night\nextension = close\nmissed = 1d\n")
		s.play("wait 1h\nlog Timer close runs")
		reload("")
		s.play("wait 5h\nshow \"timers show\" 0 timers")
		if s.logged.find("Timer close runs") {
			t.Error("it runs still")
		}
		n := 0
		s.s.store.Range("Timer", func(string, []byte) bool { n++; return true })
		if n > 0 {
			t.Error("the store remembers it")
		}
		s.end()
	})
}
