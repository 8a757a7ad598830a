package sip

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// Contact is one binding of an address of record: where a registered device is
// (RFC 3261 section 10), or where the operator said that it is for a while.
type Contact struct {
	URI       string         // as the device gave it, without <>
	Addr      netip.AddrPort // where requests are sent
	Received  netip.AddrPort // where the REGISTER came from
	Expires   time.Time      // zero: never
	Q         int            // thousandths, 1000 by default
	CallID    string
	CSeq      uint32
	UserAgent string
	Instance  string   // +sip.instance without quotes and <>, "" for none
	RegID     uint32   // reg-id of RFC 5626, 0 for none
	Path      []string // the proxies before the device, as URIs (RFC 3327)
	Refers    bool     // its REGISTER's Allow names REFER

	// The way to Addr: that by which the REGISTER came, whose connection, where
	// there is one, is the device's flow (RFC 5626).
	Protocol transaction.Protocol
	Listener int
	Flow     transaction.Flow

	// Static says that the operator added it: a REGISTER does not touch it.
	Static bool
	// Dial is the resource that is called instead of the URI where the contact is
	// reached through a trunk, "number@trunk".
	Dial string

	qualify qualifyState
	timer   sched.ID
	heard   time.Time // when its REGISTER came; zero where that was before the start
}

// route is the way to the device.
func (c *Contact) route() transaction.Route {
	return transaction.Route{Protocol: c.Protocol, Listener: c.Listener, Remote: c.Addr, Flow: c.Flow}
}

// storeFamily is where registrations are kept, one record a peer.
const storeFamily = "SIP/Registry"

// addContact puts c in and lets it expire: registered ones stand first, the
// newest at the head, static ones last.
func (p *Peer) addContact(d *Driver, c *Contact) {
	c.qualify.contact = c
	if c.Static {
		p.contacts = append(p.contacts, c)
	} else {
		p.contacts = slices.Insert(p.contacts, 0, c)
	}
	d.age(p, c)
	d.forks(p)
}

// refreshContact gives old, which is in the list, what c says, and puts it at the
// head. What qualify knows stays, unless the device moved.
func (p *Peer) refreshContact(d *Driver, old, c *Contact) {
	if old.timer != 0 {
		d.sched.Delete(old.timer)
	}
	qualify := old.qualify
	moved := old.Addr != c.Addr
	*old = *c
	old.qualify = qualify
	if moved {
		d.forget(&old.qualify)
	}
	i := slices.Index(p.contacts, old)
	copy(p.contacts[1:i+1], p.contacts[:i])
	p.contacts[0] = old
	d.age(p, old)
}

// age lets a contact end when its time is over.
func (d *Driver) age(p *Peer, c *Contact) {
	if c.Expires.IsZero() || d.cfg.General.IgnoreRegExpire && !c.Static {
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
	d.forget(&c.qualify)
	p.contacts = slices.DeleteFunc(p.contacts, func(o *Contact) bool { return o == c })
	if len(p.contacts) == 0 {
		p.reached = qualifyUnknown
	}
	d.forks(p)
}

// clearContacts takes out what the device registered, and with static what the
// operator added as well.
func (p *Peer) clearContacts(d *Driver, static bool) {
	for _, c := range slices.Clone(p.contacts) {
		if static || !c.Static {
			p.removeContact(d, c)
		}
	}
}

// registered is how many contacts the device itself has.
func (p *Peer) registered() (n int) {
	for _, c := range p.contacts {
		if !c.Static {
			n++
		}
	}
	return n
}

// trim takes out the oldest registrations beyond limit.
func (p *Peer) trim(d *Driver, limit int) (trimmed bool) {
	for n := p.registered(); n > limit; n-- {
		p.removeContact(d, p.contacts[n-1])
		trimmed = true
	}
	return trimmed
}

// expire ends a binding whose time is over, or whose connection is.
func (d *Driver) expire(p *Peer, c *Contact) {
	p.removeContact(d, c)
	d.save(p, func(error) {})
	d.place(p)
	if !c.Static && p.registered() == 0 {
		d.verbose(3, fmt.Sprintf("Unregistered SIP '%s'", p.Name))
		d.publishPeer(p.Name, "Unregistered", c.Addr)
	}
	d.deviceChanged(p)
	d.bindingsChanged(p)
}

// place tells the table where p can be found now. A contact that the operator
// added is somewhere to call, and makes nobody p who comes from there.
func (d *Driver) place(p *Peer) {
	var at []netip.AddrPort
	var flows []transaction.Flow
	switch {
	case p.Dynamic:
		for _, c := range p.contacts {
			if !c.Static {
				at = append(at, c.Addr)
			}
			if c.Flow != 0 {
				flows = append(flows, c.Flow)
			}
		}
	default:
		if p.found = d.hosts.targets(d.hostQuery(p.PeerConfig)); p.Addr.IsValid() {
			at = append(at, p.Addr)
		}
		for _, t := range p.found {
			at = append(at, t.Addr)
		}
		own := len(at)
		if proxy := p.OutboundProxy; proxy.Host != "" && proxy != d.cfg.General.Defaults.OutboundProxy {
			for _, t := range d.hosts.targets(d.proxyQuery(&p.PeerSettings)) {
				if a := unmapPort(t.Addr); !slices.Contains(at[:own], a) {
					at = append(at, a)
				}
			}
		}
		p.proxies = slices.Clone(at[own:])
		slices.SortFunc(at, netip.AddrPort.Compare)
		at = slices.Compact(at)
	}
	d.peers.locate(p, at)
	d.peers.connect(p, flows)
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
		for _, static := range [...]bool{false, true} {
			if static { // each kind is added at its end of the list
				slices.Reverse(contacts)
			}
			for _, c := range slices.Backward(contacts) {
				if c.Static == static && (c.Expires.IsZero() || c.Expires.After(now) || d.cfg.General.IgnoreRegExpire && !static) {
					c.Listener, _ = d.net.For(c.Protocol, c.Addr.Addr())
					p.addContact(d, c)
				}
			}
		}
		p.trim(d, p.MaxContacts)
		if len(p.contacts) == 0 {
			gone = append(gone, key)
		}
		d.place(p)
		d.placeExtensions(p)
		return true
	})
	for _, key := range gone {
		d.store.Delete(storeFamily, key, func(error) {})
	}
}
