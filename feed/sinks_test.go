package feed

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/decl"
	"pbx/event"
	pbxio "pbx/io"
)

// rig is a hub with the sinks of an events.conf, in memory.
type rig struct {
	t     *testing.T
	bus   *event.Bus
	net   *pbxio.Memory
	hub   *Hub
	sinks *Sinks
	log   *logged
}

// logged keeps the lines of the log.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newRig(t *testing.T, conf string) *rig {
	t.Helper()
	x := &rig{t: t, bus: &event.Bus{}, net: pbxio.NewMemory(), log: &logged{}}
	log := slog.New(slog.NewTextHandler(x.log, nil))
	x.hub = NewHub(x.bus, log, time.Now())
	x.sinks = NewSinks(Deps{Hub: x.hub, Network: x.net, Dir: t.TempDir(), Log: log, Now: time.Now})
	x.apply(conf)
	return x
}

func (x *rig) apply(conf string) {
	x.t.Helper()
	c, findings := load(x.t, conf)
	if len(findings) > 0 {
		x.t.Fatal(findings)
	}
	if err := x.sinks.Apply(c); err != nil {
		x.t.Fatal(err)
	}
}

func (x *rig) close() {
	x.sinks.Close()
	x.hub.Close()
}

func (x *rig) publish(channel string) {
	x.bus.Publish(event.Event{Kind: event.ChannelCreated, Channel: channel, Time: time.Now()})
}

func (x *rig) dial(from, to string) (net.Conn, *bufio.Reader) {
	x.t.Helper()
	c, err := x.net.DialTCP(x.t.Context(), netip.MustParseAddr(from), netip.MustParseAddrPort(to), pbxio.SocketOptions{})
	if err != nil {
		x.t.Fatal(err)
	}
	synctest.Wait()
	return c, bufio.NewReader(c)
}

// channelOf is the channel that a line of JSON is about.
func channelOf(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	line, err := r.ReadString('\n')
	if err != nil {
		return err.Error()
	}
	var e struct{ Event, Channel string }
	if err := json.Unmarshal([]byte(line), &e); err != nil || e.Event != "channel.created" {
		t.Errorf("%q: %v", line, err)
	}
	return e.Channel
}

const tcpConf = "[wall]\ntype=tcp\nbind=127.0.0.1:5090\nevents=channel.*\n"

// TestTCP: a program that connects gets a line an event from then on; a reload that
// changes nothing leaves it alone, one that takes the sink away ends it.
func TestTCP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t, tcpConf)
		defer x.close()
		if x.bus.Wants(event.ChannelCreated) {
			t.Error("a sink without programs listens to the bus")
		}
		c, r := x.dial("127.0.0.1", "127.0.0.1:5090")
		for _, name := range []string{"SIP/a-1", "SIP/b-2"} {
			x.publish(name)
			if got := channelOf(t, r); got != name {
				t.Errorf("%s, want %s", got, name)
			}
		}
		x.apply(tcpConf)
		x.publish("SIP/c-3")
		if got := channelOf(t, r); got != "SIP/c-3" {
			t.Errorf("after a reload: %s", got)
		}
		x.apply("")
		if got := channelOf(t, r); got != "EOF" {
			t.Errorf("after it is gone: %s", got)
		}
		_ = c.Close()
		synctest.Wait()
		if x.bus.Wants(event.ChannelCreated) {
			t.Error("the hub goes on listening")
		}
	})
}

