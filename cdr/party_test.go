package cdr

import (
	"slices"
	"testing"
	"time"

	"pbx/event"
)

// TestParties has channels meet in a bridge and looks at who is the first party of whom.
func TestParties(t *testing.T) {
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	type step struct {
		kind        event.Kind
		of, to, say string
	}
	up := func(names ...string) (steps []step) {
		for _, n := range names {
			steps = append(steps, step{event.ChannelCreated, n, "", "Up"})
		}
		return steps
	}
	dial := []step{{event.DialBegin, "a", "b", ""}, {event.DialEnd, "a", "b", "ANSWER"}, {kind: event.BridgeJoin, of: "b"}, {kind: event.BridgeJoin, of: "a"}}
	gone := func(names ...string) (steps []step) {
		for _, n := range names {
			steps = append(steps, step{kind: event.BridgeLeave, of: n}, step{kind: event.ChannelHangup, of: n})
		}
		return steps
	}
	for _, test := range []struct {
		name   string
		prefer string
		steps  [][]step
		want   []string
	}{
		{"a third one comes in, newer than the one that was dialled", "", [][]step{up("a", "b"), dial, up("c"), {{kind: event.BridgeJoin, of: "c"}}, gone("c", "b", "a")}, []string{
			"c-b", "a-b", "a-c",
		}},
		{"CDR_PROP(party_a)", "c", [][]step{up("a", "b"), dial, up("c"), {{kind: event.BridgeJoin, of: "c"}}, gone("c", "b", "a")}, []string{
			"c-b", "c-a", "a-b",
		}},
		{"CDR_PROP(party_a) of one that was dialled", "b", [][]step{up("a", "b"), dial, gone("b", "a")}, []string{"a-b"}},
		{"two that nobody dialled, the newer one first", "", [][]step{up("a", "b"), {{kind: event.BridgeJoin, of: "b"}, {kind: event.BridgeJoin, of: "a"}}, gone("b", "a")}, []string{
			"b-", "a-b",
		}},
		{"a third one comes after the second has left", "", [][]step{
			up("a", "b"), dial, up("c"), gone("b"), {{kind: event.BridgeJoin, of: "c"}}, gone("c", "a"),
		}, []string{"c-", "a-b", "a-c"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bus, at := &event.Bus{}, start
			var got []string
			e := New(bus, func() time.Time { return at }, Defaults(), func(rows []*Row) {
				for _, r := range rows {
					got = append(got, r.Channel+"-"+r.DstChannel)
				}
			}, nil)
			defer e.Close()
			for _, s := range slices.Concat(test.steps...) {
				at = at.Add(time.Second)
				ev := event.Event{Kind: s.kind, Time: at, Channel: s.of, Uniqueid: s.of, Linkedid: s.of, Dest: s.to, DestUniqueid: s.to, StateText: s.say, Value: s.say}
				if s.kind == event.BridgeJoin || s.kind == event.BridgeLeave {
					ev.Bridge = "room"
				}
				bus.Publish(ev)
				if s.kind == event.ChannelCreated && s.of == test.prefer {
					if err := e.PreferA(s.of, true); err != nil {
						t.Fatal(err)
					}
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("rows of %q, not %q", got, test.want)
			}
		})
	}
}
