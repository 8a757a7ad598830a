package sip

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// Submission is a request that a program or an operator sends through the
// exchange, outside of any call.
type Submission struct {
	Method string
	// Target is the name of a peer or a SIP URI.
	Target string
	// Headers are "Name: value". From and To replace ours; Via, CSeq, Call-ID,
	// Max-Forwards and Content-Length are the exchange's to write.
	Headers []string
	Body    string
	// CallID, Seq and Tag are the Call-ID, the CSeq number and our tag of a dialog that a
	// program leads itself; empty ones are made.
	CallID string
	Seq    uint32
	Tag    string

	hops string // Max-Forwards, "" for 70
}

// Outcome is what came of a Submission.
type Outcome struct {
	ID     uint64
	Status int    // of the final response, 0 when none came
	Reason string // its words, or why there is none
	// Response is the whole response. It came from the network.
	Response []byte
	Took     time.Duration
	// Provisional are the 1xx responses that came before.
	Provisional []int
}

// Why a submission is not sent.
var (
	errTooMany   = errors.New("too many requests are on their way")
	errCancelled = errors.New("cancelled")
	errNoID      = errors.New("no such request is on its way")
)

// maxSubmissions bounds how many are on their way at once.
const maxSubmissions = 256

// submission is a Submission on its way.
type submission struct {
	d       *Driver
	id      uint64
	asked   Submission
	dialog  dialog
	seq     uint32
	client  *transaction.Client
	servers *servers
	began   time.Time
	out     Outcome
	done    func(Outcome)
}

// Submit sends a request and returns its number; done is called once, on the loop,
// when the final response is there or none will come. A challenge is answered with
// the credentials of the peer. An INVITE that is answered is hung up. Any goroutine
// but the loop's may call it.
func (d *Driver) Submit(s Submission, done func(Outcome)) (id uint64, err error) {
	if err := s.check(); err != nil {
		return 0, err
	}
	if e := d.Call(func() { id, err = d.submit(s, done) }); e != nil {
		return 0, e
	}
	return id, err
}

// Withdraw gives a submission up: an INVITE is cancelled (RFC 3261 9.1), the
// answer of another request is no longer waited for.
func (d *Driver) Withdraw(id uint64) error {
	err := errNoID
	if e := d.Call(func() {
		s := d.submissions[id]
		if s == nil {
			return
		}
		err = nil
		if s.client == nil || s.client.Method != message.INVITE {
			s.finish(nil, errCancelled)
		} else if !s.client.Cancelled() {
			s.client.Cancel("")
		}
	}); e != nil {
		return e
	}
	return err
}

// WithdrawCall is Withdraw for the request of a Call-ID and a CSeq number.
func (d *Driver) WithdrawCall(callID string, seq uint32) error {
	id := uint64(0)
	if err := d.Call(func() {
		for _, s := range d.submissions {
			if s.dialog.callID == callID && s.seq == seq {
				id = s.id
			}
		}
	}); err != nil {
		return err
	}
	return d.Withdraw(id) // no request has the number 0
}

// check looks at what does not need the loop.
func (s *Submission) check() error {
	if !isToken(s.Method) || s.Method != strings.ToUpper(s.Method) {
		return fmt.Errorf("%q is not a method", s.Method)
	}
	switch message.Method(s.Method) {
	case message.ACK, message.CANCEL, message.PRACK:
		return fmt.Errorf("%s belongs to another request", s.Method)
	}
	if strings.ContainsAny(s.CallID, "\r\n\x00 \t") || s.Tag != "" && !isToken(s.Tag) || s.Seq > 1<<31-1 {
		return errors.New("Call-ID, CSeq or the tag of From is not one")
	}
	for _, h := range s.Headers {
		if !cleanHeader(h) {
			return fmt.Errorf("%q is not a header", h)
		}
		name, _, _ := strings.Cut(h, ":")
		switch id := message.HeaderIDOf(strings.TrimSpace(name)); id {
		case message.HeaderVia, message.HeaderCSeq, message.HeaderCallID, message.HeaderMaxForwards, message.HeaderContentLength:
			return fmt.Errorf("the exchange writes %v itself", id)
		}
	}
	return nil
}

// isToken reports whether s is a token (RFC 3261 25.1).
func isToken(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~") == ""
}

