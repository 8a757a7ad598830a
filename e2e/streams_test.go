package e2e

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// station speaks SIP by hand over TCP or TLS: what comes by all of its connections is
// in one row.
type station struct {
	t      *testing.T
	via    string // TCP or TLS
	secure *tls.Config
	in     chan said
	mu     sync.Mutex
	open   []io.Closer
	deaf   map[net.Conn]bool
	group  sync.WaitGroup
}

// said is a message and the connection that it came by.
type said struct {
	text string
	over net.Conn
}

// newStation makes one that speaks TLS as secure has it, TCP for nil.
func newStation(t *testing.T, secure *tls.Config) *station {
	s := &station{t: t, via: "TCP", secure: secure, in: make(chan said, 100), deaf: map[net.Conn]bool{}}
	if secure != nil {
		s.via = "TLS"
	}
	t.Cleanup(s.close)
	return s
}

// serverOf is TLS with a certificate of PEM.
func serverOf(t *testing.T, cert, key string) *tls.Config {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

// close ends its listener and its connections, as a process does that is killed.
func (s *station) close() {
	s.mu.Lock()
	for _, c := range s.open {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.group.Wait()
}

func (s *station) keep(c io.Closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = append(s.open, c)
}

// listen takes connections at an address.
func (s *station) listen(addr string) {
	s.t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.keep(l)
	s.group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if s.secure != nil {
				c = tls.Server(c, s.secure)
			}
			s.keep(c)
			s.group.Go(func() { s.read(c) })
		}
	})
}

// dial makes a connection from an address.
func (s *station) dial(from, to string) net.Conn {
	s.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	c, err := d.Dial("tcp", to)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.secure != nil {
		c = tls.Client(c, s.secure)
	}
	s.keep(c)
	s.group.Go(func() { s.read(c) })
	return c
}

func (s *station) read(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		head, length := "", 0
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" && head == "" { // a keep-alive
				continue
			}
			head += line
			if name, v, ok := strings.Cut(line, ":"); ok && textproto.CanonicalMIMEHeaderKey(name) == "Content-Length" {
				length, _ = strconv.Atoi(strings.TrimSpace(v))
			}
			if line == "\r\n" {
				break
			}
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		s.mu.Lock()
		deaf := s.deaf[c]
		s.mu.Unlock()
		if !deaf {
			s.in <- said{head + string(body), c}
		}
	}
}

// ignore has what still comes by a connection go unheard.
func (s *station) ignore(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf[c] = true
}

// await is the next message that begins so.
func (s *station) await(start string) said {
	s.t.Helper()
	timeout := time.After(8 * time.Second)
	var others []string
	for {
		select {
		case m := <-s.in:
			if strings.HasPrefix(m.text, start) {
				return m
			}
			others = append(others, m.text)
		case <-timeout:
			s.t.Fatalf("no %s came, but %q", start, others)
		}
	}
}

// answer answers a request on its connection; more are headers, each with its end.
func (s *station) answer(m said, status, more, body string) {
	s.t.Helper()
	host, port, _ := net.SplitHostPort(m.over.LocalAddr().String())
	host, _, _ = strings.Cut(host, "%")
	text := throughProxies(m.text, status, "<sip:far@"+net.JoinHostPort(host, port)+";transport="+strings.ToLower(s.via)+">", body)
	text = strings.Replace(text, "\r\n", "\r\n"+more, 1)
	if _, err := io.WriteString(m.over, text); err != nil {
		s.t.Errorf("answer: %v", err)
	}
}

// sdpAt is an offer, or answer, of µ-law at an address.
func sdpAt(host string) string {
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n", host)
}
