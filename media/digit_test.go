package media

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/media/rtp"
	"pbx/media/tone"
)

// step is one telephone-event packet.
type step struct {
	after    time.Duration
	ts       uint32
	code     uint8
	duration uint16
	end      bool
}

func TestDigitsReceived(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []step
		want  []string
	}{
		{"a digit as RFC 4733 sends it", []step{
			{0, 1000, 5, 160, false},
			{20, 1000, 5, 320, false},
			{20, 1000, 5, 480, false},
			{20, 1000, 5, 640, true},
			{0, 1000, 5, 640, true},
			{0, 1000, 5, 640, true},
		}, []string{"begin 5", "end 5 80ms"}},
		{"the beginning was lost", []step{{0, 1000, 11, 800, true}, {0, 1000, 11, 800, true}}, []string{"begin #", "end # 100ms"}},
		{
			"the end was lost",
			[]step{{0, 1000, 1, 160, false}, {20, 1000, 1, 320, false}, {1000, 0, 255, 0, false}},
			[]string{"begin 1", "end 1 40ms"},
		},
		{
			"the next digit comes before the end",
			[]step{{0, 1000, 1, 160, false}, {20, 2000, 2, 160, false}, {20, 2000, 2, 800, true}},
			[]string{"begin 1", "end 1 20ms", "begin 2", "end 2 100ms"},
		},
		{
			"a late packet of the digit before",
			[]step{{0, 1000, 1, 800, true}, {20, 2000, 2, 160, false}, {0, 1000, 1, 800, true}, {20, 2000, 2, 800, true}},
			[]string{"begin 1", "end 1 100ms", "begin 2", "end 2 100ms"},
		},
		{
			"the same digit twice",
			[]step{{0, 1000, 9, 800, true}, {60, 2600, 9, 800, true}},
			[]string{"begin 9", "end 9 100ms", "begin 9", "end 9 100ms"},
		},
		{"what is no DTMF digit", []step{{0, 1000, 16, 160, false}, {0, 1000, 16, 320, true}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
				ev := &events{}
				_, p := o.call(t, alice, "ulaw", SessionOptions{Events: ev})
				for _, s := range c.steps {
					time.Sleep(s.after * time.Millisecond)
					p.ts = s.ts
					if s.code != 255 {
						p.event(101, rtp.Event{Code: s.code, End: s.end, Duration: s.duration}, false)
					}
					synctest.Wait()
				}
				if got := ev.take(); !slices.Equal(got, c.want) {
					t.Errorf("%q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestLostEndIsTimely(t *testing.T) {
	bubble(t, EngineOptions{DTMFTimeout: 300 * time.Millisecond}, func(t *testing.T, o *office) {
		ev := &events{}
		_, p := o.call(t, alice, "ulaw", SessionOptions{Events: ev})
		start := time.Now()
		p.event(101, rtp.Event{Code: 1, Duration: 160}, true)
		time.Sleep(time.Second)
		synctest.Wait()
		if d := ev.at[1].Sub(start); d < 299*time.Millisecond || d > 301*time.Millisecond {
			t.Errorf("the end came after %s", d)
		}
	})
}

// TestDigitsRelayed: events pass to the other leg, unless that is not wanted.
func TestDigitsRelayed(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		ev := &events{}
		a, pa := o.call(t, alice, "ulaw", SessionOptions{Events: ev})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		_ = Join(a, b)
		synctest.Wait()
		pa.say("x")
		pa.event(101, rtp.Event{Code: 3, Duration: 160}, true)
		pa.event(101, rtp.Event{Code: 3, Duration: 320, End: true}, false)
		got := pb.heard()
		if len(got) != 3 || got[1].Type != 101 || got[1].Timestamp != got[2].Timestamp || got[1].Timestamp != got[0].Timestamp+160 {
			t.Fatalf("bob got %+v", got)
		}
		if e, ok := rtp.ParseEvent([]byte(got[2].payload)); !ok || e.Code != 3 || !e.End || e.Duration != 320 {
			t.Errorf("the end became %+v", e)
		}
		a.PassDigits(false)
		synctest.Wait()
		pa.ts += 800
		pa.event(101, rtp.Event{Code: 4, Duration: 320, End: true}, true)
		if got := pb.heard(); len(got) != 0 {
			t.Errorf("bob got %+v", got)
		}
		if got := ev.take(); !slices.Equal(got, []string{"begin 3", "end 3 40ms", "begin 4", "end 4 40ms"}) {
			t.Errorf("events %q", got)
		}
	})
}

func TestSendDigit(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		_ = Join(a, b)
		synctest.Wait()
		pa.say("before")
		time.Sleep(20 * time.Millisecond)
		if err := b.SendDigit('7', 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if err := b.SendDigit('x', 0); err == nil {
			t.Error("x was taken for a digit")
		}
		for range 12 {
			pa.say("meanwhile")
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond)
		pa.ts += 800
		pa.say("after")
		got := pb.heard()
		var digit []packet
		for i, p := range got {
			if i > 0 && p.Sequence != got[i-1].Sequence+1 {
				t.Errorf("packet %d: sequence %d after %d", i, p.Sequence, got[i-1].Sequence)
			}
			if p.Type == 101 {
				digit = append(digit, p)
			}
		}
		if len(digit) != 7 {
			t.Fatalf("%d event packets, want 5 and 2 more ends", len(digit))
		}
		for i, p := range digit {
			e, _ := rtp.ParseEvent([]byte(p.payload))
			want := rtp.Event{Code: 7, Volume: 10, Duration: uint16(min(160*(i+1), 800)), End: i >= 4}
			if e != want || p.Timestamp != digit[0].Timestamp || p.Marker != (i == 0) {
				t.Errorf("packet %d: %+v marker %v, want %+v", i, e, p.Marker, want)
			}
		}
		last := got[len(got)-1]
		if last.payload != "after" {
			t.Fatalf("heard %q", texts(got))
		}
		if d := last.Timestamp - got[0].Timestamp; d < 160*17 || d > 160*19 {
			t.Errorf("the audio after the digit is %d samples after the first", d)
		}
	})
}

// TestSendDigitInband: a far end without telephone-events hears a tone.
func TestSendDigitInband(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "alaw", SessionOptions{})
		r := pa.remote("alaw")
		r.DTMFSend = 0
		a.Configure(r)
		_ = a.SendDigit('1', 60*time.Millisecond)
		time.Sleep(time.Second)
		got := pa.heard()
		if len(got) != 3 {
			t.Fatalf("%d packets, want 3", len(got))
		}
		for _, p := range got {
			if p.Type != 8 || len(p.payload) != 160 || p.payload == string(make([]byte, 160)) {
				t.Errorf("%+v", p.Header)
			}
		}
	})
}

