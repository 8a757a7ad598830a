package sip

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/event"
)

// The registrar of RFC 3261 section 10.3. A REGISTER changes the peer's contacts
// on the loop, the store is told, and the 200 is sent when the store says that
// the change would survive: a phone that heard 200 is found after a crash.

// handleRegister answers a REGISTER.
func (d *Driver) handleRegister(tx *transaction.Server, m *message.Message, from source) {
	g := &d.cfg.General
	to := m.To()
	if len(g.Domains) > 0 && !d.isDomain(to.URI.Host, from.route()) {
		if g.AlwaysAuthReject {
			d.rejectUnknown(tx, m, from, "Not a local domain")
			return
		}
		d.refused(m, from, "Not a local domain")
		d.respond(tx, m, 404, "Not found (unknown domain)", nil)
		return
	}
	p := d.peers.byName(nameIn(&to.URI))
	switch {
	case p == nil || !p.Type.IsPeer():
		d.rejectUnknown(tx, m, from, "No matching peer found")
		return
	case !p.Dynamic:
		d.rejectUnknown(tx, m, from, "Peer is not supposed to register")
		return
	}
	if d.authenticate(tx, m, p, from) != authOK {
		return
	}
	if !p.allows(from.protocol) {
		d.refused(m, from, noTransport)
		d.respond(tx, m, 403, "Forbidden", nil)
		return
	}
	if !p.SupportPath && m.HasToken(message.HeaderRequire, optionPath) {
		d.respond(tx, m, 420, "Bad extension (unsupported)", func(b *message.Builder) { b.Header(message.HeaderUnsupported, optionPath) })
		return
	}
	r := registration{d: d, tx: tx, m: m, from: from, p: p}
	if status, reason := r.read(); status != 0 {
		d.respond(tx, m, status, reason, nil)
		return
	}
	r.run()
}

// registration is one REGISTER that was let in.
type registration struct {
	d    *Driver
	tx   *transaction.Server
	m    *message.Message
	from source
	p    *Peer

	all     bool // Contact: *
	wanted  []*Contact
	expires time.Duration // of the last contact, for the Expires header
	flow    bool          // the contact is a flow of RFC 5626
	fresh   bool          // the device was started, or moved: it knows no messages
}

// read checks the Contact values (RFC 3261 10.3 steps 6 and 7). A status other
// than 0 refuses the request as a whole, before anything was changed.
func (r *registration) read() (status int, reason string) {
	g := &r.d.cfg.General
	header := r.m.Expires()
	seq, _ := r.m.CSeq()
	count := 0
	for value := range r.m.Values(message.HeaderContact) {
		count++
		if r.all {
			return 400, "Bad Request: Contact * stands alone"
		}
		if len(value) == 1 && value[0] == '*' {
			if header != 0 || count > 1 {
				return 400, "Bad Request: Contact * needs Expires 0"
			}
			r.all = true
			continue
		}
		a, err := message.ParseAddress(value)
		if err != nil || !a.URI.IsSIP() || len(a.URI.Host) == 0 {
			return 400, "Bad Request: Contact"
		}
		seconds := int64(-1)
		if v, ok := a.Params.Get("expires"); ok {
			seconds = message.ParseSeconds(v)
		}
		if seconds < 0 {
			seconds = header
		}
		life := g.DefaultExpiry
		switch {
		case seconds == 0:
			life = 0
		case seconds > 0:
			// Too short a time is raised without a 423, as the ancestor does
			// (RFC 3261 would refuse it).
			life = min(max(time.Duration(seconds)*time.Second, g.MinExpiry), g.MaxExpiry)
		}
		c := r.contact(a, seq, life)
		if status, reason := r.allowed(c, life); status != 0 {
			return status, reason
		}
		r.wanted = append(r.wanted, c)
		r.expires = life
	}
	if status, reason := r.outbound(); status != 0 {
		return status, reason
	}
	if status, reason := r.inSequence(seq); status != 0 {
		return status, reason
	}
	r.choose()
	return 0, ""
}

