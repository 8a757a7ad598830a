package sip

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/guard"
	"pbx/channels/sip/message"
	"pbx/channels/sip/resolve"
	"pbx/channels/sip/transaction"
)

// peerTable finds peers by name and by address. The monitor loop owns it.
type peerTable struct {
	list   []*Peer          // in the order of the configuration
	names  map[string]*Peer // lower-case section name
	addrs  map[netip.AddrPort][]*Peer
	hosts  map[netip.Addr][]*Peer // peers that match whatever the port
	callee map[callbackKey]*Peer  // PeerConfig.Called
	// residents counts the peers at an address, as the guard knows it.
	residents map[netip.Addr]int
	// Of peers over connections: by the one that they registered by, and by address
	// whatever the port.
	flows   map[transaction.Flow][]*Peer
	streams map[netip.Addr][]*Peer
	routes  routeTable // our addresses towards theirs
}

// callbackKey is how one provider's address serves several accounts: the number
// that the account was registered with stands in the request URI.
type callbackKey struct {
	host  netip.Addr
	exten string
}

func newPeerTable(n int) peerTable {
	return peerTable{
		names:  make(map[string]*Peer, n),
		addrs:  make(map[netip.AddrPort][]*Peer, n),
		hosts:  make(map[netip.Addr][]*Peer),
		callee: make(map[callbackKey]*Peer),
		flows:  make(map[transaction.Flow][]*Peer), streams: make(map[netip.Addr][]*Peer),

		residents: make(map[netip.Addr]int),
	}
}

// add puts a peer into the lists; its addresses come with located.
func (t *peerTable) add(p *Peer) {
	t.list = append(t.list, p)
	t.names[strings.ToLower(p.Name)] = p
}

// byName finds a section by its name, in any case, without allocating for names
// of ordinary length.
func (t *peerTable) byName(name []byte) *Peer {
	var buf [64]byte
	if len(name) > len(buf) {
		return t.names[strings.ToLower(string(name))]
	}
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return t.names[string(buf[:len(name)])]
}

// byAddr finds the peer that has exactly that address and port, or else one with
// insecure=port on that host. Of several the first in the configuration wins, and
// who is there himself before who is behind a proxy there.
func (t *peerTable) byAddr(a netip.AddrPort) *Peer {
	a = unmapPort(a)
	if l := t.addrs[a]; len(l) > 0 {
		return t.nearest(l, a)
	}
	if l := t.hosts[a.Addr()]; len(l) > 0 {
		return t.nearest(l, a)
	}
	return nil
}

// nearest is the first of a list that is at an address itself, else the first that
// is behind a proxy there.
func (t *peerTable) nearest(list []*Peer, a netip.AddrPort) *Peer {
	for _, p := range list {
		if !slices.Contains(p.proxies, a) {
			return p
		}
	}
	return list[0]
}

// locate tells where p is reached now, instead of where it was before.
func (t *peerTable) locate(p *Peer, at []netip.AddrPort) {
	for i := range at {
		at[i] = unmapPort(at[i])
	}
	if slices.Equal(p.located, at) {
		return
	}
	for _, a := range p.located {
		if t.addrs[a] = without(t.addrs[a], p); len(t.addrs[a]) == 0 {
			delete(t.addrs, a)
		}
		host := a.Addr()
		if key := guard.Key(host); t.residents[key] > 1 {
			t.residents[key]--
		} else {
			delete(t.residents, key)
		}
		if t.streams[host] = without(t.streams[host], p); len(t.streams[host]) == 0 {
			delete(t.streams, host)
		}
		if t.hosts[host] = without(t.hosts[host], p); len(t.hosts[host]) == 0 {
			delete(t.hosts, host)
		}
		for _, exten := range p.Called {
			if key := (callbackKey{host, exten}); t.callee[key] == p {
				delete(t.callee, key)
			}
		}
	}
	p.located = nil
	if !p.Type.IsPeer() {
		return
	}
	p.located = at
	for _, a := range at {
		t.addrs[a] = inOrder(t.addrs[a], p)
		t.residents[guard.Key(a.Addr())]++
		if slices.ContainsFunc(p.Transports, transaction.Protocol.Reliable) || slices.ContainsFunc(p.found, func(t resolve.Target) bool { return t.Protocol.Reliable() }) {
			t.streams[a.Addr()] = inOrder(t.streams[a.Addr()], p)
		}
		if p.InsecurePort {
			t.hosts[a.Addr()] = inOrder(t.hosts[a.Addr()], p)
		}
		for _, exten := range p.Called {
			t.callee[callbackKey{a.Addr(), exten}] = p
		}
	}
}

