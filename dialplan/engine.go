package dialplan

import (
	"io"
	"slices"
	"sync/atomic"
	"time"

	"pbx/channel"
	"pbx/config"
	"pbx/dialplan/expr"
	"pbx/event"
)

// EngineOptions are what an Engine is built from.
type EngineOptions struct {
	// Channels is the registry of the exchange, whose log threads write to.
	Channels *channel.Registry
	// Now is the clock; nil means that of Channels.
	Now func() time.Time
	// System is what ${SYSTEMNAME}, ${ENTITYID} and the ${AST…DIR} variables
	// are, by name.
	System map[string]string
	// Random is read by functions such as RAND; nil means crypto/rand.
	Random io.Reader
	// Tables are the extensions of the switch Realtime; nil has none.
	Tables Tables
	// MaxSteps is how many priorities a call may run without an application
	// that takes time, before it is taken for an endless loop and ended; 0 means
	// a million.
	MaxSteps int
	// MaxRests is how many times a call may rest that way in all; 0 is without end.
	// Dry runs, whose time costs nothing, end so where a menu begins again for ever.
	MaxRests int
}

const defaultMaxSteps = 1_000_000

// Engine runs channels through the plan of the moment. It implements
// channel.Dialplan.
type Engine struct {
	opts    EngineOptions
	catalog *Catalog
	globals globals
	plan    atomic.Pointer[Plan]
	regexps *expr.Cache
	locks   Locks
	steps   atomic.Uint64
	swapped []func()
	dynamic dynamic
}

// NewEngine returns an engine with an empty plan.
func NewEngine(o EngineOptions) *Engine {
	if o.MaxSteps == 0 {
		o.MaxSteps = defaultMaxSteps
	}
	if o.Now == nil {
		o.Now = time.Now
		if o.Channels != nil {
			o.Now = o.Channels.Now
		}
	}
	e := &Engine{opts: o, catalog: NewCatalog(), regexps: new(expr.Cache)}
	e.dynamic.base = &Plan{Settings: Settings{AutoFallthrough: true}}
	e.plan.Store(e.dynamic.base)
	if o.Channels != nil {
		o.Channels.OnHangup(e.runHangupHandlers)
	}
	return e
}

// AddApplications makes applications known; it is called before the first Load.
func (e *Engine) AddApplications(apps []channel.Application) { e.catalog.AddApplications(apps) }

// AddFunctions makes functions known; it is called before the first Load.
func (e *Engine) AddFunctions(funcs []channel.Function) { e.catalog.AddFunctions(funcs) }

// Catalog is what the engine knows of applications and functions.
func (e *Engine) Catalog() *Catalog { return e.catalog }

// Applications returns all applications by name.
func (e *Engine) Applications() []*channel.Application { return e.catalog.Applications() }

// Functions returns all functions by name.
func (e *Engine) Functions() []*channel.Function { return e.catalog.Functions() }

// Load reads a plan as the package's Load does, with the engine's catalog and
// its global variables of the moment. The engine goes on with the plan it has
// until Swap.
func (e *Engine) Load(l *config.Loader, name string) (*Plan, []config.Finding, error) {
	f, findings, err := l.Load(name)
	if err != nil {
		return nil, findings, err
	}
	p, more := build(f, e.catalog, e.Global, e.made)
	return p, append(findings, more...), nil
}

// Build is Load for a file that was read already, by another front end too. beside
// are contexts that will be there without the file: see SetContexts.
func (e *Engine) Build(f *config.File, beside ...string) (*Plan, []config.Finding) {
	return build(f, e.catalog, e.Global, func(context string) bool { return slices.Contains(beside, context) || e.made(context) })
}

// Parse is Load for a text that is at hand.
func (e *Engine) Parse(name string, text []byte) (*Plan, []config.Finding, error) {
	f, findings, err := config.Parse(name, text)
	if err != nil {
		return nil, findings, err
	}
	p, more := build(f, e.catalog, e.Global, e.made)
	return p, append(findings, more...), nil
}

