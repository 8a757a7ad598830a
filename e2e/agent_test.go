package e2e

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// agent is a user agent on one socket that plays many calls at once, each on a
// goroutine of its own. It repeats nothing but an INVITE to which nobody said anything
// (expect), and forgives repetitions.
type agent struct {
	t     *testing.T
	conn  *net.UDPConn
	peer  *net.UDPAddr
	serve func(*leg, string) // plays a call that comes in, nil to ignore them
	mu    sync.Mutex
	legs  map[string]*leg
	seen  int // messages read that belonged to no call here
	done  chan struct{}
}

// leg is one call of an agent.
type leg struct {
	a        *agent
	id       string
	uri      string
	from, to string
	extra    string // lines of headers that its requests have besides
	in       chan string
	sent     string   // the last request
	others   []string // the first lines of what came and was not waited for
}

// newAgent listens on an address and talks with the exchange.
func newAgent(t *testing.T, local, exchange string, serve func(*leg, string)) *agent {
	t.Helper()
	laddr, err := net.ResolveUDPAddr("udp", local)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := net.ResolveUDPAddr("udp", exchange)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp", laddr)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadBuffer(4 << 20)
	a := &agent{t: t, conn: conn, peer: peer, serve: serve, legs: map[string]*leg{}, done: make(chan struct{})}
	go a.read()
	t.Cleanup(func() {
		conn.Close()
		<-a.done
	})
	return a
}

func (a *agent) read() {
	defer close(a.done)
	buf := make([]byte, 65536)
	for {
		n, err := a.conn.Read(buf)
		if err != nil {
			return
		}
		m := string(buf[:n])
		id := header(m, "Call-ID")
		a.mu.Lock()
		l := a.legs[id]
		if l == nil && a.serve != nil && strings.HasPrefix(m, "INVITE ") {
			l = a.leg(id)
			go a.serve(l, m)
		}
		if l == nil {
			a.seen++
		}
		a.mu.Unlock()
		if l != nil {
			select {
			case l.in <- m:
			default: // a call that reads no more
			}
		}
	}
}

// leg notes a call; the caller holds the lock.
func (a *agent) leg(id string) *leg {
	l := &leg{a: a, id: id, in: make(chan string, 64)}
	a.legs[id] = l
	return l
}

// strays counts what came for no call.
func (a *agent) strays() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seen
}

// call makes a call to an extension; nothing is sent yet.
func (a *agent) call(id, exten string) *leg {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.leg(id)
	l.uri = fmt.Sprintf("sip:%s@%s", exten, a.peer)
	l.from = fmt.Sprintf("<sip:caller@%s>;tag=%s", a.conn.LocalAddr(), id)
	l.to = "<" + l.uri + ">"
	return l
}

func (a *agent) send(text string) { _, _ = a.conn.WriteToUDP([]byte(text), a.peer) }

// request sends a request. Those of one number share their branch, but an ACK of
// a 2xx has its own.
func (l *leg) request(method string, seq int, body string) {
	branch := fmt.Sprintf("z9hG4bK-%s-%d", l.id, seq)
	if method == "ACK2" {
		method, branch = "ACK", branch+"-ack"
	}
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	l.sent = fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"+
		"CSeq: %d %s\r\nContact: <sip:caller@%s>\r\n%s%sContent-Length: %d\r\n\r\n%s",
		method, l.uri, l.a.conn.LocalAddr(), branch, l.from, l.to, l.id, seq, method, l.a.conn.LocalAddr(), l.extra, kind, len(body), body)
	l.a.send(l.sent)
}

// reply answers a request; status is code and reason.
func (l *leg) reply(request, status, body string) {
	to := header(request, "To")
	if !strings.Contains(to, "tag=") {
		to += ";tag=c" + l.id
	}
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	l.a.send(fmt.Sprintf("SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:callee@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		status, header(request, "Via"), header(request, "From"), to, l.id, header(request, "CSeq"), l.a.conn.LocalAddr(), kind, len(body), body))
}

// await reads until a message begins with the words, whatever else comes, and
// says whether one came in time.
func (l *leg) await(start, cseq string, limit time.Duration) (string, bool) {
	timeout := time.After(limit)
	for {
		select {
		case m := <-l.in:
			if strings.HasPrefix(m, start) && strings.HasSuffix(header(m, "CSeq"), cseq) {
				if strings.HasPrefix(m, "SIP/2.0 ") && strings.Contains(header(m, "To"), "tag=") {
					l.to = header(m, "To")
				}
				return m, true
			}
			first, _, _ := strings.Cut(m, "\r\n")
			l.others = append(l.others, first)
		case <-timeout:
			return "", false
		}
	}
}

// sdp offers formats at a port of the agent's address.
func (l *leg) sdp(port int, formats string) string {
	host, _, _ := net.SplitHostPort(l.a.conn.LocalAddr().String())
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %[2]d RTP/AVP %[3]s\r\na=rtpmap:101 telephone-event/8000\r\n",
		host, port, formats)
}

// header is the first value of a header.
func header(m, name string) string {
	for _, line := range strings.Split(m, "\r\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(k, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