// contact makes the binding that a Contact value asks for.
func (r *registration) contact(a message.Address, seq uint32, life time.Duration) *Contact {
	c := &Contact{
		URI:       a.URI.String(),
		Received:  r.from.addr,
		CallID:    string(r.m.CallID()),
		CSeq:      seq,
		UserAgent: string(r.m.Header(message.HeaderUserAgent)),
		Q:         1000,
		Protocol:  r.from.protocol,
		Listener:  r.from.listener,
		Flow:      r.from.flow,
		Refers:    r.m.HasToken(message.HeaderAllow, "REFER"),
		heard:     r.d.now(),
	}
	if life > 0 {
		c.Expires = r.d.now().Add(life)
	}
	if v, ok := a.Params.Get("q"); ok {
		c.Q = parseQ(v)
	}
	if v, ok := a.Params.Get("+sip.instance"); ok {
		c.Instance = instanceOf(v)
	}
	if v, ok := a.Params.Get("reg-id"); ok && c.Instance != "" {
		c.RegID = parseRegID(v)
	}
	c.Addr = r.from.addr
	if c.Path = r.path(); len(c.Path) > 0 {
		if to, ok := literal(c.Path[0]); ok && c.Flow == 0 {
			c.Addr = to
		}
	} else if !r.p.forceRPort(r.m, r.from) {
		// A host that is a name, such as those of RFC 2606 .invalid, is not
		// looked up: the phone is where its request came from.
		if addr, err := netip.ParseAddr(string(a.URI.Host)); err == nil {
			c.Addr = onLink(netip.AddrPortFrom(addr.Unmap(), cmp.Or(a.URI.Port, c.Protocol.DefaultPort())), r.from.addr.Addr())
		}
	}
	if c.Addr.Addr().Is4() != r.from.addr.Addr().Is4() {
		c.Listener, _ = r.d.net.For(c.Protocol, c.Addr.Addr())
	}
	return c
}

// path is the way back to a device behind proxies (RFC 3327 5.3), of a peer with
// supportpath. The first of them is where requests are sent.
func (r *registration) path() (list []string) {
	if !r.p.SupportPath {
		return nil
	}
	for a := range r.m.Addresses(message.HeaderPath) {
		if !a.URI.IsSIP() || len(list) == maxPath {
			return nil
		}
		list = append(list, a.URI.String())
	}
	return list
}

// optionPath is the option tag of RFC 3327.
const optionPath = "path"

// maxPath bounds the proxies of a Path.
const maxPath = 16

// allowed checks the access lists of Contact addresses.
func (r *registration) allowed(c *Contact, life time.Duration) (status int, reason string) {
	g := &r.d.cfg.General
	if life == 0 {
		return 0, ""
	}
	if !g.ContactACL.Allows(c.Addr.Addr()) || !r.p.ContactACL.Allows(c.Addr.Addr()) {
		r.d.refused(r.m, r.from, "Contact is not allowed to be there")
		return 603, "Denied"
	}
	if o := r.d.peers.byAddr(c.Addr); g.ExcludeStatic && o != nil && !o.Dynamic {
		r.d.refused(r.m, r.from, "Address belongs to a static peer")
		return 603, "Denied"
	}
	return 0, ""
}

// overtaken is how long a request may be on its way while others pass it: a sender
// gives one up after 64 times T1 (RFC 3261 17.1.2.2).
const overtaken = 32 * time.Second

// inSequence is RFC 3261 10.3 steps 6 and 7: a binding made by the same call with
// a CSeq as high is not touched, because the requests came out of order. Long after
// that it is a device that was started anew and names its calls as before.
func (r *registration) inSequence(seq uint32) (status int, reason string) {
	callID := r.m.CallID()
	for _, old := range r.p.contacts {
		if old.Static || old.CallID != string(callID) || seq > old.CSeq || r.d.now().Sub(old.heard) > overtaken {
			continue
		}
		touched := r.all
		for _, c := range r.wanted {
			touched = touched || old.same(c)
		}
		if touched {
			return 500, "Server Internal Error: CSeq out of order"
		}
	}
	return 0, ""
}

// choose leaves out what the request asks for beyond max_contacts: what has the lowest
// q, the last of equals. The 200 tells the phone which it has.
func (r *registration) choose() {
	for {
		n, least := 0, -1
		for i, c := range r.wanted {
			if c.Expires.IsZero() {
				continue
			}
			if n++; least < 0 || c.Q <= r.wanted[least].Q {
				least = i
			}
		}
		if n <= r.p.MaxContacts {
			return
		}
		r.wanted = slices.Delete(r.wanted, least, least+1)
	}
}

