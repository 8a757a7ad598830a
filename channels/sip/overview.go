package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/transaction"
)

// What programs are shown of peers, contacts and registrations, as copies: every
// function here may be called from any goroutine but the loop's.

// PeerView is what may be shown of a peer.
type PeerView struct {
	Name, Type, Description, Context, Host string
	CallerName, CallerNumber               string
	Dynamic                                bool
	// Address is where requests go, the zero AddrPort where that is not known.
	Address  netip.AddrPort
	Protocol transaction.Protocol
	// Status is as `sip show peers` has it; RTT that of the last OPTIONS, 0 without.
	Status string
	RTT    time.Duration
	// InUse, Ringing and OnHold count calls, of which CallLimit may be, 0 for any
	// number.
	InUse, Ringing, OnHold, CallLimit int
	Codecs                            []string
	Contacts                          []ContactView
}

// ContactView is what may be shown of a contact.
type ContactView struct {
	Peer, URI string
	// Address is where requests go, the zero AddrPort where that is looked up.
	Address  netip.AddrPort
	Protocol transaction.Protocol
	// Expires is when it ends, the zero Time for never.
	Expires   time.Time
	Q         float64
	Static    bool
	Status    string
	UserAgent string
}

// RegistrationView is what may be shown of a registration with somebody else.
type RegistrationView struct {
	Host, User, State string
	Refresh           time.Duration
	// Since is when it succeeded last, the zero Time for never.
	Since time.Time
}

// Login is what a device proves itself with elsewhere than in SIP.
type Login struct {
	Name, Context string
	keys          digest.Keys
}

// Realm is the realm of the hashes.
func (l *Login) Realm() string { return l.keys.Realm }

// HA1 is the hash of its name and secret, "" where there is none for the algorithm.
func (l *Login) HA1(a digest.Algorithm) string { return l.keys.HA1[a] }

// NoPeerError is the error about a peer that there is not.
type NoPeerError struct{ Name string }

func (e NoPeerError) Error() string { return fmt.Sprintf("Peer '%s' not found", e.Name) }

// NoContactError is the error about a contact that there is not.
type NoContactError struct{ Peer, Contact string }

func (e NoContactError) Error() string {
	return fmt.Sprintf("Peer '%s' has no contact %s", e.Peer, e.Contact)
}

// Peers are the peers by name.
func (d *Driver) Peers() (list []PeerView, err error) {
	err = d.Call(func() {
		for _, p := range d.sorted(func(p *Peer) bool { return p.Type.IsPeer() }) {
			list = append(list, d.viewPeer(p))
		}
	})
	return list, err
}

// PeerNamed is one peer. The error is a NoPeerError where there is none of that name.
func (d *Driver) PeerNamed(name string) (v PeerView, err error) {
	e := d.Call(func() {
		if p := d.peer(name); p != nil && p.Type.IsPeer() {
			v = d.viewPeer(p)
		} else {
			err = NoPeerError{name}
		}
	})
	return v, errors.Join(err, e)
}

func (d *Driver) viewPeer(p *Peer) PeerView {
	v := PeerView{
		Name: p.Name, Type: p.Type.String(), Description: p.Description, Context: p.Context, Host: p.Host,
		CallerName: p.CallerID.Name, CallerNumber: p.CallerID.Number, Dynamic: p.Dynamic, Address: d.address(p), Protocol: p.reachedBy(),
		Status: p.statusText(), InUse: p.inUse, Ringing: len(p.ringing), OnHold: p.onHold, CallLimit: p.CallLimit,
	}
	if p.Qualify > 0 && p.reach().callable() {
		v.RTT = p.reach().rtt
	}
	for _, c := range p.Codecs {
		v.Codecs = append(v.Codecs, c.Name)
	}
	for _, c := range p.contacts {
		v.Contacts = append(v.Contacts, p.viewContact(c))
	}
	return v
}

func (p *Peer) viewContact(c *Contact) ContactView {
	return ContactView{
		Peer: p.Name, URI: c.URI, Address: c.Addr, Protocol: c.Protocol, Expires: c.Expires, Q: float64(c.Q) / 1000, Static: c.Static,
		Status: p.contactStatus(c), UserAgent: c.UserAgent,
	}
}

// Registrations are those with others.
func (d *Driver) Registrations() (list []RegistrationView, err error) {
	err = d.Call(func() {
		for _, r := range d.registrants {
			m := r.machine
			host, _ := r.registrar()
			list = append(list, RegistrationView{Host: host, User: m.Line.User, State: m.State(d.now()).String(), Refresh: m.Refresh, Since: m.Since})
		}
	})
	return list, err
}

// LoginNamed is what a device proves itself with; false for one that does not exist
// or has no secret.
func (d *Driver) LoginNamed(name string) (l Login, ok bool) {
	_ = d.Call(func() { // a driver that is closed knows nobody
		if p := d.peer(name); p != nil && p.hasSecret() {
			l, ok = Login{Name: p.Name, Context: p.Context, keys: p.keys}, true
		}
	})
	return l, ok
}

// AddContact has another device ring with a peer: for a while, or with life 0 until
// it is taken away. q is from 0 to 1.
func (d *Driver) AddContact(peer, device string, life time.Duration, q float64) (v ContactView, err error) {
	e := d.Call(func() {
		var c *Contact
		if c, err = d.addStaticContact(peer, device, life, int(q*1000)); err == nil {
			v = d.peer(peer).viewContact(c)
		}
	})
	return v, errors.Join(err, e)
}

// RemoveContact takes a contact away, one that was added or one that the device
// registered.
func (d *Driver) RemoveContact(peer, device string) error {
	var err error
	e := d.Call(func() { _, err = d.removeContact(peer, device) })
	return errors.Join(err, e)
}
