package media

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pbx/media/rtp"
)

// typed is one telephone-event packet as a phone made it, before the network had it.
type typed struct {
	at     time.Duration
	seq    uint16
	ts     uint32
	ssrc   uint32
	marker bool
	event  rtp.Event
}

// keys are the packets of digits that are pressed one after another, each for 100 ms
// with pause behind it; with overlap the repeated ends of one come between the first
// packets of the next, as gateways send them.
func keys(digits string, pause time.Duration, overlap bool) (list []typed) {
	at, ts := time.Duration(0), uint32(16000)
	for i := range len(digits) {
		code, _ := rtp.Code(digits[i])
		for n := 1; n <= 5; n++ {
			list = append(list, typed{at: at + time.Duration(n)*20*time.Millisecond, ts: ts, marker: n == 1, event: rtp.Event{Code: code, Volume: 10, Duration: uint16(160 * n), End: n == 5}})
		}
		for n := range 2 {
			late := 100*time.Millisecond + time.Duration(n)*time.Millisecond
			if overlap {
				late += pause + time.Duration(n+1)*20*time.Millisecond + time.Millisecond
			}
			list = append(list, typed{at: at + late, ts: ts, event: rtp.Event{Code: code, Volume: 10, Duration: 800, End: true}})
		}
		at += 100*time.Millisecond + pause
		ts += uint32((100*time.Millisecond + pause) * 8000 / time.Second)
	}
	slices.SortStableFunc(list, func(a, b typed) int { return int(a.at - b.at) })
	for i := range list {
		list[i].seq, list[i].ssrc = uint16(65530+i), 7 // the numbers wrap
	}
	return list
}

// TestDigitsOverBadNetworks: what is pressed arrives, each key once and in order, as
// long as one packet of it does.
func TestDigitsOverBadNetworks(t *testing.T) {
	const number = "1123358*00#9"
	for _, pause := range []time.Duration{0, 40 * time.Millisecond, 200 * time.Millisecond} {
		for _, overlap := range []bool{false, true} {
			for seed := range uint64(6) {
				t.Run(fmt.Sprintf("%s overlap %v %d", pause, overlap, seed), func(t *testing.T) {
					bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
						r := rand.New(rand.NewPCG(seed, 1))
						ev := &events{}
						_, p := o.call(t, alice, "ulaw", SessionOptions{Events: ev})
						sent := keys(number, pause, overlap)
						arrives := map[uint32]int{}
						var list []typed
						for _, k := range sent {
							if r.IntN(5) == 0 {
								continue // a fifth is lost
							}
							arrives[k.ts]++
							k.at += time.Duration(r.IntN(35)) * time.Millisecond // some overtake others
							list = append(list, k)
							if r.IntN(10) == 0 {
								list = append(list, k) // some come twice
							}
						}
						if len(arrives) != len(number) {
							return // a key was lost as a whole: nobody can know of it
						}
						slices.SortStableFunc(list, func(a, b typed) int { return int(a.at - b.at) })
						start := time.Now()
						for _, k := range list {
							time.Sleep(k.at - time.Since(start))
							p.send(k)
						}
						time.Sleep(time.Second)
						var begun, ended strings.Builder
						for _, e := range ev.take() {
							if d, ok := strings.CutPrefix(e, "begin "); ok {
								begun.WriteString(d)
							} else {
								ended.WriteByte(strings.TrimPrefix(e, "end ")[0])
							}
						}
						if begun.String() != number || ended.String() != number {
							t.Errorf("began %s, ended %s, want %s", &begun, &ended, number)
						}
					})
				})
			}
		}
	}
}

func (p *phone) send(k typed) {
	b := make([]byte, rtp.EventSize)
	k.event.Put(b)
	p.seq, p.ssrc = k.seq, k.ssrc
	p.emit(101, k.marker, k.ts, b)
}

