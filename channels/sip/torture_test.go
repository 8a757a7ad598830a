package sip

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/message/messagetest"
	pbxio "pbx/io"
)

// TestTorture sends the messages of RFC 4475 and RFC 5118 to a driver, from the
// address of a peer that may call without proof and whose context answers
// everything, and compares what comes back with what the set expects. After each
// the driver must still answer.
func TestTorture(t *testing.T) { torture(t, messagetest.Corpus(t)) }

// TestVariants does the same with messages that break one rule each.
func TestVariants(t *testing.T) { torture(t, messagetest.Variants()) }

func torture(t *testing.T, cases []messagetest.Case) {
	const conf = `
[general]
udpbindaddr=192.0.2.1:5060
allowguest=no
disallow=all
allow=ulaw,alaw
rtptimeout=0
[alice]
type=peer
host=192.0.2.10
context=phones
insecure=port,invite
`
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			withFlow(t, conf, nil, func(f *flow) {
				f.plan.any = answerAndWait
				p := f.phone("alice")
				// Many want their answer at another port: all that leaves is looked at.
				var mu sync.Mutex
				var sent [][]byte
				f.net.SetRoute(func(from, _ netip.AddrPort, b []byte) []time.Duration {
					if from == flowAddr {
						mu.Lock()
						sent = append(sent, b)
						mu.Unlock()
					}
					return []time.Duration{0}
				})
				if err := p.socket.Send(c.Message, flowAddr); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				f.net.SetRoute(nil)
				status := 0
				for _, b := range sent {
					var m message.Message
					if err := m.Parse(bytes.Clone(b)); err != nil {
						t.Fatalf("the answer does not parse: %v\n%s", err, b)
					}
					if !m.IsResponse() {
						continue
					}
					status = m.Status()
					if len(b) > 2*len(c.Message) && status >= 400 && status != 401 {
						t.Errorf("%d bytes were answered with %d", len(c.Message), len(b))
					}
				}
				if !c.Accepts(status) {
					t.Errorf("answered %d, want %s: %s", status, c.Want, c.Rule)
				}
				for _, ok := f.next(p, 0); ok; _, ok = f.next(p, 0) {
				}
				f.play(`
					alice > OPTIONS 1000 call=new
					alice < 200`)
				_ = f.d.Call(func() { f.d.calls.each(func(p *pvt) { p.channel.SoftHangup(channel.CauseNormalClearing) }) })
				synctest.Wait()
				time.Sleep(2 * time.Minute)
			})
		})
	}
}

// TestTortureOverTCP sends the same over a connection, octet by octet and twice in
// one write. Where a message ends is all that differs: what does not say it is
// refused and the connection closed, what is cut short is waited for.
func TestTortureOverTCP(t *testing.T) { tortureStream(t, messagetest.Corpus(t)) }

// TestVariantsOverTCP does the same with messages that break one rule each.
func TestVariantsOverTCP(t *testing.T) { tortureStream(t, messagetest.Variants()) }

func tortureStream(t *testing.T, cases []messagetest.Case) {
	const conf = `
[general]
udpbindaddr=192.0.2.1:5060
tcpenable=yes
allowguest=no
disallow=all
allow=ulaw,alaw
rtptimeout=0
[alice]
type=peer
host=192.0.2.10
context=phones
insecure=port,invite
transport=tcp
`
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			withFlow(t, conf, nil, func(f *flow) {
				f.plan.any = answerAndWait
				var framer message.Framer
				size, unframed := framer.Next(bytes.TrimLeft(c.Message, "\r\n"))
				size += len(c.Message) - len(bytes.TrimLeft(c.Message, "\r\n"))
				whole := unframed == nil && size > len(c.Message)-len(bytes.TrimLeft(c.Message, "\r\n"))
				for _, how := range []string{"octet by octet", "two in one write"} {
					s, first := f.stream("192.0.2.10"), 0
					if how == "two in one write" { // copies of what came before
						_ = s.write(bytes.Repeat(c.Message, 2))
					} else {
						for i := range c.Message {
							if s.write(c.Message[i:i+1]) != nil {
								break
							}
							if whole && i == size-1 { // what follows is a message of its own, with answers of its own
								first = s.settled(t)
							}
						}
					}
					status := s.settled(t)
					if first != 0 {
						status = first
					}
					var e *message.ParseError
					switch {
					case whole && how == "octet by octet":
						if !c.Accepts(status) {
							t.Errorf("%s: answered %d, want %s: %s", how, status, c.Want, c.Rule)
						}
					case errors.As(unframed, &e):
						if status != 0 && status != e.Status || !s.closed() {
							t.Errorf("%s: answered %d, closed %v, though its end cannot be found: %v", how, status, s.closed(), unframed)
						}
					case !whole && how == "octet by octet":
						if status != 0 || s.closed() {
							t.Errorf("%s: answered %d, closed %v, though more is to come", how, status, s.closed())
						}
					}
					_ = s.c.Close()
				}
				s := f.stream("192.0.2.10")
				_ = s.write([]byte("OPTIONS sip:1000@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.10;branch=z9hG4bKafter\r\nMax-Forwards: 70\r\nFrom: <sip:alice@192.0.2.1>;tag=after\r\nTo: <sip:1000@192.0.2.1>\r\nCall-ID: after\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"))
				if status := s.settled(t); status != 200 {
					t.Errorf("afterwards OPTIONS is answered %d", status)
				}
				_ = s.c.Close()
				_ = f.d.Call(func() { f.d.calls.each(func(p *pvt) { p.channel.SoftHangup(channel.CauseNormalClearing) }) })
				synctest.Wait()
				time.Sleep(2 * time.Minute)
			})
		})
	}
}

// flowStream is a connection to the driver of a flow.
type flowStream struct {
	c    net.Conn
	mu   sync.Mutex
	got  []byte
	over bool
}

func (f *flow) stream(from string) *flowStream {
	f.t.Helper()
	c, err := f.net.DialTCP(f.t.Context(), netip.MustParseAddr(from), flowAddr, pbxio.SocketOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	s := &flowStream{c: c}
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			s.mu.Lock()
			s.got = append(s.got, buf[:n]...)
			s.over = err != nil
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *flowStream) write(b []byte) error {
	_, err := s.c.Write(b)
	return err
}

func (s *flowStream) closed() bool {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// settled is the status of the last response that came once nothing more happens, 0
// without one.
func (s *flowStream) settled(t *testing.T) (status int) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := s.got
	for {
		if rest = bytes.TrimLeft(rest, "\r\n"); len(rest) == 0 { // answers to keep-alives
			return status
		}
		var f message.Framer
		n, err := f.Next(rest)
		if err != nil || n == 0 {
			t.Fatalf("the answer has no end: %v\n%s", err, rest)
		}
		var m message.Message
		if err := m.Parse(bytes.Clone(rest[:n])); err != nil {
			t.Fatalf("the answer does not parse: %v\n%s", err, rest[:n])
		}
		if m.IsResponse() {
			status = m.Status()
		}
		rest = rest[n:]
	}
}
