package dialplan

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pbx/channel"
	"pbx/decl"
	"pbx/event"
)

const (
	defaultDigitTimeout    = 5 * time.Second
	defaultResponseTimeout = 10 * time.Second
)

// Thread runs one channel through the plan that was there when it began. It
// implements channel.Thread.
type Thread struct {
	engine   *Engine
	ch       *channel.Channel
	plan     *Plan
	place    channel.Location // of the priority that runs
	next     channel.Location // where to go on, if jumped
	jumped   bool
	frames   []frame
	expander *expander
	timeouts channel.Timeouts
	steps    int // since the call rested
	rests    int // how many times it did

	expired   atomic.Bool // the absolute timeout ran out
	limits    sync.Mutex  // guards the absolute timeout, which programs set too
	deadline  time.Time   // of it, zero for none
	limit     func()      // takes it back, nil without one
	exception exception

	// found is the extension that lookup begins with, while place is in it and
	// no other comes before it.
	found struct {
		context, exten string
		extension      *Extension
	}
	// args are the argument lists of the calls that run, the innermost last.
	args  []*decl.Args
	depth int
	// dead says that the call is over: h and the hang-up handlers run.
	dead bool
	// only is the one thing that the channel is to do instead of the plan.
	only *only
	// fenced refuses dangerous functions: a program from outside asks, or a caller.
	fenced bool
}

// exception is why the extension e runs.
type exception struct {
	reason string
	place  channel.Location
}

// Channel implements channel.Thread.
func (t *Thread) Channel() *channel.Channel { return t.ch }

// Engine is the engine that runs the thread.
func (t *Thread) Engine() *Engine { return t.engine }

// Plan is the plan that the call began with.
func (t *Thread) Plan() *Plan { return t.plan }

// Log implements channel.Thread.
func (t *Thread) Log() *slog.Logger { return t.ch.Log() }

// Location implements channel.Thread.
func (t *Thread) Location() channel.Location { return t.place }

// GotoLocation implements channel.Thread.
func (t *Thread) GotoLocation(l channel.Location) { t.next, t.jumped = l, true }

// Move changes the context and extension of the priority that runs, and of the one
// that it leads to: a program of the call sets them one by one.
func (t *Thread) Move(context, exten string) {
	t.place.Context, t.place.Exten = context, exten
	t.next.Context, t.next.Exten = context, exten
}

// Goto implements channel.Thread. A number is taken as it is: where it leads
// nowhere the call goes on at the extension i or e.
func (t *Thread) Goto(spec string) error {
	l, err := t.resolve(t.place, spec)
	if err == nil {
		t.GotoLocation(l)
	}
	return err
}

// Resolve implements channel.Thread.
func (t *Thread) Resolve(spec string) (channel.Location, error) { return t.resolve(t.place, spec) }

// resolve reads [[context,]extension,]priority-or-label relative to from, as Goto
// does: blanks are part of names, an empty context or extension is the one of from,
// and a relative priority before the first one is the next one.
func (t *Thread) resolve(from channel.Location, spec string) (channel.Location, error) {
	l, priority := from, spec
	if first, rest, ok := strings.Cut(spec, ","); ok {
		exten, context := first, ""
		priority = rest
		if second, third, ok := strings.Cut(rest, ","); ok {
			context, exten = first, second
			priority, _, _ = strings.Cut(third, ",")
		}
		l.Context, l.Exten = cmp.Or(context, l.Context), cmp.Or(exten, l.Exten)
	}
	direction := 0
	switch {
	case strings.HasPrefix(priority, "+"):
		direction, priority = 1, priority[1:]
	case strings.HasPrefix(priority, "-"):
		direction, priority = -1, priority[1:]
	}
	if n, _, ok := scanInt(priority, 0); ok {
		if l.Priority = n; direction != 0 {
			l.Priority = from.Priority + direction*n
		}
		if l.Priority < 0 {
			l.Priority = from.Priority + 1
		}
		return l, nil
	}
	p := t.label(l, priority)
	if p == nil {
		return from, fmt.Errorf("priority '%s' must be a number > 0, or valid label", priority)
	}
	l.Priority = p.Number
	return l, nil
}

// Preview expands the arguments of the priority at spec without running it: the place
// that ${EXTEN}, ${CONTEXT} and ${PRIORITY} tell meanwhile is that priority's.
func (t *Thread) Preview(spec string) (channel.Value, error) {
	l, err := t.resolve(t.place, spec)
	if err != nil {
		return channel.Value{}, err
	}
	p, _ := t.plan.Find(l.Context, l.Exten, l.Priority, t.caller(), t.engine.at(t.plan))
	if p == nil {
		return channel.Value{}, fmt.Errorf("there is no %s", format(l))
	}
	place := t.place
	defer func() { t.place = place }()
	t.place = l
	return t.Expand(p.Args), nil
}