// run changes the contacts and answers.
func (r *registration) run() {
	d, p := r.d, r.p
	if !r.all && len(r.wanted) == 0 { // a query changes nothing
		r.answer(r.m)
		return
	}
	was := p.registered() > 0
	before := p.primary()
	if r.all {
		p.clearContacts(d, false)
	}
	for _, c := range r.wanted {
		r.apply(c)
	}
	d.place(p)
	r.announce(was, before)
	d.save(p, r.reply())
}

// reply makes the function that answers when the store has the change. The
// transaction absorbs what comes again meanwhile.
func (r *registration) reply() func(error) {
	if r.d.store == nil {
		return func(error) { r.answer(r.m) }
	}
	r.tx.Keep()
	m := r.m.Clone() // the buffer is the receiver's when this handler returns
	return func(err error) {
		if err != nil {
			r.d.log.Error("Registration was not saved", "peer", r.p.Name, "err", err)
			r.d.respond(r.tx, m, 500, "", nil)
			return
		}
		r.answer(m)
	}
}

// apply puts one contact in, or takes it out. A device with one that is new when
// it has as many as it may loses the one that it refreshed longest ago: phones
// that were switched off leave contacts behind, and refusing would lock them out
// until those expire.
func (r *registration) apply(c *Contact) {
	d, p := r.d, r.p
	var before []string // where calls still lead that belong to it
	var instead transaction.Flow
	moved := c.Flow != 0 && !slices.ContainsFunc(p.contacts, func(old *Contact) bool { return old.Flow == c.Flow })
	if moved {
		before = p.places(c)
	}
	i := slices.IndexFunc(p.contacts, func(old *Contact) bool { return !old.Static && old.same(c) })
	switch {
	case c.Expires.IsZero() && i >= 0:
		p.removeContact(d, p.contacts[i])
	case c.Expires.IsZero():
	case i >= 0:
		old := p.contacts[i]
		r.fresh = r.fresh || old.CallID != c.CallID || old.Addr != c.Addr
		instead = old.Flow
		p.refreshContact(d, old, c)
	default:
		r.fresh = true
		p.addContact(d, c)
		p.trim(d, p.MaxContacts)
	}
	if moved { // to a connection that is new
		d.rebind(p, c, before, instead)
	}
}

// same reports whether two contacts are one binding: of one instance and reg-id
// (RFC 5626 6), else of one instance, as a phone that moved to another port or
// network has it, else of equal URIs (RFC 3261 10.3).
func (c *Contact) same(o *Contact) bool {
	if c.Instance != "" && c.Instance == o.Instance && (c.RegID == o.RegID || c.RegID != 0 && o.RegID != 0) {
		return c.RegID == o.RegID
	}
	return sameContact(c.URI, o.URI)
}

// announce logs what became of the registration and tells the bus.
func (r *registration) announce(was bool, before netip.AddrPort) {
	d, p := r.d, r.p
	switch now := p.primary(); {
	case p.registered() == 0:
		if was {
			d.verbose(3, fmt.Sprintf("Unregistered SIP '%s'", p.Name))
		}
		d.publishPeer(p.Name, "Unregistered", r.from.addr)
	default:
		if now != before && d.log.Enabled(context.Background(), event.LevelVerbose(3)) {
			d.verbose(3, fmt.Sprintf("Registered SIP '%s' at %s", p.Name, now))
		}
		d.publishPeer(p.Name, "Registered", now)
		d.qualifyNew(p)
	}
	d.deviceChanged(p)
	d.bindingsChanged(p)
}

