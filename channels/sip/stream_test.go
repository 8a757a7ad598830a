package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/message"
	pbxio "pbx/io"
)

// streamPhone speaks SIP by hand over a connection.
type streamPhone struct {
	r    *rig
	c    net.Conn
	user string
	via  string // TCP or TLS
	id   string
	seq  int
	rest []*message.Message // that came with an answer

	mu     sync.Mutex
	got    []byte
	closed bool
}

// dial connects to the exchange at an address.
func (r *rig) dial(to, user string) *streamPhone {
	r.t.Helper()
	c, err := r.net.DialTCP(context.Background(), netip.Addr{}, netip.MustParseAddrPort(to), pbxio.SocketOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.over(c, "TCP", user)
}

func (r *rig) over(c net.Conn, via, user string) *streamPhone {
	p := &streamPhone{r: r, c: c, user: user, via: via, id: user + "-" + c.LocalAddr().String()}
	r.t.Cleanup(func() { _ = c.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			p.mu.Lock()
			p.got = append(p.got, buf[:n]...)
			p.closed = err != nil
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return p
}

func (p *streamPhone) write(b []byte) error {
	_, err := p.c.Write(b)
	return err
}

// gone reports whether the exchange closed the connection.
func (p *streamPhone) gone() bool {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// raw is what came and was not looked at, and forgets it.
func (p *streamPhone) raw() string {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := string(p.got)
	p.got = nil
	return s
}

// messages are those that came.
func (p *streamPhone) messages() (list []*message.Message) {
	p.r.t.Helper()
	rest := []byte(p.raw())
	var f message.Framer
	for len(rest) > 0 {
		if rest[0] == '\r' || rest[0] == '\n' {
			rest = rest[1:]
			continue
		}
		n, err := f.Next(rest)
		if err != nil || n == 0 {
			p.r.t.Fatalf("not a message: %v\n%s", err, rest)
		}
		m := &message.Message{}
		if err := m.Parse(bytes.Clone(rest[:n])); err != nil {
			p.r.t.Fatalf("%v\n%s", err, rest[:n])
		}
		list = append(list, m)
		rest = rest[n:]
	}
	return list
}

// request is the text of a request.
func (p *streamPhone) request(method, to, headers, body string) []byte {
	p.seq++
	uri := "sip:" + to + "@127.0.50.1"
	if method == "REGISTER" {
		uri, to = "sip:127.0.50.1", p.user
	}
	return []byte(strings.ReplaceAll(fmt.Sprintf("%s %s SIP/2.0\nVia: SIP/2.0/%s 127.0.50.9:5070;branch=z9hG4bK%s%d\nMax-Forwards: 70\nFrom: <sip:%s@127.0.50.1>;tag=t%d\nTo: <sip:%s@127.0.50.1>\nCall-ID: %s\nCSeq: %d %s\n%sContent-Length: %d\n\n%s",
		method, uri, p.via, strings.NewReplacer(":", "", ".", "").Replace(p.id), p.seq, p.user, p.seq, to, p.id, p.seq, method, headers, len(body), body), "\n", "\r\n"))
}

// ask sends a request and returns the one answer.
func (p *streamPhone) ask(method, to, headers string) *message.Message {
	p.r.t.Helper()
	if err := p.write(p.request(method, to, headers, "")); err != nil {
		p.r.t.Fatal(err)
	}
	var answer *message.Message
	p.rest = nil
	for _, m := range p.messages() {
		if m.IsRequest() {
			p.rest = append(p.rest, m)
			continue
		}
		if answer != nil {
			p.r.t.Fatalf("%s: two answers", method)
		}
		answer = m
	}
	if answer == nil {
		p.r.t.Fatalf("%s: no answer", method)
	}
	return answer
}

func (p *streamPhone) register(headers string) *message.Message {
	p.r.t.Helper()
	m := p.ask("REGISTER", "", headers)
	if m.Status() != 401 {
		return m
	}
	return p.ask("REGISTER", "", answerTo(p.r.t, m, "REGISTER", "sip:127.0.50.1", p.user, "sEcret-1", "00000001")+headers)
}

const tcpOffice = listen + `tcpenable=yes
tcpbindaddr=127.0.50.1:5060
[alice]
type=friend
host=dynamic
secret=sEcret-1
transport=tcp,udp
[bob]
type=friend
host=dynamic
secret=sEcret-1
`

// A phone registers by a connection and is asked by it, although its Contact is
// somewhere that nobody can connect to.
func TestStreamRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, strings.Replace(tcpOffice, "transport=", "qualify=yes\ntransport=", 1), nil)
		p := r.dial("127.0.50.1:5060", "alice")
		contact := "Contact: <sip:alice@10.0.0.9:5070;transport=tcp>\n"
		m := p.register(contact)
		if m.Status() != 200 || !strings.Contains(string(m.Header(message.HeaderVia)), "SIP/2.0/TCP 127.0.50.9:5070;") {
			t.Fatalf("registered: %s", m.Bytes())
		}
		list := p.rest
		time.Sleep(time.Second)
		if len(list) != 1 || list[0].Method() != message.OPTIONS || !strings.HasPrefix(string(list[0].Header(message.HeaderVia)), "SIP/2.0/TCP 127.0.50.1:5060;") {
			t.Fatalf("qualify sent %d messages", len(list))
		}
		if c, _ := list[0].Contact(); c.URI.String() != "" && !strings.HasSuffix(c.URI.String(), ";transport=tcp") {
			t.Errorf("Contact %s", c.URI.String())
		}
		b := message.NewBuilder(nil)
		b.Response(list[0], 200, "", "x")
		if err := p.write(b.Bytes()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := r.console("sip show peer alice"); !strings.Contains(got, "Status       : OK (1000 ms)") || !strings.Contains(got, "Prim.Transp. : TCP") || !strings.Contains(got, "Allowed.Trsp : TCP,UDP") {
			t.Errorf("%s", got)
		}
		if got := r.console("sip show tcp"); !strings.Contains(got, "TCP") || !strings.Contains(got, "Server") {
			t.Errorf("%s", got)
		}
		if got := r.console("sip show settings"); !strings.Contains(got, "TCP SIP Bindaddress:    127.0.50.1:5060") {
			t.Errorf("%s", got)
		}
		bob := r.dial("127.0.50.1:5060", "bob")
		if m := bob.register("Contact: <sip:bob@10.0.0.8;transport=tcp>\n"); m.Status() != 403 {
			t.Errorf("bob may use UDP alone: %d", m.Status())
		}
	})
}

// What comes between messages, in what pieces it comes, and what never ends.
func TestStreamFraming(t *testing.T) {
	split := func(p *streamPhone, b []byte) error {
		for i := range b {
			if err := p.write(b[i : i+1]); err != nil {
				return err
			}
		}
		return nil
	}
	for name, tt := range map[string]struct {
		send   func(p *streamPhone) error
		status []int
		raw    string // instead of messages
		closed bool
	}{
		"octet by octet": {send: func(p *streamPhone) error { return split(p, p.request("OPTIONS", "1000", "", "")) }, status: []int{200}},
		"two in one write": {send: func(p *streamPhone) error {
			return p.write(append(p.request("OPTIONS", "1000", "", ""), p.request("OPTIONS", "1000", "", "")...))
		}, status: []int{200, 200}},
		"many in one write": {send: func(p *streamPhone) error {
			return p.write(bytes.Repeat(p.request("OPTIONS", "1000", "", ""), 40))
		}, status: bytes2ints(bytes.Repeat([]byte{200}, 40))},
		"a body": {send: func(p *streamPhone) error {
			return split(p, append(p.request("OPTIONS", "1000", "", "body\r\n\r\n"), p.request("OPTIONS", "1000", "", "")...))
		}, status: []int{200, 200}},
		"line breaks before": {send: func(p *streamPhone) error {
			return p.write(append([]byte("\r\n"), p.request("OPTIONS", "1000", "", "")...))
		}, status: []int{200}},
		"keep-alive":           {send: func(p *streamPhone) error { return p.write([]byte("\r\n\r\n")) }, raw: "\r\n"},
		"keep-alive in pieces": {send: func(p *streamPhone) error { return split(p, []byte("\r\n\r\n\r\n\r\n")) }, raw: "\r\n\r\n"},
		"half a keep-alive":    {send: func(p *streamPhone) error { return p.write([]byte("\r\n")) }, raw: ""},
		"no Content-Length": {send: func(p *streamPhone) error {
			return p.write(bytes.Replace(p.request("OPTIONS", "1000", "", ""), []byte("Content-Length: 0\r\n"), nil, 1))
		}, status: []int{400}, closed: true},
		"too long": {send: func(p *streamPhone) error {
			return p.write(bytes.Replace(p.request("OPTIONS", "1000", "", ""), []byte("Content-Length: 0"), []byte("Content-Length: 70000"), 1))
		}, status: []int{513}, closed: true},
		"not SIP":                {send: func(p *streamPhone) error { return p.write([]byte("\x16\x03\x01\x00\xa5\x01\n")) }, closed: true},
		"a response without end": {send: func(p *streamPhone) error { return p.write([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a\r\n\r\n")) }, closed: true},
		"malformed, but it ends": {send: func(p *streamPhone) error {
			return p.write(append(bytes.Replace(p.request("OPTIONS", "1000", "", ""), []byte("CSeq: "), []byte("CSeq: x"), 1), p.request("OPTIONS", "1000", "", "")...))
		}, status: []int{400, 200}},
		"headers without an end": {send: func(p *streamPhone) error {
			return p.write(append([]byte("OPTIONS sip:a SIP/2.0\r\n"), bytes.Repeat([]byte("X: y\r\n"), 12000)...))
		}, closed: true},
		"an end of the connection": {send: func(p *streamPhone) error { return p.c.Close() }, closed: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, tcpOffice, nil)
				p := r.dial("127.0.50.1:5060", "alice")
				_ = tt.send(p) // a connection that is closed meanwhile is one of the outcomes
				if p.gone() != tt.closed {
					t.Errorf("closed: %v", p.gone())
				}
				if tt.status == nil {
					if got := p.raw(); got != tt.raw {
						t.Errorf("got %q", got)
					}
				} else {
					var got []int
					for _, m := range p.messages() {
						got = append(got, m.Status())
					}
					if fmt.Sprint(got) != fmt.Sprint(tt.status) {
						t.Errorf("answered %v, want %v", got, tt.status)
					}
				}
				if m := r.dial("127.0.50.1:5060", "bob").ask("OPTIONS", "1000", ""); m.Status() != 200 {
					t.Errorf("afterwards: %d", m.Status())
				}
			})
		})
	}
}

func bytes2ints(b []byte) (list []int) {
	for _, c := range b {
		list = append(list, int(c))
	}
	return list
}

// A connection has half a minute to prove who it is; one that did may be silent as
// long as it is registered.
func TestStreamTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, tcpOffice, nil)
		silent, slow, guest, phone := r.dial("127.0.50.1:5060", "x"), r.dial("127.0.50.1:5060", "x"), r.dial("127.0.50.1:5060", "guest"), r.dial("127.0.50.1:5060", "alice")
		if m := phone.register("Contact: <sip:alice@10.0.0.9>;expires=3600\n"); m.Status() != 200 {
			t.Fatal(m.Status())
		}
		b := slow.request("OPTIONS", "1000", "", "")
		for i := range 29 { // an octet a second
			guest.ask("OPTIONS", "1000", "")
			if err := slow.write(b[i : i+1]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if silent.gone() || slow.gone() || guest.gone() {
			t.Error("closed too early")
		}
		time.Sleep(2 * time.Second)
		if !silent.gone() || !slow.gone() || !guest.gone() {
			t.Error("those who prove nothing stay")
		}
		time.Sleep(59 * time.Minute)
		if phone.gone() {
			t.Error("a registered phone was cut off")
		}
		time.Sleep(20 * time.Minute) // its registration is over
		if !phone.gone() {
			t.Error("a connection that nobody needs stays")
		}
	})
}

