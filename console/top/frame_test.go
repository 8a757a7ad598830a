package top

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pbx/api"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// sample is an exchange with a call that is answered, one that rings, and n peers.
func sample(at time.Time, n int) *Sample {
	answered := noon.Add(-65 * time.Second)
	s := &Sample{
		Time: at, Load: "0.42",
		Stats: api.Stats{
			Version: "1.0", UptimeSeconds: 90061, Calls: 2, CallsTotal: uint64(100 + at.Sub(noon)/time.Second), Channels: 3, RTPSessions: 4,
			CPUSeconds: 10 + at.Sub(noon).Seconds()/4, MemoryBytes: 64 << 20, SIP: api.SIPStats{Peers: n, Reachable: n - 1, Received: uint64(1000 + 20*at.Sub(noon)/time.Second), Sent: 5},
		},
		Channels: []api.Channel{
			{
				ID: "1.0", LinkedID: "1.0", Name: "SIP/101-00000000", State: "Up", Caller: api.Party{Number: "101", Name: "Anna"}, Extension: "102", Context: "office",
				Application: "Dial", Data: "SIP/102", BridgedTo: "SIP/102-00000001", Created: noon.Add(-70 * time.Second), Answered: &answered,
			},
			{ID: "1.1", LinkedID: "1.0", Name: "SIP/102-00000001", State: "Up", Created: noon.Add(-69 * time.Second), Answered: &answered},
			{ID: "1.2", LinkedID: "1.2", Name: "SIP/evil-2", State: "Ring", Caller: api.Party{Name: "\x1b[2J"}, Extension: "s", Context: "in", Created: noon.Add(-2 * time.Second)},
		},
	}
	for i := range n {
		p := api.Peer{Name: fmt.Sprint(101 + i), State: "NOT_INUSE", Status: "OK (3 ms)", Address: "192.0.2.1:5060"}
		switch i {
		case 2:
			p.Status = "UNREACHABLE"
		case 3:
			p.InUse, p.State = 1, "INUSE"
		}
		s.Peers = append(s.Peers, p)
	}
	return s
}

func TestFrame(t *testing.T) {
	got := Frame(sample(noon.Add(-2*time.Second), 4), sample(noon, 4), Options{})
	const want = `pbx 1.0   up 1d01:01   calls 2 (100 in all, 1.0/s)   channels 3   audio 4
SIP in 20.0/s   out 0.0/s   transactions 0   resent 0   timed out 0   malformed 0
cpu 25.0%   memory 64 MB   load 0.42   peers 4, reachable 3

TIME      STATE    CALLER                   TO                   WITH                     LEGS  APPLICATION
01:05     Up       Anna <101>               102@office           SIP/102-00000001            2  Dial(SIP/102)
00:02     Ring     \x1b[2J                  s@in                                             1  ()

PEER                 STATE          STATUS             ADDRESS                   IN USE  NAME
104                  INUSE          OK (3 ms)          192.0.2.1:5060                 1
103                  NOT_INUSE      UNREACHABLE        192.0.2.1:5060                 0
101                  NOT_INUSE      OK (3 ms)          192.0.2.1:5060                 0
102                  NOT_INUSE      OK (3 ms)          192.0.2.1:5060                 0
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestFrameFits: whatever the size, nothing is wider or longer, and nothing but looks is
// an escape.
func TestFrameFits(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {40, 10}, {200, 60}, {20, 8}, {1, 1}} {
		for _, colour := range []bool{false, true} {
			text := Frame(nil, sample(noon, 300), Options{Width: size[0], Height: size[1], Colour: colour})
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			if len(lines) > size[1] {
				t.Errorf("%v: %d lines", size, len(lines))
			}
			for _, l := range lines {
				plain := l
				for _, look := range []string{bold, reverse, red, green, yellow, "0"} {
					plain = strings.ReplaceAll(plain, "\x1b["+look+"m", "")
				}
				if !colour && plain != l {
					t.Errorf("%v: a colour in %q", size, l)
				}
				if strings.Contains(plain, "\x1b") {
					t.Errorf("%v: an escape in %q", size, l)
				}
				if n := utf8.RuneCountInString(plain); n > size[0] {
					t.Errorf("%v: a line of %d: %q", size, n, plain)
				}
			}
		}
	}
	if text := Frame(nil, sample(noon, 300), Options{Width: 80, Height: 24}); !strings.Contains(text, "and 286 more peers") {
		t.Errorf("what does not fit is not counted:\n%s", text)
	}
}

func TestWatch(t *testing.T) {
	keys, resized, ticks := make(chan byte), make(chan struct{}), make(chan time.Time)
	var out strings.Builder
	asked := 0
	s := &Screen{Out: &out, Size: func() (int, int) { return 80, 24 }, Keys: keys, Resized: resized, Ticks: ticks}
	over := make(chan error)
	go func() {
		over <- Watch(context.Background(), s, func(context.Context) (*Sample, error) {
			asked++
			return sample(noon.Add(time.Duration(asked)*time.Second), 1), nil
		})
	}()
	ticks <- noon
	resized <- struct{}{}
	keys <- 'x'
	keys <- 'q'
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	if asked != 2 || strings.Count(out.String(), home) != 3 || !strings.HasPrefix(out.String(), enter) || !strings.HasSuffix(out.String(), leave) {
		t.Errorf("asked %d times: %q", asked, out.String())
	}
	gone := errors.New("gone")
	if err := Watch(context.Background(), s, func(context.Context) (*Sample, error) { return nil, gone }); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}
