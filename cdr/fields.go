package cdr

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ErrNoRecord is told of a channel that has no record, as when records are off.
var ErrNoRecord = errors.New("the channel has no call record")

// Field is ${CDR(name,options)} of a channel: a column of the record of the moment, or a
// variable of the dialplan's own.
func (e *Engine) Field(uniqueid, name, options string) (string, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.channels[uniqueid]
	if p == nil {
		return "", false
	}
	r := *p.last()
	if r.open() {
		r.capture()
		r.measure(e.now(), e.settings.Initiated)
		if strings.EqualFold(name, "end") { // it has not come yet
			r.End = time.Time{}
		}
	}
	return r.Field(strings.ToLower(name), options)
}

// SetField is Set(CDR(name)=value): userfield or a variable of one's own. The account
// code and the amaflags belong to the channel.
func (e *Engine) SetField(uniqueid, name, value string) error {
	name = strings.ToLower(name)
	if name != "userfield" && slices.Contains(columns, name) {
		return fmt.Errorf("attempt to set the '%s' read-only variable", name)
	}
	return e.each(uniqueid, func(p *party, r *record) {
		field, vars := &r.UserField, &r.Vars
		if r.a != p {
			field, vars = &r.bUserField, &r.bVars
		}
		if name == "userfield" {
			*field = value
			return
		}
		if *vars == nil {
			*vars = make(map[string]string)
		}
		(*vars)[name] = value
	})
}

// each calls f with the open records of a channel, and with the last one even when it
// is closed: extension h may still write to it. So it does with those that the channel is the
// second party of.
func (e *Engine) each(uniqueid string, f func(*party, *record)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.channels[uniqueid]
	if p == nil {
		return ErrNoRecord
	}
	for _, list := range [...][]*record{p.records, p.second} {
		for _, r := range list {
			if r.b != p && r.a != p { // another one picked the call up
				continue
			}
			if r.state != final || r == r.a.last() {
				f(p, r)
			}
		}
	}
	return nil
}

// Disable takes the channel's records out, or back in (NoCDR, CDR_PROP(disable)).
func (e *Engine) Disable(uniqueid string, off bool) error {
	return e.each(uniqueid, func(p *party, r *record) {
		if r.a == p && r.state != final {
			p.disabled, r.disabled = off, off
		}
	})
}

// PreferA makes the channel the first party of the pairs that it is in (CDR_PROP(party_a)).
func (e *Engine) PreferA(uniqueid string, on bool) error {
	return e.each(uniqueid, func(p *party, _ *record) { p.prefersA = on })
}

// Reset begins the open records anew (ResetCDR, Dial's option C); keep leaves them their
// variables. The user field stays, and so does what Disable said.
func (e *Engine) Reset(uniqueid string, keep bool) error {
	now := e.now()
	return e.each(uniqueid, func(p *party, r *record) {
		if r.a != p || !r.open() {
			return
		}
		r.Start = now
		if !r.Answer.IsZero() {
			r.Answer = now
		}
		if !keep {
			r.Vars = nil
		}
	})
}

// Fork opens another record of a channel beside the open ones (ForkCDR). Of the options,
// answer has it answered at this moment if the channel is, end ends those that are open,
// reset begins it at this moment, and variables gives it those of the last one.
func (e *Engine) Fork(uniqueid string, answer, end, reset, variables bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.channels[uniqueid]
	if p == nil {
		return ErrNoRecord
	}
	from, now := p.last(), e.now()
	if from.state == final {
		return errors.New("the call record is closed")
	}
	r := e.begin(p, now)
	if !variables {
		r.Vars = nil
	}
	if r.state, r.bridge, r.Disposition = from.state, from.bridge, from.Disposition; from.b != nil {
		r.with(from.b)
		r.bUserField = from.bUserField
		if variables {
			r.bVars = maps.Clone(from.bVars)
		}
	}
	r.Context, r.Dst, r.LastApp, r.LastData = from.Context, from.Dst, from.LastApp, from.LastData
	if !reset {
		r.Start, r.Answer = from.Start, from.Answer
	}
	if answer && p.up {
		r.Answer = now
	}
	for _, open := range p.records {
		if end && open != r {
			e.close(open, now, 0)
		}
	}
	return nil
}

// Active tells of the records of each channel that is up, of `cdr show active`: the chains oldest
// first. An open record ends now. Legs that Dial made are left out.
func (e *Engine) Active() (out [][]Row) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.channels {
		if p.dialled {
			continue
		}
		chain := make([]Row, 0, len(p.records))
		for _, r := range p.records {
			c := *r
			if c.open() {
				c.capture()
				c.measure(e.now(), e.settings.Initiated)
			}
			chain = append(chain, c.Row)
		}
		out = append(out, chain)
	}
	slices.SortFunc(out, func(a, b []Row) int { return cmp.Compare(a[0].Sequence, b[0].Sequence) })
	return out
}
