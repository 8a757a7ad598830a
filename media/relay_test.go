package media

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pbx/media/codec/g711"
	"pbx/media/rtp"
)

const (
	alice = "127.0.10.2:4000"
	bob   = "127.0.10.3:4000"
)

func TestRelay(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		if err := Join(a, b); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, text := range []string{"one", "two", "three"} {
			pa.say(text)
			pb.say("re " + text)
			time.Sleep(20 * time.Millisecond)
		}
		got := pb.heard()
		if !slices.Equal(texts(got), []string{"one", "two", "three"}) {
			t.Fatalf("bob heard %q", texts(got))
		}
		for i, p := range got {
			if p.SSRC != b.SSRC() || p.Type != 0 || p.from != b.Local() {
				t.Errorf("packet %d: SSRC %x type %d from %s", i, p.SSRC, p.Type, p.from)
			}
			if p.Marker != (i == 0) {
				t.Errorf("packet %d: marker %v", i, p.Marker)
			}
			if i > 0 && (p.Sequence != got[i-1].Sequence+1 || p.Timestamp != got[i-1].Timestamp+160) {
				t.Errorf("packet %d does not follow: %+v after %+v", i, p.Header, got[i-1].Header)
			}
		}
		if got := texts(pa.heard()); !slices.Equal(got, []string{"re one", "re two", "re three"}) {
			t.Errorf("alice heard %q", got)
		}
		Part(b, a)
		synctest.Wait()
		pa.say("gone")
		if got := pb.heard(); len(got) != 0 {
			t.Errorf("after Part bob heard %q", texts(got))
		}
	})
}

// TestRelayKeepsGaps: a packet lost or overtaken on the way to us looks the same
// behind us.
func TestRelayKeepsGaps(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		_ = Join(a, b)
		synctest.Wait()
		base, ts := pa.seq, pa.ts
		for _, n := range []uint16{0, 1, 4, 3, 5} {
			pa.seq, pa.ts = base+n, ts+160*uint32(n)
			pa.say(string(rune('0' + n)))
		}
		got := pb.heard()
		var seqs []uint16
		for _, p := range got {
			seqs = append(seqs, p.Sequence-got[0].Sequence)
			if p.Timestamp-got[0].Timestamp != 160*uint32(p.Sequence-got[0].Sequence) {
				t.Errorf("timestamp %d for sequence %d", p.Timestamp, p.Sequence)
			}
		}
		if !slices.Equal(seqs, []uint16{0, 1, 4, 3, 5}) {
			t.Errorf("order %v", seqs)
		}
		if st := a.Stats(); st.RxLost != 1 || st.RxPackets != 5 {
			t.Errorf("lost %d of %d, want 1 of 5", st.RxLost, st.RxPackets)
		}
	})
}

// TestNewSource: another SSRC, and sequence numbers that start over, are one
// stream to the receiver.
func TestNewSource(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		_ = Join(a, b)
		synctest.Wait()
		pa.say("1")
		time.Sleep(20 * time.Millisecond)
		pa.say("2")
		time.Sleep(100 * time.Millisecond)
		pa.ssrc, pa.seq, pa.ts = 99, 60000, 77
		pa.say("3")
		time.Sleep(20 * time.Millisecond)
		pa.seq = 20 // the same SSRC starts over
		pa.say("4")
		got := pb.heard()
		if len(got) != 4 {
			t.Fatalf("bob heard %q", texts(got))
		}
		for i, p := range got[1:] {
			if p.Sequence != got[i].Sequence+1 {
				t.Errorf("packet %d has sequence %d after %d", i+1, p.Sequence, got[i].Sequence)
			}
		}
		if !got[2].Marker || !got[3].Marker || got[1].Marker {
			t.Error("the marker does not tell the new talkspurts")
		}
		if d := got[2].Timestamp - got[1].Timestamp; d != 800 {
			t.Errorf("100 ms are %d samples", d)
		}
	})
}

func TestTranslation(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "alaw", SessionOptions{Near: a})
		if err := Join(a, b); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		pa.say("\x00\x45\x80\xff")
		pb.say("\x2a\xaa\xd5\x12")
		got := pb.heard()
		if want := string(g711.Ulaw2Alaw([]byte("\x00\x45\x80\xff"))); len(got) != 1 || got[0].Type != 8 || got[0].payload != want {
			t.Errorf("bob got %+v, want type 8 with %x", got, want)
		}
		got = pa.heard()
		if want := string(g711.Alaw2Ulaw([]byte("\x2a\xaa\xd5\x12"))); len(got) != 1 || got[0].Type != 0 || got[0].payload != want {
			t.Errorf("alice got %+v, want type 0 with %x", got, want)
		}
	})
}

