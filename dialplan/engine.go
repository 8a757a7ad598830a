package dialplan

import (
	"log/slog"
	"sync/atomic"
	"time"

	"pbx/channel"
	"pbx/config"
	"pbx/decl"
)

// EngineOptions are what an Engine is built from.
type EngineOptions struct {
	Log *slog.Logger
	// Channels is the registry of the exchange.
	Channels *channel.Registry
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// System is what ${SYSTEMNAME}, ${ENTITYID} and the ${AST…DIR} variables
	// are, by name.
	System map[string]string
}

// Engine runs channels through the plan of the moment. It implements
// channel.Dialplan.
type Engine struct {
	opts    EngineOptions
	catalog *Catalog
	plan    atomic.Pointer[Plan]
}

// NewEngine returns an engine with an empty plan.
func NewEngine(o EngineOptions) *Engine {
	e := &Engine{opts: o, catalog: NewCatalog()}
	e.plan.Store(&Plan{})
	return e
}

// AddApplications makes applications known; it is called before the first Load.
func (e *Engine) AddApplications(apps []channel.Application) { e.catalog.AddApplications(apps) }

// AddFunctions makes functions known; it is called before the first Load.
func (e *Engine) AddFunctions(funcs []channel.Function) { e.catalog.AddFunctions(funcs) }

// Catalog is what the engine knows of applications and functions.
func (e *Engine) Catalog() *Catalog { return e.catalog }

// Load reads a plan as the package's Load does, with the engine's catalog and
// its global variables of the moment. The engine goes on with the plan it has
// until Swap.
func (e *Engine) Load(l *config.Loader, name string) (*Plan, []config.Finding, error) {
	return Load(l, name, e.catalog)
}

// Swap makes p the plan of calls that begin from now on; calls in progress keep
// theirs.
func (e *Engine) Swap(p *Plan) { e.plan.Store(p) }

// Plan is the plan of the moment.
func (e *Engine) Plan() *Plan { return e.plan.Load() }

// Commands are the console commands of the dialplan.
func (e *Engine) Commands() []decl.Command { return nil }
