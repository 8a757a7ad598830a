package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// Contact is one binding of an address of record: where a registered device is
// (RFC 3261 section 10).
type Contact struct {
	URI       string         // as the device gave it, without <>
	Addr      netip.AddrPort // where requests are sent
	Received  netip.AddrPort // where the REGISTER came from
	Expires   time.Time
	Q         int // thousandths, 1000 by default
	CallID    string
	CSeq      uint32
	UserAgent string

	// The way to Addr: that by which the REGISTER came, whose connection, where
	// there is one, is the device's flow (RFC 5626).
	Protocol transaction.Protocol
	Listener int
	Flow     transaction.Flow

	timer sched.ID
}

// route is the way to the device.
func (c *Contact) route() transaction.Route {
	return transaction.Route{Protocol: c.Protocol, Listener: c.Listener, Remote: c.Addr, Flow: c.Flow}
}

// storeFamily is where registrations are kept, one record a peer.
const storeFamily = "SIP/Registry"

// addContact puts c first and lets it expire.
func (p *Peer) addContact(d *Driver, c *Contact) {
	p.contacts = slices.Insert(p.contacts, 0, c)
	if d.cfg.General.IgnoreRegExpire {
		return
	}
	c.timer = d.sched.Add(max(c.Expires.Sub(d.sched.Now()), 0), func() time.Duration {
		c.timer = 0
		d.expire(p, c)
		return 0
	})
}

// removeContact takes c out.
func (p *Peer) removeContact(d *Driver, c *Contact) {
	if c.timer != 0 {
		d.sched.Delete(c.timer)
		c.timer = 0
	}
	p.contacts = slices.DeleteFunc(p.contacts, func(o *Contact) bool { return o == c })
}

func (p *Peer) clearContacts(d *Driver) {
	for len(p.contacts) > 0 {
		p.removeContact(d, p.contacts[0])
	}
}

// expire ends a binding whose time is over.
func (d *Driver) expire(p *Peer, c *Contact) {
	p.removeContact(d, c)
	d.save(p, func(error) {})
	d.place(p)
	if len(p.contacts) > 0 {
		return
	}
	d.verbose(3, fmt.Sprintf("Unregistered SIP '%s'", p.Name))
	d.publishPeer(p.Name, "Unregistered", c.Addr)
	d.unqualify(p)
	d.deviceChanged(p)
}

// place tells the table where p can be found now.
func (d *Driver) place(p *Peer) {
	var at []netip.AddrPort
	switch {
	case p.Dynamic:
		for _, c := range p.contacts {
			at = append(at, c.Addr)
		}
	default:
		if a := d.staticAddr(p); a.IsValid() {
			at = append(at, a)
		}
	}
	d.peers.locate(p, at)
	for _, a := range at {
		d.auth.guard.Resident(a.Addr())
	}
}

// save writes the contacts of p to the store and has done run on the loop when
// they are safe.
func (d *Driver) save(p *Peer, done func(error)) {
	if d.store == nil {
		done(nil)
		return
	}
	key := strings.ToLower(p.Name)
	finished := func(err error) { d.Post(func() { done(err) }) }
	if len(p.contacts) == 0 {
		d.store.Delete(storeFamily, key, finished)
		return
	}
	record := make([]byte, 0, 256)
	for _, c := range p.contacts {
		record = c.appendRecord(record)
	}
	d.store.Put(storeFamily, key, record, finished)
}

// restore reads the registrations that were there when the exchange last ran.
// What has expired since, or belongs to nobody, is dropped.
func (d *Driver) restore() {
	if d.store == nil {
		return
	}
	now := d.now()
	var gone []string
	d.store.Range(storeFamily, func(key string, value []byte) bool {
		p := d.peers.byName([]byte(key))
		if p == nil || !p.Dynamic {
			gone = append(gone, key)
			return true
		}
		contacts, err := parseRecord(value)
		if err != nil {
			d.log.Warn("Registration cannot be read", "peer", key, "err", err)
			gone = append(gone, key)
			return true
		}
		for _, c := range slices.Backward(contacts) {
			if (c.Expires.After(now) || d.cfg.General.IgnoreRegExpire) && len(p.contacts) < p.MaxContacts {
				c.Listener, _ = d.net.For(c.Protocol, c.Addr.Addr())
				p.addContact(d, c)
			}
		}
		if len(p.contacts) == 0 {
			gone = append(gone, key)
		}
		d.place(p)
		return true
	})
	for _, key := range gone {
		d.store.Delete(storeFamily, key, func(error) {})
	}
}

// appendRecord writes a contact as one line of a record: fields divided by tabs,
// of which none is left in the free ones.
func (c *Contact) appendRecord(b []byte) []byte {
	b = strconv.AppendInt(b, c.Expires.Unix(), 10)
	b = append(b, '\t')
	b = c.Addr.AppendTo(b)
	b = append(b, '\t')
	b = c.Received.AppendTo(b)
	for _, n := range [...]int{c.Q, int(c.CSeq)} {
		b = append(b, '\t')
		b = strconv.AppendInt(b, int64(n), 10)
	}
	for _, s := range [...]string{c.CallID, c.URI, c.UserAgent} {
		b = append(b, '\t')
		for i := range len(s) {
			if s[i] < ' ' {
				b = append(b, ' ')
			} else {
				b = append(b, s[i])
			}
		}
	}
	b = append(b, '\t')
	b = append(b, c.Protocol.String()...)
	return append(b, '\n')
}

// parseRecord reads the contacts of a record.
func parseRecord(b []byte) (list []*Contact, err error) {
	for line := range bytes.Lines(b) {
		f := strings.Split(string(bytes.TrimSuffix(line, []byte("\n"))), "\t")
		if len(f) != 8 && len(f) != 9 { // the ninth came later
			return nil, fmt.Errorf("a contact of %d fields", len(f))
		}
		c := &Contact{CallID: f[5], URI: f[6], UserAgent: f[7]}
		var numbers [3]int64
		for i, text := range [...]string{f[0], f[3], f[4]} {
			if numbers[i], err = strconv.ParseInt(text, 10, 64); err != nil {
				return nil, err
			}
		}
		c.Expires = time.Unix(numbers[0], 0)
		c.Q, c.CSeq = int(numbers[1]), uint32(numbers[2])
		if c.Addr, err = netip.ParseAddrPort(f[1]); err != nil {
			return nil, err
		}
		if c.Received, err = netip.ParseAddrPort(f[2]); err != nil {
			return nil, err
		}
		if len(f) == 9 {
			var ok bool
			if c.Protocol, ok = transaction.ParseProtocol(f[8]); !ok {
				return nil, fmt.Errorf("a contact over %q", f[8])
			}
		}
		list = append(list, c)
	}
	return list, nil
}