// header is the value of a header of the submission, "" without it.
func (s *Submission) header(id message.HeaderID) string {
	for _, h := range s.Headers {
		if name, value, _ := strings.Cut(h, ":"); message.HeaderIDOf(strings.TrimSpace(name)) == id {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// submit begins a submission, on the loop: its servers are found, then it is sent.
func (d *Driver) submit(asked Submission, done func(Outcome)) (uint64, error) {
	if len(d.submissions) >= maxSubmissions {
		return 0, errTooMany
	}
	target, at, peer, err := d.submissionTarget(asked.Target)
	if err != nil {
		return 0, err
	}
	d.submitted++
	s := &submission{d: d, id: d.submitted, asked: asked, seq: cmp.Or(asked.Seq, firstSeq) - 1, began: d.now(), done: done}
	s.dialog.target, s.dialog.hops = target, asked.hops
	if d.submissions == nil {
		d.submissions = make(map[uint64]*submission)
	}
	d.submissions[s.id] = s
	d.reach(at, func(list *servers, err error) {
		switch {
		case d.submissions[s.id] != s: // withdrawn
		case err != nil:
			s.finish(nil, err)
		default:
			s.servers = list
			s.begin(peer)
		}
	})
	return s.id, nil
}

// submissionTarget finds where a request goes.
func (d *Driver) submissionTarget(text string) (target string, at hop, peer *Peer, err error) {
	u, err := message.ParseURI([]byte(text))
	if err != nil || !u.IsSIP() {
		p := d.peer(text)
		if p == nil {
			return "", at, nil, fmt.Errorf("%q is neither a peer nor a SIP URI", text)
		}
		target, at, err = d.destination(p, p.best(), "")
		return target, at, p, err
	}
	if len(u.Headers) > 0 {
		return "", at, nil, errors.New("a target has no headers in its URI")
	}
	if c, ok := d.gruu(&u); ok {
		if c == nil {
			return "", at, nil, errUnregistered
		}
		return c.URI, hop{route: c.route()}, nil, nil
	}
	if p := d.peer(string(u.Host)); p != nil && u.Port == 0 {
		target, at, err = d.destination(p, p.best(), string(u.User))
		return target, at, p, err
	}
	protocols := d.protocols(&d.cfg.General.Defaults)
	fixed := false
	if v, ok := u.Params.Get("transport"); ok {
		p, known := transaction.ParseProtocol(string(v))
		if !known {
			return "", at, nil, fmt.Errorf("transport %q is not known", v)
		}
		protocols, fixed = []transaction.Protocol{p}, true
	}
	if secureURI(text) {
		protocols, fixed = []transaction.Protocol{transaction.TLS}, true
	}
	if a, ok := hostPort(string(u.Host), int(u.Port)); ok {
		peer = d.peers.byAddr(a)
	}
	return text, hop{query: d.query(string(u.Host), u.Port, protocols, fixed)}, peer, nil
}

// begin makes the dialog and sends the request.
func (s *submission) begin(peer *Peer) {
	d, g := s.d, &s.dialog
	g.route = s.servers.route()
	local, _ := d.localAddress(g.route)
	g.callID, g.localTag = s.asked.CallID, s.asked.Tag
	if g.callID == "" {
		g.callID = d.random.callID(local.String())
	}
	if g.localTag == "" {
		g.localTag = d.random.tag()
	}
	g.contact = d.contactOn(g.route, defaultCaller, g.secure())
	g.proof = &proof{peer: peer, addr: g.route.Remote.Addr()}
	g.local = cmp.Or(s.asked.header(message.HeaderFrom), d.ownName(peer, local))
	g.remote = cmp.Or(s.asked.header(message.HeaderTo), "<"+g.target+">")
	s.send()
}

// send sends the request, with the answer to a challenge if there is one.
func (s *submission) send() {
	d := s.d
	s.seq++
	method := message.Method(s.asked.Method)
	branch := d.random.branch()
	b := s.dialog.begin(d, method, branch, s.seq)
	b.Header(message.HeaderDate, d.date())
	contentType := ""
	for _, h := range s.asked.Headers {
		name, value, _ := strings.Cut(h, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch message.HeaderIDOf(name) {
		case message.HeaderFrom, message.HeaderTo:
		case message.HeaderContentType:
			contentType = value
		default:
			b.HeaderNamed(name, value)
		}
	}
	if s.asked.Body != "" {
		b.Body(cmp.Or(contentType, "text/plain;charset=UTF-8"), []byte(s.asked.Body))
	}
	s.client = nil
	if c := d.txs.Send(d.finish(), method, branch, s.dialog.route, transaction.Timers{}, s); c.State() != transaction.Terminated {
		s.client = c
	}
}

// Response implements transaction.Receiver.
func (s *submission) Response(c *transaction.Client, m *message.Message) {
	d := s.d
	status := m.Status()
	wait, busy := unavailable(m)
	switch {
	case busy && !c.Cancelled() && s.servers.next("503", wait):
		s.dialog.route = s.servers.route()
		s.send()
		return
	case status < 200:
		if len(s.out.Provisional) < 16 {
			s.out.Provisional = append(s.out.Provisional, status)
		}
		return
	case (status == 401 || status == 407) && !c.Cancelled() && d.proves(s.dialog.proof, m, s.dialog.route.Remote.Addr()):
		s.send()
		return
	case status < 300 && c.Method == message.INVITE && len(m.ToTag()) > 0:
		// Nobody is here to talk: acknowledged, and hung up (RFC 3261 13.2.2.4).
		a := &answer{d: d, client: c, dialog: s.dialog, seq: s.seq}
		c.SetReceiver(a)
		a.again(m)
	}
	s.finish(m, nil)
}

// Failed implements transaction.Receiver.
func (s *submission) Failed(_ *transaction.Client, err error) {
	if s.servers.next(reasonOf(err), 0) {
		s.dialog.route = s.servers.route()
		s.send()
		return
	}
	s.finish(nil, err)
}

// finish tells what came of it, once.
func (s *submission) finish(m *message.Message, err error) {
	d := s.d
	if d.submissions[s.id] != s {
		return
	}
	delete(d.submissions, s.id)
	s.out.ID, s.out.Took = s.id, d.now().Sub(s.began)
	if m != nil {
		s.out.Status, s.out.Reason, s.out.Response = m.Status(), string(m.Reason()), slices.Clone(m.Bytes())
	} else {
		s.out.Reason = err.Error()
		if s.client != nil {
			s.client.SetReceiver(nobody{})
		}
	}
	s.done(s.out)
}
