package cdr

import (
	"maps"
	"strconv"
	"sync"
	"time"

	"pbx/event"
)

// Engine makes records out of events. Its methods may be called from any goroutine.
type Engine struct {
	now  func() time.Time
	emit func([]*Row)
	// summary is told of each call that is over; nil tells nobody.
	summary func(*Call)
	boot    string

	mu       sync.Mutex
	settings Settings
	channels map[string]*party // by uniqueid
	recent   *party            // the last one an event was about: the next one mostly is too
	names    map[string]*party
	bridges  map[string][]*party
	calls    map[string]*call // by linkedid
	sequence int64
	seen     int64
	sub      *event.Subscription
}

// kinds are the events that records are made of.
var kinds = []event.Kind{
	event.ChannelCreated, event.ChannelState, event.ChannelHangup, event.NewExten, event.Application, event.NewCallerID, event.AccountCode,
	event.DialBegin, event.DialEnd, event.BridgeJoin, event.BridgeLeave, event.Masquerade, event.SoftHangup,
}

// New makes an engine that reads bus, hands finished rows to emit and the
// summary of each call to summary, if that is not nil. Neither may block.
func New(bus *event.Bus, now func() time.Time, s Settings, emit func([]*Row), summary func(*Call)) *Engine {
	e := &Engine{
		now: now, emit: emit, summary: summary, settings: s, boot: strconv.FormatInt(now().UnixNano(), 36),
		channels: map[string]*party{}, names: map[string]*party{}, bridges: map[string][]*party{}, calls: map[string]*call{},
	}
	e.sub = bus.Observe(e.handle, kinds...)
	return e
}

// Close lets go of the bus.
func (e *Engine) Close() { e.sub.Close() }

// Configure changes the settings; records that are open go on under the new ones.
func (e *Engine) Configure(s Settings) {
	e.mu.Lock()
	e.settings = s
	e.mu.Unlock()
}

// Settings are those in use.
func (e *Engine) Settings() Settings {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings
}

// handle is told of every event, on the goroutine that it happened on.
func (e *Engine) handle(ev *event.Event) {
	e.mu.Lock()
	var rows []*Row
	if e.settings.Enable || len(e.channels) > 0 {
		rows = e.step(ev)
	}
	e.mu.Unlock()
	if len(rows) > 0 {
		e.emit(rows)
	}
}

func (e *Engine) step(ev *event.Event) []*Row {
	p := e.recent
	if p == nil || p.uniqueid != ev.Uniqueid {
		p = e.channels[ev.Uniqueid]
		e.recent = p
	}
	if p == nil {
		if ev.Kind == event.ChannelCreated {
			e.create(ev)
		}
		return nil
	}
	if ev.Kind != event.Masquerade {
		p.take(ev)
	}
	switch ev.Kind {
	case event.ChannelState:
		if ev.StateText == "Up" {
			e.answer(p, ev.Time)
		}
	case event.NewExten, event.Application:
		e.exten(p, ev)
	case event.DialBegin:
		e.dialBegin(p, ev)
	case event.DialEnd:
		e.dialEnd(p, ev)
	case event.BridgeJoin:
		e.join(p, ev.Bridge, ev.Time)
	case event.BridgeLeave:
		e.leave(p, ev.Bridge, ev.Time)
	case event.Masquerade:
		e.masquerade(p, ev)
	case event.SoftHangup:
		if e.settings.EndBeforeH {
			p.dead = true
			for _, r := range p.records {
				e.end(r, ev.Time, ev.Cause)
			}
		}
	case event.ChannelHangup:
		return e.hangup(p, ev)
	}
	p.at = ev.Time
	return nil
}

func (e *Engine) create(ev *event.Event) {
	if !e.settings.Enable {
		return
	}
	e.seen++
	p := &party{uniqueid: ev.Uniqueid, seq: e.seen, context: ev.Context, exten: ev.Exten, up: ev.StateText == "Up", disabled: !e.settings.ChannelDefault}
	p.take(ev)
	e.channels[p.uniqueid], e.names[p.name] = p, p
	e.begin(p, ev.Time)
	e.enterCall(p, ev.Time)
}

// begin opens another record of p.
func (e *Engine) begin(p *party, at time.Time) *record {
	e.sequence++
	r := &record{a: p, disabled: p.disabled}
	r.Start, r.Sequence = at, e.sequence
	r.ID = e.boot + "-" + strconv.FormatInt(r.Sequence, 10)
	if n := len(p.records); n > 0 {
		last := p.records[n-1]
		r.UserField, r.Vars = last.UserField, maps.Clone(last.Vars)
	}
	if p.up {
		r.Answer = at
	}
	r.place(p)
	p.records = append(p.records, r)
	return r
}

