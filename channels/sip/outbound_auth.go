package sip

import (
	"cmp"
	"net/netip"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/message"
)

// Answering the challenges of others (RFC 3261 22.2): with the credentials that
// belong to the one who asks, in what we began ourselves, and never with those of
// somebody else.

// challengesAnswered bounds how often we prove who we are for one request.
const challengesAnswered = 2

// proof is how a dialog or registration that we began proves itself.
type proof struct {
	digest.Client
	peer  *Peer             // whose credentials
	given digest.Credential // one-off credentials of a dial string, before those
	// addr is where what we began was sent: at the trunk, or at its proxy. What
	// asks elsewhere, such as a far end that hopes for something to guess a
	// secret from, gets no answer.
	addr  netip.Addr
	tries int
}

// proves reports whether there is an answer to the challenges in m, the response
// to a request that went to the address; dialog.begin then writes it.
func (d *Driver) proves(p *proof, m *message.Message, to netip.Addr) bool {
	if p == nil || p.tries >= challengesAnswered {
		return false
	}
	p.tries++
	return p.Challenged(m, func(realm string) (digest.Credential, bool) { return d.credentialsFor(p, realm, to == p.addr) })
}

// accepted notes that a request of ours was answered with 2xx.
func (p *proof) accepted(m *message.Message) {
	if p != nil {
		p.tries = 0
		p.Confirmed(m)
	}
}

// write writes what is known to be asked into a request.
func (p *proof) write(d *Driver, b *message.Builder, method message.Method, uri string, to netip.Addr) {
	switch {
	case p == nil || !p.Asked() || to != p.addr:
	case method == message.ACK:
		p.Acknowledge(b)
	default:
		p.Write(b, method, uri, d.random.uint64)
		d.sealing = &p.Client
	}
}

// credentialsFor are what we present in a realm: an auth= line of the peer or of
// [authentication] for that realm, or else, to the trunk itself, those of the dial
// string, or the peer's remotesecret or secret under its defaultuser.
func (d *Driver) credentialsFor(pr *proof, realm string, trunk bool) (digest.Credential, bool) {
	p := pr.peer
	if pr.given.User != "" {
		return pr.given, trunk
	}
	lists := [][]digest.Credential{d.cfg.General.Auth}
	if p != nil {
		lists = [][]digest.Credential{p.Auth, d.cfg.General.Auth}
	}
	for _, l := range lists {
		for _, c := range l {
			if c.Realm == realm {
				return c, true
			}
		}
	}
	// A phone's own secret is not for us to use towards it (it authenticates to
	// us): only a section that is a trunk, at a fixed host, or that has a
	// remotesecret, says how we prove ourselves.
	if p == nil || !trunk || p.RemoteSecret == "" && p.Dynamic {
		return digest.Credential{}, false
	}
	c := digest.Credential{Realm: realm, Secret: cmp.Or(p.RemoteSecret, p.Secret)}
	if p.RemoteSecret == "" {
		c.HA1 = p.MD5Secret
	}
	c.User = cmp.Or(p.DefaultUser, p.FromUser, p.Name)
	return c, c.Secret != "" || c.HA1 != ""
}
