package sip

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// handleMessage takes a MESSAGE outside of a call (RFC 3428): the dialplan of the
// sender's message context runs for it.
func (d *Driver) handleMessage(tx *transaction.Server, m *message.Message, from source) {
	if !d.cfg.General.AcceptMessages {
		d.respond(tx, m, 405, "Method Not Allowed", nil)
		return
	}
	peer, _ := d.identify(m, from)
	if d.cfg.General.AuthMessages {
		var res authResult
		if peer, res = d.admit(tx, m, from); res != authOK {
			return
		}
	}
	switch {
	case !isText(m):
		d.respond(tx, m, 415, "Unsupported Media Type", func(b *message.Builder) {
			b.Header(message.HeaderAccept, "text/plain")
		})
		return
	case m.MaxForwards() == 0:
		d.respond(tx, m, 483, "Too many hops", nil)
		return
	}
	p := pvt{d: d, peer: peer, settings: d.settings(peer), received: from.addr}
	if status, reason := p.messageDestination(m); status != 0 {
		d.respond(tx, m, status, reason, nil)
		return
	}
	at := channel.Location{Context: p.context, Exten: p.exten, Priority: 1}
	if d.messages == nil || !d.messages.Receive(p.textMessage(m), at) {
		d.respond(tx, m, 503, "", func(b *message.Builder) { b.Header(message.HeaderRetryAfter, "10") })
		return
	}
	d.respond(tx, m, 202, "Accepted", nil)
}

// messageDestination finds the extension that a MESSAGE is for.
func (p *pvt) messageDestination(m *message.Message) (status int, reason string) {
	uri := m.RequestURI()
	context := cmp.Or(p.settings.MessageContext, p.d.contextFor(p.peer, p.settings, uri.Host))
	p.context, p.exten = context, cmp.Or(message.UnescapeString(uri.User), "s")
	if !p.d.plan.Match(context, p.exten, 1, p.callerNumber(m)).Exists() {
		return 404, "Not Found"
	}
	return 0, ""
}

// textMessage is a MESSAGE as the dialplan sees it.
func (p *pvt) textMessage(m *message.Message) *channel.Message {
	t := &channel.Message{
		To: m.To().URI.String(), From: withoutTag(m.From(), m.Header(message.HeaderFrom)), Body: string(m.Body()), Tainted: true, Hops: -1,
	}
	if n := m.MaxForwards(); n > 0 {
		t.Hops = n - 1
	}
	for name, value := range m.Headers() {
		t.Set(channel.MessageData{Name: string(name), Value: string(value), Tainted: true})
	}
	if p.peer != nil {
		t.Set(channel.MessageData{Name: "SIP_PEERNAME", Value: p.peer.Name})
	}
	t.Set(channel.MessageData{Name: "SIP_RECVADDR", Value: p.received.String()})
	if a, ok := m.Contact(); ok {
		t.Set(channel.MessageData{Name: "SIP_FULLCONTACT", Value: a.URI.String(), Tainted: true})
	}
	return t
}

// Scheme implements channel.Messenger.
func (d *Driver) Scheme() string { return "sip" }

// messagePatience is how long MessageSend waits for an answer.
const messagePatience = 4 * time.Second

// The errors of a message that is not sent.
var (
	errHops     = errors.New("it was sent on too often (Max-Forwards)")
	errNoAnswer = errors.New("no answer in time; it may still arrive")
)

// SendMessage implements channel.Messenger. to is a peer, user@peer or a SIP URI,
// perhaps with a name before it.
func (d *Driver) SendMessage(to, from, toHeader string, m *channel.Message) error {
	target, err := messageTarget(to)
	if err != nil {
		return err
	}
	s := Submission{Method: string(message.MESSAGE), Target: target, Body: m.Body}
	if m.Hops == 0 {
		return errHops
	}
	if m.Hops > 0 {
		s.hops = strconv.Itoa(m.Hops)
	}
	if from != "" {
		s.Headers = append(s.Headers, "From: "+d.messageParty(from))
	}
	if toHeader != "" {
		s.Headers = append(s.Headers, "To: "+d.messageParty(toHeader))
	}
	for _, h := range m.Data {
		if h.Outbound && isToken(h.Name) && carriedHeader(h.Name) {
			s.Headers = append(s.Headers, h.Name+": "+h.Value)
		}
	}
	came := make(chan Outcome, 1)
	id, err := d.Submit(s, func(o Outcome) { came <- o })
	if err != nil {
		return err
	}
	limit := time.NewTimer(messagePatience)
	defer limit.Stop()
	select {
	case o := <-came:
		if o.Status/100 != 2 {
			return fmt.Errorf("%d %s", o.Status, o.Reason)
		}
		return nil
	case <-limit.C:
		_ = d.Withdraw(id) // nobody waits any more
		return errNoAnswer
	case <-d.done:
		return ErrClosed
	}
}

// carriedHeader reports whether a header goes along with a message that is sent
// on: not those that belong to the one that came.
func carriedHeader(name string) bool {
	switch message.HeaderIDOf(name) {
	case message.HeaderOther, message.HeaderContentType, message.HeaderSubject, message.HeaderPriority, message.HeaderInReplyTo, message.HeaderReplyTo:
		return !strings.HasPrefix(strings.ToUpper(name), "SIP_")
	}
	return false
}

// messageTarget is the Target of a Submission that MessageSend's destination means.
func messageTarget(to string) (string, error) {
	if i, j := strings.LastIndexByte(to, '<'), strings.LastIndexByte(to, '>'); i >= 0 && j > i {
		to = to[i+1 : j]
	}
	rest := to[strings.IndexByte(to, ':')+1:]
	if rest == "" {
		return "", errors.New("no address")
	}
	if !strings.Contains(rest, "@") {
		if _, err := netip.ParseAddr(rest); err != nil && !strings.ContainsAny(rest, ".:") {
			return rest, nil // a section of sip.conf
		}
	}
	if secureURI(to) {
		return "sips:" + rest, nil
	}
	return "sip:" + rest, nil
}

// messageParty makes a From or To out of a name, an address or both.
func (d *Driver) messageParty(text string) string {
	name, uri := "", text
	if i, j := strings.LastIndexByte(text, '<'), strings.LastIndexByte(text, '>'); i >= 0 && j > i {
		name, uri = strings.Trim(strings.TrimSpace(text[:i]), `"`), text[i+1:j]
	}
	uri = strings.TrimPrefix(strings.TrimPrefix(uri, "sip:"), "SIP:")
	if !strings.Contains(uri, "@") {
		uri = string(message.AppendEscaped(nil, uri)) + "@" + d.messageHost()
	}
	return string(message.AppendAddress(nil, name, "sip:"+uri))
}

// messageHost is our host in addresses that name none.
func (d *Driver) messageHost() string {
	return cmp.Or(d.cfg.General.Defaults.FromDomain, d.cfg.General.Realm)
}