// answer sends the 200 with every binding and the time it has left (RFC 3261
// 10.3 step 8).
func (r *registration) answer(m *message.Message) {
	d := r.d
	d.respond(r.tx, m, 200, "OK", func(b *message.Builder) {
		now := d.now()
		left := int64(r.expires / time.Second)
		if len(r.wanted) == 0 && r.p.registered() > 0 {
			left = secondsLeft(r.p.contacts[0], now)
		}
		b.HeaderInt(message.HeaderExpires, left)
		if r.p.SupportPath {
			for line := range m.Lines(message.HeaderPath) { // for the device to see (RFC 3327 5.3)
				b.HeaderBytes(message.HeaderPath, line)
			}
		}
		if r.flow {
			b.Header(message.HeaderRequire, optionOutbound)
			if r.from.flow != 0 {
				b.HeaderNamed("Flow-Timer", strconv.Itoa(flowTimer))
			}
		}
		gruus, aor := supports(m, optionGRUU), m.To()
		for _, c := range r.p.contacts {
			if c.Static {
				continue // a rule of ours, not a binding of the device's
			}
			h := append(d.auth.header[:0], '<')
			h = append(h, c.URI...)
			h = append(h, ">;expires="...)
			h = strconv.AppendInt(h, secondsLeft(c, now), 10)
			if c.Q != 1000 {
				h = append(h, ";q=0."...)
				h = append(h, fmt.Sprintf("%03d", c.Q)...)
			}
			if c.Instance != "" {
				h = append(append(append(h, `;+sip.instance="<`...), c.Instance...), `>"`...)
				if c.RegID != 0 {
					h = strconv.AppendUint(append(h, ";reg-id="...), uint64(c.RegID), 10)
				}
				if gruus {
					h = d.appendGRUUs(h, r.p, c, &aor.URI)
				}
			}
			d.auth.header = h
			b.HeaderBytes(message.HeaderContact, h)
		}
		b.Header(message.HeaderDate, d.date())
	})
	if r.fresh || r.p.mwi.pending {
		d.tellMailbox(r.p)
	}
}

// secondsLeft rounds up, so that a fresh binding shows what was granted; -1 is for
// ever.
func secondsLeft(c *Contact, now time.Time) int64 {
	if c.Expires.IsZero() {
		return -1
	}
	return int64((c.Expires.Sub(now) + time.Second - 1) / time.Second)
}

// parseQ reads a q value: 0 to 1 with up to three digits (RFC 3261 25.1).
func parseQ(b []byte) int {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || f < 0 || f > 1 {
		return 1000
	}
	return int(f*1000 + 0.5)
}

// instanceOf is the value of +sip.instance without its quotes and brackets
// (RFC 5626 4.1), "" where it can be no URN.
func instanceOf(v []byte) string {
	v = bytes.Trim(v, "\"")
	v = bytes.TrimSuffix(bytes.TrimPrefix(v, []byte("<")), []byte(">"))
	if len(v) > 128 || bytes.ContainsAny(v, "\"<>\\") || bytes.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return string(v)
}

// parseRegID reads a reg-id: 1 to 2^31-1 (RFC 5626 4.2), 0 where it is none.
func parseRegID(v []byte) uint32 {
	n, err := strconv.ParseUint(string(v), 10, 31)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// sameContact compares by the rules of RFC 3261 19.1.4.
func sameContact(a, b string) bool {
	if a == b {
		return true
	}
	ua, err := message.ParseURI([]byte(a))
	if err != nil {
		return false
	}
	ub, err := message.ParseURI([]byte(b))
	return err == nil && ua.Equal(&ub)
}

// primary is where requests to the peer go first, the zero value when it is not
// registered.
func (p *Peer) primary() netip.AddrPort {
	if c := p.best(); c != nil {
		return c.Addr
	}
	return netip.AddrPort{}
}

// best is the contact that a request goes to when it goes to one: one that answers
// before one that does not, one with an address before one behind a trunk, then
// the one with the highest q, then the newest.
func (p *Peer) best() *Contact {
	if len(p.contacts) == 0 {
		return nil
	}
	return slices.MaxFunc(p.contacts, func(a, b *Contact) int {
		if c := b2i(p.callable(a)) - b2i(p.callable(b)); c != 0 {
			return c
		}
		if c := b2i(a.Addr.IsValid()) - b2i(b.Addr.IsValid()); c != 0 {
			return c
		}
		return a.Q - b.Q
	})
}

// callable reports whether calls may go to a contact.
func (p *Peer) callable(c *Contact) bool { return p.Qualify == 0 || c.qualify.callable() }
