package dialplan

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pbx/channel"
)

// What programs outside of the exchange ask of the plan: variables, functions, and
// calls that do one thing. A fenced request may not use the functions that can
// harm the system (live_dangerously of asterisk.conf).

// ErrNoFunction is the reason of a function that there is not, or that cannot be
// read or written.
var ErrNoFunction = errors.New("no such function")

func dangerous(name string) error {
	return fmt.Errorf("Dangerous function %s read or write blocked (live_dangerously)", name)
}

// Read reads a variable or a function by its text, such as CALLERID(num), on ch, or
// a global variable and a function of no call when ch is nil. fenced refuses the
// dangerous functions.
func (e *Engine) Read(ch *channel.Channel, name string, fenced bool) (channel.Value, error) {
	if ch == nil {
		if v, ok := e.GlobalValue(name); ok {
			return v, nil
		}
		ch = e.opts.Channels.Detached()
	}
	t := e.thread(ch)
	t.fenced = fenced
	if n, args, function, c := reference(name); function {
		v, ok := t.function(n, args, nil)
		if !ok {
			return channel.Value{}, ErrNoFunction
		}
		return c.apply(v), nil
	}
	return t.Get(name), nil
}

// Write sets one.
func (e *Engine) Write(ch *channel.Channel, name string, v channel.Value, fenced bool) error {
	if ch == nil {
		if !strings.HasSuffix(name, ")") {
			e.SetGlobalValue(name, v)
			return nil
		}
		ch = e.opts.Channels.Detached()
	}
	t := e.thread(ch)
	t.fenced = fenced
	return t.Set(name, v)
}

// only is a call that does one thing.
type only struct {
	app  *channel.Application
	data channel.Value
}

// StartApplication runs one application on ch, on a goroutine of its own that hangs
// it up in the end. Somebody who sends the channel elsewhere meanwhile gets it into
// the plan.
func (e *Engine) StartApplication(ch *channel.Channel, app string, data channel.Value) error {
	a, ok := e.catalog.Application(strings.TrimSpace(app))
	if !ok {
		return fmt.Errorf("no application %q", app)
	}
	t := e.thread(ch)
	t.only = &only{a, data}
	ch.SetOwner(t)
	ch.Registry().Go(t.run)
	return nil
}

// doOnly does it; it reports whether the call is over.
func (t *Thread) doOnly() (over bool) {
	o := t.only
	t.ch.SetApplication(o.app.Name, o.data.S)
	err := t.call(o.app, o.data)
	if l, ok := t.ch.TakeRedirect(); ok {
		t.place = l
		return false // an errand is run by main
	}
	if err != nil && !errors.Is(err, channel.ErrHangup) {
		t.Log().Warn(fmt.Sprintf("%s: %s: %v", t.ch.Name(), o.app.Name, err))
	}
	return true
}

// Execute runs an application, whose arguments are substituted, on a channel that the
// calling goroutine owns: between two steps of its plan where a thread runs it, as what
// a party of a call dials does.
func (e *Engine) Execute(ch *channel.Channel, app, args string) error {
	t, ok := ch.Owner().(*Thread)
	if !ok {
		t = e.thread(ch)
	}
	place, next, jumped := t.place, t.next, t.jumped
	defer func() { t.place, t.next, t.jumped = place, next, jumped }()
	return t.Exec(app, t.Expand(args))
}

// Routine runs a subroutine on a channel that no thread runs, to its Return.
func (e *Engine) Routine(ch *channel.Channel, spec string, args []channel.Value) error {
	return e.thread(ch).routine(spec, args)
}

// Resolve reads [[context,]extension,]priority-or-label from a place. It fails where
// there is no such label.
func (e *Engine) Resolve(ch *channel.Channel, from channel.Location, spec string) (channel.Location, error) {
	if ch == nil {
		ch = e.opts.Channels.Detached()
	}
	return e.thread(ch).resolve(from, spec)
}

// Limit ends a channel after d from now; 0 takes the limit away. Any goroutine may
// call it.
func (e *Engine) Limit(ch *channel.Channel, d time.Duration) {
	if t, ok := ch.Owner().(*Thread); ok {
		t.SetAbsolute(d)
		return
	}
	if d > 0 {
		ch.Registry().AfterFunc(d, func() { ch.SoftHangup(channel.CauseNone) })
	}
}

// Left is the time that is left to a channel with a limit, 0 for one without. Any
// goroutine may call it.
func (e *Engine) Left(ch *channel.Channel) time.Duration {
	if t := ch.Owner(); t != nil {
		return t.Absolute()
	}
	return 0
}
