package funcs

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"pbx/channel"
	"pbx/channel/originate"
	"pbx/config"
	"pbx/decl"
)

// errCaller is why a hook is not made whose place a caller named.
var errCaller = errors.New("a caller must not say what is run")

func hookFunctions(d Deps) []channel.Function {
	var last atomic.Int64
	last.Store(-1)
	return []channel.Function{{
		Name: "PERIODIC_HOOK", Synopsis: "Run an extension every so often, heard in the call",
		Help: "Read, it begins and returns the hook's number: the extension runs on a channel of its own, in which HOOK_CHANNEL and HOOK_ID tell whose it is, and both parties hear what it plays, a beep for instance. " +
			"It runs for the first time as soon as the channel talks to somebody, and then every so many seconds while it does; not before it is done. " +
			"Written with the number, off (no, false, 0) lets it rest and on (yes, true, 1) wakes it again. It ends with the channel. Those who talk must speak µ-law or A-law.",
		Args: []decl.Arg{
			{Name: "context", Help: "read: the context; written: the hook's number"},
			optional("extension", "the extension"), optional("interval", "whole seconds from one time to the next"),
		},
		Dangerous: true,
		Read: func(t channel.Thread, a *decl.Args) (string, error) {
			id := strconv.FormatInt(last.Add(1), 10)
			seconds, _, ok := scanInteger(a.Arg(2))
			switch {
			case !ok || seconds <= 0:
				return "", fmt.Errorf("'%s' is no interval in seconds", a.Arg(2))
			case a.Arg(0) == "" || a.Arg(1) == "":
				return "", errors.New("a context and an extension are needed")
			case a.Tainted:
				return "", errCaller
			}
			h := &hook{d: d, ch: t.Channel(), id: id, context: a.Arg(0), exten: a.Arg(1), every: time.Duration(seconds) * time.Second}
			h.ch.SetData(hookID(id), h)
			h.due()
			h.ch.AtEnd(h.end)
			return id, nil
		},
		Write: func(t channel.Thread, a *decl.Args, value string) error {
			on, ok := config.Bool(value)
			if !ok {
				return fmt.Errorf("'%s' is neither on nor off", value)
			}
			h, ok := t.Channel().Data(hookID(a.Arg(0))).(*hook)
			if !ok {
				return fmt.Errorf("the channel has no hook %s", a.Arg(0))
			}
			h.rest(!on)
			return nil
		},
	}}
}

// hookID is the key of a hook in its channel.
type hookID string

// hookPatience is how long a hook waits before it looks again whether its channel talks
// to somebody.
const hookPatience = time.Second

// hook is one that PERIODIC_HOOK began.
type hook struct {
	d              Deps
	ch             *channel.Channel
	id             string
	context, exten string
	every          time.Duration

	mu    sync.Mutex
	rests bool
	runs  bool // its extension does
	over  bool
	stop  func() // the timer
}

// due runs the extension, if there is somebody to hear it, and sees to the next time.
func (h *hook) due() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return
	}
	next := h.every
	switch {
	case h.rests || h.runs:
	case h.ch.Bridged() == nil || h.ch.Media() == nil:
		next = hookPatience
	default:
		h.runs = true
		h.ch.Registry().Go(h.run)
	}
	h.stop = h.ch.Registry().AfterFunc(next, h.due)
}

// run brings the extension into the call.
func (h *hook) run() {
	r := originate.Place(h.ch.Registry(), h.d.Engine, originate.Request{
		Dest: "Local/" + h.exten + "@" + h.context,
		App:  "BridgeAdd", Data: channel.Clean(h.ch.Name()),
		Variables: []channel.Variable{
			{Name: "HOOK_CHANNEL", Value: channel.Clean(h.ch.Name()), Inherit: channel.Children},
			{Name: "HOOK_ID", Value: channel.Clean(h.id), Inherit: channel.Children},
		},
	})
	if r.Channel != nil {
		r.Channel.AtEnd(h.ran)
		return
	}
	h.ran()
	if r.Err != nil {
		h.ch.Log().Warn("PERIODIC_HOOK: " + r.Err.Error())
	}
}

// ran is told when the extension is done.
func (h *hook) ran() {
	h.mu.Lock()
	h.runs = false
	h.mu.Unlock()
}

func (h *hook) rest(on bool) {
	h.mu.Lock()
	h.rests = on
	h.mu.Unlock()
}

// end is the end of the channel.
func (h *hook) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	h.stop()
}
