// Package transaction is the transaction layer of SIP: the four state machines of
// RFC 3261 section 17 with the Accepted state of RFC 6026. Over a reliable
// transport nothing is repeated but a 2xx response to INVITE, which may have to
// cross other hops (13.3.1.4), and nothing is waited for that repeats.
//
// It does no I/O and reads no clock. It is handed messages and a scheduler, sends
// through the Transport it was made with, and tells its users what arrived. A
// Layer and everything it makes belongs to one goroutine, the monitor loop.
package transaction

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"time"

	"pbx/channels/sip/message"
	"pbx/sched"
)

// Transport sends messages. Send does not keep b; it returns the connection that
// the message takes, 0 over UDP. A connection that cannot be made, or breaks, is
// reported by Layer.Lost.
type Transport interface {
	Send(b []byte, r Route) (Flow, error)
}

// User is the layer above: the transaction user of RFC 3261.
type User interface {
	// Request is called for every request that no transaction absorbed, ACK
	// excepted. tx answers without state until tx.Keep; it may be used after the
	// call returns only if it was kept. m is valid during the call.
	Request(tx *Server, m *message.Message)
	// Ack is called for an ACK that belongs to a 2xx response: it is a
	// transaction of its own (RFC 3261 13.2.2.4).
	Ack(m *message.Message, from Route)
	// Stray is called for a response that no transaction asked for.
	Stray(m *message.Message, from Route)
}

// Timers are the base values of RFC 3261 table 4. The zero value means the
// defaults; B is 64*T1 when 0 and limits INVITE (B), other requests (F) and the
// wait for an ACK (H).
type Timers struct {
	T1, T2, T4, B time.Duration
}

// The defaults of RFC 3261 17.1.1.1 and 17.1.2.2.
const (
	DefaultT1 = 500 * time.Millisecond
	DefaultT2 = 4 * time.Second
	DefaultT4 = 5 * time.Second
	// completedD is timer D, at least 32 s over UDP (17.1.1.2).
	completedD = 32 * time.Second
)

// grid is what the end of a state that only absorbs is rounded up to, so that one
// wake-up of the loop sees to the transactions of many calls. Those timers are
// lower bounds.
const grid = 250 * time.Millisecond

func (t Timers) filled() Timers {
	if t.T1 <= 0 {
		t.T1 = DefaultT1
	}
	if t.T2 <= 0 {
		t.T2 = DefaultT2
	}
	if t.T4 <= 0 {
		t.T4 = DefaultT4
	}
	if t.B <= 0 {
		t.B = 64 * t.T1
	}
	return t
}

// State is a state of any of the four machines.
type State uint8

// The states of RFC 3261 figures 5 to 8 and RFC 6026.
const (
	Calling State = iota + 1
	Trying
	Proceeding
	Completed
	Confirmed
	Accepted
	Terminated
)

var stateNames = [...]string{"", "Calling", "Trying", "Proceeding", "Completed", "Confirmed", "Accepted", "Terminated"}

func (s State) String() string { return stateNames[s] }

// ErrTimeout ends a client transaction that got no final response in time.
var ErrTimeout = errors.New("no final response in time")

// Layer holds the transactions of one exchange.
type Layer struct {
	// Stats count what it does.
	Stats Stats

	sched     *sched.Scheduler
	transport Transport
	user      User
	timers    Timers
	epoch     time.Time

	servers map[string]*Server
	merges  map[string]*Server
	clients map[clientKey]*Client
	waiting map[Flow][]*Client // those on a connection that had no response yet

	spare   *Server // one that was handed out and not kept
	key     []byte  // scratch: the key of the request being handled
	scratch message.Message
	builder message.Builder
	build   []byte
}

// New makes a layer. timers are those of server transactions and the defaults of
// client ones.
func New(s *sched.Scheduler, t Transport, u User, timers Timers) *Layer {
	return &Layer{
		sched: s, transport: t, user: u, timers: timers.filled(), epoch: s.Now(),
		servers: make(map[string]*Server), merges: make(map[string]*Server),
		clients: make(map[clientKey]*Client), waiting: make(map[Flow][]*Client),
	}
}

// SetTimers changes the timers of the transactions that begin from now on.
func (l *Layer) SetTimers(t Timers) { l.timers = t.filled() }

// SetCompact says whether the names of headers are those of one letter in what the
// layer writes itself.
func (l *Layer) SetCompact(on bool) { l.builder.Compact = on }

// Len returns how many transactions there are.
func (l *Layer) Len() (servers, clients int) { return len(l.servers), len(l.clients) }

// Receive takes a message that parsed. It does not keep m.
func (l *Layer) Receive(m *message.Message, from Route) {
	if m.IsRequest() {
		l.request(m, from)
	} else {
		l.response(m, from)
	}
}

// Lost says that a connection is gone, or never came to be. A request on it that had
// no response at all is sent once more, by a new connection: whoever closes one that
// rests may do so at the moment when it is used. Where that leads to dead, to which
// there is none, it is given up (RFC 3261 17.1.4). A response to the others may come by
// another connection (18.2.2).
func (l *Layer) Lost(f Flow, dead netip.AddrPort, err error) {
	if f == 0 {
		return
	}
	for _, c := range slices.Clone(l.waiting[f]) {
		switch {
		case !c.waits: // ended by one before it
		case c.renewed || c.Route.Remote == dead:
			c.unsent(err)
		default:
			c.renew()
		}
	}
}

// Undelivered says that a datagram to an address met an ICMP error, of which b is as
// much as the error quotes. The request in it is given up when it had no response
// yet. Only the branch in the quotation says which that is: an error that quotes too
// little may be forged by anybody who knows two addresses (RFC 5927 4).
func (l *Layer) Undelivered(b []byte, to netip.AddrPort, err error) {
	branch, ok := quotedBranch(b)
	if !ok {
		return
	}
	c := l.clients[clientKey{branch, bytes.HasPrefix(b, []byte(message.CANCEL+" "))}]
	if c != nil && c.Route.Protocol == UDP && c.Route.Remote == to && (c.state == Calling || c.state == Trying) {
		c.fail(err)
	}
}

// quotedBranch is the branch of the top Via of a request of ours.
func quotedBranch(b []byte) (Branch, bool) {
	_, b, ok := bytes.Cut(b, []byte(";branch="))
	n := len(message.MagicCookie) + 16
	if !ok || len(b) < n {
		return 0, false
	}
	return parseBranch(b[:n])
}

// linger is the end of a state that begins now and in which nothing is sent for d.
func (l *Layer) linger(d time.Duration) time.Time {
	end := l.sched.Now().Sub(l.epoch) + d
	return l.epoch.Add((end + grid - 1) / grid * grid)
}

// Close ends every transaction without telling its user.
func (l *Layer) Close() {
	for _, s := range l.servers {
		s.end()
	}
	for _, c := range l.clients {
		c.end()
	}
}
