package media

import (
	"net/netip"
	"time"

	"pbx/media/rtp"
)

// lock decides whose packets a session takes (strict RTP): the address that the
// SDP named is believed at once; another source after a probation of packets in
// sequence with one SSRC and payload type. From then on nobody else is heard,
// but for the SDP's address within learnWindow or when the source is silent, until
// the session is configured anew.
type lock struct {
	named   netip.AddrPort // by the SDP
	from    netip.AddrPort // who is heard, invalid while nobody is
	learned bool           // from is not the SDP's address
	since   time.Time      // of from
	last    time.Time      // when from was last heard
	reopen  time.Time      // until then a new source may take over from a silent one

	candidate netip.AddrPort
	began     time.Time
	ssrc      uint32
	seq       uint16
	pt        uint8
	count     uint8
}

const (
	// learnWindow is how long the SDP's address takes over from a learned source,
	// within which a candidate must pass its probation, and how long a re-INVITE
	// lets another source take the place of a silent one.
	learnWindow = 5 * time.Second
	// moveAfter is how long a source must be silent before the SDP's address takes its
	// place, or, by a re-INVITE that names the same address, another one: a phone whose
	// NAT forgot it.
	moveAfter = time.Second
)

// reset begins to learn.
func (k *lock) reset(named netip.AddrPort) { *k = lock{named: named} }

// reconfigured is told of a Configure that names the same address.
func (k *lock) reconfigured(now time.Time) { k.reopen = now.Add(learnWindow) }

// accept reports whether a packet is to be taken; changed tells that its source
// was believed just now.
func (k *lock) accept(from netip.AddrPort, h *rtp.Header, now time.Time, probation int, lax bool) (ok, changed bool) {
	if from == k.from {
		k.last = now
		return true, false
	}
	if from == k.named && (!k.from.IsValid() || now.Sub(k.since) < learnWindow || now.Before(k.reopen) || now.Sub(k.last) >= moveAfter) || lax {
		k.believe(from, now)
		return true, true
	}
	if mayMove := now.Before(k.reopen) && now.Sub(k.last) >= moveAfter; k.from.IsValid() && !mayMove {
		return false, false
	}
	if from != k.candidate || h.SSRC != k.ssrc || h.Type != k.pt || h.Sequence != k.seq+1 || now.Sub(k.began) > learnWindow {
		k.candidate, k.ssrc, k.pt, k.count, k.began = from, h.SSRC, h.Type, 0, now
	}
	k.seq = h.Sequence
	if k.count++; int(k.count) < probation {
		return false, false
	}
	k.believe(from, now)
	return true, true
}

func (k *lock) believe(from netip.AddrPort, now time.Time) {
	k.from, k.learned, k.since, k.last = from, from != k.named, now, now
	k.reopen, k.count, k.candidate = time.Time{}, 0, netip.AddrPort{}
}
