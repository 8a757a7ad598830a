package transaction

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"pbx/channels/sip/message"
	"pbx/sched"
)

// Scripts drive one layer in virtual time, a line a step:
//
//	in INVITE branch=a          a request arrives (the layer's user keeps it)
//	in 180 branch=$ tag=x       a response arrives; $ is the branch of the client
//	reliable                    what follows goes and comes by connection 1
//	lost                        that connection could not be made, or not again
//	closed                      that connection was there and broke
//	undelivered 90              the last datagram met an ICMP error that quotes so much
//	                            of it; to=addr:port: as if it had gone there
//	send INVITE                 the user begins a client transaction
//	ack 5s                      the user acknowledges a 2xx, and watches the ACK so long
//	respond 486                 the user answers the last request
//	cancel                      the user cancels its INVITE
//	acked                       the user tells of the ACK of its 2xx
//	out 486                     the next datagram that was sent begins so
//	out nothing                 nothing was sent
//	got request INVITE          what the user was told next
//	got response 180
//	got ack
//	got failed
//	got noack
//	got nothing
//	+500ms                      time passes; what is sent meanwhile queues up
//	none                        no transaction is left
//	state Completed             of the last transaction
type script struct {
	t       *testing.T
	layer   *Layer
	sched   *sched.Scheduler
	clock   time.Time
	sent    []string
	told    []string
	server  *Server
	client  *Client
	broken  error // what Send returns
	keep    bool
	branch  Branch
	serial  Branch
	timers  Timers
	lastMsg []byte
	route   Route
}

func newScript(t *testing.T) *script {
	s := &script{t: t, clock: time.Unix(1e9, 0), keep: true, route: there}
	s.sched = sched.New(func() time.Time { return s.clock })
	s.layer = New(s.sched, s, s, Timers{})
	return s
}

func (s *script) Send(b []byte, r Route) (Flow, error) {
	if r.Protocol == TCP {
		r.Flow = 1
	}
	if s.broken != nil {
		return 0, s.broken
	}
	s.sent = append(s.sent, string(b))
	return r.Flow, nil
}

func (s *script) Request(tx *Server, m *message.Message) {
	word := "request " + string(m.Method())
	if tx.Merged {
		word += " merged"
	}
	if m.Method() == message.CANCEL && tx.Cancels == nil {
		word += " of nothing"
	}
	s.told = append(s.told, word)
	s.server, s.lastMsg = tx, append([]byte(nil), m.Bytes()...)
	if s.keep {
		tx.Keep()
		tx.Owner = s
		return
	}
	_ = tx.Respond(401, s.response(401))
}
func (s *script) Ack(*message.Message, Route)   { s.told = append(s.told, "ack") }
func (s *script) Stray(*message.Message, Route) { s.told = append(s.told, "stray") }
func (s *script) NoAck(*Server)                 { s.told = append(s.told, "noack") }
func (s *script) Failed(_ *Client, err error)   { s.told = append(s.told, "failed") }
func (s *script) Response(_ *Client, m *message.Message) {
	s.told = append(s.told, "response "+strconv.Itoa(m.Status()))
}

func (s *script) response(status int) []byte {
	m := &message.Message{}
	if err := m.Parse(append([]byte(nil), s.lastMsg...)); err != nil {
		s.t.Fatal(err)
	}
	b := message.NewBuilder(nil)
	b.Response(m, status, "", "us")
	return b.Bytes()
}

func request(method, branch, toTag, callID string, seq int) []byte {
	if toTag != "" {
		toTag = ";tag=" + toTag
	}
	return fmt.Appendf(nil, "%s sip:100@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;branch=%s\r\nMax-Forwards: 70\r\nFrom: <sip:a@192.0.2.9>;tag=them\r\nTo: <sip:100@192.0.2.1>%s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nRoute: <sip:192.0.2.7;lr>\r\nContent-Length: 0\r\n\r\n",
		method, branch, toTag, callID, seq, strings.TrimSuffix(method, "!"))
}

var there = Route{Remote: netip.MustParseAddrPort("192.0.2.9:5060")}

func (s *script) arrive(b []byte) error {
	m := &message.Message{}
	if err := m.Parse(b); err != nil {
		return err
	}
	s.layer.Receive(m, s.route)
	return nil
}

func (s *script) run(text string) {
	s.t.Helper()
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := s.step(line); err != nil {
			s.t.Fatalf("line %d: %s: %v", n+1, line, err)
		}
	}
}

