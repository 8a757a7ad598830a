package transaction

import (
	"strconv"
	"time"

	"pbx/channels/sip/message"
	"pbx/sched"
)

// Owner is told what becomes of a kept INVITE transaction.
type Owner interface {
	// NoAck says that the 2xx response was repeated until timer H and no ACK came
	// (RFC 3261 13.3.1.4).
	NoAck(s *Server)
}

// Server is a server transaction.
type Server struct {
	// Route is where the request came from, and where responses go; the user may
	// point it elsewhere before the first response (RFC 3261 18.2.2).
	Route Route
	// Method is the request's.
	Method message.Method
	// Owner is told of a missing ACK; nil tells nobody.
	Owner Owner
	// Cancels is the INVITE transaction that a CANCEL is for, nil when there is
	// none.
	Cancels *Server
	// Merged says that the request arrived before by another way: it is answered
	// 482 (RFC 3261 8.2.2.2).
	Merged bool

	layer    *Layer
	key      string // in servers and, behind mergeAt, in merges; "" until kept
	mergeAt  int
	state    State
	status   int
	response []byte
	timer    sched.ID
	fire     sched.Callback
	interval time.Duration // until the next retransmission
	deadline time.Time
	acked    bool
}

// State is the state of the machine.
func (s *Server) State() State { return s.state }

// Status is that of the last response, 0 before the first.
func (s *Server) Status() int { return s.status }

// Kept reports whether the transaction has state.
func (s *Server) Kept() bool { return s.key != "" }

// appendKey appends what a request's transaction is known by (17.2.3): the
// branch, sent-by and method, or, without the magic cookie, the fields that
// RFC 2543 compared. method is INVITE for ACK and CANCEL that look for theirs.
func appendKey(b []byte, m *message.Message, method message.Method) []byte {
	via := m.Via()
	if via.Unique() {
		b = append(b, via.Branch...)
	} else {
		b = append(b, 1)
		b = append(b, m.CallID()...)
		b = append(b, 0)
		b = append(b, m.FromTag()...)
		b = append(b, 0)
		seq, _ := m.CSeq()
		b = strconv.AppendUint(b, uint64(seq), 10)
		b = append(b, 0)
		b = append(b, via.Branch...)
	}
	b = append(b, 0)
	b = append(b, via.Host...)
	b = append(b, ':')
	b = strconv.AppendUint(b, uint64(via.Port), 10)
	b = append(b, 0)
	return append(b, method...)
}

// appendMergeKey appends what copies of one request have in common (8.2.2.2).
func appendMergeKey(b []byte, m *message.Message) []byte {
	b = append(b, m.CallID()...)
	b = append(b, 0)
	b = append(b, m.FromTag()...)
	b = append(b, 0)
	seq, method := m.CSeq()
	b = strconv.AppendUint(b, uint64(seq), 10)
	b = append(b, 0)
	return append(b, method...)
}

func (l *Layer) request(m *message.Message, from Route) {
	method := m.Method()
	lookup := method
	if method == message.ACK {
		lookup = message.INVITE
	}
	l.key = appendKey(l.key[:0], m, lookup)
	if s := l.servers[string(l.key)]; s != nil {
		if method == message.ACK {
			s.ack(m, from)
		} else {
			l.Stats.Absorbed++
			s.repeat()
		}
		return
	}
	if method == message.ACK {
		l.user.Ack(m, from)
		return
	}
	l.Stats.Requests++
	s := l.spare
	l.spare = nil
	if s == nil {
		s = &Server{layer: l}
	}
	s.Route, s.Method, s.state = from, method, Trying
	if method == message.INVITE {
		s.state = Proceeding
	}
	s.mergeAt = len(l.key)
	if method == message.CANCEL {
		l.key = appendKey(l.key[:0], m, message.INVITE)
		s.Cancels = l.servers[string(l.key)]
		l.key = appendKey(l.key[:0], m, method)
		s.mergeAt = len(l.key)
	} else if len(m.ToTag()) == 0 {
		l.key = appendMergeKey(l.key, m)
		if o := l.merges[string(l.key[s.mergeAt:])]; o != nil && o.state != Confirmed {
			s.Merged = true
		}
	}
	l.user.Request(s, m)
	if !s.Kept() && s.state != Terminated {
		*s = Server{layer: l}
		l.spare = s
	}
}

// Keep gives the transaction state: retransmissions of the request are absorbed
// from here on. It is called while the request is handled.
func (s *Server) Keep() {
	l := s.layer
	if s.Kept() {
		return
	}
	l.Stats.Kept++
	s.key = string(l.key)
	l.servers[s.key[:s.mergeAt]] = s
	if merge := s.key[s.mergeAt:]; merge != "" && !s.Merged {
		l.merges[merge] = s
	}
	s.fire = s.expire
}

