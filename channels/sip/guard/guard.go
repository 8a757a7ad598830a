// Package guard decides which addresses are heard: it counts failed proofs and
// unanswered challenges by address and bans the address, slows the account or
// holds back challenges by rules that are written at Rules.
//
// It does no I/O and reads no clock. A Guard belongs to one goroutine, the monitor
// loop. What it remembers is bounded: addresses that nobody had to say anything of
// for longest are forgotten first.
//
// A source address of UDP can be forged, and a ban must not be a way to lock
// somebody out. So only what proves that its sender is there bans: the answer to a
// challenge, with a nonce that was made for that address, or a connection. Where
// there is no proof the address is muted: it gets no challenges but one now and
// then, by which an honest device gets in, and a right answer ends it.
package guard

import (
	"net/netip"
	"slices"
	"time"
)

// Rules say when an address is banned. Zero Failures never bans nor slows, and
// zero Unanswered never mutes.
type Rules struct {
	// Failures wrong proofs within Window ban for Time, twice as long each time
	// until MaxTime.
	Failures      int
	Window        time.Duration
	Time, MaxTime time.Duration
	// Unanswered challenges within Window mute for Time, twice as long each time.
	Unanswered int
	// Ignore are the addresses that are never banned.
	Ignore []netip.Prefix
}

// MaxFailures bounds Rules.Failures.
const MaxFailures = 100

// Kind is what is held against an address.
type Kind uint8

// The kinds of ban.
const (
	None   Kind = iota
	Banned      // wrong answers: nothing from there is read
	Muted       // unanswered challenges: hardly any are sent there
	Manual      // by the operator: as Banned
)

func (k Kind) String() string { return [...]string{"", "banned", "muted", "by hand"}[k] }

// Ban is one address that is held off.
type Ban struct {
	Addr  netip.Prefix // one IPv4 address, or a /64
	Kind  Kind
	Until time.Time // zero: until it is taken back
	Times int       // how often it was banned or muted so far, this one included
}

// Limits of what is remembered; a source takes some 150 bytes.
const (
	maxSources  = 1 << 16
	maxAccounts = 1 << 12
)

// Guard is the memory of one exchange. New makes it.
type Guard struct {
	rules    Rules
	sources  table[netip.Addr, source]
	accounts table[account, failures]
	banned   int // sources with a ban that may hold, so that an exchange without any asks nothing
}

// source is what is known of one address, or of a /64.
type source struct {
	purse   purse
	open    int       // challenges since openAt that no answer came to
	openAt  time.Time // of the first of them
	passed  time.Time // when a muted source was last challenged
	fails   failures
	kind    Kind
	until   time.Time
	forever bool
	times   int // bans and mutes so far
}

// account is a name that somebody at an address claims.
type account struct {
	addr netip.Addr
	name uint64 // hash
}

// failures are the times of the last wrong answers, oldest first.
type failures struct{ at []time.Time }

// New makes a Guard.
func New(r Rules) *Guard {
	g := &Guard{
		rules: r, sources: newTable[netip.Addr, source](maxSources), accounts: newTable[account, failures](maxAccounts),
	}
	g.sources.spare = func(s *source) bool { return s.kind != None }
	g.sources.forget = g.release
	return g
}

// SetRules changes the rules for what comes; bans stay, but for those of addresses
// that may not be banned any more.
func (g *Guard) SetRules(r Rules) {
	g.rules = r
	for addr, s := range g.sources.all() {
		if s.kind != None && s.kind != Manual && (g.ignored(addr) || r.Failures == 0) {
			g.release(s)
			s.times = 0
		}
	}
}

// Key is the unit that is counted and banned: an IPv4 address, or the /64 of an
// IPv6 address, which is what one subscriber has (RFC 6177).
func Key(addr netip.Addr) netip.Addr {
	if addr = addr.Unmap(); addr.Is4() {
		return addr
	}
	p, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr()
}

// Ignored reports whether addr is one of those that are never banned.
func (g *Guard) Ignored(addr netip.Addr) bool { return g.ignored(addr.Unmap().WithZone("")) }

func (g *Guard) ignored(addr netip.Addr) bool {
	for _, p := range g.rules.Ignore {
		if p.Contains(addr) || addr.Is6() && p.Bits() > 64 && p.Addr().Is6() && Key(p.Addr()) == addr {
			return true
		}
	}
	return false
}

// Blocked reports whether what comes from addr is dropped unread. It is asked for
// every datagram.
func (g *Guard) Blocked(addr netip.Addr, now time.Time) bool {
	if g.banned == 0 {
		return false
	}
	s := g.sources.peek(Key(addr))
	if s == nil || s.kind != Banned && s.kind != Manual {
		return false
	}
	if !s.forever && !now.Before(s.until) {
		g.release(s)
		return false
	}
	return true
}

// Challenge takes the price of a challenge to addr. It reports whether one may be
// sent, and the mute that begins with it, if one does. resident says that a device
// of ours is there, which is never muted.
func (g *Guard) Challenge(addr netip.Addr, now time.Time, resident bool) (allowed bool, began *Ban) {
	s := g.source(addr, now)
	if s.kind == Muted {
		switch {
		case !now.Before(s.until):
			g.release(s)
		case resident || g.Ignored(addr):
		case now.Sub(s.passed) < g.pace():
			return false, nil
		}
		s.passed = now
	}
	if !s.purse.take(now) {
		return false, nil
	}
	if s.kind != None || g.rules.Unanswered == 0 || resident {
		return true, nil
	}
	if now.Sub(s.openAt) > g.rules.Window {
		s.open, s.openAt = 0, now
	}
	if s.open++; s.open > g.rules.Unanswered && !g.Ignored(addr) {
		return false, g.hold(addr, s, Muted, now)
	}
	return true, nil
}