// Nobody gets more than his share of connections.
func TestStreamLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, strings.Replace(tcpOffice, "tcpenable=yes\n", "tcpenable=yes\ntcpauthlimit=8\ntcp_max_per_address=5\ntcp_max_connections=20\n", 1), nil)
		from := func(ip string) *streamPhone {
			c, err := r.net.DialTCP(context.Background(), netip.MustParseAddr(ip), netip.MustParseAddrPort("127.0.50.1:5060"), pbxio.SocketOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return r.over(c, "TCP", "alice")
		}
		open := func(ip string, n int) (taken int) {
			var list []*streamPhone
			for range n {
				list = append(list, from(ip))
			}
			for _, p := range list {
				if !p.gone() {
					taken++
				}
			}
			return taken
		}
		if n := open("192.0.2.1", 10); n != 5 {
			t.Errorf("%d of 10 from one address were taken", n)
		}
		if n := open("192.0.2.2", 10); n != 3 {
			t.Errorf("%d of 10 from the next were taken, of 3 that were left to all", n)
		}
		if n := r.logs.count("a connection was turned away"); n != 2 {
			t.Errorf("%d lines in the log", n)
		}
		time.Sleep(31 * time.Second)
		if p := from("192.0.2.1"); p.gone() {
			t.Error("those who were cut off still count")
		}
		for range 12 { // who proves who he is makes room
			p := from("192.0.2.3")
			if m := p.register("Contact: <sip:alice@192.0.2.3>\n"); m.Status() != 200 {
				t.Fatal(m.Status())
			}
			if len(r.connectionsNow()) == 11 {
				break
			}
		}
		if p := from("192.0.2.3"); !p.gone() {
			t.Error("one address has more than half of all")
		}
	})
}

func (r *rig) connectionsNow() (lines []string) {
	for line := range strings.Lines(r.console("sip show tcp")) {
		lines = append(lines, line)
	}
	return lines[1:]
}

// A far end that does not read is cut off, and the log says so.
func TestStreamSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, tcpOffice, nil)
		c, err := r.net.DialTCP(context.Background(), netip.Addr{}, netip.MustParseAddrPort("127.0.50.1:5060"), pbxio.SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p := &streamPhone{r: r, user: "x", via: "TCP", c: c} // nobody reads
		for range 2000 {
			if err = p.write(p.request("OPTIONS", "1000", "", "")); err != nil {
				break
			}
		}
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("2000 requests without reading: %v", err)
		}
		synctest.Wait()
		if r.logs.count("connection ended") == 0 {
			t.Error("the log says nothing")
		}
		if m := r.dial("127.0.50.1:5060", "bob").ask("OPTIONS", "1000", ""); m.Status() != 200 {
			t.Error(m.Status())
		}
	})
}