func (e *Engine) answer(p *party, at time.Time) {
	p.up = true
	for _, r := range p.records {
		if r.open() && r.Answer.IsZero() {
			r.Answer = at
		}
	}
	e.answerCall(p, at)
}

// exten is another step of the channel's dialplan.
func (e *Engine) exten(p *party, ev *event.Event) {
	outgoing := ev.App == "AppDial" // AppDial2 is a call that nobody made but itself
	switch {
	case p.dead, p.replaced:
		return
	case outgoing:
		p.dialled = true
	case p.dialled && !p.talked:
		return // a leg: it has rows where it dials somebody itself, and no others
	default:
		p.dialled = false // whoever made it, it goes on by itself
	}
	another := ev.App != p.app && !outgoing
	p.context, p.exten, p.app, p.data = ev.Context, ev.Exten, ev.App, ev.AppData
	over := true
	for _, r := range p.records {
		if r.state == pending && another { // who answered was not joined with the caller, who goes on
			e.close(r, ev.Time, 0)
		}
		if r.state == single && !r.ended {
			r.place(p)
		}
		over = over && r.state == final
	}
	if over && another {
		e.begin(p, ev.Time)
	}
}

func (e *Engine) dialBegin(p *party, ev *event.Event) {
	b := e.channels[ev.DestUniqueid]
	if b == nil || e.settings.IgnoreDials {
		return
	}
	b.dialled = true
	if !p.dead {
		p.context, p.exten, p.app, p.data = ev.Context, ev.Exten, ev.App, ev.AppData
	}
	taken := false
	for _, r := range p.records {
		switch r.state {
		case single:
			r.dial(b)
			taken = true
		case pending:
			e.close(r, ev.Time, 0)
		}
	}
	if !taken {
		e.begin(p, ev.Time).dial(b)
	}
}

func (e *Engine) dialEnd(p *party, ev *event.Event) {
	for _, r := range p.records {
		if r.state != dialing || r.bUID != ev.DestUniqueid {
			continue
		}
		if ev.Value == "ANSWER" {
			r.state, r.Disposition = pending, Answered
			continue
		}
		r.Disposition = e.settings.dialDisposition(ev.Value)
		e.close(r, ev.Time, 0)
	}
}

// dialDisposition is what a word of DialEnd means for the record.
func (s *Settings) dialDisposition(status string) string {
	switch status {
	case "BUSY":
		return Busy
	case "CONGESTION":
		return s.congested()
	case "CANCEL":
		if s.Cancel {
			return Cancelled
		}
		return NoAnswer
	case "NOANSWER":
		return NoAnswer
	}
	return Failed
}

func (s *Settings) congested() string {
	if s.Congestion {
		return Congestion
	}
	return Failed
}

// causeDisposition is what the hang-up cause (Q.850) of a call that was not answered
// means for a record that never dialled.
func (s *Settings) causeDisposition(cause int) string {
	switch cause {
	case 17:
		return Busy
	case 34:
		return s.congested()
	case 0, 3, 20:
		return Failed
	}
	return NoAnswer
}

// end sets the end of a record, its durations, and how it went. In the state that it is in it may
// find another party yet.
func (e *Engine) end(r *record, at time.Time, cause int) {
	if !r.open() {
		return
	}
	r.ended = true
	if r.Disposition == "" {
		switch {
		case r.state == dialing:
			r.Disposition = NoAnswer
		case !r.Answer.IsZero():
			r.Disposition = Answered
		default:
			r.Disposition = e.settings.causeDisposition(cause)
		}
	}
	r.capture()
	r.measure(at, e.settings.Initiated)
}

// close ends a record for good.
func (e *Engine) close(r *record, at time.Time, cause int) {
	e.end(r, at, cause)
	r.state = final
}

// hangup ends a channel and returns the rows of its chain.
func (e *Engine) hangup(p *party, ev *event.Event) (rows []*Row) {
	if p.bridge != "" {
		e.leave(p, p.bridge, ev.Time)
	}
	for _, r := range p.records {
		e.close(r, ev.Time, ev.Cause)
	}
	for _, r := range p.second { // who answered and was joined with nobody
		if r.b == p {
			e.end(r, r.a.at, ev.Cause)
		}
	}
	delete(e.channels, p.uniqueid)
	e.recent = nil
	if e.names[p.name] == p {
		delete(e.names, p.name)
	}
	for _, r := range p.records {
		if e.wanted(r) {
			r.merge()
			rows = append(rows, &r.Row)
			p.call.count(&r.Row)
		}
	}
	e.leaveCall(p, ev.Time)
	return rows
}

// wanted reports whether a finished record becomes a row.
func (e *Engine) wanted(r *record) bool {
	if r.disabled || r.b == nil && r.dialled {
		return false
	}
	if e.settings.Unanswered || r.DstChannel != "" {
		return true
	}
	switch r.Disposition {
	case NoAnswer, Failed, Busy:
		return false
	}
	return true
}
