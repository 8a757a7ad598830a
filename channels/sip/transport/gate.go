package transport

import (
	"errors"
	"net/netip"
	"sync"
	"time"
)

// Limits bound what connections may cost. A zero field means its default.
type Limits struct {
	// Total is how many there may be, half of which one address may have.
	Total int
	// Unproven is how many of those that came in may be without proof of who they
	// are at a time, PerAddress how many of them from one address (of IPv6 a /64).
	Unproven, PerAddress int
	// ProveIn is how long proof may take.
	ProveIn time.Duration
	// Handshake bounds what comes before the first message: the hello of TLS, the
	// upgrade of a WebSocket. Connect bounds a connection that we make, until it can
	// be written to.
	Handshake, Connect time.Duration
	// Write is how long a far end may take to read what waits for it.
	Write time.Duration
	// Idle is how long a connection that nobody needs may be silent.
	Idle time.Duration
}

// The defaults; tcpauthlimit and tcpauthtimeout are the ancestor's.
const (
	DefaultTotal      = 2000
	DefaultUnproven   = 100
	DefaultPerAddress = 50
	DefaultProveIn    = 30 * time.Second
	DefaultHandshake  = 10 * time.Second
	DefaultConnect    = 5 * time.Second
	DefaultWrite      = 10 * time.Second
	DefaultIdle       = 10 * time.Minute
)

func (l Limits) filled() Limits {
	or := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	or(&l.Total, DefaultTotal)
	or(&l.Unproven, DefaultUnproven)
	or(&l.PerAddress, DefaultPerAddress)
	for p, def := range map[*time.Duration]time.Duration{
		&l.ProveIn: DefaultProveIn, &l.Handshake: DefaultHandshake, &l.Connect: DefaultConnect,
		&l.Write: DefaultWrite, &l.Idle: DefaultIdle,
	} {
		if *p <= 0 {
			*p = def
		}
	}
	return l
}

// Why a connection is not taken.
var (
	errTotal      = errors.New("too many connections")
	errPerAddress = errors.New("too many connections from its address")
	errUnproven   = errors.New("too many connections that have not proven who they are (tcpauthlimit)")
)

// gate counts connections. Those who accept ask it, on goroutines of their own.
type gate struct {
	mu       sync.Mutex
	limits   Limits
	total    int
	unproven int
	from     map[netip.Addr]tally
}

// tally counts the connections of one address.
type tally struct{ all, unproven int }

// enter counts a connection, or says why it is not taken. One that we make is
// proven from the start and bounded by the total alone.
func (g *gate) enter(a netip.Addr, inbound bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.from[gateKey(a)]
	switch {
	case g.total >= g.limits.Total:
		return errTotal
	case !inbound:
	case t.all >= (g.limits.Total+1)/2, t.unproven >= g.limits.PerAddress:
		return errPerAddress
	case g.unproven >= g.limits.Unproven:
		return errUnproven
	}
	g.total++
	t.all++
	if inbound {
		g.unproven++
		t.unproven++
	}
	g.from[gateKey(a)] = t
	return nil
}

// prove makes a connection one that has proven who it is.
func (g *gate) prove(a netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.from[gateKey(a)]
	g.unproven--
	t.unproven--
	g.from[gateKey(a)] = t
}

// leave takes a connection back.
func (g *gate) leave(a netip.Addr, proven bool) {
	if !proven {
		g.prove(a)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.from[gateKey(a)]
	g.total--
	if t.all--; t.all == 0 {
		delete(g.from, gateKey(a))
	} else {
		g.from[gateKey(a)] = t
	}
}

// gateKey is the address, or the /64 of an IPv6 one.
func gateKey(a netip.Addr) netip.Addr {
	if a = a.Unmap().WithZone(""); a.Is4() {
		return a
	}
	p, _ := a.Prefix(64)
	return p.Addr()
}
