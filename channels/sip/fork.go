package sip

import (
	"cmp"
	"slices"
	"time"

	"pbx/channel"
)

// Fork implements channel.Forker: a device that is registered at several places
// rings at all of them (RFC 3261 16.6). Those of the highest q ring first, those
// of the next lower q join them when contact_timeout has passed, or at once when
// nobody is left that rings. Of the flows of one instance only the newest rings
// (RFC 5626 7).
func (d *Driver) Fork(resource string, from *channel.Channel) (branches []channel.Branch) {
	if d.forking.Load() == 0 {
		return nil // no need to wait for the loop
	}
	ds := parseDialString(resource)
	if ds.Exten != "" || ds.Port != 0 {
		return nil
	}
	if d.Call(func() {
		if p := d.peer(ds.Peer); p != nil && p.Type.IsPeer() && !meansInstance(p, from) {
			branches = d.branches(p)
		}
	}) != nil {
		return nil
	}
	return branches
}

// branches are the contacts that a call to p goes to, nil where there is only one.
func (d *Driver) branches(p *Peer) (list []channel.Branch) {
	contacts := p.targets()
	if len(contacts) < 2 {
		return nil
	}
	f := &fork{peer: p}
	after, q := time.Duration(0), contacts[0].Q
	for _, c := range contacts {
		if c.Q != q {
			q = c.Q
			after += p.ContactTimeout
		}
		list = append(list, channel.Branch{Target: &branch{fork: f, contact: c}, After: after})
	}
	return list
}

// targets are the contacts that can be called, those of the highest q first, the
// newest of equals first.
func (p *Peer) targets() (list []*Contact) {
	for _, c := range p.contacts {
		if p.callable(c) && !slices.ContainsFunc(list, c.alternative) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b *Contact) int { return cmp.Compare(b.Q, a.Q) })
	return list
}

// alternative reports whether two contacts are ways to the same device.
func (c *Contact) alternative(o *Contact) bool {
	return c.RegID != 0 && o.RegID != 0 && c.Instance == o.Instance
}

// fork is one call to a device at several places: it counts as one towards
// call-limit and busylevel.
type fork struct {
	peer    *Peer
	calls   int  // of its branches, counted
	refused bool // one was answered with 6xx: no other begins
}

// share is the fork whose counters the call shares: that of its own peer. A branch
// that goes through a trunk is a call of the trunk.
func (p *pvt) share() *fork {
	if p.fork != nil && p.fork.peer == p.peer {
		return p.fork
	}
	return nil
}

// branch is what Fork hands out and Request gets back.
type branch struct {
	fork    *fork
	contact *Contact
}

// contactFor is the contact of peer that an outbound call goes to and the fork that
// it is a branch of, nil where there is none.
func (d *Driver) contactFor(peer *Peer, r channel.Request) (*Contact, *fork) {
	if peer == nil {
		return nil, nil
	}
	if b, ok := r.Target.(*branch); ok && b.fork.peer == peer {
		return b.contact, b.fork
	}
	if meansInstance(peer, r.From) {
		return r.From.Leg().(*pvt).instance.contact(), nil
	}
	return peer.best(), nil
}

// meansInstance reports whether a caller asked for one instance of the peer, by its
// GRUU.
func meansInstance(peer *Peer, from *channel.Channel) bool {
	if from == nil {
		return false
	}
	p, ok := from.Leg().(*pvt)
	return ok && p.instance.peer == peer
}

// prepareThrough makes a call to a contact that is reached by another dial string.
func (d *Driver) prepareThrough(resource string, r channel.Request, within *fork, done func(*pvt, error)) {
	through := parseDialString(resource)
	if through.Exten == "" {
		done(nil, errNoHost) // a peer by itself could lead back here
		return
	}
	r.Target = nil
	d.prepare(through, r, within, done)
}

// forks keeps count of the peers that are at several places.
func (d *Driver) forks(p *Peer) {
	if several := len(p.contacts) > 1; several != p.forking {
		p.forking = several
		if several {
			d.forking.Add(1)
		} else {
			d.forking.Add(-1)
		}
	}
}
