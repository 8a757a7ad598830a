package media

import (
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pbx/media/codec/g711"
)

// text is a Source of blocks that are easy to tell apart.
type text struct {
	codec  string
	blocks int
	at     int
	err    error
}

func (s *text) Codec() string { return s.codec }
func (s *text) Rewind()       { s.at = 0 }
func (s *text) Read(b []byte) (int, error) {
	if s.at == s.blocks {
		if s.err != nil {
			return 0, s.err
		}
		return 0, io.EOF
	}
	for i := range b {
		b[i] = byte('A' + s.at)
	}
	s.at++
	return len(b), nil
}

func TestPlay(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		ev := &events{}
		a, p := o.call(t, alice, "ulaw", SessionOptions{Events: ev})
		start := time.Now()
		a.Play(&text{codec: "ulaw", blocks: 5}, false)
		time.Sleep(time.Second)
		got := p.heard()
		if len(got) != 5 {
			t.Fatalf("%d packets, want 5", len(got))
		}
		for i, g := range got {
			if len(g.payload) != 160 || g.payload[0] != byte('A'+i) || g.Marker != (i == 0) {
				t.Errorf("packet %d: %d bytes of %q, marker %v", i, len(g.payload), g.payload[:1], g.Marker)
			}
			if i > 0 && (g.Sequence != got[i-1].Sequence+1 || g.Timestamp != got[i-1].Timestamp+160) {
				t.Errorf("packet %d does not follow", i)
			}
		}
		ev.mu.Lock()
		took := ev.at[0].Sub(start)
		ev.mu.Unlock()
		if took < 80*time.Millisecond || took > 110*time.Millisecond {
			t.Errorf("five blocks took %s", took)
		}
		if got := ev.take(); !slices.Equal(got, []string{"played"}) {
			t.Errorf("events %q", got)
		}
	})
}

// TestPlayPace: packets leave every 20 ms, for every session.
func TestPlayPace(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		var phones []*phone
		for _, addr := range []string{alice, bob, "127.0.10.4:4000"} {
			s, p := o.call(t, addr, "ulaw", SessionOptions{})
			s.Play(&text{codec: "ulaw", blocks: 3}, true)
			phones = append(phones, p)
			time.Sleep(7 * time.Millisecond)
		}
		time.Sleep(time.Second)
		for _, p := range phones {
			p.heard()
		}
		for range 20 {
			time.Sleep(20 * time.Millisecond)
			for _, p := range phones {
				if n := len(p.heard()); n != 1 {
					t.Fatalf("%d packets in 20 ms", n)
				}
			}
		}
	})
}

func TestPlayConverts(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     byte
	}{
		{"ulaw", "ulaw", 'A'},
		{"ulaw", "alaw", g711.Ulaw2AlawFrame('A')},
		{"alaw", "ulaw", g711.Alaw2UlawFrame('A')},
		{"slin", "ulaw", g711.EncodeUlawFrame('A' | 'A'<<8)},
		{"slin", "alaw", g711.EncodeAlawFrame('A' | 'A'<<8)},
		{"slin", "slin", 'A'},
		{"g722", "g722", 'A'},
	} {
		bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
			a, p := o.call(t, alice, c.to, SessionOptions{})
			a.Play(&text{codec: c.from, blocks: 1}, false)
			time.Sleep(time.Second)
			got := p.heard()
			if len(got) != 1 || len(got[0].payload) != BlockSize(c.to) || got[0].payload[0] != c.want {
				t.Errorf("%s to %s: %+v, want %x", c.from, c.to, got, c.want)
			}
		})
	}
}

