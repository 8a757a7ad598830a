package transaction

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"pbx/channels/sip/message"
	"pbx/sched"
)

// Receiver is who sent a request.
type Receiver interface {
	// Response is called for every response that is not a retransmission, and
	// for every 2xx to an INVITE: each is acknowledged by the user (RFC 3261
	// 13.2.2.4). m is valid during the call.
	Response(c *Client, m *message.Message)
	// Failed says that no final response came, or that the request could not be
	// sent.
	Failed(c *Client, err error)
}

// Branch identifies a client transaction; its text is the magic cookie and 16
// hexadecimal digits.
type Branch uint64

// AppendTo appends the branch parameter's value.
func (b Branch) AppendTo(dst []byte) []byte {
	dst = append(dst, message.MagicCookie...)
	const digits = "0123456789abcdef"
	for i := 60; i >= 0; i -= 4 {
		dst = append(dst, digits[b>>uint(i)&15])
	}
	return dst
}

func parseBranch(s []byte) (Branch, bool) {
	if len(s) != len(message.MagicCookie)+16 || string(s[:len(message.MagicCookie)]) != message.MagicCookie {
		return 0, false
	}
	var b Branch
	for _, c := range s[len(message.MagicCookie):] {
		switch {
		case c >= '0' && c <= '9':
			b = b<<4 | Branch(c-'0')
		case c >= 'a' && c <= 'f':
			b = b<<4 | Branch(c-'a'+10)
		default:
			return 0, false
		}
	}
	return b, true
}

// clientKey is what a response is matched by (17.1.3): the branch and the method
// in CSeq, of which only CANCEL shares a branch with another.
type clientKey struct {
	branch Branch
	cancel bool
}

// Client is a client transaction.
type Client struct {
	// Route is where the request went.
	Route Route
	// Method is the request's.
	Method message.Method

	layer    *Layer
	key      clientKey
	receiver Receiver
	timers   Timers
	state    State
	request  []byte
	ack      []byte // of a final response that is not a 2xx
	cancel   []byte // a CANCEL that waits for a provisional response
	timer    sched.ID
	fire     sched.Callback
	interval time.Duration
	deadline time.Time
	waits    bool // in Layer.waiting
	renewed  bool // sent again by a new connection
}

// SetReceiver hands what still comes to another, so that a call that is over need
// not be kept for the retransmissions of its answer.
func (c *Client) SetReceiver(u Receiver) { c.receiver = u }

// State is the state of the machine.
func (c *Client) State() State { return c.state }

// Send begins a client transaction. b is the whole request, whose top Via has
// branch; the layer keeps a copy. When it cannot be sent, Failed is called
// before Send returns.
func (l *Layer) Send(b []byte, method message.Method, branch Branch, r Route, t Timers, u Receiver) *Client {
	c := &Client{
		Route: r, Method: method, layer: l, receiver: u, timers: t.filled(),
		key: clientKey{branch, method == message.CANCEL}, state: Trying,
	}
	c.request = append(make([]byte, 0, len(b)), b...)
	c.fire = c.expire
	if method == message.INVITE {
		c.state = Calling
	}
	l.clients[c.key] = c
	l.Stats.Begun++
	if r.Large && r.Protocol == UDP && len(b) > maxDatagram && setVia(c.request, TCP) {
		b, c.Route.Protocol, c.Route.Flow = c.request, TCP, 0
	}
	c.begin(b)
	return c
}

// Ack sends the ACK of a 2xx response: a request that is sent once and that nobody
// answers (RFC 3261 13.2.2.4). For as long as watch u is told, once, when an error
// says that it did not arrive; Failed may be called before Ack returns. The layer keeps b
// until then.
func (l *Layer) Ack(b []byte, branch Branch, r Route, watch time.Duration, u Receiver) {
	c := &Client{Route: r, Method: message.ACK, layer: l, receiver: u, key: clientKey{branch, false}, state: Trying, request: b}
	c.fire = c.expire
	l.clients[c.key] = c
	c.after(watch, 0)
	c.carry(b)
}

// maxDatagram is how long a request over UDP may be where the path's MTU is not
// known (RFC 3261 18.1.1).
const maxDatagram = 1300

// setVia writes a protocol into the top Via of a request of ours; it reports false
// where there is another of another length.
func setVia(request []byte, p Protocol) bool {
	const at, short = "\r\nVia: SIP/2.0/", "\r\nv: SIP/2.0/"
	_, name, ok := bytes.Cut(request, []byte(at))
	if !ok {
		_, name, ok = bytes.Cut(request, []byte(short))
	}
	if !ok {
		return false
	}
	if end := bytes.IndexByte(name, ' '); end != len(p.String()) {
		return false
	}
	copy(name, p.String())
	return true
}