// Swap makes p the plan of calls that begin from now on, and sets the global
// variables of its file; calls in progress keep theirs.
func (e *Engine) Swap(p *Plan) {
	if p.Settings.ClearGlobals {
		e.globals.clear()
	}
	for _, g := range p.Globals {
		e.SetGlobalValue(g.Name, channel.Clean(g.Value))
	}
	e.dynamic.mu.Lock()
	base := e.keep(p)
	base.tables, base.globals = e.opts.Tables, &e.globals
	e.dynamic.base = base
	e.overlay()
	e.dynamic.mu.Unlock()
	for _, f := range e.swapped {
		f()
	}
}

// OnSwap has f called after every Swap. It is called before the first one.
func (e *Engine) OnSwap(f func()) { e.swapped = append(e.swapped, f) }

// Plan is the plan of the moment.
func (e *Engine) Plan() *Plan { return e.plan.Load() }

// Now is the engine's clock.
func (e *Engine) Now() time.Time { return e.opts.Now() }

// Channels is the registry of the exchange.
func (e *Engine) Channels() *channel.Registry { return e.opts.Channels }

// Random is where chance comes from; nil means crypto/rand.
func (e *Engine) Random() io.Reader { return e.opts.Random }

// Regexps compiles POSIX regular expressions and keeps them.
func (e *Engine) Regexps() *expr.Cache { return e.regexps }

// Locks are the named locks of the exchange's calls.
func (e *Engine) Locks() *Locks { return &e.locks }

// Executed counts the priorities that were run since the start.
func (e *Engine) Executed() uint64 { return e.steps.Load() }

// Global reads a global variable.
func (e *Engine) Global(name string) (string, bool) {
	v, ok := e.globals.get(name)
	return v.S, ok
}

// GlobalValue is Global with the taint of the value.
func (e *Engine) GlobalValue(name string) (channel.Value, bool) { return e.globals.get(name) }

// SetGlobal sets a global variable to a value of the office's own, SetGlobalValue
// to any.
func (e *Engine) SetGlobal(name, value string) { e.SetGlobalValue(name, channel.Clean(value)) }

// SetGlobalValue sets a global variable with its taint.
func (e *Engine) SetGlobalValue(name string, v channel.Value) {
	e.globals.set(name, v)
	if r := e.opts.Channels; r != nil && r.Bus().Wants(event.VarSet) {
		r.Bus().Publish(event.Event{Kind: event.VarSet, Time: e.Now(), Name: name, Value: v.S})
	}
}

// DeleteGlobal removes a global variable.
func (e *Engine) DeleteGlobal(name string) { e.globals.delete(name) }

// Expand substitutes a text as a priority's arguments are, with the variables of a
// channel, which need not run: functions and expressions too.
func (e *Engine) Expand(ch *channel.Channel, text string) channel.Value {
	return e.thread(ch).Expand(text)
}

// at is the time for the includes of a plan that have times.
func (e *Engine) at(p *Plan) time.Time {
	if p.timed {
		return e.opts.Now()
	}
	return time.Time{}
}

// Match implements channel.Dialplan.
func (e *Engine) Match(context, exten string, priority int, callerNumber string) channel.Match {
	p := e.Plan()
	return p.Match(context, exten, priority, callerNumber, e.at(p))
}

// HasContext implements channel.Dialplan.
func (e *Engine) HasContext(name string) bool {
	_, ok := e.Plan().contexts[name]
	return ok
}

// Start implements channel.Dialplan: the channel keeps the plan of this moment.
func (e *Engine) Start(ch *channel.Channel) {
	t := e.thread(ch)
	ch.SetOwner(t)
	ch.Registry().Go(t.run)
}

func (e *Engine) thread(ch *channel.Channel) *Thread {
	t := &Thread{
		engine: e, ch: ch, plan: e.Plan(), place: ch.Location(),
		timeouts: channel.Timeouts{Digit: defaultDigitTimeout, Response: defaultResponseTimeout},
	}
	t.expander = newExpander(t, e.regexps)
	return t
}

var (
	_ channel.Dialplan = (*Engine)(nil)
	_ channel.Thread   = (*Thread)(nil)
)