// TestPayloadMapping: both codecs under numbers of their own, and a dynamic one
// between different numbers.
func TestPayloadMapping(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "speex", SessionOptions{})
		b, pb := o.call(t, bob, "speex", SessionOptions{Near: a})
		r := pb.remote("speex")
		r.Send.Type, r.Recv = 97, []Payload{{97, "speex"}}
		r.DTMFSend, r.DTMFRecv = 98, 98
		b.Configure(r)
		if err := Join(a, b); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		pa.say("x")
		pa.event(101, rtp.Event{Code: 5, Duration: 160}, true)
		pb.emit(97, false, 1, []byte("y"))
		if got := pb.heard(); len(got) != 2 || got[0].Type != 97 || got[1].Type != 98 {
			t.Errorf("bob got %+v", got)
		}
		if got := pa.heard(); len(got) != 1 || got[0].Type != 110 {
			t.Errorf("alice got %+v", got)
		}
		pa.emit(45, false, 1, []byte("unknown type"))
		if got := pb.heard(); len(got) != 0 {
			t.Errorf("bob got %+v", got)
		}
		if n := a.Stats().Garbage; n != 1 {
			t.Errorf("garbage %d, want 1", n)
		}
	})
}

func TestNoPath(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, _ := o.call(t, alice, "ulaw", SessionOptions{})
		b, _ := o.call(t, bob, "g722", SessionOptions{})
		if err := Join(a, b); !errors.Is(err, ErrNoPath) {
			t.Errorf("Join gave %v", err)
		}
		b.Close()
		if err := Join(a, b); !errors.Is(err, ErrClosed) {
			t.Errorf("Join with a closed session gave %v", err)
		}
	})
}

// TestHold: what the direction forbids does not go out.
func TestHold(t *testing.T) {
	for _, c := range []struct {
		dir   Direction
		hears bool
	}{{SendRecv, true}, {SendOnly, true}, {RecvOnly, false}, {Inactive, false}} {
		bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
			a, pa := o.call(t, alice, "ulaw", SessionOptions{})
			b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
			_ = Join(a, b)
			r := pb.remote("ulaw")
			r.Direction = c.dir
			b.Configure(r)
			synctest.Wait()
			pa.say("x")
			if got := pb.heard(); (len(got) == 1) != c.hears {
				t.Errorf("direction %d: bob heard %q", c.dir, texts(got))
			}
			b.Configure(pb.remote("ulaw"))
			synctest.Wait()
			pa.say("back")
			if got := pb.heard(); !slices.Equal(texts(got), []string{"back"}) {
				t.Errorf("after the hold bob heard %q", texts(got))
			}
		})
	}
}

func TestEcho(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "alaw", SessionOptions{})
		a.Echo(true)
		synctest.Wait()
		pa.say("1")
		pa.say("2")
		if got := texts(pa.heard()); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("heard %q", got)
		}
		a.Echo(false)
		synctest.Wait()
		pa.say("3")
		if got := pa.heard(); len(got) != 0 {
			t.Errorf("heard %q", texts(got))
		}
	})
}

// TestMove: a pair moves to another loop and back while packets fly; none is
// lost or doubled, and the stream goes on.
func TestMove(t *testing.T) {
	bubble(t, EngineOptions{Loops: 2}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{})
		if a.Loop() == b.Loop() {
			t.Fatal("both sessions are on one loop")
		}
		if err := Join(a, b); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if a.Loop() != b.Loop() {
			t.Fatal("Join left them on two loops")
		}
		tap := &recorder{}
		a.SetTap(tap)
		synctest.Wait()
		const n = 200
		for i := range n {
			if i%10 == 5 {
				a.Move(i / 10 % 2)
			}
			if i%10 == 7 {
				b.Move(i / 10 % 2)
				_ = a.SendDigit('5', 0)
				a.Stop(0)
			}
			pa.say(string(rune('A' + i%26)))
			time.Sleep(20 * time.Millisecond)
		}
		got := pb.heard()
		if len(got) != n {
			t.Fatalf("bob heard %d of %d packets", len(got), n)
		}
		for i, p := range got {
			if p.payload != string(rune('A'+i%26)) {
				t.Fatalf("packet %d is %q", i, p.payload)
			}
			if i > 0 && (p.Sequence != got[i-1].Sequence+1 || p.Timestamp != got[i-1].Timestamp+160 || p.Marker) {
				t.Fatalf("packet %d: %+v after %+v", i, p.Header, got[i-1].Header)
			}
		}
		if tap.in != n {
			t.Errorf("the tap heard %d of %d packets", tap.in, n)
		}
	})
}

type recorder struct{ in, out int }

func (r *recorder) Audio(in bool, _ string, _ uint32, _ []byte) {
	if in {
		r.in++
	} else {
		r.out++
	}
}

