package sip

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
)

// tollOffice has bob as the trunk, and alice who may talk two minutes a day to what
// costs.
const tollOffice = `
[general]
udpbindaddr=192.0.2.1:5060
disallow=all
allow=ulaw
rtptimeout=0
call_alarm=50
toll_prefixes=00, !0049
%s
[alice]
type=friend
host=192.0.2.10
context=phones
toll_minutes_per_day=2
[bob]
type=peer
host=192.0.2.20
context=phones
`

// TestToll: a device talks to numbers that cost for as long as it may in a day.
func TestToll(t *testing.T) {
	call := func(number string) string {
		return `
			alice > INVITE ` + number + ` sdp call=new
			alice < 100
			bob < INVITE sdp | INVITE sip:` + number + `@
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK`
	}
	const (
		hangUp = `
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`
		refused = `
			alice > INVITE 0044 sdp call=new
			alice < 100
			alice < 503
			alice > ACK
			bob < nothing 1s`
	)
	over := func(seconds int) string { // we end the call
		return fmt.Sprintf(`
			bob < BYE @@%ds
			bob > 200
			alice < BYE
			alice > 200`, seconds)
	}
	for name, tt := range map[string]struct {
		general, script string
		logged          string
	}{
		"spent by several calls": {"", call("0044") + `
			wait 70s` + hangUp + call("0044") + `
			wait 45s` + over(11) + refused + call("004930") + hangUp + call("30") + hangUp, "are spent"},
		"ended when it is over": {"", call("0044") + `
			wait 115s` + over(6) + refused, "is ended"},
		"with a warning":      {"", call("0044") + "\nwait 65s" + hangUp, "has talked 50 % of its minutes"},
		"others do not count": {"", call("004930") + "\nwait 300s" + hangUp + call("0044") + hangUp, ""},
		"the next day is another one": {"", call("0044") + "\nwait 119s" + hangUp + `
			wait 24h` + call("0044") + hangUp, ""},
		"of all together":  {"total_toll_minutes_per_day=1", call("0044") + "\nwait 55s" + over(6) + refused, "are spent"},
		"not at this hour": {"toll_hours=08:00-18:00", refused, "at this hour"},
		"at this hour":     {"toll_hours=08:00-18:00, 22:00-01:00 fri", call("0044") + hangUp, ""},
	} {
		t.Run(name, func(t *testing.T) {
			plan := map[string]func(*channel.Channel){}
			for _, n := range []string{"0044", "004930", "30"} {
				plan[n] = dial(nil, "SIP/bob/"+n)
			}
			withFlow(t, fmt.Sprintf(tollOffice, tt.general), plan, func(f *flow) {
				if now := time.Now(); now.Weekday() != time.Saturday || now.Hour() != 0 {
					t.Fatalf("the bubble begins on %v", now) // 2000-01-01
				}
				f.play(tt.script)
				if tt.logged != "" && !strings.Contains(f.log.String(), tt.logged) {
					t.Errorf("%q was not logged", tt.logged)
				}
				synctest.Wait()
				if err := f.d.Call(func() {
					if n := f.d.toll.Counting(); n != 0 {
						t.Errorf("%d calls are counted after their end", n)
					}
				}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestShowToll: what the operator sees of it.
func TestShowToll(t *testing.T) {
	withFlow(t, fmt.Sprintf(tollOffice, "total_toll_minutes_per_day=60"), map[string]func(*channel.Channel){"0044": dial(nil, "SIP/bob/0044")}, func(f *flow) {
		f.play(`
			alice > INVITE 0044 sdp
			alice < 100
			bob < INVITE sdp
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK
			wait 90s`)
		const want = "Device                Minutes    Limit\nalice                     1.5        2\nall                       1.5       60\n"
		if got := console(t, f.d, "sip show toll"); got != want {
			t.Errorf("got\n%s", got)
		}
		f.play(`
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`)
	})
}

// TestTollRestart: the minutes of the day are not given anew by a restart.
func TestTollRestart(t *testing.T) {
	const (
		talks = `
			alice > INVITE 0044 sdp call=new
			alice < 100
			bob < INVITE sdp
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK
			wait 90s`
		hangUp = `
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`
		closing = `
			alice < BYE
			bob < BYE`
	)
	conf := fmt.Sprintf(tollOffice, "")
	for name, tt := range map[string]struct {
		script string
		down   time.Duration
		want   string // of sip show toll
	}{
		"after the call":     {talks + hangUp + "\nwait 11s", 0, "1.5"},
		"at once":            {talks + hangUp, 0, "1.5"},
		"while a call is up": {talks, 0, "1.5"},
		"another day":        {talks + hangUp, 24 * time.Hour, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &rigStore{records: map[string][]byte{}}
				f := newFlowWith(t, conf, map[string]func(*channel.Channel){"0044": dial(nil, "SIP/bob/0044")}, store)
				defer f.close()
				f.play(tt.script)
				f.restart(conf, func() {
					if !strings.Contains(tt.script, "BYE") {
						f.play(closing)
					}
					time.Sleep(tt.down)
				})
				want := "all "
				if tt.want != "" {
					want = "alice                     " + tt.want
				}
				if got := console(t, f.d, "sip show toll"); !strings.Contains(got, want) || tt.want == "" && strings.Contains(got, "alice") {
					t.Errorf("got\n%s", got)
				}
			})
		})
	}
	t.Run("killed", func(t *testing.T) { // what the store has while a call is up is no older than a minute
		synctest.Test(t, func(t *testing.T) {
			store := &rigStore{records: map[string][]byte{}}
			f := newFlowWith(t, conf, map[string]func(*channel.Channel){"0044": dial(nil, "SIP/bob/0044")}, store)
			defer f.close()
			f.play(talks)
			const want = "2000-01-01\n60000\talice\n"
			if got := store.record("SIP/Toll/day"); got != want {
				t.Errorf("after 90 seconds there is %q", got)
			}
			f.play(hangUp)
		})
	})
}
