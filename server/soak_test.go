package server

import (
	"bufio"
	"bytes"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"pbx/event"
	pbxio "pbx/io"
)

// listener counts the events that a program gets.
type listener struct {
	conn net.Conn
	seen chan int // how many there were, now and then
}

const (
	// stride is after how many events a listener says how many there were.
	stride = 500
	amiOf  = "Event: UserEvent\r\n"
)

// listens connects a program that counts the lines that begin so.
func (s *story) listens(t *testing.T, at netip.AddrPort, start string, login ...string) *listener {
	t.Helper()
	conn, err := s.net.DialTCP(t.Context(), netip.MustParseAddr("127.0.0.1"), at, pbxio.SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{conn, make(chan int, 1000)}
	in := bufio.NewReader(conn)
	if len(login) > 0 {
		if err := (&storyProgram{conn: conn}).send(login...); err != nil {
			t.Fatal(err)
		}
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line == "Message: Authentication accepted\r\n" {
				break
			}
		}
	}
	go func() {
		defer close(l.seen)
		for n := 0; ; {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			if bytes.HasPrefix(line, []byte(start)) {
				if n++; n%stride == 0 {
					l.seen <- n
				}
			}
		}
	}()
	return l
}

// await waits until a listener has seen n events, a multiple of stride.
func (l *listener) await(t *testing.T, n int) {
	t.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for {
		select {
		case got, ok := <-l.seen:
			if !ok {
				t.Fatalf("a program was dropped before event %d", n)
			}
			if got >= n {
				return
			}
		case <-late.C:
			t.Fatalf("a program has not got event %d after a minute", n)
		}
	}
}

var samLogin = []string{"Action: Login", "Username: sam", "Secret: correct horse"}

func (s *story) tick(n int) {
	s.s.bus.Publish(event.Event{Kind: event.UserEvent, Time: time.Now(), Name: "Tick", Value: "N: " + strconv.Itoa(n) + "\nText: something to say"})
}

// awaitTaken waits until a program at the sink is told of events.
func (s *story) awaitTaken(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !s.s.bus.Wants(event.MessageWaiting); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("the sink takes nobody")
		}
	}
}

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestEventSoak: events through the bus, AMI and a sink leave nothing behind. PBX_SOAK is
// how many, such as 1000000.
func TestEventSoak(t *testing.T) {
	total := 40_000
	if testing.Short() {
		total = 20_000
	}
	if n, err := strconv.Atoi(os.Getenv("PBX_SOAK")); err == nil {
		total = n
	}
	s := newStory(t, map[string]string{
		"manager.conf": managerConf, "extensions.conf": managerPlan,
		"events.conf": "[wall]\ntype=tcp\nbind=127.0.0.1:5090\nevents=user.event,mailbox.messages\n",
	})
	defer s.stop()
	sink := s.listens(t, netip.MustParseAddrPort("127.0.0.1:5090"), `{"id":`)
	defer sink.conn.Close()
	s.awaitTaken(t)
	ami := s.listens(t, managerAddr, amiOf, samLogin...)
	defer ami.conn.Close()
	var early int64
	start := time.Now()
	for n := 1; n <= total; n++ {
		s.tick(n)
		if n%stride == 0 {
			ami.await(t, n)
			sink.await(t, n)
		}
		if n == total/5 {
			early = heap()
		}
	}
	took := time.Since(start)
	if grown := heap() - early; grown > 4<<20 {
		t.Errorf("%d bytes are left of %d events", grown, total-total/5)
	} else {
		t.Logf("%d events in %v, %d bytes more in use", total, took.Round(time.Millisecond), grown)
	}
}

// TestManagerCrowd: a hundred programs get a thousand events a second, all of them.
func TestManagerCrowd(t *testing.T) {
	s := newStory(t, map[string]string{"manager.conf": managerConf, "extensions.conf": managerPlan})
	defer s.stop()
	crowd := make([]*listener, 100)
	for i := range crowd {
		crowd[i] = s.listens(t, managerAddr, amiOf, samLogin...)
		defer crowd[i].conn.Close()
	}
	const seconds, rate = 2, 1000
	tick := time.NewTicker(time.Second / 50)
	defer tick.Stop()
	for n := 0; n < seconds*rate; {
		<-tick.C
		for range rate / 50 {
			n++
			s.tick(n)
		}
	}
	for _, l := range crowd {
		l.await(t, seconds*rate)
	}
}