// begin sends the request for the first time.
func (c *Client) begin(b []byte) {
	repeat := c.timers.T1 // timers A and E
	if c.Route.Protocol.Reliable() {
		repeat = 0
	}
	c.after(c.timers.B, repeat)
	c.carry(b)
}

// carry hands it to the transport; a connection that it takes must hold until there
// is a response.
func (c *Client) carry(b []byte) {
	l := c.layer
	flow, err := l.transport.Send(b, c.Route)
	if err != nil {
		c.unsent(err)
		return
	}
	if c.Route.Flow = flow; flow != 0 && c.state != Terminated {
		l.waiting[flow] = append(l.waiting[flow], c)
		c.waits = true
	}
}

// unsent ends a request whose connection is gone, unless it was only made because
// the request is long (RFC 3261 18.1.1).
func (c *Client) unsent(err error) {
	if !c.Route.Large || c.Route.Protocol != TCP || !setVia(c.request, UDP) {
		c.fail(err)
		return
	}
	c.heard()
	c.Route.Protocol, c.Route.Flow, c.Route.Large = UDP, 0, false
	c.begin(c.request)
}

// renew sends it once more, by another connection.
func (c *Client) renew() {
	c.heard()
	c.renewed, c.Route.Flow = true, 0
	c.layer.Stats.Resent++
	c.carry(c.request)
}

// heard takes the request out of those whose connection must hold.
func (c *Client) heard() {
	if !c.waits {
		return
	}
	c.waits = false
	l, flow := c.layer, c.Route.Flow
	list := l.waiting[flow]
	if list = slices.DeleteFunc(list, func(o *Client) bool { return o == c }); len(list) == 0 {
		delete(l.waiting, flow)
	} else {
		l.waiting[flow] = list
	}
}

// transmit sends something on the way of the request.
func (c *Client) transmit(b []byte) {
	// What is lost comes again: an error here has no other taker.
	_, _ = c.layer.transport.Send(b, c.Route)
}

// Cancel asks the far end to give up an INVITE (RFC 3261 9.1): at once when a
// provisional response came, with the first one otherwise. reason is the value of
// a Reason header (RFC 3326) or "". It reports false when the final response is
// already there.
func (c *Client) Cancel(reason string) bool {
	if c.Method != message.INVITE || c.cancel != nil || c.state != Calling && c.state != Proceeding {
		return false
	}
	c.cancel = c.derive(message.CANCEL, nil, reason)
	if c.cancel == nil {
		return false
	}
	if c.state == Proceeding {
		c.sendCancel()
	}
	return true
}

// Abandon gives up an INVITE that had no response: it is not sent any more, and
// cancelled as soon as a response says that somebody has it (RFC 3261 9.1). What
// comes until timer B is still handed to the receiver.
func (c *Client) Abandon(reason string) {
	if c.Cancel(reason) && c.state == Calling && c.interval > 0 {
		c.after(c.deadline.Sub(c.layer.sched.Now()), 0)
	}
}

// Cancelled reports whether Cancel was called.
func (c *Client) Cancelled() bool { return c.cancel != nil }

func (c *Client) sendCancel() {
	l := c.layer
	l.Send(c.cancel, message.CANCEL, c.key.branch, c.Route, c.timers, discard{})
	// Without a final response in 64*T1 the INVITE is given up as well.
	c.after(64*c.timers.T1, 0)
}

// discard is the Receiver of a CANCEL.
type discard struct{}

func (discard) Response(*Client, *message.Message) {}
func (discard) Failed(*Client, error)              {}

func (l *Layer) response(m *message.Message, from Route) {
	l.Stats.Received.add(m.Status())
	branch, ok := parseBranch(m.Via().Branch)
	if !ok {
		l.Stats.Strays++
		l.user.Stray(m, from)
		return
	}
	_, method := m.CSeq()
	c := l.clients[clientKey{branch, method == message.CANCEL}]
	if c == nil || c.Method != method || method == message.ACK {
		l.Stats.Strays++
		l.user.Stray(m, from)
		return
	}
	c.heard()
	if method == message.INVITE {
		c.inviteResponse(m)
	} else {
		c.plainResponse(m)
	}
}