// pace is how often a muted address is challenged and a slowed account heard.
func (g *Guard) pace() time.Duration { return g.rules.Window / time.Duration(max(g.rules.Failures, 1)) }

// Answered notes that an answer to a challenge of ours came back from addr; right
// says that it was the right one.
func (g *Guard) Answered(addr netip.Addr, right bool) {
	s := g.sources.peek(Key(addr))
	if s == nil {
		return
	}
	if s.open--; s.open < 0 || right {
		s.open = 0
	}
	if right {
		s.purse.coins = min(s.purse.coins+1, purseCoins)
		if s.kind == Muted {
			g.release(s)
		}
	}
}

// Failed notes a wrong answer to a challenge that was made for addr, for the
// account of that name, known or not. It returns the ban that begins with it, if
// one does: never where a device of ours is resident, whose account is slowed
// instead, nor for an address that is ignored.
func (g *Guard) Failed(addr netip.Addr, name []byte, now time.Time, resident bool) *Ban {
	if g.rules.Failures == 0 {
		return nil
	}
	if resident || g.Ignored(addr) {
		g.accounts.get(account{Key(addr), hash(name)}).add(now, g.rules)
		return nil
	}
	s := g.source(addr, now)
	if s.fails.add(now, g.rules) < g.rules.Failures || s.kind == Banned || s.kind == Manual {
		return nil
	}
	s.fails.at = nil
	return g.hold(addr, s, Banned, now)
}

// Slowed reports whether an answer for an account is left unheard because of the
// wrong ones before it: then one is heard every Window/Failures. The answer has to
// be left unheard whether it is right or not, else who guesses learns all the same.
func (g *Guard) Slowed(addr netip.Addr, name []byte, now time.Time) bool {
	if g.accounts.len() == 0 || g.rules.Failures == 0 {
		return false
	}
	f := g.accounts.peek(account{Key(addr), hash(name)})
	if f == nil || f.count(now, g.rules.Window) < g.rules.Failures {
		return false
	}
	return now.Sub(f.at[len(f.at)-1]) < g.pace()
}

// source finds or makes what is known of addr.
func (g *Guard) source(addr netip.Addr, now time.Time) *source {
	s := g.sources.get(Key(addr))
	if s.purse.at.IsZero() {
		s.purse = purse{purseCoins, now}
	}
	return s
}

// hold begins a ban or a mute.
func (g *Guard) hold(addr netip.Addr, s *source, k Kind, now time.Time) *Ban {
	if s.kind == None {
		g.banned++
	}
	s.times++
	s.kind, s.open = k, 0
	s.until = now.Add(g.length(s.times))
	s.passed = now
	b := s.ban(Key(addr))
	return &b
}

// length is how long the nth ban is.
func (g *Guard) length(n int) time.Duration {
	d := g.rules.Time
	for range n - 1 {
		if d >= g.rules.MaxTime {
			break
		}
		d *= 2
	}
	return max(min(d, g.rules.MaxTime), g.rules.Time)
}

func (g *Guard) release(s *source) {
	if s.kind != None {
		g.banned--
	}
	s.kind, s.forever, s.fails.at, s.open = None, false, nil, 0
}

// Ban bans addr by hand, for a time or for ever when that is 0.
func (g *Guard) Ban(addr netip.Addr, d time.Duration, now time.Time) {
	s := g.source(addr, now)
	if s.kind == None {
		g.banned++
		s.times++
	}
	s.kind, s.until, s.forever = Manual, now.Add(d), d == 0
}

// Unban ends a ban or mute of addr and forgets how many there were. It reports
// whether there was one.
func (g *Guard) Unban(addr netip.Addr) bool {
	s := g.sources.peek(Key(addr))
	if s == nil || s.kind == None {
		return false
	}
	g.release(s)
	s.times = 0
	return true
}

// Resident ends a ban of addr that was not made by hand: a device of ours is there
// now.
func (g *Guard) Resident(addr netip.Addr) {
	if g.banned == 0 {
		return
	}
	if s := g.sources.peek(Key(addr)); s != nil && s.kind == Banned {
		g.release(s)
	}
}

// Bans are the bans and mutes that hold, in the order in which they end.
func (g *Guard) Bans(now time.Time) []Ban {
	var list []Ban
	for addr, s := range g.sources.all() {
		if s.kind != None && (s.forever || now.Before(s.until)) {
			list = append(list, s.ban(addr))
		}
	}
	slices.SortFunc(list, func(a, b Ban) int {
		if c := a.Until.Compare(b.Until); c != 0 {
			return c
		}
		return a.Addr.Addr().Compare(b.Addr.Addr())
	})
	return list
}

func (s *source) ban(key netip.Addr) Ban {
	bits := 32
	if key.Is6() {
		bits = 64
	}
	b := Ban{Addr: netip.PrefixFrom(key, bits), Kind: s.kind, Until: s.until, Times: s.times}
	if s.forever {
		b.Until = time.Time{}
	}
	return b
}

// add notes one more and returns how many there were within the window.
func (f *failures) add(now time.Time, r Rules) int {
	if len(f.at) >= r.Failures {
		f.at = append(f.at[:0], f.at[len(f.at)-r.Failures+1:]...)
	}
	f.at = append(f.at, now)
	return f.count(now, r.Window)
}

func (f *failures) count(now time.Time, window time.Duration) int {
	n := 0
	for _, t := range f.at {
		if now.Sub(t) < window {
			n++
		}
	}
	return n
}

// hash is FNV-1a of a name: a collision slows the wrong account for some seconds.
func hash(name []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range name {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