func (s *script) step(line string) error {
	w := strings.Fields(line)
	opt := func(name, def string) string {
		for _, x := range w {
			if v, ok := strings.CutPrefix(x, name+"="); ok {
				return v
			}
		}
		return def
	}
	switch {
	case line[0] == '+':
		d, err := time.ParseDuration(line[1:])
		if err != nil {
			return err
		}
		for end := s.clock.Add(d); ; {
			wait := s.sched.Wait()
			if wait < 0 || s.clock.Add(wait).After(end) {
				s.clock = end
				break
			}
			s.clock = s.clock.Add(wait)
			s.sched.Run()
		}
		s.sched.Run()
	case w[0] == "in":
		if status, err := strconv.Atoi(w[1]); err == nil {
			method := opt("method", "INVITE")
			branch := string(s.branch.AppendTo(nil))
			if v := opt("branch", "$"); v != "$" {
				branch = v
			}
			return s.arrive(fmt.Appendf(nil, "SIP/2.0 %d x\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=%s\r\nFrom: <sip:us@192.0.2.1>;tag=us\r\nTo: <sip:100@192.0.2.1>;tag=%s\r\nCall-ID: c\r\nCSeq: 7 %s\r\nContent-Length: 0\r\n\r\n",
				status, branch, opt("tag", "them"), method))
		}
		branch := opt("branch", "a")
		if !strings.HasPrefix(branch, "!") {
			branch = message.MagicCookie + branch
		}
		seq, _ := strconv.Atoi(opt("cseq", "1"))
		return s.arrive(request(w[1], strings.TrimPrefix(branch, "!"), opt("to", ""), opt("call", "c"), seq))
	case w[0] == "reliable":
		s.route.Protocol, s.route.Flow = TCP, 1
	case w[0] == "lost":
		s.layer.Lost(1, there.Remote, errors.New("connection reset"))
	case w[0] == "closed":
		s.layer.Lost(1, netip.AddrPort{}, errors.New("connection reset"))
	case w[0] == "undelivered":
		last := s.sent[len(s.sent)-1]
		n, err := strconv.Atoi(w[1])
		if err != nil {
			return err
		}
		s.layer.Undelivered([]byte(last[:min(n, len(last))]), netip.MustParseAddrPort(opt("to", "192.0.2.9:5060")), errors.New("connection refused"))
	case w[0] == "send":
		s.serial++
		s.branch = 0xabc0 + s.serial
		s.client = s.layer.Send(request(w[1], string(s.branch.AppendTo(nil)), "", "c", 7), message.Method(w[1]), s.branch, s.route, s.timers, s)
	case w[0] == "ack":
		watch, err := time.ParseDuration(w[1])
		if err != nil {
			return err
		}
		s.serial++
		s.branch = 0xabc0 + s.serial
		s.layer.Ack(request("ACK", string(s.branch.AppendTo(nil)), "", "c", 7), s.branch, s.route, watch, s)
	case w[0] == "respond":
		status, _ := strconv.Atoi(w[1])
		return s.server.Respond(status, s.response(status))
	case w[0] == "cancel":
		s.client.Cancel("")
	case w[0] == "acked":
		s.server.Acked()
	case w[0] == "out":
		if w[1] == "nothing" {
			if len(s.sent) > 0 {
				return fmt.Errorf("%d were sent, the first\n%s", len(s.sent), s.sent[0])
			}
			return nil
		}
		if len(s.sent) == 0 {
			return errors.New("nothing was sent")
		}
		first := s.sent[0]
		s.sent = s.sent[1:]
		want := w[1]
		if _, err := strconv.Atoi(want); err == nil {
			want = "SIP/2.0 " + want
		}
		if !strings.HasPrefix(first, want+" ") {
			return fmt.Errorf("sent was\n%s", first)
		}
		if _, text, ok := strings.Cut(line, "|"); ok && !strings.Contains(first, strings.TrimSpace(text)) {
			return fmt.Errorf("%q is not in\n%s", strings.TrimSpace(text), first)
		}
	case w[0] == "got":
		want := strings.Join(w[1:], " ")
		if want == "nothing" {
			if len(s.told) > 0 {
				return fmt.Errorf("told %q", s.told)
			}
			return nil
		}
		if len(s.told) == 0 || s.told[0] != want {
			return fmt.Errorf("told %q", s.told)
		}
		s.told = s.told[1:]
	case w[0] == "none":
		if a, b := s.layer.Len(); a+b > 0 || len(s.layer.merges) > 0 || len(s.layer.waiting) > 0 || s.sched.Len() > 0 {
			return fmt.Errorf("%d server and %d client transactions, %d keys and %d timers are left", a, b, len(s.layer.merges), s.sched.Len())
		}
	case w[0] == "state":
		got := Terminated
		if s.client != nil {
			got = s.client.State()
		} else {
			got = s.server.State()
		}
		if got.String() != w[1] {
			return fmt.Errorf("it is %v", got)
		}
	default:
		return errors.New("what?")
	}
	return nil
}