// Respond sends a response. The layer keeps a copy of b when it may have to be
// sent again. A final response after a final one is not sent.
func (s *Server) Respond(status int, b []byte) error {
	if s.state != Trying && s.state != Proceeding {
		return nil
	}
	s.status = status
	s.layer.Stats.Sent.add(status)
	if status >= 200 {
		s.layer.Stats.Served.add(status)
	}
	if s.Kept() {
		s.response = append(s.response[:0], b...)
		switch {
		case status < 200:
			s.state = Proceeding
		case s.Method != message.INVITE:
			s.state = Completed
			if !s.reliable() { // else timer J is 0
				s.after(64*s.layer.timers.T1, 0)
			}
		case status < 300:
			s.state = Accepted
			s.after(64*s.layer.timers.T1, s.layer.timers.T1) // timer L
		default:
			s.state = Completed
			repeat := s.layer.timers.T1 // timer G
			if s.reliable() {
				repeat = 0
			}
			s.after(s.layer.timers.B, repeat) // timer H
		}
	}
	err := s.transmit(b)
	if s.Kept() && s.state == Completed && s.Method != message.INVITE && s.reliable() {
		s.end()
	}
	return err
}

func (s *Server) reliable() bool { return s.Route.Protocol.Reliable() }

// transmit sends a response. When the connection of the request is gone, the next
// one goes by that which took its place (RFC 3261 18.2.2).
func (s *Server) transmit(b []byte) error {
	flow, err := s.layer.transport.Send(b, s.Route)
	if err == nil {
		s.Route.Flow = flow
	}
	return err
}

// Acked says that the ACK of the 2xx response arrived, which the user recognises
// by its dialog.
func (s *Server) Acked() {
	if s.state != Accepted {
		return
	}
	s.acked = true
	s.response = nil
	s.Owner = nil
	s.after(s.deadline.Sub(s.layer.sched.Now()), 0)
}

// repeat handles a retransmission of the request.
func (s *Server) repeat() {
	switch s.state {
	case Proceeding, Completed:
		if len(s.response) > 0 {
			s.again()
		}
	}
}

// again sends the last response again. What is lost comes again: an error here has
// no other taker.
func (s *Server) again() {
	s.layer.Stats.Resent++
	s.layer.Stats.Sent.add(s.status)
	_ = s.transmit(s.response)
}

// ack handles an ACK with the branch of the INVITE.
func (s *Server) ack(m *message.Message, from Route) {
	switch s.state {
	case Completed:
		s.state = Confirmed
		s.response = nil
		if s.reliable() { // timer I is 0
			s.end()
		} else {
			s.after(s.layer.timers.T4, 0)
		}
	case Accepted:
		s.layer.user.Ack(m, from) // a client of RFC 2543 keeps the branch
	}
}

// after arms the timer for the end of the state, with retransmissions from
// interval on if that is not 0.
func (s *Server) after(end, interval time.Duration) {
	s.deadline = s.layer.sched.Now().Add(end)
	if interval == 0 {
		s.deadline = s.layer.linger(end)
	}
	s.interval = interval
	s.arm()
}

func (s *Server) arm() {
	if s.timer != 0 {
		s.layer.sched.Delete(s.timer)
	}
	s.timer = s.layer.sched.Add(s.next(), s.fire)
}

func (s *Server) next() time.Duration {
	left := s.deadline.Sub(s.layer.sched.Now())
	if s.interval > 0 && s.interval < left {
		return s.interval
	}
	return max(left, 1)
}

func (s *Server) expire() time.Duration {
	if s.deadline.Sub(s.layer.sched.Now()) <= sched.Slack {
		s.timer = 0
		owner, silent := s.Owner, s.state == Accepted && !s.acked
		s.end()
		if silent && owner != nil {
			owner.NoAck(s)
		}
		return 0
	}
	s.again()
	s.interval = min(2*s.interval, s.layer.timers.T2)
	return s.next()
}

// end forgets the transaction.
func (s *Server) end() {
	if s.timer != 0 {
		s.layer.sched.Delete(s.timer)
		s.timer = 0
	}
	s.state = Terminated
	s.response = nil
	delete(s.layer.servers, s.key[:s.mergeAt])
	if merge := s.key[s.mergeAt:]; merge != "" && s.layer.merges[merge] == s {
		delete(s.layer.merges, merge)
	}
}
