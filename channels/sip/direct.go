package sip

import (
	"net/netip"
	"time"

	"pbx/channel"
)

// Direct media: the far ends of a bridge are told of each other's RTP address and
// leave us out (directmedia=). What each should be told follows from the state of
// both; whenever that changes, the one that was told something else gets a
// re-INVITE. Nothing has to be undone by hand.

// Joined implements channel.Joiner.
func (p *pvt) Joined(other channel.Leg, plain bool) {
	q, _ := other.(*pvt)
	if q != nil && q.d != p.d {
		q = nil
	}
	p.post(func() { p.joined(q, plain) })
}

// partWait is how long a call that was parted may have its audio where it is: a
// BYE mostly follows at once, and a re-INVITE before it is for nothing.
const partWait = 50 * time.Millisecond

func (p *pvt) joined(q *pvt, plain bool) {
	old := p.partner
	p.partner, p.plain = q, plain
	if old != q {
		p.media.stuck, p.media.refusedDirect = false, false
		p.abandonFax()
		if old != nil && old.partner == p {
			old.await()
		}
	}
	if q == nil {
		p.await()
		return
	}
	p.stopParting()
	if q.partner != p { // it is told next; until then nothing is known of the two
		p.await()
		return
	}
	q.stopParting()
	p.reconsider()
}

// await looks at the media again after partWait.
func (p *pvt) await() {
	if p.parting != 0 || p.phase != phaseUp {
		return
	}
	p.parting = p.d.sched.Add(partWait, func() time.Duration {
		p.parting = 0
		defer p.d.recovered(p)
		p.reconsider()
		return 0
	})
}

func (p *pvt) stopParting() {
	if p.parting != 0 {
		p.d.sched.Delete(p.parting)
		p.parting = 0
	}
}

// reconsider tells both far ends what they should know and do not.
func (p *pvt) reconsider() {
	for _, l := range [...]*pvt{p, p.partner} {
		if l != nil && l.phase == phaseUp && l.parting == 0 && l.stale() {
			l.modify(changeMedia)
		}
	}
}

// stale reports whether the far end should be told of another session than it was:
// a new place for its audio, or the beginning or end of a fax.
func (p *pvt) stale() bool {
	if p.media.stuck || !p.media.valid || p.leaves() || p.partner != nil && p.partner.leaves() {
		return false // it refused, or the call is about to end, or to get another partner
	}
	if fax := p.wantsFax(); fax || p.fax != nil {
		return fax != (p.fax != nil)
	}
	to := p.direct()
	if to.IsValid() && p.settings.DirectMedia&DirectOutgoing != 0 && !p.outgoing && !p.asked {
		return false // it will ask us by itself
	}
	return to != p.media.told
}

// leaves reports whether the call is about to end.
func (p *pvt) leaves() bool { return p.transferred || p.released }

// direct is where the far end should send its audio: to the one it is bridged
// with, or, if that is not valid, to us.
func (p *pvt) direct() netip.AddrPort {
	if q := p.partner; q != nil && p.pairs(q) {
		return q.media.agreed.rtp
	}
	return netip.AddrPort{}
}

// pairs reports whether two calls may exchange their audio without us: both want
// it, speak the same codec and digits under the same numbers, nobody is on hold,
// and each can reach the other.
func (p *pvt) pairs(q *pvt) bool {
	if q.partner != p || !p.plain || !q.plain || p.fax != nil || q.fax != nil {
		return false
	}
	a, b := &p.media.agreed, &q.media.agreed
	if !p.mayGo(b.rtp) || !q.mayGo(a.rtp) {
		return false
	}
	x, y := p.sendCodec(), q.sendCodec()
	return x.Name == y.Name && x.pt == y.pt && p.dtmf() == q.dtmf() && a.dtmf == b.dtmf && a.ptime == b.ptime
}

// foresee takes the caller for the partner of a call that is made for him alone
// (directrtpsetup): the two may speak without us from the start.
func (p *pvt) foresee() {
	q := p.wouldPair()
	if q == nil || !p.d.cfg.General.DirectRTPSetup || q.d != p.d || q.partner != nil && q.partner.phase != phaseGone || q.phase != phaseEarly || !q.media.valid || p.settings.NAT.Comedia {
		return
	}
	p.partner, q.partner = q, p
	p.plain, q.plain = true, true
}

// foreseen reports whether the call is still being set up with a partner.
func (p *pvt) foreseen() bool {
	return p.phase == phaseEarly && p.partner != nil && p.partner.partner == p && p.d.cfg.General.DirectRTPSetup
}

// ahead is where a far end that has not answered yet is offered to send its audio: to
// the caller, or, if that is not valid, to us.
func (p *pvt) ahead() netip.AddrPort {
	if !p.outgoing || !p.foreseen() || p.media.valid {
		return netip.AddrPort{}
	}
	q := p.partner
	a, to := &q.media.agreed, p.route.Remote.Addr()
	switch {
	case !q.media.valid || q.onHold || a.held || !a.rtp.IsValid() || q.comedia || q.hidden() || q.media.session == nil || q.media.session.Tapped():
	case a.rtp.Addr().Is4() != to.Is4() || p.dtmf() != q.dtmf():
	case p.peer != nil && !p.peer.DirectACL.Allows(a.rtp.Addr()), q.peer != nil && !q.peer.DirectACL.Allows(to):
	case len(p.d.cfg.General.LocalNet) > 0 && p.d.local(a.rtp.Addr()) != p.d.local(to):
	default:
		return a.rtp
	}
	return netip.AddrPort{}
}

// mayGo reports whether this call's far end may send its audio to an address.
func (p *pvt) mayGo(to netip.AddrPort) bool {
	s, a := p.settings, &p.media.agreed
	switch {
	case p.phase != phaseUp && !p.foreseen() || !p.media.valid || p.media.refusedDirect || s.DirectMedia&DirectYes == 0:
		return false
	case p.onHold || a.held || !a.rtp.IsValid() || !to.IsValid() || a.rtp.Addr().Is4() != to.Addr().Is4():
		return false
	case p.comedia || p.hidden():
		return false // where its audio comes from is not where it says
	case p.peer != nil && !p.peer.DirectACL.Allows(to.Addr()):
		return false
	case len(p.d.cfg.General.LocalNet) > 0 && p.d.local(a.rtp.Addr()) != p.d.local(to.Addr()):
		return false // our NAT is between them
	}
	return p.media.session != nil && !p.media.session.Tapped()
}

// hidden reports whether the far end is behind a NAT: it names another address for
// its audio than its signalling comes from. directmedia=nonat asks for that; where
// nat= has found one already, it holds for all.
func (p *pvt) hidden() bool {
	return (p.symmetric || p.settings.DirectMedia&DirectNonat != 0) &&
		p.media.agreed.rtp.Addr().Unmap() != p.received.Addr().Unmap()
}

// tell notes what the far end was told of where its audio goes.
func (p *pvt) tell(to netip.AddrPort) {
	if p.media.told == to {
		return
	}
	p.media.told = to
	p.configure() // silence is no reason to worry now, or it is again
}
