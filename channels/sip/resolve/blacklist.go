package resolve

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"pbx/channels/sip/transaction"
)

// Blacklist remembers for a while who failed, so that the next request does not
// wait for the same server again (RFC 3263 4.3). It is told the time.
type Blacklist struct {
	entries map[place]Failure
}

type place struct {
	protocol transaction.Protocol
	addr     netip.AddrPort
}

// Failure is one server on the blacklist.
type Failure struct {
	Protocol transaction.Protocol
	Addr     netip.AddrPort
	Host     string
	Reason   string
	Until    time.Time
}

const (
	// DefaultPenalty is how long a server is left alone that did not say for how
	// long.
	DefaultPenalty = 30 * time.Second
	// maxPenalty bounds what a Retry-After asks for.
	maxPenalty   = time.Hour
	maxBlacklist = 1024
)

// Add puts a target on the list, for DefaultPenalty when wait is 0.
func (b *Blacklist) Add(t Target, reason string, wait time.Duration, now time.Time) {
	if b.entries == nil {
		b.entries = make(map[place]Failure)
	}
	b.prune(now)
	if len(b.entries) >= maxBlacklist {
		return
	}
	wait = min(cmp.Or(max(wait, 0), DefaultPenalty), maxPenalty)
	b.entries[place{t.Protocol, t.Addr}] = Failure{t.Protocol, t.Addr, t.Host, reason, now.Add(wait)}
}

// Has reports whether a target is on the list.
func (b *Blacklist) Has(t Target, now time.Time) bool {
	f, ok := b.entries[place{t.Protocol, t.Addr}]
	return ok && now.Before(f.Until)
}

// Remove takes a target off the list: it answered.
func (b *Blacklist) Remove(t Target) { delete(b.entries, place{t.Protocol, t.Addr}) }

// Clear empties the list and returns how many were on it.
func (b *Blacklist) Clear(now time.Time) int {
	b.prune(now)
	n := len(b.entries)
	clear(b.entries)
	return n
}

// List returns who is on the list, by address.
func (b *Blacklist) List(now time.Time) []Failure {
	b.prune(now)
	list := make([]Failure, 0, len(b.entries))
	for _, f := range b.entries {
		list = append(list, f)
	}
	slices.SortFunc(list, func(x, y Failure) int {
		return cmp.Or(x.Addr.Compare(y.Addr), cmp.Compare(x.Protocol, y.Protocol))
	})
	return list
}

func (b *Blacklist) prune(now time.Time) {
	for k, f := range b.entries {
		if !now.Before(f.Until) {
			delete(b.entries, k)
		}
	}
}