func (c *Client) inviteResponse(m *message.Message) {
	status := m.Status()
	switch c.state {
	case Calling, Proceeding:
		if status >= 200 {
			c.layer.Stats.Answered.add(status)
		}
		switch {
		case status < 200:
			first := c.state == Calling
			c.state = Proceeding
			if first {
				c.stop() // timers A and B; how long it may ring is the user's business
				if c.cancel != nil {
					c.sendCancel()
				}
			}
		case status < 300:
			c.state = Accepted
			c.request = nil
			c.after(64*c.timers.T1, 0) // timer M of RFC 6026
		default:
			c.state = Completed
			c.ack = c.derive(message.ACK, m, "")
			c.transmit(c.ack)
			c.request = nil
			if !c.Route.Protocol.Reliable() { // else timer D is 0
				c.after(completedD, 0)
			}
		}
	case Accepted:
		if status < 200 || status >= 300 {
			return
		}
	case Completed:
		if status >= 300 {
			c.layer.Stats.Absorbed++
			c.transmit(c.ack)
		}
		return
	default:
		return
	}
	if c.state == Completed && c.Route.Protocol.Reliable() {
		c.end()
	}
	c.receiver.Response(c, m)
}

func (c *Client) plainResponse(m *message.Message) {
	if c.state != Trying && c.state != Proceeding {
		c.layer.Stats.Absorbed++
		return
	}
	if m.Status() < 200 {
		c.state = Proceeding
	} else {
		c.layer.Stats.Answered.add(m.Status())
		c.state = Completed
		c.request = nil
		if c.Route.Protocol.Reliable() { // timer K is 0
			c.end()
		} else {
			c.after(c.timers.T4, 0)
		}
	}
	c.receiver.Response(c, m)
}

// derive builds the ACK of a final response (17.1.1.3) or the CANCEL (9.1) of the
// INVITE: its Request-URI, top Via, From, Call-ID, CSeq number and Route; To as in
// the response for ACK.
func (c *Client) derive(method message.Method, response *message.Message, reason string) []byte {
	l := c.layer
	if err := l.scratch.Parse(c.request); err != nil {
		return nil
	}
	b := &l.builder
	b.Reset(l.build[:0])
	b.Request(method, string(l.scratch.RequestURIBytes()))
	for via := range l.scratch.Lines(message.HeaderVia) {
		b.HeaderBytes(message.HeaderVia, via) // our requests have one
		break
	}
	b.Header(message.HeaderMaxForwards, "70")
	b.Copy(&l.scratch, message.HeaderFrom)
	if response != nil {
		b.Copy(response, message.HeaderTo)
	} else {
		b.Copy(&l.scratch, message.HeaderTo)
	}
	b.Copy(&l.scratch, message.HeaderCallID)
	seq, _ := l.scratch.CSeq()
	b.CSeq(seq, method)
	b.Copy(&l.scratch, message.HeaderRoute)
	if reason != "" {
		b.Header(message.HeaderReason, reason)
	}
	b.Copy(&l.scratch, message.HeaderUserAgent)
	l.build = b.Bytes()
	return append([]byte(nil), l.build...)
}

// after arms the timer for the end of the state, with retransmissions from
// interval on if that is not 0.
func (c *Client) after(end, interval time.Duration) {
	c.deadline = c.layer.sched.Now().Add(end)
	if interval == 0 {
		c.deadline = c.layer.linger(end)
	}
	c.interval = interval
	c.stop()
	c.timer = c.layer.sched.Add(c.next(), c.fire)
}

func (c *Client) stop() {
	if c.timer != 0 {
		c.layer.sched.Delete(c.timer)
		c.timer = 0
	}
}

func (c *Client) next() time.Duration {
	left := c.deadline.Sub(c.layer.sched.Now())
	if c.interval > 0 && c.interval < left {
		return c.interval
	}
	return max(left, 1)
}

func (c *Client) expire() time.Duration {
	if c.deadline.Sub(c.layer.sched.Now()) <= sched.Slack {
		c.timer = 0
		if c.state == Completed || c.state == Accepted || c.Method == message.ACK {
			c.end()
		} else {
			c.fail(ErrTimeout)
		}
		return 0
	}
	c.layer.Stats.Resent++
	c.transmit(c.request)
	switch {
	case c.Method == message.INVITE:
		c.interval *= 2 // timer A has no upper bound
	case c.state == Proceeding:
		c.interval = c.timers.T2
	default:
		c.interval = min(2*c.interval, c.timers.T2) // timer E
	}
	return c.next()
}

func (c *Client) fail(err error) {
	if errors.Is(err, ErrTimeout) {
		c.layer.Stats.Timeouts++
	} else {
		c.layer.Stats.Failed++
	}
	c.end()
	c.receiver.Failed(c, err)
}

func (c *Client) end() {
	c.stop()
	c.heard()
	c.state = Terminated
	c.request = nil
	delete(c.layer.clients, c.key)
}
