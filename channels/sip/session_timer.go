package sip

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/sched"
)

// sessionTimer keeps a call from outliving its ends (RFC 4028). It exists when
// the call has an interval.
type sessionTimer struct {
	interval time.Duration
	least    time.Duration // Min-SE that somebody on the way asked for, 0 for none
	ours     bool          // we refresh; else the far end does
	id       sched.ID
}

// timed reports whether a far end knows the extension.
func timed(m *message.Message) bool {
	return m.HasToken(message.HeaderSupported, "timer") || m.HasToken(message.HeaderRequire, "timer")
}

// weighTimer reads what an INVITE or UPDATE wants: nil for no timer, 422 when the
// interval is too short for us (RFC 4028 9). setTimer takes it over.
func (p *pvt) weighTimer(m *message.Message) (*sessionTimer, int) {
	s := p.settings
	if s.SessionTimers == TimersRefuse || !timed(m) {
		return nil, 0
	}
	t := &sessionTimer{interval: s.SessionExpires, ours: s.SessionRefresher != "uac"}
	if n := m.Seconds(message.HeaderSessionExpires); n >= 0 {
		asked := time.Duration(n) * time.Second
		if asked < s.SessionMinSE {
			return nil, 422
		}
		t.interval = min(asked, max(t.interval, s.SessionMinSE))
		switch refresher(m) {
		case "uac":
			t.ours = false
		case "uas":
			t.ours = true
		}
	}
	if n := m.Seconds(message.HeaderMinSE); n > 0 {
		t.least = min(time.Duration(n)*time.Second, 24*time.Hour)
		t.interval = max(t.interval, t.least)
	}
	return t, 0
}

// refresher is the parameter of Session-Expires, "" without one.
func refresher(m *message.Message) string {
	_, params, _ := bytes.Cut(m.Header(message.HeaderSessionExpires), []byte(";"))
	r, _ := message.Params(append([]byte(";"), params...)).Get("refresher")
	return strings.ToLower(string(r))
}

// setTimer replaces the timer by t, which does not run yet.
func (p *pvt) setTimer(t *sessionTimer) {
	p.stopSessionTimer()
	p.timer = t
}

// writeTimer writes the timer's headers in a 2xx response.
func (p *pvt) writeTimer(b *message.Builder, m *message.Message) {
	if p.timer == nil || !timed(m) {
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
		if p.timer.least > 0 {
			b.HeaderInt(message.HeaderMinSE, int64(p.timer.least/time.Second))
		}
	case s.SessionTimers == TimersOriginate && p.phase == phaseEarly:
		least := max(int64(s.SessionMinSE/time.Second), p.out.minSE)
		b.HeaderInt(message.HeaderSessionExpires, max(int64(s.SessionExpires/time.Second), least))
		b.HeaderInt(message.HeaderMinSE, least)
	}
}

// acceptTimer reads what the 2xx response to our INVITE or UPDATE settled
// (RFC 4028 7.2). A far end that knows no timer lets the session be as long as it
// likes; with session-timers=originate we look whether it is still there.
func (p *pvt) acceptTimer(m *message.Message) {
	n := m.Seconds(message.HeaderSessionExpires)
	t := &sessionTimer{ours: true}
	switch {
	case p.settings.SessionTimers == TimersRefuse:
		return
	case n > 0:
		t.interval, t.ours = max(time.Duration(n)*time.Second, leastInterval), refresher(m) != "uas"
	case p.timer != nil:
		t.interval, t.least, t.ours = p.timer.interval, p.timer.least, p.timer.ours
	case p.settings.SessionTimers == TimersOriginate:
		t.interval = max(p.settings.SessionExpires, p.settings.SessionMinSE, leastInterval)
	default:
		return
	}
	p.setTimer(t)
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
	default:
		p.modify(changeTimer)
	}
}
