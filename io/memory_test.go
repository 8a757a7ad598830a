package io

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// echo runs a loop that sends back what a socket receives until stop is called.
func echo(t testing.TB, n Network, s Socket) (stop func()) {
	p, err := n.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	c := NewContext(p)
	buf := make([]byte, 2048)
	if _, err := c.Add(s.FD(), In, func(ID, Events) bool {
		for range 16 {
			k, from, err := s.Recv(buf)
			if err != nil {
				break
			}
			_ = s.Send(buf[:k], from)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	end, ended := false, make(chan struct{})
	go func() {
		defer close(ended)
		for !end {
			if _, err := c.Wait(-1); err != nil {
				return
			}
		}
	}()
	return func() { c.Post(func() { end = true }); <-ended; _ = c.Close() }
}

func TestMemoryTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory()
		m.SetRoute(func(_, to netip.AddrPort, b []byte) []time.Duration {
			switch string(b) {
			case "lost":
				return nil
			case "twice":
				return []time.Duration{time.Second, 3 * time.Second}
			}
			return []time.Duration{20 * time.Millisecond}
		})
		far := listen(t, m, "192.0.2.1:5060")
		near := listen(t, m, "198.51.100.1:5060")
		stop := echo(t, m, far)
		defer stop()

		p, _ := m.NewPoller()
		c := NewContext(p)
		defer c.Close()
		start := time.Now()
		var got []string
		buf := make([]byte, 100)
		_, err := c.Add(near.FD(), In, func(ID, Events) bool {
			k, from, err := near.Recv(buf)
			if err != nil || from != far.Local() {
				t.Errorf("Recv from %s: %v", from, err)
			}
			got = append(got, fmt.Sprintf("%s@%v", buf[:k], time.Since(start)))
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"hello", "lost", "twice"} {
			if err := near.Send([]byte(text), far.Local()); err != nil {
				t.Fatal(err)
			}
		}
		for time.Since(start) < time.Minute {
			if _, err := c.Wait(time.Minute - time.Since(start)); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"hello@40ms", "twice@2s", "twice@4s", "twice@4s", "twice@6s"}
		if !slices.Equal(got, want) {
			t.Fatalf("arrived: %v\nwant:    %v", got, want)
		}
	})
}

// With two wake-ups at the same instant as here, the exact timeout comes first.
func TestMemoryTimeoutIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := NewMemory().NewPoller()
		c := NewContext(p)
		start := time.Now()
		turn(t, c, 1500*time.Microsecond)
		if took := time.Since(start); took != 1500*time.Microsecond {
			t.Errorf("Wait took %v", took)
		}
		go func() {
			time.Sleep(time.Hour)
			c.Post(func() {})
		}()
		if n := turn(t, c, -1); n != 1 || time.Since(start) != time.Hour+1500*time.Microsecond {
			t.Errorf("%d ran after %v", n, time.Since(start))
		}
	})
}

func TestMemoryPollers(t *testing.T) {
	m := NewMemory()
	a, b := listen(t, m, "127.0.0.1:0"), listen(t, m, "127.0.0.1:0")
	p, _ := m.NewPoller()
	q, _ := m.NewPoller()
	if err := p.Add(99, In); err == nil {
		t.Error("a descriptor that is not open was added")
	}
	if err := p.Add(a.FD(), Out); err != nil {
		t.Fatal(err)
	}
	if err := q.Change(a.FD(), In); err == nil {
		t.Error("a poller changed what another one watches")
	}
	if err := p.Add(b.FD(), In); err != nil {
		t.Fatal(err)
	}
	var out [4]Ready
	if n, _ := p.Wait(-1, out[:]); n != 1 || out[0] != (Ready{a.FD(), Out}) {
		t.Fatalf("ready: %v", out[:n])
	}
	_ = a.Send([]byte("x"), b.Local())
	var seen []int
	for range 4 { // one place: the two take turns
		if n, _ := p.Wait(0, out[:1]); n == 1 {
			seen = append(seen, out[0].FD)
		}
	}
	if !slices.Contains(seen, a.FD()) || !slices.Contains(seen, b.FD()) {
		t.Fatalf("served %v, want both %d and %d", seen, a.FD(), b.FD())
	}
	_ = p.Close()
	if n, _ := p.Wait(0, out[:]); n != 0 {
		t.Fatalf("a closed poller reports %v", out[:n])
	}
	_ = p.Remove(a.FD())
	_ = p.Remove(99)
}

// A queue that nobody reads does not grow without end.
func TestMemoryQueueIsBounded(t *testing.T) {
	m := NewMemory()
	a, b := listen(t, m, "127.0.0.1:0"), listen(t, m, "127.0.0.1:0")
	for range memoryQueue + 10 {
		if err := a.Send([]byte("x"), b.Local()); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for {
		if _, _, err := b.Recv(nil); err != nil {
			break
		}
		n++
	}
	if n != memoryQueue {
		t.Fatalf("%d datagrams kept, want %d", n, memoryQueue)
	}
}
