package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/event"
)

func newTestHub(bus *event.Bus) *Hub {
	return NewHub(bus, slog.New(slog.DiscardHandler), time.UnixMilli(1))
}

func mustSelect(t *testing.T, h *Hub, events, fields string) Selection {
	t.Helper()
	s, err := h.Select(events, fields)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSelect: which events a line asks for.
func TestSelect(t *testing.T) {
	h := newTestHub(&event.Bus{})
	for _, tt := range []struct {
		events, yes, no string
	}{
		{"", "channel.created call.record", "dialplan.step dtmf.end dialplan.variable"},
		{"*", "channel.created dialplan.step", ""},
		{"dial.*", "dial.begin dial.end", "channel.created dialplan.step"},
		{"dial.*,!dial.state", "dial.begin", "dial.state"},
		{"!call.record", "channel.created", "call.record dialplan.step"},
		{" channel.hangup , dialplan.step ", "channel.hangup dialplan.step", "channel.created"},
	} {
		s := mustSelect(t, h, tt.events, "")
		for kind, e := range h.table.byKind {
			if strings.Contains(" "+tt.yes+" ", " "+e.name+" ") && !s.kinds[kind] {
				t.Errorf("%q: %s is missing", tt.events, e.name)
			}
			if strings.Contains(" "+tt.no+" ", " "+e.name+" ") && s.kinds[kind] {
				t.Errorf("%q: %s is there", tt.events, e.name)
			}
		}
	}
	for _, tt := range []struct{ events, fields, want string }{
		{"dial.beginn", "", `there is no event "dial.beginn"; did you mean dial.begin?`},
		{"zzzz.*", "", `there is no event "zzzz.*"; docs/events.md lists them`},
		{"", "chanel", `there is no field "chanel"; did you mean channel?`},
	} {
		if _, err := h.Select(tt.events, tt.fields); err == nil || err.Error() != tt.want {
			t.Errorf("%s %s: %v", tt.events, tt.fields, err)
		}
	}
}

// FuzzSelect: whatever is asked for is refused with a word, or selects known events.
func FuzzSelect(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {"*", "channel"}, {"dial.*,!dial.state", "time,channel"}, {"!", ","}, {"!*,dial.end", " "}, {"**", "id"}} {
		f.Add(seed[0], seed[1])
	}
	h := newTestHub(&event.Bus{})
	f.Fuzz(func(t *testing.T, events, fields string) {
		s, err := h.Select(events, fields)
		if err != nil {
			if err.Error() == "" {
				t.Error("refused without a word")
			}
			return
		}
		if len(s.kinds) != len(h.table.byKind) {
			t.Errorf("%d kinds are decided", len(s.kinds))
		}
		for name := range s.fields {
			if !slices.Contains(h.table.fields, name) {
				t.Errorf("%q is no field", name)
			}
		}
	})
}

// TestHubIdle: while nobody wants anything the bus has nobody to tell.
func TestHubIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &event.Bus{}
		h := newTestHub(bus)
		defer h.Close()
		if bus.Wants(event.ChannelCreated) {
			t.Error("a hub listens by itself")
		}
		r := h.Open(mustSelect(t, h, "channel.*", ""))
		r2 := h.Open(mustSelect(t, h, "dial.end", ""))
		if !bus.Wants(event.ChannelCreated) || !bus.Wants(event.DialEnd) || bus.Wants(event.NewExten) {
			t.Error("it listens to something else than is wanted")
		}
		r.Close()
		if bus.Wants(event.ChannelCreated) || !bus.Wants(event.DialEnd) {
			t.Error("it listens to what one wanted who has gone")
		}
		r2.Close()
		if bus.Wants(event.DialEnd) {
			t.Error("it goes on listening")
		}
		synctest.Wait()
	})
}

// TestHub: each reader gets what it wants, in order, with the members that it wants, and
// an event has one id.
func TestHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &event.Bus{}
		h := newTestHub(bus)
		defer h.Close()
		all := h.Open(mustSelect(t, h, "channel.*", ""))
		few := h.Open(mustSelect(t, h, "channel.hangup", "channel,cause"))
		defer all.Close()
		defer few.Close()
		for i := range 100 {
			bus.Publish(event.Event{Kind: event.ChannelCreated, Channel: fmt.Sprint("SIP/a-", i), Time: time.Now()})
			bus.Publish(event.Event{Kind: event.ChannelHangup, Channel: fmt.Sprint("SIP/a-", i), Cause: 16, CallerNum: "101", Time: time.Now()})
		}
		synctest.Wait()
		first, err := all.Next(t.Context())
		if err != nil || len(first) != 200 {
			t.Fatalf("%d events, %v", len(first), err)
		}
		second, err := few.Next(t.Context())
		if err != nil || len(second) != 100 {
			t.Fatalf("%d events, %v", len(second), err)
		}
		for i, m := range second {
			var got map[string]any
			if err := json.Unmarshal(m.Text, &got); err != nil {
				t.Fatal(err)
			}
			if got["channel"] != fmt.Sprint("SIP/a-", i) || got["cause"] != 16.0 || len(got) != 4 {
				t.Fatalf("%s", m.Text)
			}
			if twin := first[2*i+1]; twin.ID != m.ID || twin.Name != "channel.hangup" {
				t.Fatalf("%s and %s are one event", twin.ID, m.ID)
			}
		}
	})
}

// TestSlowReader: one that does not read is ended, costs no more than its bound, and
// does not keep others waiting.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &event.Bus{}
		h := newTestHub(bus)
		defer h.Close()
		slow, quick := h.Open(mustSelect(t, h, "dial.end", "")), h.Open(mustSelect(t, h, "dial.end", ""))
		defer slow.Close()
		defer quick.Close()
		got := 0
		for range maxTexts/1000 + 5 {
			for range 1000 {
				bus.Publish(event.Event{Kind: event.DialEnd})
			}
			synctest.Wait()
			list, err := quick.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got += len(list)
		}
		if got != maxTexts+5000 {
			t.Errorf("the quick one got %d", got)
		}
		if _, err := slow.Next(t.Context()); !errors.Is(err, ErrSlow) {
			t.Errorf("the slow one: %v", err)
		}
		if len(slow.waiting) > 0 {
			t.Errorf("%d events wait for it", len(slow.waiting))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := quick.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// BenchmarkEvent is what it costs to write an event down and hand it to ten readers.
func BenchmarkEvent(b *testing.B) {
	h := newTestHub(&event.Bus{})
	e := full(event.DialEnd)
	entry := h.table.byKind[e.Kind]
	buf := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		buf = entry.append(buf[:0], "id", e, nil)
	}
}
