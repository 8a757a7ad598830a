package sip

import (
	"cmp"
	"errors"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/presence"
	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// subscription is one phone's subscription to an event package (RFC 6665): the
// dialog that its SUBSCRIBE made and what it is told. The monitor loop owns it.
type subscription struct {
	dialog
	d         *Driver
	sibling   *subscription // the next one of the same Call-ID
	peer      *Peer         // nil: a guest
	format    presence.Format
	eventID   string // of the Event header, which NOTIFY repeats
	user      string // of From
	context   string // where the hint is
	exten     string
	entity    string // what is watched and who watches, as URIs without parameters
	watcher   string
	host      string // ours, as the phone wrote it
	version   uint32 // of the next document
	expires   time.Time
	timer     sched.ID // of the end
	symmetric bool
	hint      *hintWatch // of a format that tells of a hint

	pace   presence.Pace
	wait   sched.ID // of the pace
	queued bool     // in the line of those that have something to tell
	// stranded says that the phone's connection broke and that it cannot be connected
	// to: what there is to tell waits until it has registered by the next one.
	stranded bool
	reason   string // why it ends with the next NOTIFY, "" while it is active
	over     bool   // taken out of the table
	kept     bool   // it has a record in the store
}

// The reasons of a subscription's end (RFC 6665 4.1.3).
const (
	endTimeout     = "timeout"     // its time is over, or the phone wants no more
	endDeactivated = "deactivated" // a new one is welcome at once
	endNoResource  = "noresource"  // what was watched is gone
	endRejected    = "rejected"    // a changed configuration does not allow it
)

// expiryGrace is how long a subscription lasts beyond its time, for the refresh of
// a phone whose clock is slow.
const expiryGrace = 10 * time.Second

// maxSubscriptions bounds what phones may have us keep.
const maxSubscriptions = 1 << 16

// subscriptions are those of one driver.
type subscriptions struct {
	byID  map[string]*subscription // the first of a chain through sibling
	count int
	// reginfo counts those that follow a registration.
	reginfo int
	hints   map[hintKey]*hintWatch
	// line are those that have something to tell, in order; each stands in it
	// once.
	line    []*subscription
	serving bool // the line is being worked off
}

// add puts s into the table.
func (t *subscriptions) add(s *subscription) {
	if t.byID == nil {
		t.byID = make(map[string]*subscription)
	}
	s.sibling = t.byID[s.callID]
	t.byID[s.callID] = s
	t.count++
}

func (t *subscriptions) remove(s *subscription) {
	for at, o := (*subscription)(nil), t.byID[s.callID]; o != nil; at, o = o, o.sibling {
		if o != s {
			continue
		}
		switch {
		case at != nil:
			at.sibling = s.sibling
		case s.sibling != nil:
			t.byID[s.callID] = s.sibling
		default:
			delete(t.byID, s.callID)
		}
		t.count--
		return
	}
}

// dialog finds the subscription that a request within its dialog is for.
func (t *subscriptions) dialog(callID, toTag, fromTag []byte) *subscription {
	for s := t.byID[string(callID)]; s != nil; s = s.sibling {
		if s.localTag == string(toTag) && s.remoteTag == string(fromTag) {
			return s
		}
	}
	return nil
}

// each calls f for every subscription; f may remove the one it is handed.
func (t *subscriptions) each(f func(*subscription)) {
	for _, s := range t.byID {
		for s != nil {
			next := s.sibling
			f(s)
			s = next
		}
	}
}

// settings are the options that hold for the subscriber.
func (s *subscription) settings() *PeerSettings { return s.d.settings(s.peer) }

// begin takes the dialog out of the SUBSCRIBE that makes it (RFC 6665 4.2.1.1).
func (s *subscription) begin(m *message.Message) {
	d := s.d
	s.callID = string(m.CallID())
	s.localTag = d.random.tag()
	s.remoteTag = string(m.FromTag())
	s.localSeq = firstSeq - 1
	s.local = withoutTag(m.To(), m.Header(message.HeaderTo))
	s.remote = withoutTag(m.From(), m.Header(message.HeaderFrom))
	s.learnRoutes(m, false)
	from, to := m.From(), m.To()
	s.user = message.UnescapeString(from.URI.User)
	s.host = string(to.URI.Host)
	s.entity, s.watcher = plainURI(&to.URI), plainURI(&from.URI)
	s.follow(m)
}

// follow takes over where the phone is now and what its request says.
func (s *subscription) follow(m *message.Message) {
	d := s.d
	s.stranded = false
	s.remoteSeq, _ = m.CSeq()
	s.hasRemoteSeq = true
	s.learnTarget(m)
	if s.target == "" { // a SUBSCRIBE without Contact: the best guess
		from := m.From()
		s.target = from.URI.String()
	}
	s.symmetric = s.settings().forceRPort(m, d.from)
	s.by = s.settings()
	s.route = d.from.route()
	s.aim(d, d.from.route(), s.symmetric)
	s.contact = d.contactOn(s.route, s.exten, s.beganSecure(m))
	if s.peer != nil {
		s.proof = &proof{peer: s.peer, addr: s.route.Remote.Addr()}
	}
}

// plainURI is a URI without parameters and headers, as documents name it.
func plainURI(u *message.URI) string {
	plain := *u
	plain.Params, plain.Headers = nil, nil
	return plain.String()
}

// last sets when the subscription ends unless it is refreshed.
func (s *subscription) last(life time.Duration) {
	d := s.d
	s.expires = d.now().Add(life)
	if s.timer != 0 {
		d.sched.Delete(s.timer)
	}
	s.timer = d.sched.Add(life+expiryGrace, func() time.Duration {
		s.timer = 0
		s.end(endTimeout)
		return 0
	})
}

// start begins to tell.
func (s *subscription) start() {
	d := s.d
	d.subs.add(s)
	switch {
	case s.format.Hinted():
		d.watchHint(s)
	case s.format == presence.Summary:
		s.peer.mwi.subs++
	case s.format == presence.RegInfo:
		d.subs.reginfo++
	}
}

// end takes leave with a last NOTIFY.
func (s *subscription) end(reason string) {
	if s.over || s.reason != "" {
		return
	}
	s.reason = reason
	if s.stranded {
		s.drop()
		return
	}
	s.tell(true)
}

// drop forgets the subscription without a word: the phone does not know it any
// more, or heard the last one.
func (s *subscription) drop() {
	if s.over {
		return
	}
	s.over = true
	d := s.d
	for _, id := range [...]*sched.ID{&s.timer, &s.wait} {
		if *id != 0 {
			d.sched.Delete(*id)
			*id = 0
		}
	}
	switch {
	case s.hint != nil:
		d.unwatchHint(s)
	case s.format == presence.Summary:
		s.peer.mwi.subs--
	case s.format == presence.RegInfo:
		d.subs.reginfo--
	}
	d.subs.remove(s)
	d.forgetSubscription(s)
}

// tell has the subscription say what there is to say, in its turn. asked says that
// a SUBSCRIBE waits for it.
func (s *subscription) tell(asked bool) {
	s.pace.Want(asked)
	s.enqueue()
}

// enqueue puts it into the line of those that have something to tell.
func (s *subscription) enqueue() {
	d := s.d
	if s.queued || s.over || s.stranded {
		return
	}
	s.queued = true
	d.subs.line = append(d.subs.line, s)
	if !d.subs.serving {
		d.subs.serving = true
		d.Post(d.serveLine)
	}
}

// notifyBatch is how many NOTIFYs are sent before the loop looks at what else
// there is to do: a thousand watchers of one extension must not delay a call.
const notifyBatch = 64

// serveLine sends some of the NOTIFYs that wait.
func (d *Driver) serveLine() {
	t := &d.subs
	now := d.now()
	n := min(len(t.line), notifyBatch)
	for _, s := range t.line[:n] {
		s.queued = false
		if s.over {
			continue
		}
		func() {
			defer d.recovered(nil)
			s.serve(now)
		}()
	}
	rest := copy(t.line, t.line[n:])
	clear(t.line[rest:])
	t.line = t.line[:rest]
	if t.serving = rest > 0; t.serving {
		d.Post(d.serveLine) // at the next turn
	}
}

// serve sends the NOTIFY if it may be sent now, or arranges for later.
func (s *subscription) serve(now time.Time) {
	d := s.d
	ready, wait := s.pace.Ready(now)
	switch {
	case ready:
		s.notify()
	case wait > 0 && s.wait == 0:
		s.wait = d.sched.Add(wait, func() time.Duration {
			s.wait = 0
			s.enqueue()
			return 0
		})
	}
}

// Response implements transaction.Receiver: the answer to a NOTIFY.
func (s *subscription) Response(_ *transaction.Client, m *message.Message) {
	status := m.Status()
	if status < 200 || s.over {
		return
	}
	d := s.d
	s.pace.Answered()
	switch {
	case status < 300:
		s.proof.accepted(m)
	case (status == 401 || status == 407) && d.proves(s.proof, m, s.route.Remote.Addr()):
		s.pace.Want(true) // the same again, with proof
	case m.Has(message.HeaderRetryAfter):
		s.pace.Least = max(s.pace.Least, min(time.Duration(m.Seconds(message.HeaderRetryAfter))*time.Second, time.Minute))
		s.pace.Want(false)
	default: // RFC 6665 4.2.2
		d.debug(1, "SIP: a subscription ended", "peer", s.peerName(), "exten", s.exten, "status", status)
		s.drop()
		return
	}
	s.enqueue()
}

// Failed implements transaction.Receiver: nobody answers there (RFC 6665 4.2.2), or the
// phone has lost its connection and is about to make another.
func (s *subscription) Failed(c *transaction.Client, err error) {
	if !s.over {
		again := s.failover(c.Route, reasonOf(err), 0)
		s.stranded = !again && s.strands(c.Route, err)
		if again || s.stranded {
			s.pace.Answered()
			s.pace.Want(true)
			s.enqueue()
			return
		}
	}
	s.d.debug(1, "SIP: a subscription ended", "peer", s.peerName(), "exten", s.exten, "err", err)
	s.drop()
}

// strands reports whether what failed by a route may arrive when the phone has
// registered again.
func (s *subscription) strands(r transaction.Route, err error) bool {
	return s.peer != nil && s.peer.Dynamic && r.Protocol.Reliable() && !errors.Is(err, transaction.ErrTimeout)
}

func (s *subscription) peerName() string {
	if s.peer == nil {
		return ""
	}
	return s.peer.Name
}

// hostOf is the host of a URI as text.
func hostOf(uri string) string {
	u, err := message.ParseURI([]byte(uri))
	if err != nil {
		return ""
	}
	return string(u.Host)
}

// allowed reports whether the configuration of the moment would grant the
// subscription.
func (s *subscription) allowed() error {
	set := s.settings()
	switch {
	case !set.AllowSubscribe:
		return errNoSubscribe
	case s.format == presence.Summary && (len(s.peer.Mailboxes) == 0 || s.d.mailboxes == nil):
		return errNoMailbox
	case s.format.Hinted() && (s.d.hintSource == nil || s.context != cmp.Or(set.SubscribeContext, s.d.contextFor(s.peer, set, []byte(s.host)))):
		return errMovedContext
	}
	return nil
}

var (
	errNoSubscribe  = errors.New("allowsubscribe=no")
	errNoMailbox    = errors.New("its peer has no mailbox")
	errMovedContext = errors.New("its peer looks in another context")
)

// reviewSubscriptions ends those that a new configuration does not grant. A phone
// whose context changed may subscribe again at once.
func (d *Driver) reviewSubscriptions(was *Settings) {
	g := &d.cfg.General
	shown := was.Ringing != g.Ringing || was.NotifyCID != g.NotifyCID
	d.subs.each(func(s *subscription) {
		if s.peer != nil && d.peer(s.peer.Name) != s.peer {
			s.end(endRejected)
			return
		}
		switch err := s.allowed(); {
		case err == nil:
			if shown && s.format.Hinted() {
				s.tell(false)
			}
		case errors.Is(err, errMovedContext):
			s.end(endDeactivated)
		default:
			s.end(endRejected)
		}
	})
}

// closeSubscriptions ends the watching. With a store the phones' subscriptions
// are taken up after the restart; without one the phones are told to come again.
func (d *Driver) closeSubscriptions() {
	if d.stopMailboxes != nil {
		d.stopMailboxes()
	}
	for _, w := range d.subs.hints {
		w.stop()
	}
	d.subs.each(func(s *subscription) {
		if d.store == nil && s.reason == "" {
			s.reason = endDeactivated
			s.notify()
		}
	})
	for _, s := range d.boxes.list {
		s.close()
	}
}

// watched finds the extension that a subscription of peer is to, by its Call-ID
// and tags: those by which a watcher names a ringing call that it picks up
// (notifycid=).
func (d *Driver) watched(call, local, remote string, peer *Peer) (at channel.Location, ok bool) {
	s := d.subs.dialog([]byte(call), []byte(local), []byte(remote))
	if s == nil || peer == nil || s.peer != peer || s.hint == nil || d.cfg.General.NotifyCID == CIDNo {
		return channel.Location{}, false
	}
	return channel.Location{Context: s.context, Exten: s.exten}, true
}
