package media

import (
	"io"
	"testing"
	"time"
)

// eager is a Source that tells its end with its last bytes, as a sound file does.
type eager struct{ left int }

func (s *eager) Codec() string { return "ulaw" }
func (s *eager) Read(b []byte) (int, error) {
	n := min(s.left, len(b))
	if s.left -= n; s.left == 0 {
		return n, io.EOF
	}
	return n, nil
}

// chain plays one sound after another, as soon as the one before has ended and some
// time has passed.
type chain struct {
	events
	s      *Session
	sounds int
	pause  time.Duration
}

func (c *chain) Played(PlayID, error) {
	if c.sounds--; c.sounds > 0 {
		go func() {
			time.Sleep(c.pause)
			c.s.Play(&eager{160 * 5}, false)
		}()
	}
}

// TestSoundsInTime: a packet leaves when its timestamp says, however many sounds are
// played and whatever lies between them. A receiver would take anything else for a
// network that became slower or faster, and throw audio away.
func TestSoundsInTime(t *testing.T) {
	for _, c := range []struct {
		name    string
		pause   time.Duration
		ptime   time.Duration
		another bool // session is played to meanwhile, so that blocks are due at its times
	}{
		{"at once", 0, 0, false},
		{"after a turn of the thread", time.Millisecond, 0, false},
		{"between others", time.Millisecond, 0, true},
		{"longer packets", time.Millisecond, 40 * time.Millisecond, false},
		{"after a slow disk", 15 * time.Millisecond, 0, false},
		{"after a rest", 300 * time.Millisecond, 0, false},
		{"after a long rest", 9 * time.Second, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
				ch := &chain{sounds: 30, pause: c.pause}
				s, p := o.call(t, alice, "ulaw", SessionOptions{Events: ch, Ptime: c.ptime})
				ch.s = s
				if c.another {
					b, _ := o.call(t, bob, "ulaw", SessionOptions{Near: s})
					b.Play(&text{codec: "ulaw", blocks: 5}, true)
					time.Sleep(7 * time.Millisecond)
				}
				s.Play(&eager{160 * 5}, false)
				var first packet
				var began time.Time
				packets, bad := 0, 0
				for start := time.Now(); time.Since(start) < 30*(c.pause+150*time.Millisecond); time.Sleep(time.Millisecond) {
					for _, g := range p.heard() {
						now := time.Now()
						if packets++; packets == 1 {
							first, began = g, now
						}
						says := time.Duration(g.Timestamp-first.Timestamp) * time.Second / 8000
						if late := now.Sub(began) - says; late > 22*time.Millisecond || late < -22*time.Millisecond {
							bad++
							if bad < 4 {
								t.Errorf("packet %d is %s later than its timestamp, which is %s after the first", packets, late, says)
							}
						}
						if g.Sequence != first.Sequence+uint16(packets-1) {
							t.Errorf("packet %d has sequence %d", packets, g.Sequence-first.Sequence)
						}
					}
				}
				if n := 30 * 5; c.ptime == 0 && packets != n {
					t.Errorf("%d packets, want %d", packets, n)
				}
			})
		})
	}
}