// label finds a labelled step.
func (t *Thread) label(l channel.Location, label string) *Priority {
	if label == "" {
		return nil
	}
	if f := &t.found; f.extension != nil && f.exten == l.Exten && f.context == l.Context && !t.plan.callers {
		if p := f.extension.Label(label); p != nil {
			return p
		}
	}
	p, _ := t.plan.FindLabel(l.Context, l.Exten, label, t.caller(), t.engine.at(t.plan))
	return p
}

// caller is the number that extensions are matched with.
func (t *Thread) caller() string {
	if !t.plan.callers {
		return ""
	}
	return t.ch.Identity().Caller.Number
}

// Match implements channel.Thread.
func (t *Thread) Match(context, exten string, priority int) channel.Match {
	return t.plan.Match(context, exten, priority, t.caller(), t.engine.at(t.plan))
}

// has reports whether the context has the special extension.
func (t *Thread) has(exten string) bool {
	p, _ := t.plan.Find(t.place.Context, exten, 1, t.caller(), t.engine.at(t.plan))
	return p != nil
}

// lookup finds the step at place.
func (t *Thread) lookup() *Priority {
	l := &t.place
	if f := &t.found; f.extension != nil && f.exten == l.Exten && f.context == l.Context {
		if p := f.extension.Priority(l.Priority); p != nil && !t.plan.callers {
			return p
		}
	}
	t.found.extension = nil
	c, ok := t.plan.contexts[l.Context]
	if !ok {
		return nil
	}
	q := query{exten: undash(l.Exten), priority: l.Priority, caller: t.caller(), at: t.engine.at(t.plan)}
	p := q.find(c)
	if p != nil && q.moved != nil { // a switch leads elsewhere
		*l = *q.moved
		l.Priority = p.Number
	}
	if p != nil && q.first == p.extension {
		t.found.context, t.found.exten, t.found.extension = l.Context, l.Exten, q.first
	}
	return p
}

// Timeouts implements channel.Thread.
func (t *Thread) Timeouts() *channel.Timeouts { return &t.timeouts }

// Absolute implements channel.Thread.
func (t *Thread) Absolute() time.Duration {
	t.limits.Lock()
	defer t.limits.Unlock()
	if t.deadline.IsZero() {
		return 0
	}
	return max(0, t.deadline.Sub(t.engine.Now()))
}

// SetAbsolute implements channel.Thread.
func (t *Thread) SetAbsolute(d time.Duration) {
	t.limits.Lock()
	defer t.limits.Unlock()
	if t.limit != nil {
		t.limit()
		t.limit = nil
	}
	t.deadline = time.Time{}
	if d <= 0 {
		return
	}
	t.deadline = t.engine.Now().Add(d)
	t.limit = t.ch.Registry().AfterFunc(d, func() {
		t.expired.Store(true)
		t.ch.SoftHangup(channel.CauseNone)
	})
}

// Raise implements channel.Thread.
func (t *Thread) Raise(reason string) bool {
	if !t.has("e") {
		return false
	}
	t.exception = exception{reason, t.place}
	t.GotoLocation(channel.Location{Context: t.place.Context, Exten: "e", Priority: 1})
	return true
}

// Exception is why and where the extension e was reached; ok is false when it
// was not.
func (t *Thread) Exception() (reason string, place channel.Location, ok bool) {
	return t.exception.reason, t.exception.place, t.exception.reason != ""
}

// ErrNoApplication is that of Exec where there is no application of that name.
var ErrNoApplication = errors.New("no application")

// Exec implements channel.Thread.
func (t *Thread) Exec(app string, text channel.Value) error {
	a, ok := t.engine.catalog.Application(strings.TrimSpace(app))
	if !ok {
		return fmt.Errorf("%w %q", ErrNoApplication, app)
	}
	return t.call(a, text)
}

// call runs an application.
func (t *Thread) call(a *channel.Application, text channel.Value) error {
	args := t.arguments(text.S, text.Taint, a.Args, a.Raw)
	var began time.Time
	if a.Wait {
		began = t.engine.Now()
	}
	err := a.Run(t, args)
	t.depth--
	if a.Wait {
		t.paused(began)
	}
	return err
}

// pause is how long a call must rest for its steps to be counted anew: to fail at
// once, as Playback does without its file, is no rest.
const pause = 10 * time.Millisecond

// paused begins to count the steps anew if there was time since began.
func (t *Thread) paused(began time.Time) {
	if t.engine.Now().Sub(began) >= pause {
		t.steps = 0
		t.rests++
	}
}