func without(l []*Peer, p *Peer) []*Peer {
	return slices.DeleteFunc(l, func(o *Peer) bool { return o == p })
}

// inOrder inserts p where its section stands in the configuration.
func inOrder(l []*Peer, p *Peer) []*Peer {
	i := 0
	for i < len(l) && l[i].order < p.order {
		i++
	}
	if i < len(l) && l[i] == p {
		return l // two contacts on one host
	}
	return slices.Insert(l, i, p)
}

func unmapPort(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// peer finds a section by name, nil without one.
func (d *Driver) peer(name string) *Peer { return d.peers.byName([]byte(name)) }

// settings are the options that hold for p, or for a guest when it is nil.
func (d *Driver) settings(p *Peer) *PeerSettings {
	if p != nil {
		return &p.PeerSettings
	}
	return &d.cfg.General.Defaults
}

// identify finds the peer that a request comes from, nil for a guest. The order
// is the ancestor's: the name in From among users and friends, wherever it comes
// from; then the peer at the source address that registered for the number called;
// then the peer or friend at the source address and port, of a connection the one
// behind it (byStream); SUBSCRIBE goes by name
// alone, among all. A dynamic peer that is not registered has no address, and so
// its name makes nobody of it.
func (d *Driver) identify(m *message.Message, from source) (*Peer, matchedBy) {
	name := d.claimedName(m)
	if p := d.peers.byName(name); p != nil && (p.Type.IsUser() || m.Method() == message.SUBSCRIBE) {
		return p, byName
	}
	if m.Method() == message.SUBSCRIBE {
		return nil, byNothing
	}
	if len(d.peers.callee) > 0 {
		uri := m.RequestURI()
		if p := d.peers.callee[callbackKey{from.addr.Addr().Unmap(), string(uri.User)}]; p != nil {
			return p, byCalledNumber
		}
	}
	if from.protocol.Reliable() {
		return d.byStream(from, name), byConnection
	}
	return d.peers.byAddr(from.addr), byAddress
}

// matchedBy says what a peer was identified by.
type matchedBy uint8

const (
	byNothing matchedBy = iota
	byName
	byCalledNumber
	byConnection
	byAddress
)

// claimedName is the user that a request says it is from.
func (d *Driver) claimedName(m *message.Message) []byte {
	if d.cfg.General.MatchAuthUsername {
		if a, _, ok := credentialFor(m, d.realm(m), []digest.Algorithm{digest.MD5, digest.SHA256, digest.SHA512256}); ok {
			return a.Username
		}
	}
	return nameIn(&m.From().URI)
}

// nameIn is the name that a URI has for its user: "b%6Fb" is bob (RFC 3261 19.1.4).
func nameIn(u *message.URI) []byte {
	if len(u.User) == 0 { // as in the ancestor a domain can be one
		return u.Host
	}
	if bytes.IndexByte(u.User, '%') < 0 {
		return u.User
	}
	return message.Unescape(nil, u.User)
}

// openPeers builds the table from the configuration; New calls it when the
// listeners are bound.
func (d *Driver) openPeers() error {
	var seed [32]byte
	if _, err := d.random.Read(seed[:]); err != nil {
		return err
	}
	d.auth.open(seed[:], d)
	d.watchHosts()
	if err := d.openGRUU(); err != nil {
		return err
	}
	d.setPeers(d.cfg)
	d.restore()
	d.restoreToll()
	d.watchMailboxes()
	d.restoreSubscriptions()
	d.setSources()
	d.startQualify()
	d.startKeepalive()
	d.startRegistrations()
	d.watchExternal()
	return nil
}

// setPeers replaces the table by that of cfg; peers whose sections are still
// there keep their contacts, their reachability and their calls.
func (d *Driver) setPeers(cfg *Config) {
	old := d.peers
	t := newPeerTable(len(cfg.Peers))
	for i, pc := range cfg.Peers {
		p := old.byName([]byte(pc.Name))
		if p == nil {
			p = &Peer{}
		} else {
			delete(old.names, strings.ToLower(pc.Name))
		}
		p.located, p.flows = nil, nil
		p.PeerConfig, p.order = pc, i
		t.add(p)
	}
	d.peers = t
	for _, p := range t.list {
		d.trimContacts(p)
		d.place(p)
	}
	for _, p := range old.names {
		d.dropPeer(p)
	}
}
