package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// eventOffice has sinks for the events that programs send by AMI.
const eventOffice = amiOffice + `
-- events.conf --
[crm]
type=webhook
url=http://@3@:9000/hook
secret=signed
events=user.event
fields=fields
[wall]
type=tcp
bind=@PBX@:5090
events=user.event
[bus]
type=nats
server=nats://@4@:4222
events=user.event
jetstream=yes
[local]
type=unix
path=@STATE@/events.sock
events=user.event
`

// newEventExchange starts it with its own socket.
func newEventExchange(t *testing.T) *exchange {
	t.Helper()
	dir := t.TempDir()
	return newExchange(t, strings.ReplaceAll(eventOffice, "@STATE@", dir))
}

// receiver is a web server that takes events.
type receiver struct {
	server *http.Server
	mu     sync.Mutex
	status int
	delay  time.Duration
	order  []string       // the numbers of the events that it said 200 to
	count  map[string]int // by delivery id
}

func newReceiver() *receiver { return &receiver{status: 200, count: map[string]int{}} }

// ServeHTTP takes one event.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	var e struct {
		ID     string
		Fields map[string]string
	}
	b, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	time.Sleep(r.delay)
	if r.status != 200 {
		w.WriteHeader(r.status)
		return
	}
	if err := json.Unmarshal(b, &e); err != nil || q.Header.Get("X-Pbx-Delivery") != e.ID || !strings.HasPrefix(q.Header.Get("X-Pbx-Signature"), "t=") {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	if r.count[e.ID]++; r.count[e.ID] == 1 {
		r.order = append(r.order, e.Fields["N"])
	}
}

func (r *receiver) got() (n int, twice int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.count {
		if c > 1 {
			twice += c - 1
		}
	}
	return len(r.order), twice
}

func (r *receiver) set(status int, delay time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.delay = status, delay
}

func (r *receiver) listen(t *testing.T, at string) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	r.server = &http.Server{Handler: r}
	go func() { _ = r.server.Serve(l) }()
	t.Cleanup(func() { _ = r.server.Close() })
}

// waiting is how many events lie in the queue of the webhook.
func (x *exchange) waiting() int {
	files, _ := filepath.Glob(filepath.Join(x.state, "spool", "events", "crm", "queue.*"))
	n := 0
	for _, f := range files {
		b, _ := os.ReadFile(f)
		n += bytes.Count(b, []byte("\n"))
	}
	return n
}