// TestOddDigits: digits of phones that count in their own way.
func TestOddDigits(t *testing.T) {
	press := func(seq uint16, ts, ssrc uint32, code uint8, duration uint16, end bool) typed {
		return typed{seq: seq, ts: ts, ssrc: ssrc, event: rtp.Event{Code: code, Duration: duration, End: end}}
	}
	after := func(d time.Duration, k typed) typed {
		k.at = d
		return k
	}
	long := func(segments bool) (list []typed) { // a key held for 10 s, told of every 200 ms
		ts := uint32(1000)
		for n := 1; n <= 50; n++ {
			gone := 1600 * n
			d := uint16(gone)
			if segments && gone > 0xffff {
				ts, d = 1000+0xffff, uint16(gone-0xffff)
			}
			list = append(list, after(200*time.Millisecond, press(uint16(n), ts, 7, 4, d, n == 50)))
		}
		return list
	}
	for _, c := range []struct {
		name  string
		steps []typed
		want  string
	}{
		{"another source whose timestamps begin earlier", []typed{
			press(100, 30000, 7, 1, 800, true), press(5, 2000, 8, 2, 160, false), press(6, 2000, 8, 2, 800, true),
		}, "begin 1, end 1 100ms, begin 2, end 2 100ms"},
		{"timestamps that begin again", []typed{
			press(100, 30000, 7, 1, 800, true), press(101, 2000, 7, 2, 160, false), press(102, 2000, 7, 2, 800, true),
		}, "begin 1, end 1 100ms, begin 2, end 2 100ms"},
		{"both begin again", []typed{
			press(5000, 30000, 7, 1, 800, true), press(300, 2000, 7, 2, 160, false), press(301, 2000, 7, 2, 800, true),
		}, "begin 1, end 1 100ms, begin 2, end 2 100ms"},
		{"one timestamp for all keys", []typed{
			press(1, 500, 7, 1, 160, false), press(2, 500, 7, 1, 800, true), press(3, 500, 7, 2, 160, false), press(4, 500, 7, 2, 800, true), press(5, 500, 7, 3, 800, true),
		}, "begin 1, end 1 100ms, begin 2, end 2 100ms, begin 3, end 3 100ms"},
		{"another key before the end, with its timestamp", []typed{
			press(1, 500, 7, 1, 160, false), press(2, 500, 7, 2, 160, false), press(3, 500, 7, 2, 800, true),
		}, "begin 1, end 1 20ms, begin 2, end 2 100ms"},
		{"audio of another source in between", []typed{
			press(1, 500, 7, 1, 160, false), press(900, 77, 9, 255, 0, false), press(2, 500, 7, 1, 480, false), press(901, 237, 9, 255, 0, false), press(3, 500, 7, 1, 800, true), press(4, 500, 7, 1, 800, true),
		}, "begin 1, end 1 100ms"},
		{"a long key in segments", long(true), "begin 4, end 4 10s"},
		{"a long key whose duration wraps", long(false), "begin 4, end 4 10s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
				ev := &events{}
				_, p := o.call(t, alice, "ulaw", SessionOptions{Events: ev})
				for _, k := range c.steps {
					time.Sleep(k.at)
					if k.event.Code == 255 {
						p.seq, p.ssrc = k.seq, k.ssrc
						p.emit(0, false, k.ts, make([]byte, 160))
						continue
					}
					p.send(k)
				}
				if got := strings.Join(ev.take(), ", "); got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
			})
		})
	}
}

// TestDigitsAreNoJitter: the packets of a digit have one timestamp and come one after
// another; that says nothing of the network.
func TestDigitsAreNoJitter(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		s, p := o.call(t, alice, "ulaw", SessionOptions{})
		for range 20 {
			p.say("x")
			time.Sleep(20 * time.Millisecond)
		}
		for n := range 50 {
			p.event(101, rtp.Event{Code: 1, Duration: uint16(160 * (n + 1)), End: n == 49}, n == 0)
			time.Sleep(20 * time.Millisecond)
		}
		p.ts += 50 * 160
		for range 3 {
			p.say("x")
			time.Sleep(20 * time.Millisecond)
		}
		if st := s.Stats(); st.RxJitter > time.Millisecond || st.RxPackets != 73 {
			t.Errorf("%d packets came with a jitter of %s", st.RxPackets, st.RxJitter)
		}
	})
}

// TestSendDigitWideband: durations are of telephone-event/8000, whatever the clock of
// the audio is.
func TestSendDigitWideband(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		s, p := o.call(t, alice, "opus", SessionOptions{})
		if err := s.SendDigit('7', 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		got := p.heard()
		if len(got) != 7 {
			t.Fatalf("%d packets, want 7", len(got))
		}
		for i, g := range got {
			if e, _ := rtp.ParseEvent([]byte(g.payload)); e.Duration != uint16(min(160*(i+1), 800)) || g.Timestamp != got[0].Timestamp {
				t.Errorf("packet %d: %+v", i, e)
			}
		}
	})
}
