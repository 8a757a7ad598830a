package sip

import (
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// phase is how far a call has come.
type phase uint8

const (
	phaseNew    phase = iota // outbound: nothing sent yet
	phaseEarly               // the INVITE is unanswered
	phaseUp                  // answered
	phaseEnding              // BYE or CANCEL is on its way, or the far end ended it
	phaseGone                // out of the table
)

// pvt is one call of the driver: an INVITE dialog with its channel and its media.
// The monitor loop owns it, but for d, outgoing, peer and settings, which never
// change once the channel exists.
type pvt struct {
	dialog
	d        *Driver
	sibling  *pvt // the next call of the same Call-ID
	outgoing bool
	phase    phase
	peer     *Peer                           // nil: a guest, or an address that is no peer
	instance instance                        // inbound: of the device that is called, where only one is meant
	fork     *fork                           // the call that this is one branch of, nil for a call of its own
	settings *PeerSettings                   // of the peer, or the defaults
	channel  *channel.Channel                // as the loop knows it
	line     atomic.Pointer[channel.Channel] // the same, for everybody else
	dtmfMode atomic.Uint32                   // DTMFMode+1 of SIPDtmfMode, 0 for the peer's
	decided  atomic.Bool                     // the far end refused with 6xx
	summed   atomic.Bool                     // what there is to say of the audio was said

	// invite is the INVITE of an inbound call as it arrived.
	invite    *message.Message
	requests  []*message.Message // the last of each method since
	received  netip.AddrPort     // where the far end's last INVITE or final response came from
	useragent string
	context   string // inbound: where the dialplan begins
	exten     string // inbound: what was dialled; outbound: what is called
	localHost netip.AddrPort
	began     time.Time

	server    *transaction.Server // an INVITE from the far end without final response or ACK
	open      *message.Message    // that INVITE, for its responses
	inviteSeq uint32              // its CSeq number
	client    *transaction.Client // an INVITE of ours without final response
	branch    transaction.Branch  // of that INVITE
	bye       *transaction.Client

	change       *modification // a re-INVITE or UPDATE of ours without final response
	wanted       change        // what the next one is for
	again        sched.ID      // it waits: glare (RFC 3261 14.1) or Retry-After
	retries      int           // how often in a row
	allowsUpdate bool          // the far end takes UPDATE
	replaces     *replacement  // what a new call takes over, nil for a call of its own
	rel          *reliability  // of our provisional responses, nil if the caller knows none

	media   mediaState
	partner *pvt     // the call that this one is bridged with
	plain   bool     // nobody here listens to the two
	asked   bool     // the far end has sent a re-INVITE of its own
	parting sched.ID // they were parted just now
	fax     *fax     // T.38, nil while audio flows
	out     *outbound
	timer   *sessionTimer
	// reminder repeats the last provisional response.
	reminder sched.ID
	byeTimer sched.ID // ends a call that was transferred away

	told channel.Party // who we said last the far end talks to

	byeCause    channel.Cause // of a BYE that waits for an ACK, or was sent
	wantsBye    bool          // a BYE waits for an ACK
	symmetric   bool          // requests go to where the far end's messages come from (nat=force_rport)
	comedia     bool          // RTP goes to where RTP comes from (nat=comedia)
	referring   bool          // we asked the far end to call elsewhere
	referTo     string        // where to, while that waits for an ACK
	transferred bool          // the far end sent its party elsewhere, and is to say BYE
	progress    bool          // 183 was sent: 180 adds nothing
	counted     bool          // in Peer.inUse
	recorded    bool          // its history is kept while it is up
	ringing     bool          // in Peer.ringing
	onHold      bool          // the far end holds us, counted in Peer.onHold
	released    bool          // the channel's goroutine has let go
	reinviting  bool          // server is a re-INVITE
}

// setChannel gives the call its channel.
func (p *pvt) setChannel(c *channel.Channel) {
	p.channel = c
	p.line.Store(c)
}

// Rebind implements channel.Leg. Masquerade calls it on the loop.
func (p *pvt) Rebind(c *channel.Channel) {
	p.setChannel(c)
	for _, v := range p.callVariables() {
		c.SetVar(v.Name, v.Value)
	}
}

// queue hands the channel a control frame.
func (p *pvt) queue(c channel.Control) {
	if p.channel != nil {
		p.channel.Queue(channel.Frame{Kind: channel.FrameControl, Control: c, Cause: p.channel.Cause()})
	}
}

// hangupChannel tells the channel's goroutine that the far end is gone; it lets go
// through Leg.Hangup.
func (p *pvt) hangupChannel(cause channel.Cause) {
	if p.channel != nil && !p.released {
		p.summarize(p.channel)
		if peer := p.channel.Bridged(); peer != nil {
			if q, ok := peer.Leg().(*pvt); ok && q.d == p.d {
				q.summarize(peer)
			}
		}
		p.channel.FarHangup(cause)
	}
}

// Summarize implements channel.Summarizer.
func (p *pvt) Summarize() { p.summarize(p.line.Load()) }

// summarize sets RTPAUDIOQOS and its kin, and on the channel that c is joined to the
// same as …BRIDGED: of both ends of a bridge when the far end of one is gone, or when
// we end the call.
func (p *pvt) summarize(c *channel.Channel) {
	s := c.Media()
	if s == nil || p.summed.Swap(true) {
		return
	}
	st := s.Stats()
	tell := func(ch *channel.Channel, suffix string) {
		ch.Promise("RTPAUDIOQOS", func() {
			for _, v := range st.Variables() {
				ch.SetVar("RTPAUDIOQOS"+v[0]+suffix, channel.Clean(v[1]))
			}
		})
	}
	tell(c, "")
	if peer := c.Bridged(); peer != nil {
		tell(peer, "BRIDGED")
	}
}

// setRinging counts the call as ringing at the peer.
func (p *pvt) setRinging(on bool) {
	if p.peer == nil || p.ringing == on {
		return
	}
	p.noteRinging(on)
	p.d.deviceChanged(p.peer)
}

// noteRinging keeps the list of the peer's ringing calls.
func (p *pvt) noteRinging(on bool) {
	p.ringing = on
	if on {
		p.peer.ringing = append(p.peer.ringing, p)
		return
	}
	p.peer.ringing = slices.DeleteFunc(p.peer.ringing, func(o *pvt) bool { return o == p })
}

// setHold notes that the far end put us on hold or took us back.
func (p *pvt) setHold(on bool) {
	if p.onHold == on {
		return
	}
	p.onHold = on
	if p.peer != nil {
		if on {
			p.peer.onHold++
		} else {
			p.peer.onHold--
		}
		p.d.deviceChanged(p.peer)
	}
	switch {
	case on:
		p.queue(channel.ControlHold)
	case !p.settings.DiscardUnhold:
		p.queue(channel.ControlUnhold)
	}
}

// uncount takes the call out of the peer's counters.
func (p *pvt) uncount() {
	if p.peer == nil {
		return
	}
	if p.onHold {
		p.onHold = false
		p.peer.onHold--
	}
	if p.ringing {
		p.noteRinging(false)
	}
	if p.counted {
		p.counted = false
		fork := p.share()
		if fork != nil {
			fork.calls--
		}
		if fork == nil || fork.calls == 0 {
			p.peer.inUse--
		}
	}
	p.d.deviceChanged(p.peer)
}

// destroy takes the call out of the table and gives everything back. The channel,
// if it still runs, is told.
func (p *pvt) destroy(cause channel.Cause) {
	if p.phase == phaseGone {
		return
	}
	p.phase = phaseGone
	p.inThePast()
	p.d.calls.remove(p)
	p.closeMedia()
	p.stopSessionTimer()
	p.stopReminder()
	if p.outgoing {
		p.stopPatience()
		p.stopMeter()
	}
	p.stopRetry()
	p.stopParting()
	if p.change != nil {
		p.change.leave()
	}
	p.rel.stop(p.d)
	p.stopAwaitingBye()
	p.uncount()
	p.hangupChannel(cause)
	// The transactions outlive the call by their timers; they need not keep it.
	if p.outgoing && p.out.won != nil {
		p.out.won.client.SetReceiver(p.out.won)
		p.out.won.ack.follow = nil
	}
	for _, c := range [...]*transaction.Client{p.client, p.bye} {
		if c != nil {
			c.SetReceiver(nobody{})
		}
	}
	p.partner = nil
	p.server, p.open, p.client, p.bye, p.change = nil, nil, nil, nil, nil
}

// closeMedia gives the RTP ports back.
func (p *pvt) closeMedia() {
	p.closeFax()
	if p.media.session != nil {
		p.media.session.Close()
	}
}

// abandon ends the call in one message, without waiting for what comes of it: the
// driver closes.
func (p *pvt) abandon() {
	p.transferred, p.finding = false, nil
	p.hangup(channel.CauseNormalClearing)
	p.destroy(channel.CauseNormalClearing)
}