// TestTCPSecret: who does not say the secret in time hears nothing, nor who comes from
// elsewhere.
func TestTCPSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t, "[wall]\ntype=tcp\nbind=0.0.0.0:5090\nsecret=d81bb2b5f7c1\npermit=192.0.2.0/24\n")
		defer x.close()
		for _, tt := range []struct {
			from, says string
			want       string
		}{
			{"192.0.2.7", "d81bb2b5f7c1\r\n", "SIP/a-1"},
			{"192.0.2.7", "guess\n", "EOF"},
			{"192.0.2.7", strings.Repeat("x", 1000) + "\n", "EOF"},
			{"198.51.100.7", "d81bb2b5f7c1\n", "EOF"},
			{"192.0.2.7", "", "EOF"}, // silent for ten seconds
		} {
			c, r := x.dial(tt.from, "127.0.0.1:5090")
			_, _ = io.WriteString(c, tt.says)
			synctest.Wait()
			x.publish("SIP/a-1")
			if got := channelOf(t, r); got != tt.want && (tt.want != "EOF" || strings.HasPrefix(got, "SIP/")) {
				t.Errorf("%s says %.20q and hears %s, want %s", tt.from, tt.says, got, tt.want)
			}
			_ = c.Close()
			synctest.Wait()
		}
	})
}

// TestTCPSlow: a program that does not read is dropped with one line in the log, and
// another one gets everything.
func TestTCPSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t, tcpConf)
		defer x.close()
		slow, _ := x.dial("127.0.0.1", "127.0.0.1:5090")
		defer slow.Close()
		quick, r := x.dial("127.0.0.1", "127.0.0.1:5090")
		defer quick.Close()
		got := make(chan int, 1)
		go func() {
			n := 0
			for {
				if _, err := r.ReadSlice('\n'); err != nil {
					got <- n
					return
				}
				n++
			}
		}()
		const all = 60_000
		for i := range all {
			x.publish("SIP/a-1")
			if i%1000 == 999 {
				synctest.Wait()
			}
		}
		time.Sleep(writeTime + time.Second)
		synctest.Wait()
		if n := strings.Count(x.log.String(), "does not read what it is sent and is dropped"); n != 1 {
			t.Errorf("%d lines in the log:\n%s", n, x.log.String())
		}
		x.sinks.Close()
		if n := <-got; n != all {
			t.Errorf("the quick one got %d of %d", n, all)
		}
	})
}

// TestConnect: a collector that goes is called again, and one line of the log says so.
func TestConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t, "[logs]\ntype=tcp\nconnect=127.0.0.1:5170\nsecret=hello\n")
		defer x.close()
		time.Sleep(time.Minute) // nobody is there
		l, err := x.net.ListenTCP(netip.MustParseAddrPort("127.0.0.1:5170"), pbxio.SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"SIP/a-1", "SIP/b-2"} {
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(c)
			if line, err := r.ReadString('\n'); line != "hello\n" {
				t.Errorf("%q %v", line, err)
			}
			synctest.Wait()
			x.publish(name)
			if got := channelOf(t, r); got != name {
				t.Errorf("%s, want %s", got, name)
			}
			_ = c.Close()
		}
		_ = l.Close()
		synctest.Wait()
		if n := strings.Count(x.log.String(), "tried again"); n != 3 {
			t.Errorf("%d lines of the log tell of three losses:\n%s", n, x.log.String())
		}
	})
}

// TestUnix: the socket has the permissions that it is to have, and is gone at the end.
func TestUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.sock")
	x := newRig(t, "[local]\ntype=unix\npath="+path+"\nmode=0660\n")
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o660 {
		t.Fatalf("%v %v", st.Mode(), err)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for !x.bus.Wants(event.ChannelCreated) { // it is being taken
		time.Sleep(time.Millisecond)
	}
	x.publish("SIP/a-1")
	if got := channelOf(t, bufio.NewReader(c)); got != "SIP/a-1" {
		t.Error(got)
	}
	other := newRig(t, "")
	same, _ := load(t, "[local]\ntype=unix\npath="+path+"\n")
	if err := other.sinks.Apply(same); err == nil {
		t.Error("the socket of another exchange was taken")
	}
	other.close()
	x.close()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("the socket is left")
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	conf, _ := load(t, "[local]\ntype=unix\npath="+path+"\n")
	if err := x.sinks.Apply(conf); err == nil {
		t.Error("a file that is no socket was replaced")
	}
}

