package sip

import (
	"bytes"
	"strconv"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// sessionTimer keeps a call from outliving its ends (RFC 4028). It exists when
// the call has an interval.
type sessionTimer struct {
	interval time.Duration
	ours     bool // we refresh; else the far end does
	id       sched.ID
}

// considerTimer reads what an INVITE or UPDATE wants: 422 when the interval is
// too short for us (RFC 4028 9).
func (p *pvt) considerTimer(m *message.Message) int {
	if p.settings.SessionTimers == TimersRefuse || !m.HasToken(message.HeaderSupported, "timer") && !m.HasToken(message.HeaderRequire, "timer") {
		p.stopSessionTimer()
		p.timer = nil
		return 0
	}
	s := p.settings
	interval := s.SessionExpires
	ours := s.SessionRefresher != "uac"
	if n := m.Seconds(message.HeaderSessionExpires); n >= 0 {
		asked := time.Duration(n) * time.Second
		if asked < s.SessionMinSE {
			return 422
		}
		interval = min(asked, max(interval, s.SessionMinSE))
		_, params, _ := bytes.Cut(m.Header(message.HeaderSessionExpires), []byte(";"))
		switch r, _ := message.Params(append([]byte(";"), params...)).Get("refresher"); string(r) {
		case "uac":
			ours = false
		case "uas":
			ours = true
		}
	}
	if n := m.Seconds(message.HeaderMinSE); n > 0 {
		interval = max(interval, min(time.Duration(n)*time.Second, 24*time.Hour))
	}
	p.stopSessionTimer()
	p.timer = &sessionTimer{interval: interval, ours: ours}
	return 0
}

// writeTimer writes the timer's headers in a 2xx response.
func (p *pvt) writeTimer(b *message.Builder, m *message.Message) {
	if p.timer == nil || !m.HasToken(message.HeaderSupported, "timer") && !m.HasToken(message.HeaderRequire, "timer") {
		return
	}
	who := ";refresher=uas"
	if !p.timer.ours {
		who = ";refresher=uac"
	}
	b.Header(message.HeaderSessionExpires, strconv.Itoa(int(p.timer.interval/time.Second))+who)
	b.Header(message.HeaderRequire, "timer")
}

// offerTimer writes what we ask for in an INVITE.
func (p *pvt) offerTimer(b *message.Builder) {
	s := p.settings
	switch {
	case p.timer != nil: // a refresh
		who := ";refresher=uac"
		if !p.timer.ours {
			who = ";refresher=uas"
		}
		b.Header(message.HeaderSessionExpires, strconv.Itoa(int(p.timer.interval/time.Second))+who)
	case s.SessionTimers == TimersOriginate && p.phase == phaseEarly:
		least := max(int64(s.SessionMinSE/time.Second), p.out.minSE)
		b.HeaderInt(message.HeaderSessionExpires, max(int64(s.SessionExpires/time.Second), least))
		b.HeaderInt(message.HeaderMinSE, least)
	}
}

// acceptTimer reads what the 2xx response to our INVITE settled (RFC 4028 7.2).
func (p *pvt) acceptTimer(m *message.Message) {
	n := m.Seconds(message.HeaderSessionExpires)
	if n <= 0 || p.settings.SessionTimers == TimersRefuse {
		return
	}
	_, params, _ := bytes.Cut(m.Header(message.HeaderSessionExpires), []byte(";"))
	r, _ := message.Params(append([]byte(";"), params...)).Get("refresher")
	p.stopSessionTimer()
	p.timer = &sessionTimer{interval: max(time.Duration(n)*time.Second, leastInterval), ours: string(r) != "uas"}
	p.startSessionTimer()
}

// leastInterval is the shortest session interval there is (RFC 4028 4).
const leastInterval = 90 * time.Second

// startSessionTimer begins an interval: half of it for the one who refreshes, all
// of it but a margin for the one who waits (RFC 4028 10).
func (p *pvt) startSessionTimer() {
	t := p.timer
	if t == nil {
		return
	}
	p.stopSessionTimer()
	wait := t.interval / 2
	if !t.ours {
		wait = t.interval - min(32*time.Second, t.interval/3)
	}
	t.id = p.d.sched.Add(wait, func() time.Duration {
		t.id = 0
		defer p.d.recovered(p)
		p.sessionDue()
		return 0
	})
}

func (p *pvt) stopSessionTimer() {
	if p.timer != nil && p.timer.id != 0 {
		p.d.sched.Delete(p.timer.id)
		p.timer.id = 0
	}
}

// sessionDue refreshes the session, or ends the call that nobody refreshed.
func (p *pvt) sessionDue() {
	switch {
	case p.phase != phaseUp || p.timer == nil:
	case !p.timer.ours:
		p.hangupChannel(channel.CauseTimerExpiry)
	case p.server != nil || p.client != nil: // another INVITE is under way
		p.timer.id = p.d.sched.Add(time.Second, func() time.Duration {
			p.timer.id = 0
			defer p.d.recovered(p)
			p.sessionDue()
			return 0
		})
	default:
		p.refresh()
	}
}

// refresh sends a re-INVITE that changes nothing.
func (p *pvt) refresh() {
	d := p.d
	p.localSeq++
	p.branch = d.random.branch()
	offer := p.offerSDP()
	b := p.dialog.begin(d, message.INVITE, p.branch, p.localSeq)
	p.offerTimer(b)
	b.Header(message.HeaderAllow, allowed)
	b.Header(message.HeaderSupported, supported)
	b.Body(sdpType, offer)
	p.refreshing = true
	if c := d.txs.Send(d.finish(), message.INVITE, p.branch, p.route, p.timers(), (*inviteReceiver)(p)); c.State() != transaction.Terminated {
		p.client = c
	}
}

// refreshed handles the responses to a re-INVITE of ours.
func (p *pvt) refreshed(m *message.Message) {
	status := m.Status()
	defer p.finish()
	switch {
	case status < 200:
		return
	case status < 300:
		first := p.client != nil
		p.client = nil
		p.proof.accepted(m)
		p.reack = p.acknowledge(p.reack)
		p.media.waiting = false
		if !first {
			return
		}
		p.refreshTarget(m)
		if body, ok := m.Content(sdpType); ok && p.phase == phaseUp {
			if a, status := p.negotiate(body, true); status == 0 {
				p.accept(a)
			}
		}
		if p.phase == phaseUp {
			p.acceptTimer(m)
		}
		if p.phase == phaseUp && p.timer != nil && p.timer.id == 0 {
			p.startSessionTimer()
		}
		return
	}
	p.client, p.refreshing, p.media.waiting = nil, false, false
	if p.phase != phaseUp || p.timer == nil {
		return
	}
	if p.proves(m) {
		p.refresh()
		return
	}
	switch status {
	case 481, 408: // the far end knows of no call (RFC 3261 14.1)
		p.hangupChannel(channel.CauseNormalClearing)
	case 491:
		// Both tried at once: again after a while (14.1).
		wait := 2*time.Second + time.Duration(p.d.random.uint64()%2000)*time.Millisecond
		if !p.outgoing {
			wait = time.Duration(p.d.random.uint64()%2000) * time.Millisecond
		}
		p.timer.id = p.d.sched.Add(wait, func() time.Duration {
			p.timer.id = 0
			defer p.d.recovered(p)
			p.sessionDue()
			return 0
		})
	default:
		p.startSessionTimer()
	}
}
