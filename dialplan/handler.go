package dialplan

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/event"
)

// handlersKey keeps the hang-up handlers of a channel, a []string, the last one
// pushed at the end.
type handlersKey struct{}

// OfPhone implements channel.OfPhone: they run when it hangs up, wherever it is then.
func (handlersKey) OfPhone() {}

// PushHangupHandler has a subroutine run when the channel is hung up, before
// those that were pushed earlier. spec is as for Gosub, with its arguments; what it
// leaves out is as where the channel is now.
func PushHangupHandler(ch *channel.Channel, spec string) {
	if spec == "" {
		return
	}
	place, args, called := strings.Cut(spec, "(")
	if parts := strings.SplitN(place, ",", 4); len(parts) < 3 {
		l := ch.Location()
		if len(parts) == 2 {
			l.Exten = cmp.Or(parts[0], l.Exten)
		}
		place = l.Context + "," + l.Exten + "," + parts[len(parts)-1]
	}
	if called {
		place += "(" + args
	}
	ch.SetData(handlersKey{}, append(HangupHandlers(ch), place))
	tellHandler(ch, "push", place)
}

// tellHandler tells what becomes of a handler.
func tellHandler(ch *channel.Channel, what, spec string) {
	ch.Publish(event.Event{Kind: event.HangupHandler, Name: what, Value: spec})
}

// PopHangupHandler takes away the handler that was pushed last and returns it.
func PopHangupHandler(ch *channel.Channel) (spec string, ok bool) {
	if spec, ok = takeHandler(ch); ok {
		tellHandler(ch, "pop", spec)
	}
	return spec, ok
}

func takeHandler(ch *channel.Channel) (spec string, ok bool) {
	all := HangupHandlers(ch)
	if len(all) == 0 {
		return "", false
	}
	ch.SetData(handlersKey{}, all[:len(all)-1])
	return all[len(all)-1], true
}

// WipeHangupHandlers takes all of them away.
func WipeHangupHandlers(ch *channel.Channel) { ch.SetData(handlersKey{}, []string(nil)) }

// HangupHandlers are the handlers of a channel in the order of pushing.
func HangupHandlers(ch *channel.Channel) []string {
	all, _ := ch.Data(handlersKey{}).([]string)
	return all
}

// runHangupHandlers runs the handlers of a channel that is being hung up, on the
// goroutine that does it. The channel may be a dialled leg, which has no thread:
// its handlers run in the plan of the moment.
func (e *Engine) runHangupHandlers(ch *channel.Channel) {
	if len(HangupHandlers(ch)) == 0 {
		return
	}
	ch.Summarize()
	t, ok := ch.Owner().(*Thread)
	if !ok {
		t = e.thread(ch)
	}
	t.dead = true
	// A handler may push another; a bound keeps them from going on for ever.
	for range maxFrames {
		spec, ok := takeHandler(ch)
		if !ok {
			return
		}
		tellHandler(ch, "run", spec)
		t.guard(func() { t.handler(spec) })
	}
	t.warn(fmt.Sprintf("%s: hang-up handlers push each other more than %d times", ch.Name(), maxFrames))
	WipeHangupHandlers(ch)
}

func (t *Thread) handler(spec string) {
	t.steps = 0
	depth := len(t.frames)
	if err := t.Exec("Gosub", channel.Clean(spec)); err != nil || len(t.frames) == depth {
		return // Gosub has said why
	}
	if err := t.untilReturn(depth); err != nil && !errors.Is(err, channel.ErrHangup) {
		t.warn(fmt.Sprintf("%s: hang-up handler %s: %v", t.ch.Name(), spec, err))
	}
}
