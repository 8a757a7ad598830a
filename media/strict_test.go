package media

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

const mallory = "127.0.10.66:6666"

// TestStrictRTP: who is heard when (spec of strict RTP: the SDP's address first,
// else four packets in sequence, then nobody else).
func TestStrictRTP(t *testing.T) {
	type act struct {
		who  string // a: the SDP's address, b: elsewhere, m: a third; w: wait a second
		text string
	}
	says := func(who string, texts ...string) (out []act) {
		for _, s := range texts {
			out = append(out, act{who, s})
		}
		return out
	}
	for _, c := range []struct {
		name string
		opt  EngineOptions
		acts []act
		want []string
		dest string // where we send in the end
	}{
		{"the SDP's address at once", EngineOptions{}, says("a", "1", "2"), []string{"1", "2"}, alice},
		{"elsewhere after four packets", EngineOptions{}, says("b", "1", "2", "3", "4", "5"), []string{"4", "5"}, bob},
		{"three are not enough", EngineOptions{}, says("b", "1", "2", "3"), nil, alice},
		{"a longer probation", EngineOptions{Probation: 6}, says("b", "1", "2", "3", "4", "5", "6"), []string{"6"}, bob},
		{"in sequence only", EngineOptions{}, append(append(says("b", "1", "2", "3"), act{"skip", ""}), says("b", "5", "6", "7")...), nil, alice},
		{"in turns nobody passes", EngineOptions{}, []act{{"b", "1"}, {"m", "x"}, {"b", "2"}, {"m", "x"}, {"b", "3"}, {"m", "x"}, {"b", "4"}, {"m", "x"}}, nil, alice},
		{"locked on the SDP's address", EngineOptions{}, append(says("a", "1"), says("m", "x", "x", "x", "x", "x")...), []string{"1"}, alice},
		{"locked elsewhere", EngineOptions{}, append(says("b", "1", "2", "3", "4"), says("m", "x", "x", "x", "x", "x")...), []string{"4"}, bob},
		{"the SDP's address takes over soon", EngineOptions{}, append(says("b", "1", "2", "3", "4"), says("a", "a")...), []string{"4", "a"}, alice},
		{"but not later, while the source talks", EngineOptions{}, append(append(append(says("b", "1", "2", "3", "4"), says("w", "", "", "", "", "", "")...), says("b", "5")...), says("a", "a")...), []string{"4", "5"}, bob},
		{"later when the source is silent", EngineOptions{}, append(append(says("b", "1", "2", "3", "4"), says("w", "", "", "", "", "", "")...), says("a", "a")...), []string{"4", "a"}, alice},
		{"a third does not", EngineOptions{}, append(append(says("b", "1", "2", "3", "4"), says("w", "", "", "", "", "", "")...), says("m", "x", "x", "x", "x", "x")...), []string{"4"}, bob},
		{"a slow probation", EngineOptions{}, []act{{"b", "1"}, {"b", "2"}, {"w", ""}, {"w", ""}, {"w", ""}, {"w", ""}, {"w", ""}, {"w", ""}, {"b", "3"}, {"b", "4"}}, nil, alice},
		{"a re-INVITE lets a silent source move", EngineOptions{}, append([]act{{"a", "1"}, {"w", ""}, {"w", ""}, {"again", ""}}, says("b", "1", "2", "3", "4")...), []string{"1", "4"}, bob},
		{"a re-INVITE moves no source that talks", EngineOptions{}, append([]act{{"a", "1"}, {"again", ""}}, says("b", "1", "2", "3", "4")...), []string{"1"}, alice},
		{"another address in a re-INVITE", EngineOptions{}, []act{{"a", "1"}, {"new", ""}, {"a", "x"}, {"b", "b"}}, []string{"1", "b"}, bob},
		{"strictrtp=no", EngineOptions{LaxRTP: true}, []act{{"a", "1"}, {"m", "2"}, {"b", "3"}}, []string{"1", "2", "3"}, bob},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, c.opt, func(t *testing.T, o *office) {
				s, a := o.call(t, alice, "ulaw", SessionOptions{})
				tap := &texter{}
				s.SetTap(tap)
				r := a.remote("ulaw")
				r.Symmetric = true
				s.Configure(r)
				synctest.Wait()
				who := map[string]*phone{"a": a, "b": newPhone(t, o.net, bob), "m": newPhone(t, o.net, mallory)}
				who["b"].to, who["m"].to = s.Local(), s.Local()
				for _, act := range c.acts {
					switch act.who {
					case "w":
						time.Sleep(time.Second)
					case "again":
						s.Configure(r)
					case "new":
						r.RTP = netip.MustParseAddrPort(bob)
						s.Configure(r)
					case "skip":
						who["b"].seq++
					default:
						who[act.who].say(act.text)
					}
					synctest.Wait()
				}
				if !slices.Equal(tap.got, c.want) {
					t.Errorf("took %q, want %q", tap.got, c.want)
				}
				s.Play(&text{codec: "ulaw", blocks: 1}, false)
				time.Sleep(time.Second)
				for name, p := range who {
					if n := len(p.heard()); (n == 1) != (p.rtp.Local().String() == c.dest) {
						t.Errorf("%s got %d packets; want them at %s", name, n, c.dest)
					}
				}
			})
		})
	}
}

// texter keeps what was said.
type texter struct{ got []string }

func (r *texter) Audio(in bool, _ string, _ uint32, b []byte) {
	if in {
		r.got = append(r.got, string(b))
	}
}

// TestNotSymmetric: a learned source is heard, but sound goes where the SDP says.
func TestNotSymmetric(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		s, a := o.call(t, alice, "ulaw", SessionOptions{})
		b := newPhone(t, o.net, bob)
		b.to = s.Local()
		for range 5 {
			b.say("x")
		}
		synctest.Wait()
		if n := s.Stats().RxPackets; n != 2 {
			t.Errorf("heard %d packets, want 2", n)
		}
		s.Play(&text{codec: "ulaw", blocks: 1}, false)
		time.Sleep(time.Second)
		if n := len(a.heard()); n != 1 {
			t.Errorf("the SDP's address got %d packets", n)
		}
		if n := len(b.heard()); n != 0 {
			t.Errorf("the source got %d packets", n)
		}
	})
}

// TestGarbage: what is no RTP changes nothing.
func TestGarbage(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		_ = Join(a, b)
		synctest.Wait()
		for _, junk := range []string{
			"", "x", "INVITE sip:x SIP/2.0", "\x80\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00",
			"\x8f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01", "\x90\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\xff\xff",
			"\xa0\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\xff", "\x80\xc8\x00\x06\x00\x00\x00\x00\x00\x00\x00\x01",
		} {
			if err := pa.rtp.Send([]byte(junk), pa.to); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if st := a.Stats(); st.Garbage != 7 || st.Strangers != 1 || st.RxPackets != 0 {
			t.Errorf("%+v", st)
		}
		pa.say("x")
		if n := len(pb.heard()); n != 1 {
			t.Errorf("bob heard %d packets", n)
		}
	})
}