// TestInband: digits in the audio are told, and taken out of it.
func TestInband(t *testing.T) {
	for _, codec := range []string{"ulaw", "alaw"} {
		bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
			ev := &events{}
			a, pa := o.call(t, alice, codec, SessionOptions{Events: ev})
			b, pb := o.call(t, bob, codec, SessionOptions{Near: a})
			r := pa.remote(codec)
			r.Inband, r.DTMFRecv, r.DTMFSend = true, 0, 0
			a.Configure(r)
			_ = Join(a, b)
			synctest.Wait()
			digit, block := tone.Digit('5', 200*time.Millisecond), make([]byte, 160)
			for i := range 20 {
				payload := strings.Repeat("\xff", 160)
				if codec == "alaw" {
					payload = strings.Repeat("\xd5", 160)
				}
				if i >= 5 && i < 15 {
					if _, err := io.ReadFull(digit, block); err != nil {
						t.Fatal(err)
					}
					payload = string(encode(nil, codec, block, "ulaw"))
				}
				pa.say(payload)
				time.Sleep(20 * time.Millisecond)
			}
			got := ev.take()
			if len(got) != 2 || got[0] != "begin 5" || !strings.HasPrefix(got[1], "end 5 ") {
				t.Errorf("%s: events %q", codec, got)
			}
			loud := 0
			for _, p := range pb.heard() {
				if v := p.payload[150]; v&0x70 < 0x60 && codec == "ulaw" || codec == "alaw" && v != 0xd5 {
					loud++
				}
			}
			if loud > 2 {
				t.Errorf("%s: %d blocks of the digit came through", codec, loud)
			}
		})
	}
}