// TestShow: the console tells of each sink, and no secret of an address.
func TestShow(t *testing.T) {
	x := newRig(t, tcpConf+"[hook]\ntype=webhook\nurl=https://user:pass@crm.example.com/hook?key=1\nevents=dial.end\n"+
		"[bus]\ntype=nats\nserver=nats://127.0.0.1:1\n[out]\ntype=tcp\nconnect=127.0.0.1:5170\n")
	defer x.close()
	var b strings.Builder
	if err := x.sinks.show(t.Context(), &decl.Request{Out: &b}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(b.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"Sink Type Where Events State", "bus nats nats://127.0.0.1:1 (the usual) up to date", "hook webhook https://crm.example.com dial.end up to date",
		"out tcp to 127.0.0.1:5170 (the usual) not connected", "wall tcp 127.0.0.1:5090 channel.* 0 connected", "4 sinks",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	b.Reset()
	if err := x.sinks.showKinds(t.Context(), &decl.Request{Out: &b}); err != nil || !strings.Contains(b.String(), "dialplan.step") {
		t.Errorf("%v %s", err, b.String())
	}
}

// clerk is a courier of a test.
type clerk struct {
	mu    sync.Mutex
	fails int
	tries int
	got   []string
}

// so is what came of it until now.
func (c *clerk) so() (tries int, got []string) {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tries, slices.Clone(c.got)
}

func (c *clerk) fail(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fails = n
}

func (c *clerk) most() int { return 1 }
func (c *clerk) close()    {}

func (c *clerk) deliver(list []queuedEvent) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries++
	if c.fails > 0 {
		c.fails--
		return errors.New("down")
	}
	for _, e := range list {
		c.got = append(c.got, e.ID+" "+e.Name)
	}
	return nil
}

// TestQueued: what could not be delivered waits, is tried again at longer and longer
// times, not for each event that comes, and arrives once and in order; what is left at
// the end arrives after the next start.
func TestQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newRig(t, "")
		defer x.close()
		want := mustSelect(t, x.hub, "channel.created", "")
		c := &clerk{fails: 4}
		sink := &sink{Name: "crm", Queue: 1}
		q, err := x.sinks.queued(sink, want, c)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			x.publish(fmt.Sprint("SIP/a-", i))
			time.Sleep(time.Second)
		}
		if tries, _ := c.so(); tries != 4 { // at 0, 1, 3 and 7 s
			t.Errorf("%d tries in ten seconds", tries)
		}
		time.Sleep(time.Minute)
		tries, first := c.so()
		if len(first) != 10 || tries != 14 {
			t.Errorf("%d events after %d tries", len(first), tries)
		}
		c.fail(1000)
		x.publish("SIP/b-1")
		x.publish("SIP/b-2")
		time.Sleep(time.Second)
		if got := q.state(); !strings.HasSuffix(got, " bytes wait") || q.waiting() == 0 {
			t.Errorf("the sink says %q", got)
		}
		q.close()
		next := &clerk{}
		if q, err = x.sinks.queued(sink, want, next); err != nil {
			t.Fatal(err)
		}
		x.publish("SIP/b-3")
		time.Sleep(time.Second)
		if got := q.state(); got != "up to date" {
			t.Errorf("the sink says %q", got)
		}
		q.close()
		_, early := c.so()
		_, late := next.so()
		if len(early) != len(first) || len(late) != 3 {
			t.Errorf("after the next start: %v and %v", early[len(first):], late)
		}
		seen := map[string]bool{}
		for _, id := range append(early, late...) {
			if seen[id] {
				t.Errorf("%s came twice", id)
			}
			seen[id] = true
		}
		if n := strings.Count(x.log.String(), "takes no events"); n != 2 {
			t.Errorf("the log tells %d times that nobody takes them:\n%s", n, x.log.String())
		}
	})
}