// TestWebhook: a receiver that is down, then fails, then is slow, while the exchange is
// killed again and again, gets every event, in order; one that is posted again comes with
// the same id.
func TestWebhook(t *testing.T) {
	x := newEventExchange(t)
	const each, kills = 40, 3
	number := 0
	tick := func() {
		t.Helper()
		c := dialAMI(t, x)
		for range each {
			c.send("Action: UserEvent", "UserEvent: Tick", fmt.Sprintf("N: %d", number), fmt.Sprintf("ActionID: %d", number))
			c.await("ActionID", fmt.Sprint(number))
			number++
		}
		_ = c.conn.Close()
		eventually(t, 10*time.Second, "the events are on disk", func() bool { return x.waiting() >= number })
	}
	tick() // nobody listens
	x.kill()
	x.start()
	r := newReceiver()
	r.set(503, 0)
	r.listen(t, x.net.host(3)+":9000")
	tick() // it fails
	x.kill()
	r.set(200, 3*time.Millisecond)
	x.start()
	for range kills { // while it takes them
		tick()
		time.Sleep(rand.N(100 * time.Millisecond)) // the moment of the kill is the test's chance
		x.kill()
		x.start()
	}
	eventually(t, 60*time.Second, "every event has come", func() bool { n, _ := r.got(); return n == number })
	x.idle()
	if _, twice := r.got(); twice > kills {
		t.Errorf("%d posts again after %d kills", twice, kills)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, n := range r.order {
		if n != fmt.Sprint(i) {
			t.Fatalf("event %s is the %dth: %v", n, i, r.order)
		}
	}
}

// TestEventStreams: programs at the unix socket and at TCP get every event; one that does
// not read is dropped with a line in the log, and costs the others nothing.
func TestEventStreams(t *testing.T) {
	x := newEventExchange(t)
	unix := ""
	for line := range strings.Lines(readFile(t, filepath.Join(x.conf, "events.conf"))) {
		if path, ok := strings.CutPrefix(line, "path="); ok {
			unix = strings.TrimSpace(path)
		}
	}
	dial := func(network, at string) net.Conn {
		c, err := net.Dial(network, at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	slow := dial("tcp", x.net.host(1)+":5090")
	_ = slow.(*net.TCPConn).SetReadBuffer(4096)
	quick := []net.Conn{dial("tcp", x.net.host(1)+":5090"), dial("unix", unix)}
	const total = 20_000
	c := dialAMI(t, x)
	var readers sync.WaitGroup
	counts := make([]atomic.Int64, len(quick))
	ready := make(chan bool, len(quick))
	for i, conn := range quick {
		readers.Go(func() {
			in := bufio.NewReader(conn)
			next := 0
			for next < total {
				line, err := in.ReadBytes('\n')
				if err != nil {
					t.Errorf("reader %d ends at %d: %v", i, next, err)
					return
				}
				var e struct{ Fields map[string]string }
				if err := json.Unmarshal(line, &e); err != nil {
					t.Errorf("%s: %v", line, err)
					return
				}
				if e.Fields["N"] == "ready" {
					select {
					case ready <- true:
					default:
					}
					continue
				}
				if e.Fields["N"] != fmt.Sprint(next) {
					t.Errorf("reader %d gets %s, want %d", i, e.Fields["N"], next)
					return
				}
				next++
				counts[i].Store(int64(next))
			}
		})
	}
	for range quick { // both have been taken
		eventually(t, 10*time.Second, "a reader is there", func() bool {
			c.send("Action: UserEvent", "UserEvent: Tick", "N: ready")
			select {
			case <-ready:
				return true
			case <-time.After(100 * time.Millisecond):
				return false
			}
		})
	}
	go func() { _, _ = io.Copy(io.Discard, c.conn) }()
	text := strings.Repeat("x", 400)
	for n := range total {
		c.send("Action: UserEvent", "UserEvent: Tick", fmt.Sprintf("N: %d", n), "Text: "+text)
		if n%1000 != 999 {
			continue
		}
		eventually(t, 30*time.Second, "the readers keep up", func() bool {
			return counts[0].Load() > int64(n-1000) && counts[1].Load() > int64(n-1000)
		})
	}
	readers.Wait()
	x.out.waitFor(t, "does not read what it is sent and is dropped", 30*time.Second)
	if n := strings.Count(x.out.String(), "does not read what it is sent"); n != 1 {
		t.Errorf("%d lines about it", n)
	}
}

// TestNATS: a JetStream stream of Debian's NATS server has each event once, those of
// before it was there as well.
func TestNATS(t *testing.T) {
	x := newEventExchange(t)
	c := dialAMI(t, x)
	const total = 200
	for n := range total {
		c.send("Action: UserEvent", "UserEvent: Tick", fmt.Sprintf("N: %d", n), fmt.Sprintf("ActionID: %d", n))
		c.await("ActionID", fmt.Sprint(n))
	}
	natsServer(t, x.net.host(4))
	conn, err := nats.Connect("nats://" + x.net.host(4) + ":4222")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "EVENTS", Subjects: []string{"pbx.events.>"}})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, "the stream has them", func() bool {
		info, err := stream.Info(t.Context())
		return err == nil && info.State.Msgs >= total
	})
	for n := range uint64(total) {
		m, err := stream.GetMsg(t.Context(), n+1)
		if err != nil {
			t.Fatal(err)
		}
		if m.Subject != "pbx.events.user.event" || !strings.Contains(string(m.Data), fmt.Sprintf(`"N":"%d"`, n)) {
			t.Fatalf("message %d: %s %s", n, m.Subject, m.Data)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
