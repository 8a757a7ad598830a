package media

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestMute: silence takes the place of what a phone says or hears; digits and timing
// stay, and the session counts as one that somebody listens to.
func TestMute(t *testing.T) {
	quiet := strings.Repeat("\xff", 3)
	for name, tt := range map[string]struct {
		mute   func(a, b *Session)
		toBob  string // what bob hears of alice, who says abc
		toHer  string // what alice hears of bob, who says xyz
		tapped bool
	}{
		"nobody":                 {func(*Session, *Session) {}, "abc", "xyz", false},
		"what she says":          {func(a, _ *Session) { a.Mute(true, false) }, quiet, "xyz", true},
		"what she hears":         {func(a, _ *Session) { a.Mute(false, true) }, "abc", quiet, true},
		"both":                   {func(a, _ *Session) { a.Mute(true, true) }, quiet, quiet, true},
		"what he hears":          {func(_, b *Session) { b.Mute(false, true) }, quiet, "xyz", false},
		"and let through again":  {func(a, _ *Session) { a.Mute(true, true); a.Mute(false, false) }, "abc", "xyz", false},
		"one way, then another":  {func(a, _ *Session) { a.Mute(true, false); a.Mute(false, true) }, "abc", quiet, true},
		"twice is as good as it": {func(a, _ *Session) { a.Mute(true, false); a.Mute(true, false) }, quiet, "xyz", true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
				a, pa := o.call(t, alice, "ulaw", SessionOptions{})
				b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
				if err := Join(a, b); err != nil {
					t.Fatal(err)
				}
				tt.mute(a, b)
				synctest.Wait()
				pa.say("abc")
				pb.say("xyz")
				time.Sleep(20 * time.Millisecond)
				if got := pb.heard(); len(got) != 1 || got[0].payload != tt.toBob {
					t.Errorf("bob heard %+v", got)
				}
				if got := pa.heard(); len(got) != 1 || got[0].payload != tt.toHer {
					t.Errorf("alice heard %+v", got)
				}
				if a.Tapped() != tt.tapped {
					t.Errorf("tapped %t", a.Tapped())
				}
			})
		})
	}
}

// TestMutePlayback: a prompt is silence as well to who is to hear nothing; audio that
// silence cannot be written in is dropped.
func TestMutePlayback(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		a.Mute(false, true)
		a.Play(&text{codec: "ulaw", blocks: 2}, false)
		time.Sleep(100 * time.Millisecond)
		got := pa.heard()
		if len(got) != 2 || got[0].payload != strings.Repeat("\xff", len(got[0].payload)) {
			t.Errorf("heard %+v", got)
		}
		c, pc := o.call(t, "127.0.10.9:4000", "g722", SessionOptions{})
		d, pd := o.call(t, bob, "g722", SessionOptions{Near: c})
		if err := Join(c, d); err != nil {
			t.Fatal(err)
		}
		c.Mute(true, false)
		synctest.Wait()
		pc.say("abc")
		if got := pd.heard(); len(got) != 0 {
			t.Errorf("heard %+v", got)
		}
	})
}