// arguments prepares the argument list of a call; its memory is used again after
// it.
func (t *Thread) arguments(text string, taint []decl.Span, declared []decl.Arg, raw bool) *decl.Args {
	if t.depth == len(t.args) {
		t.args = append(t.args, new(decl.Args))
	}
	a := t.args[t.depth]
	t.depth++
	*a = decl.Args{Raw: text, Tainted: len(taint) > 0, Taint: taint, Pos: a.Pos[:0]}
	if !raw {
		n := len(declared)
		if n > 0 && declared[n-1].Repeat {
			n = 0
		}
		a.Pos = decl.AppendSplit(a.Pos, text, n)
	}
	return a
}

// Expand implements channel.Thread.
func (t *Thread) Expand(text string) channel.Value {
	c, complaint := compile(text)
	if complaint != "" {
		t.warn("Error in extension logic (" + complaint + ")")
	}
	return t.expander.expand(c)
}

// ExpandFenced is Expand for a text that came from outside: dangerous functions are
// refused.
func (t *Thread) ExpandFenced(text string) channel.Value {
	was := t.fenced
	defer func() { t.fenced = was }()
	t.fenced = true
	return t.Expand(text)
}

// Fenced reports whether dangerous functions are refused.
func (t *Thread) Fenced() bool { return t.fenced }

// Get implements channel.Thread.
func (t *Thread) Get(name string) channel.Value {
	n, args, function, c := reference(name)
	if function {
		v, _ := t.function(n, args, nil)
		return c.apply(v)
	}
	return c.apply(t.variable(n, builtins[n]))
}

// Read is Get that tells an empty value from none: a variable that is not set, a
// function that is not there or fails.
func (t *Thread) Read(name string) (channel.Value, bool) {
	n, args, function, c := reference(name)
	if function {
		v, ok := t.function(n, args, nil)
		return c.apply(v), ok
	}
	known := builtins[n]
	if known == noBuiltin {
		if _, ok := t.ch.Var(n); !ok {
			if _, ok := t.engine.globals.get(n); !ok {
				return channel.Value{}, false
			}
		}
	}
	return c.apply(t.variable(n, known)), true
}

// Set implements channel.Thread.
func (t *Thread) Set(name string, v channel.Value) error { return t.SetNamed(channel.Clean(name), v) }

// SetNamed implements channel.Thread.
func (t *Thread) SetNamed(named, v channel.Value) error {
	name := named.S
	if !strings.HasSuffix(name, ")") || strings.IndexByte(name, '(') < 0 {
		t.ch.SetVar(name, v)
		return nil
	}
	n, args := call(name)
	f, ok := t.engine.catalog.Function(n)
	switch {
	case !ok:
		return fmt.Errorf("function %s not registered", n)
	case f.Write == nil:
		return fmt.Errorf("function %s cannot be written to", n)
	case f.Dangerous && t.fenced:
		return dangerous(n)
	}
	a := t.arguments(args, v.Taint, f.Args, f.Raw)
	if len(named.Taint) > 0 {
		from := len(name) - len(")") - len(args)
		for _, s := range named.Taint {
			if s.Start, s.End = max(s.Start-from, 0), min(s.End-from, len(args)); s.Start < s.End {
				a.NameTaint = append(a.NameTaint, s)
			}
		}
	}
	a.Saw(v.S, v.Taint)
	err := f.Write(t, a, v.S)
	t.depth--
	return err
}

// function reads a dialplan function.
func (t *Thread) function(name, args string, taint []decl.Span) (channel.Value, bool) {
	f, ok := t.engine.catalog.Function(name)
	switch {
	case !ok:
		t.Log().Error(fmt.Sprintf("Function %s not registered", name))
		return channel.Value{}, false
	case f.Read == nil:
		t.Log().Error(fmt.Sprintf("Function %s cannot be read", name))
		return channel.Value{}, false
	case f.Dangerous && t.fenced:
		t.Log().Error(dangerous(name).Error())
		return channel.Value{}, false
	}
	a := t.arguments(args, taint, f.Args, f.Raw)
	a.Saw(args, taint)
	s, err := f.Read(t, a)
	spans := a.ValueTaint(s)
	t.depth--
	if err != nil {
		t.Log().Warn(fmt.Sprintf("%s(): %v", name, err))
		return channel.Value{}, false
	}
	return channel.Value{S: s, Taint: spans}, true
}

func (t *Thread) warn(message string) { t.Log().Warn(message) }

// Global implements channel.Thread.
func (t *Thread) Global(name string) (string, bool) { return t.engine.Global(name) }

// SetGlobal implements channel.Thread.
func (t *Thread) SetGlobal(name, value string) { t.engine.SetGlobal(name, value) }

// verbose logs what the field shows at a verbose class.
func (t *Thread) verbose(class int, format string, args ...any) {
	event.Verbose(t.Log(), class, format, args...)
}

var errNoFrame = errors.New("the stack of subroutines is empty")

// HasLabel reports whether an extension has a step of that label.
func (t *Thread) HasLabel(context, exten, label string) bool {
	return t.label(channel.Location{Context: context, Exten: exten}, label) != nil
}