func TestPlayErrors(t *testing.T) {
	boom := errors.New("boom")
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		ev := &events{}
		a, _ := o.call(t, alice, "g722", SessionOptions{Events: ev})
		a.Play(&text{codec: "ulaw", blocks: 1}, false)
		a.Play(&text{codec: "opus", blocks: 1}, false)
		if got := ev.take(); !slices.Equal(got, []string{
			"played: no translation path between the codecs: ulaw to g722",
			`played: no translation path between the codecs: "opus" cannot be played`,
		}) {
			t.Errorf("events %q", got)
		}
		a.Play(&text{codec: "g722", blocks: 1, err: boom}, false)
		time.Sleep(time.Second)
		if got := ev.take(); !slices.Equal(got, []string{"played: boom"}) {
			t.Errorf("events %q", got)
		}
		id := a.Play(&text{codec: "g722", blocks: 1}, true)
		b := a.Play(&text{codec: "g722", blocks: 1}, true)
		a.Stop(id) // of the one that was replaced
		synctest.Wait()
		a.Stop(b)
		a.Close()
		a.Play(&text{codec: "g722", blocks: 1}, true)
		if got := ev.take(); !slices.Equal(got, []string{"played: stopped", "played: stopped", "played: session is closed"}) {
			t.Errorf("events %q", got)
		}
		// A loop over nothing ends.
		c, _ := o.call(t, bob, "ulaw", SessionOptions{Events: ev})
		c.Play(&text{codec: "ulaw"}, true)
		time.Sleep(time.Second)
		if got := ev.take(); !slices.Equal(got, []string{"played"}) {
			t.Errorf("events %q", got)
		}
	})
}

// TestPlayPtime: a packet holds as much as the far end asked for.
func TestPlayPtime(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, p := o.call(t, alice, "ulaw", SessionOptions{Ptime: 40 * time.Millisecond})
		a.Play(&text{codec: "ulaw", blocks: 5}, false)
		time.Sleep(time.Second)
		got := p.heard()
		if len(got) != 3 || len(got[0].payload) != 320 || len(got[2].payload) != 160 {
			t.Fatalf("%d packets", len(got))
		}
		if d := got[2].Timestamp - got[0].Timestamp; d != 640 {
			t.Errorf("two packets are %d samples", d)
		}
	})
}

// TestPlayIntoCall: a sound takes the place of the relay, and the stream goes on
// through both.
func TestPlayIntoCall(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		ev := &events{}
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a, Events: ev})
		_ = Join(a, b)
		synctest.Wait()
		for i := range 30 {
			if i == 10 {
				b.Play(&text{codec: "ulaw", blocks: 5}, false)
			}
			pa.say("relayed")
			time.Sleep(20 * time.Millisecond)
		}
		got := pb.heard()
		var order []byte
		for i, p := range got {
			if c := p.payload[0]; len(order) == 0 || order[len(order)-1] != c {
				order = append(order, c)
				if !p.Marker && (c == 'A' || c == 'r') {
					t.Errorf("packet %d begins a talkspurt without a marker", i)
				}
			}
			if i == 0 {
				continue
			}
			if p.Sequence != got[i-1].Sequence+1 {
				t.Errorf("packet %d: sequence %d after %d", i, p.Sequence, got[i-1].Sequence)
			}
			if d := p.Timestamp - got[i-1].Timestamp; d < 160 || d > 480 {
				t.Errorf("packet %d: %d samples after the one before", i, d)
			}
			if p.SSRC != got[0].SSRC {
				t.Errorf("packet %d has another SSRC", i)
			}
		}
		if string(order) != "rABCDEr" {
			t.Errorf("bob heard %q", order)
		}
	})
}

// TestPlayOnHold: a sound takes its time while the far end does not listen.
func TestPlayOnHold(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		ev := &events{}
		a, p := o.call(t, alice, "ulaw", SessionOptions{Events: ev})
		r := p.remote("ulaw")
		r.Direction = RecvOnly
		a.Configure(r)
		start := time.Now()
		a.Play(&text{codec: "ulaw", blocks: 50}, false)
		time.Sleep(2 * time.Second)
		if n := len(p.heard()); n != 0 {
			t.Errorf("%d packets", n)
		}
		ev.mu.Lock()
		defer ev.mu.Unlock()
		if len(ev.at) != 1 || ev.at[0].Sub(start) < 980*time.Millisecond {
			t.Errorf("events %q at %v", ev.got, ev.at)
		}
	})
}
