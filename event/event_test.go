package event_test

import (
	"slices"
	"testing"

	"pbx/event"
)

// TestBus: a kind goes to those who want it at the moment, in the order in which they came.
func TestBus(t *testing.T) {
	var bus event.Bus
	var told []string
	observe := func(name string, kinds ...event.Kind) *event.Subscription {
		return bus.Observe(func(e *event.Event) { told = append(told, name+" "+e.Value) }, kinds...)
	}
	expect := func(kind event.Kind, want ...string) {
		t.Helper()
		told = nil
		bus.Publish(event.Event{Kind: kind, Value: "x"})
		if !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		if bus.Wants(kind) != (len(want) > 0) || bus.Listeners(kind) != len(want) {
			t.Errorf("%d listeners, wanted: %v, and %q are told", bus.Listeners(kind), bus.Wants(kind), want)
		}
	}
	expect(event.Hold)
	a, b := observe("a", event.Hold, event.Unhold, event.Hold), observe("b", event.Hold)
	c := observe("all")
	expect(event.Hold, "a x", "b x", "all x")
	expect(event.Reload, "all x")
	a.Want(event.Reload)
	expect(event.Hold, "b x", "all x")
	expect(event.Reload, "a x", "all x")
	c.Close()
	c.Close()
	c.Want(event.Hold)
	a.Want(event.Hold)
	expect(event.Hold, "a x", "b x")
	b.Want()
	expect(event.Hold, "a x")
	expect(event.Reload)
}

// TestQueue: what does not fit is counted, what is in it stays when it is closed.
func TestQueue(t *testing.T) {
	var bus event.Bus
	s := bus.Subscribe(2, event.Hold)
	if !bus.Queues(event.Hold) || bus.Queues(event.Unhold) {
		t.Error("the wrong kinds are queued")
	}
	for _, value := range []string{"1", "2", "3"} {
		bus.Publish(event.Event{Kind: event.Hold, Value: value})
	}
	s.Close()
	bus.Publish(event.Event{Kind: event.Hold})
	var got []string
	for e := range s.C {
		got = append(got, e.Value)
	}
	if !slices.Equal(got, []string{"1", "2"}) || s.Dropped() != 1 || bus.Queues(event.Hold) {
		t.Errorf("%q, %d lost, queued: %v", got, s.Dropped(), bus.Queues(event.Hold))
	}
}

// TestPanicOfAnObserver: it passes through to who publishes, and the bus goes on.
func TestPanicOfAnObserver(t *testing.T) {
	var bus event.Bus
	s := bus.Observe(func(*event.Event) { panic("odd") }, event.Hold)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nothing came through")
			}
		}()
		bus.Publish(event.Event{Kind: event.Hold})
	}()
	s.Close()
	q := bus.Subscribe(1, event.Hold)
	bus.Publish(event.Event{Kind: event.Hold})
	if len(q.C) != 1 {
		t.Error("the bus stands still")
	}
}

// What is published allocates nothing, with who listens and without.
func TestPublishAllocations(t *testing.T) {
	var bus event.Bus
	bus.Observe(func(*event.Event) {}, event.Hold)
	q := bus.Subscribe(1, event.Hold)
	if n := testing.AllocsPerRun(100, func() {
		e := bus.New(event.Hold)
		e.Value = "x"
		bus.Tell(e)
		<-q.C
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