func TestTap(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		_ = Join(a, b)
		tap := &recorder{}
		b.SetTap(tap)
		synctest.Wait()
		pa.say("x")
		pa.say("y")
		pb.say("z")
		synctest.Wait()
		b.RemoveTap(tap)
		synctest.Wait()
		pa.say("unheard")
		synctest.Wait()
		if tap.in != 1 || tap.out != 2 {
			t.Errorf("the tap heard %d in, %d out; want 1 and 2", tap.in, tap.out)
		}
	})
}

// TestPanic: a panic on the loop ends its session only.
func TestPanic(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		ev := &events{}
		bad, pbad := o.call(t, "127.0.10.4:4000", "ulaw", SessionOptions{Events: ev})
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		_ = Join(a, b)
		bad.SetTap(bomb{})
		synctest.Wait()
		pbad.say("boom")
		if got := ev.take(); !slices.Equal(got, []string{"silent 0s"}) {
			t.Errorf("events %q", got)
		}
		pa.say("fine")
		if got := texts(pb.heard()); !slices.Equal(got, []string{"fine"}) {
			t.Errorf("bob heard %q", got)
		}
		if n := o.Sessions(); n != 2 {
			t.Errorf("%d sessions, want 2", n)
		}
		bad.Close()
	})
}

type bomb struct{}

func (bomb) Audio(bool, string, uint32, []byte) { panic("boom") }

// TestIPv6: the same over IPv6, and a peer on IPv4.
func TestIPv6(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, "[fd00::3]:4000", "ulaw", SessionOptions{Near: a, Bind: netip.MustParseAddr("fd00::1")})
		_ = Join(a, b)
		synctest.Wait()
		pa.say("six")
		pb.say("four")
		if got := texts(pb.heard()); !slices.Equal(got, []string{"six"}) {
			t.Errorf("bob heard %q", got)
		}
		if got := texts(pa.heard()); !slices.Equal(got, []string{"four"}) {
			t.Errorf("alice heard %q", got)
		}
	})
}

// TestJoins: joins replace, cross and undo each other; what holds in the end is
// the last word.
func TestJoins(t *testing.T) {
	for _, loops := range []int{1, 3} {
		bubble(t, EngineOptions{Loops: loops}, func(t *testing.T, o *office) {
			a, pa := o.call(t, alice, "ulaw", SessionOptions{})
			b, pb := o.call(t, bob, "ulaw", SessionOptions{})
			c, pc := o.call(t, "127.0.10.4:4000", "ulaw", SessionOptions{})
			hears := func(p *phone) map[*phone]bool {
				p.say("x")
				got := map[*phone]bool{}
				for _, q := range []*phone{pa, pb, pc} {
					got[q] = len(q.heard()) > 0
				}
				return got
			}
			_ = Join(a, b)
			_ = Join(a, c)
			synctest.Wait()
			if !hears(pa)[pc] || hears(pa)[pb] || !hears(pc)[pa] || hears(pb)[pa] {
				t.Error("the second Join did not replace the first")
			}
			_ = Join(b, c)
			Part(b, c)
			synctest.Wait()
			if hears(pb)[pc] || hears(pc)[pb] {
				t.Error("Part did not undo the Join before it")
			}
			_ = Join(b, c)
			Part(c, a) // of a pair that is none any more
			synctest.Wait()
			if !hears(pb)[pc] || !hears(pc)[pb] || hears(pa)[pc] {
				t.Error("Part of two others ended a Join")
			}
			a.Echo(true)
			_ = Join(a, b)
			a.Echo(false)
			synctest.Wait()
			if !hears(pa)[pb] || hears(pa)[pa] || hears(pc)[pb] {
				t.Error("the echo came between")
			}
			b.Close()
			synctest.Wait()
			if hears(pa)[pb] {
				t.Error("a closed session sends")
			}
			_ = Join(a, c)
			synctest.Wait()
			if !hears(pa)[pc] || !hears(pc)[pa] {
				t.Error("a Join after the peer's end failed")
			}
		})
	}
}

// TestAgreedCodec: a far end may use any codec that was agreed on; it goes on to
// one that has it too, and to no other.
func TestAgreedCodec(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		r := pa.remote("ulaw")
		r.Recv = []Payload{{0, "ulaw"}, {9, "g722"}, {3, "gsm"}}
		a.Configure(r)
		b, pb := o.call(t, bob, "alaw", SessionOptions{Near: a})
		r = pb.remote("alaw")
		r.Recv = []Payload{{8, "alaw"}, {109, "g722"}}
		b.Configure(r)
		if err := Join(a, b); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, pt := range []uint8{9, 3, 0} {
			pa.emit(pt, false, pa.ts, []byte("x"))
		}
		got := pb.heard()
		if len(got) != 2 || got[0].Type != 109 || got[0].payload != "x" || got[1].Type != 8 {
			t.Errorf("bob got %+v", got)
		}
		if n := a.Stats().Untranslatable + b.Stats().Untranslatable; n != 1 {
			t.Errorf("%d packets without a path, want 1", n)
		}
	})
}
