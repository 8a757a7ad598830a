package dialplan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
)

// maxFrames bounds subroutines that call each other without end.
const maxFrames = 2000

// frame is one subroutine that was called and has not returned.
type frame struct {
	back   channel.Location // where Return goes on
	locals []string         // the variables to take away, each once
	most   int              // ARGn up to this are the frame's own
}

// Call implements channel.Thread.
func (t *Thread) Call(spec string, args []channel.Value) error {
	back := t.place
	back.Priority++
	return t.push(spec, args, frame{back: back})
}

func (t *Thread) push(spec string, args []channel.Value, f frame) error {
	if len(t.frames) >= maxFrames {
		return fmt.Errorf("subroutines call each other more than %d deep", maxFrames)
	}
	l, err := t.resolve(t.place, spec)
	if err != nil {
		return err
	}
	if p, _ := t.plan.Find(l.Context, l.Exten, l.Priority, t.caller(), t.engine.at(t.plan)); p == nil {
		return fmt.Errorf("attempt to reach a non-existent destination for gosub: (Context:%s, Extension:%s, Priority:%d)", l.Context, l.Exten, l.Priority)
	}
	f.most = len(args)
	outer := 0
	if n := len(t.frames); n > 0 {
		outer = t.frames[n-1].most
	}
	t.frames = append(t.frames, f)
	// The ARGn of the subroutine that calls must not be seen.
	for i := range max(len(args), outer) {
		var v channel.Value
		if i < len(args) {
			v = args[i]
		}
		t.local("ARG"+strconv.Itoa(i+1), v)
	}
	t.frames[len(t.frames)-1].most = max(f.most, outer)
	t.local("ARGC", channel.Value{S: strconv.Itoa(len(args))})
	t.GotoLocation(l)
	return nil
}

// local sets a variable of the innermost frame.
func (t *Thread) local(name string, v channel.Value) {
	f := &t.frames[len(t.frames)-1]
	for _, n := range f.locals {
		if n == name {
			t.ch.SetVar(name, v)
			return
		}
	}
	f.locals = append(f.locals, name)
	t.ch.PushVar(name, v)
}

// SetLocal implements channel.Thread.
func (t *Thread) SetLocal(name string, v channel.Value) error {
	if len(t.frames) == 0 {
		return errNoFrame
	}
	t.local(strings.TrimLeft(name, "_"), v)
	return nil
}

// Local is a variable of the subroutine that runs; ok is false for one that is not its
// own.
func (t *Thread) Local(name string) (v channel.Value, ok bool) {
	if n := len(t.frames); n > 0 && slices.Contains(t.frames[n-1].locals, name) {
		return t.ch.Var(name)
	}
	return v, false
}

// Depth is how many subroutines were called and have not returned.
func (t *Thread) Depth() int { return len(t.frames) }

// Caller is where subroutine level (1 is the innermost) goes back to.
func (t *Thread) Caller(level int) (channel.Location, bool) {
	if level < 1 || level > len(t.frames) {
		return channel.Location{}, false
	}
	return t.frames[len(t.frames)-level].back, true
}

// Return implements channel.Thread.
func (t *Thread) Return(value channel.Value) error {
	if len(t.frames) == 0 {
		return errNoFrame
	}
	f := t.pop()
	t.GotoLocation(f.back)
	t.ch.SetVar("GOSUB_RETVAL", value)
	return nil
}

// Pop implements channel.Thread.
func (t *Thread) Pop() error {
	if len(t.frames) == 0 {
		return errNoFrame
	}
	t.pop()
	return nil
}

func (t *Thread) pop() frame {
	f := t.frames[len(t.frames)-1]
	t.frames = t.frames[:len(t.frames)-1]
	for _, name := range f.locals {
		t.ch.PopVar(name)
	}
	return f
}

// Gosub implements channel.Thread.
func (t *Thread) Gosub(ch *channel.Channel, spec string, args []channel.Value) error {
	if ch != t.ch {
		other := t.engine.thread(ch)
		other.plan = t.plan
		other.place = t.place
		return other.routine(spec, args)
	}
	place, next, jumped := t.place, t.next, t.jumped
	err := t.routine(spec, args)
	t.place, t.next, t.jumped = place, next, jumped
	return err
}

// routine runs a subroutine to its Return. It ends early, without an error, where
// the priorities run out.
func (t *Thread) routine(spec string, args []channel.Value) error {
	depth := len(t.frames)
	if err := t.push(spec, args, frame{back: t.place}); err != nil {
		return err
	}
	return t.untilReturn(depth)
}

// untilReturn runs the subroutine that was entered until no more than depth of
// them are left.
func (t *Thread) untilReturn(depth int) error {
	defer func() {
		for len(t.frames) > depth { // it did not come to its Return
			t.pop()
		}
	}()
	t.place, t.jumped = t.next, false
	for len(t.frames) > depth {
		found, err := t.step()
		if err != nil {
			return err
		}
		if !found {
			return nil
		}
		if t.ch.HungUp() && !t.dead {
			return channel.ErrHangup
		}
	}
	return nil
}

// Peek is the value that a variable has in the subroutine n levels out, 0 being
// the innermost.
func (t *Thread) Peek(n int, name string) (channel.Value, bool) {
	if n < 0 || n > len(t.frames) {
		return channel.Value{}, false
	}
	hidden := 0 // how many of the frames between have one of their own
	for _, f := range t.frames[len(t.frames)-n:] {
		if slices.Contains(f.locals, name) {
			hidden++
		}
	}
	return t.ch.HiddenVar(name, hidden)
}
