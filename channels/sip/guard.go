package sip

import (
	"net/netip"
	"time"
)

// guard limits the challenges that go out unanswered to one source, so that the
// exchange is no help to somebody who forges a victim's address. Every source
// has a purse: a challenge costs one, a right answer gives one back, and time
// fills it up. An office behind one address that answers its challenges never
// feels it.
type guard struct {
	purses map[netip.Addr]purse
	shared purse // of the sources for which there was no room
	swept  time.Time
}

type purse struct {
	coins float64
	at    time.Time
}

const (
	guardCoins   = 1000 // challenges at once
	guardRefill  = 50   // a second
	guardSources = 4096 // purses kept
)

// allow takes the price of a challenge to addr, or reports that the purse is
// empty and nothing may be sent.
func (g *guard) allow(addr netip.Addr, now time.Time) bool {
	addr = guardKey(addr)
	p, ok := g.purses[addr]
	if !ok {
		if len(g.purses) >= guardSources && !g.forget(now) {
			return g.shared.take(now)
		}
		if g.purses == nil {
			g.purses = make(map[netip.Addr]purse)
		}
		p = purse{guardCoins, now}
	}
	allowed := p.take(now)
	g.purses[addr] = p
	return allowed
}

// answered gives the price of a challenge back.
func (g *guard) answered(addr netip.Addr) {
	addr = guardKey(addr)
	if p, ok := g.purses[addr]; ok {
		p.coins++
		g.purses[addr] = p
	}
}

// forget drops the purses that time has filled, at most once a second.
func (g *guard) forget(now time.Time) bool {
	if now.Sub(g.swept) < time.Second {
		return false
	}
	g.swept = now
	for addr, p := range g.purses {
		if p.coins+guardRefill*now.Sub(p.at).Seconds() >= guardCoins {
			delete(g.purses, addr)
		}
	}
	return len(g.purses) < guardSources
}

func (p *purse) take(now time.Time) bool {
	p.coins = min(guardCoins, p.coins+guardRefill*now.Sub(p.at).Seconds())
	p.at = now
	if p.coins < 1 {
		return false
	}
	p.coins--
	return true
}

// guardKey is the address, or the /64 of an IPv6 one.
func guardKey(addr netip.Addr) netip.Addr {
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return addr
	}
	p, _ := addr.Prefix(64)
	return p.Addr()
}
