package local

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"pbx/channel"
	"pbx/event"
	"pbx/media"
)

// pair is one call through the driver.
type pair struct {
	d      *Driver
	place  place
	halves [2]*half

	mu      sync.Mutex
	started bool // the other half runs
	gone    int  // halves that were hung up
	leaving bool // it takes itself out of the call
	again   bool // something has changed since it looked
	keeps   bool // it stays in the call: option n
}

// half is one end of a pair, and the leg of its channel.
type half struct {
	pair   *pair
	second bool // ;2
	other  *half
	media  *media.Session // nil without audio

	mu sync.Mutex
	ch *channel.Channel
}

func (h *half) bind(c *channel.Channel) {
	h.mu.Lock()
	h.ch = c
	h.mu.Unlock()
}

func (h *half) channel() *channel.Channel {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ch
}

// Rebind implements channel.Leg.
func (h *half) Rebind(c *channel.Channel) { h.bind(c) }

// errDirection is the error of asking a half for what only the other one does.
var errDirection = errors.New("the half of a Local channel that runs the dialplan cannot be called")

// Call implements channel.Leg: the other half begins to run the extension, as
// called by whoever calls this one.
func (h *half) Call() error {
	if h.second {
		return errDirection
	}
	d, at := h.pair.d, h.pair.place
	ch, runs := h.channel(), h.other.channel()
	id := ch.Identity()
	if !d.Dialplan.Match(at.context, at.exten, 1, id.Connected.Number).Exists() {
		d.Log.Log(context.Background(), event.LevelNotice, fmt.Sprintf("No such extension/context %s while calling Local channel", at.name()))
		return fmt.Errorf("no such extension or context: %s", at.name())
	}
	runs.UpdateIdentity(func(i *channel.Identity) {
		i.Caller, i.Connected = id.Connected, id.Caller
		i.ANI, i.RDNIS, i.RedirectReason, i.DNID = id.ANI, id.RDNIS, id.RedirectReason, at.exten
	})
	for _, v := range ch.Variables() {
		runs.SetVar(v.Prefixed(), v.Value)
	}
	s := ch.Settings()
	runs.SetSettings(func(r *channel.Settings) {
		r.Account, r.AMAFlags, r.Language, r.MusicClass = s.Account, s.AMAFlags, s.Language, s.MusicClass
		r.Dials, r.SecureSignaling, r.SecureMedia = s.Dials, s.SecureSignaling, s.SecureMedia
	})
	e := event.Event{Kind: event.LocalBridge, Context: at.context, Exten: at.exten, Priority: 1}
	if h.pair.stays() {
		e.Value = "No" // it does not optimise itself away
	}
	runs.PublishWith(e, ch)
	h.pair.mu.Lock()
	h.pair.started = true
	h.pair.mu.Unlock()
	d.Dialplan.Start(runs)
	return nil
}

// Answer implements channel.Leg.
func (h *half) Answer() error {
	o := h.other.channel()
	o.SetState(channel.Up)
	h.say(channel.Frame{Control: channel.ControlAnswer})
	return nil
}

// say hands the other half's owner a condition.
func (h *half) say(f channel.Frame) {
	f.Kind = channel.FrameControl
	h.other.channel().Queue(f)
}

// Indicate implements channel.Leg.
func (h *half) Indicate(c channel.Control) error {
	ch, o := h.channel(), h.other.channel()
	f := channel.Frame{Control: c}
	switch c {
	case channel.ControlRinging:
		if o.State() == channel.Down {
			o.SetState(channel.Ringing)
		}
	case channel.ControlConnectedLine:
		// Whom we talk to is who the other half is.
		party := ch.Identity().Connected
		o.UpdateIdentity(func(i *channel.Identity) { i.Caller = party })
		f.Data = party
	case channel.ControlForward:
		// Who forwards the call for us does so for the other half too.
		id := ch.Identity()
		o.UpdateIdentity(func(i *channel.Identity) { i.RDNIS, i.RedirectReason = id.RDNIS, id.RedirectReason })
	case channel.ControlHangup, channel.ControlRedirect, channel.ControlAnswer, channel.ControlNone:
		return nil
	}
	h.say(f)
	return nil
}

// Hangup implements channel.Leg: the other half ends with the same cause.
func (h *half) Hangup(cause channel.Cause) {
	p := h.pair
	p.mu.Lock()
	p.gone++
	gone, started := p.gone, p.started
	p.mu.Unlock()
	if h.media != nil {
		h.media.Close()
	}
	o := h.other.channel()
	if gone == 2 {
		p.d.count(p.place.name(), -1)
		return
	}
	if !started { // nobody else would
		o.SetCause(cause, "")
		o.Hangup()
		return
	}
	o.FarHangup(cause)
}

// Causes implements channel.Relay: how the legs ended that the other half dialled.
func (h *half) Causes() []channel.LegCause { return h.other.channel().LegCauses() }

// SendDigit implements channel.Leg.
func (h *half) SendDigit(digit byte, d time.Duration) error {
	o := h.other.channel()
	o.DigitBegin(digit)
	o.DigitEnd(digit, d)
	return nil
}

// SendText implements channel.Leg.
func (h *half) SendText(text string) error {
	h.other.channel().Queue(channel.Frame{Kind: channel.FrameText, Text: text})
	return nil
}

// ErrTransfer says that there is no phone here to send elsewhere.
var ErrTransfer = errors.New("a Local channel cannot be transferred: there is no phone behind it")

// Transfer implements channel.Leg.
func (h *half) Transfer(string) error { return ErrTransfer }

// Item implements channel.Leg.
func (h *half) Item(string) (string, bool) { return "", false }

// events is the half as the receiver of its session's events, on the media loop.
type events half

// DigitBegin implements media.Events.
func (e *events) DigitBegin(digit byte) { (*half)(e).channel().DigitBegin(digit) }

// DigitEnd implements media.Events.
func (e *events) DigitEnd(digit byte, d time.Duration) { (*half)(e).channel().DigitEnd(digit, d) }

// Played implements media.Events.
func (e *events) Played(id media.PlayID, err error) { (*half)(e).channel().Played(id, err) }

// Silent implements media.Events.
func (e *events) Silent(d time.Duration) { (*half)(e).channel().Silent(d) }
