package sip

import (
	"bytes"
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/presence"
	"pbx/channels/sip/transaction"
)

// handleSubscribe answers a SUBSCRIBE that would make a dialog (RFC 6665 4.2.1).
func (d *Driver) handleSubscribe(tx *transaction.Server, m *message.Message, from source) {
	p, res := d.admit(tx, m, from)
	if res != authOK {
		return
	}
	tx.Route.Remote = d.replyAddress(m, from, p)
	if !d.settings(p).AllowSubscribe {
		d.respond(tx, m, 403, "Forbidden (policy)", nil)
		return
	}
	if len(m.ToTag()) > 0 {
		d.respond(tx, m, 481, "Subscription does not exist", nil)
		return
	}
	s := &subscription{d: d, peer: p}
	life, refusal := s.accepts(m)
	if refusal == nil && d.subs.count >= maxSubscriptions {
		refusal = &presence.Refusal{Status: 503}
	}
	if refusal != nil {
		d.refuseSubscribe(tx, m, refusal)
		return
	}
	tx.Keep()
	s.begin(m)
	s.start()
	s.granted(tx, m, life)
}

// refuseSubscribe says why not, and what would be.
func (d *Driver) refuseSubscribe(tx *transaction.Server, m *message.Message, r *presence.Refusal) {
	d.respond(tx, m, r.Status, r.Reason, func(b *message.Builder) {
		switch r.Status {
		case 423:
			b.HeaderInt(message.HeaderMinExpires, int64(d.cfg.General.SubMinExpiry/time.Second))
		case 489:
			b.Header(message.HeaderAllowEvents, allowedEvents)
		case 503:
			b.Header(message.HeaderRetryAfter, "60")
		}
	})
}

// allowedEvents are the event packages that are served.
const allowedEvents = "dialog, presence, message-summary, reg"

// accepts looks at what a SUBSCRIBE asks for: the package, the document, the
// resource and the time. It changes s accordingly unless it refuses.
func (s *subscription) accepts(m *message.Message) (life time.Duration, refusal *presence.Refusal) {
	d := s.d
	event, params, _ := bytes.Cut(m.Header(message.HeaderEvent), []byte(";"))
	event = bytes.TrimSpace(event)
	known := s.format != presence.None
	uri := m.RequestURI()
	exten, context := s.exten, s.context
	if !known {
		exten = message.UnescapeString(uri.User)
		context = cmp.Or(s.settings().SubscribeContext, d.contextFor(s.peer, s.settings(), uri.Host))
	}
	hinted := bytes.EqualFold(event, []byte("dialog")) || bytes.EqualFold(event, []byte("presence"))
	if hinted && !known && (d.hintSource == nil || d.plan.Hint(context, exten) == "") {
		return 0, &presence.Refusal{Status: 404, Reason: "Not Found"}
	}
	if hinted && !known && d.cfg.General.Compat && !m.Has(message.HeaderAccept) {
		return 0, &presence.Refusal{Status: 489, Reason: "Bad Event"}
	}
	if known && hinted != s.format.Hinted() { // another package has a dialog of its own
		return 0, &presence.Refusal{Status: 489, Reason: "Bad Event"}
	}
	format, refusal := presence.Negotiate(event, m.Values(message.HeaderAccept), s.format)
	if refusal == nil && known && !hinted && format != s.format {
		refusal = &presence.Refusal{Status: 489, Reason: "Bad Event"}
	}
	if refusal != nil {
		return 0, refusal
	}
	switch {
	case format == presence.Summary && (s.peer == nil || len(s.peer.Mailboxes) == 0 || d.mailboxes == nil):
		return 0, &presence.Refusal{Status: 404, Reason: "Not found (no mailbox)"}
	case format == presence.RegInfo && (s.peer == nil || !s.peer.Type.IsPeer() || !strings.EqualFold(exten, s.peer.Name)):
		// A device may follow its own registration (RFC 3680 4.5).
		return 0, &presence.Refusal{Status: 403, Reason: "Forbidden"}
	}
	g := &d.cfg.General
	switch seconds := m.Expires(); {
	case seconds < 0:
		life = min(max(g.DefaultExpiry, g.SubMinExpiry), g.SubMaxExpiry)
	case seconds == 0:
	case time.Duration(seconds)*time.Second < g.SubMinExpiry:
		return 0, &presence.Refusal{Status: 423, Reason: "Interval too small"}
	default:
		life = min(time.Duration(seconds)*time.Second, g.SubMaxExpiry)
	}
	s.format, s.exten, s.context = format, exten, context
	p := message.Params(append([]byte(";"), params...))
	id, _ := p.Get("id")
	s.eventID = string(id)
	s.pace.Least = leastGap(p)
	return life, nil
}

// leastGap reads the rate that a phone does not want to be told faster than
// (RFC 6446 5.2).
func leastGap(p message.Params) time.Duration {
	v, ok := p.Get("max-rate")
	if !ok {
		return 0
	}
	rate, err := strconv.ParseFloat(string(v), 64)
	if err != nil || rate <= 0 || math.IsNaN(rate) {
		return 0
	}
	return time.Duration(min(float64(time.Second)/rate, float64(time.Minute)))
}

// granted answers 200 and tells the state, for the first or the last time or in
// between.
func (s *subscription) granted(tx *transaction.Server, m *message.Message, life time.Duration) {
	d := s.d
	seconds := int64(life / time.Second)
	out := d.buildResponse(m, 200, "OK", s.localTag, true, func(b *message.Builder) {
		b.HeaderInt(message.HeaderExpires, seconds)
		if seconds > 0 {
			b.Address(message.HeaderContact, "", s.contact, ";expires="+strconv.FormatInt(seconds, 10))
		}
	})
	d.sent(tx.Respond(200, out))
	if life == 0 { // the phone wants no more, or only to know once
		if s.timer != 0 {
			d.sched.Delete(s.timer)
			s.timer = 0
		}
		s.end(endTimeout)
		return
	}
	s.last(life)
	d.keepSubscription(s)
	s.tell(true)
}

// request handles a request within the subscription's dialog.
func (s *subscription) request(tx *transaction.Server, m *message.Message) {
	d := s.d
	if s.peer != nil {
		if d.authenticate(tx, m, s.peer, d.from) != authOK {
			return
		}
	} else if d.from.addr.Addr() != s.route.Remote.Addr() {
		d.respond(tx, m, 481, "Subscription does not exist", nil)
		return
	}
	seq, method := m.CSeq()
	switch {
	case method == message.OPTIONS:
		d.respond(tx, m, 200, "OK", nil)
		return
	case method != message.SUBSCRIBE:
		d.respond(tx, m, 481, "Call leg/transaction does not exist", nil)
		return
	case s.reason != "":
		d.respond(tx, m, 481, "Subscription does not exist", nil)
		return
	case s.hasRemoteSeq && seq <= s.remoteSeq:
		d.respond(tx, m, 500, "Server Internal Error", nil) // RFC 3261 12.2.2
		return
	}
	life, refusal := s.accepts(m)
	if refusal != nil {
		d.refuseSubscribe(tx, m, refusal)
		return
	}
	tx.Keep()
	s.follow(m)
	s.granted(tx, m, life)
}
