package server

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"pbx/agi"
	"pbx/apps"
	"pbx/cdr"
	"pbx/channel"
	"pbx/channel/devstate"
	"pbx/channel/memory"
	"pbx/channels/local"
	"pbx/channels/sip"
	"pbx/config"
	"pbx/database"
	"pbx/dialplan"
	"pbx/dryrun"
	"pbx/event"
	"pbx/funcs"
	"pbx/manager"
)

// Rehearsal is a configuration that calls can be tried on without a phone. It may
// be used by several goroutines; each call is made by an exchange of its own.
type Rehearsal struct {
	conf *configuration
	opts Options
}

// Rehearse reads a configuration for dry runs. An error says file:line where a file
// is to blame.
func Rehearse(o Options) (*Rehearsal, error) {
	c, err := readBase(&o)
	if err = errors.Join(err, c.readSIP()); err != nil {
		return nil, err
	}
	r := &Rehearsal{conf: c, opts: o}
	// Once, so that a mistake is told at the beginning.
	if _, err := r.office(time.Now()); err != nil {
		return nil, err
	}
	return r, nil
}

// Plan is the plan that calls run through.
func (r *Rehearsal) Plan() *dialplan.Plan { return r.conf.plan }

// office builds an exchange whose clock stands at start.
func (r *Rehearsal) office(start time.Time) (*dryrun.Office, error) {
	c := *r.conf
	system := c.dirs.system()
	system["SYSTEMNAME"] = c.core.SystemName
	f := dryrun.NewOffice(start, dialplan.EngineOptions{System: system, Random: r.opts.Random})
	f.Known, f.Callee = r.known, r.callee
	f.Registry().SetFeatures(c.features)
	s := &Server{opts: r.opts, now: f.Now, bus: &event.Bus{}, log: slog.New(slog.DiscardHandler), registry: f.Registry(), engine: f.Engine()}
	s.database = new(memory.Database)
	s.cdr = &records{engine: cdr.New(f.Bus(), f.Now, c.records.Settings, func([]*cdr.Row) {}, func(*cdr.Call) {})}
	s.conf.Store(&c)
	s.sources = database.New(c.databases, f.Now) // declares functions; dry runs ask nothing
	deps := s.appDeps(&c)
	deps.Session, deps.Recordings = f.Session, "" // nothing is written
	f.AddApplications(apps.All(deps))
	f.AddApplications(agi.New(agi.Deps{}).Applications())
	f.AddApplications(funcs.Applications())
	s.states = devstate.New(devstate.Deps{Bus: s.bus, Log: s.log, Now: s.now})
	s.states.Register(s.registry)
	f.AddFunctions(s.states.Functions(s.registry), false)
	f.AddFunctions(funcs.All(s.funcDeps(&c)), false)
	f.AddApplications((&sip.Driver{}).Applications())
	f.AddFunctions((&sip.Driver{}).Functions(), true)
	f.AddFunctions(manager.Functions(func() *manager.Server { return nil }), true)
	if err := c.readPlan(f.Engine()); err != nil {
		return nil, err
	}
	f.Engine().SetContexts("SIP", c.sip.General.RegContexts())
	f.Engine().Swap(c.plan)
	if r.conf.plan == nil {
		r.conf.plan = c.plan
	}
	f.AddTechnology("SIP")
	f.Registry().Register(local.New(local.Deps{Registry: f.Registry(), Dialplan: f.Engine()}))
	return f, nil
}

// known reports whether there is such a device: a section of sip.conf, or an
// address.
func (r *Rehearsal) known(_, resource string) bool {
	if _, at, ok := strings.Cut(resource, "@"); ok {
		resource = at
	}
	host, _, _ := strings.Cut(resource, "/")
	return r.peer(host) != nil || strings.ContainsAny(host, ".:")
}

func (r *Rehearsal) peer(name string) *sip.PeerConfig {
	i := slices.IndexFunc(r.conf.sip.Peers, func(p *sip.PeerConfig) bool { return strings.EqualFold(p.Name, name) })
	if i < 0 {
		return nil
	}
	return r.conf.sip.Peers[i]
}

func (r *Rehearsal) callee(_, resource string) channel.Party {
	if p := r.peer(resource); p != nil {
		return p.CallerID
	}
	return channel.Party{}
}

// From fills in what a call from a peer of sip.conf is like: where it begins, who
// calls, the variables of the section.
func (r *Rehearsal) From(c *dryrun.Call, name string) error {
	name = strings.TrimPrefix(name, "SIP/")
	p := r.peer(name)
	if p == nil {
		var names []string
		for _, p := range r.conf.sip.Peers {
			names = append(names, p.Name)
		}
		text := fmt.Sprintf("sip.conf has no section [%s]", name)
		if near := config.Nearest(name, names); near != "" {
			text += "; did you mean " + near + "?"
		}
		return errors.New(text)
	}
	c.Device, c.Context, c.Caller = "SIP/"+p.Name, p.Context, p.CallerID
	if c.Caller.Number == "" {
		c.Caller.Number, c.Caller.HasNumber = p.Name, true
	}
	c.Variables = append(c.Variables, p.Variables...)
	c.Complete = p.Overlap == sip.OverlapNo
	c.Settings.Language, c.Settings.Account = p.Language, p.AccountCode
	return nil
}

// Call makes a call that begins at a moment and returns what happened.
func (r *Rehearsal) Call(start time.Time, c *dryrun.Call) (*dryrun.Trace, error) {
	if c.Context == "" {
		return nil, errors.New("a call begins at a peer or in a context")
	}
	if _, ok := r.conf.plan.Context(c.Context); !ok {
		return nil, fmt.Errorf("extensions.conf has no context [%s]", c.Context)
	}
	f, err := r.office(start)
	if err != nil {
		return nil, err
	}
	return f.Run(c), nil
}

// Eval is what a text becomes in a priority of the call, and the warnings that came
// of it.
func (r *Rehearsal) Eval(start time.Time, c *dryrun.Call, text string) (value string, notes []string, err error) {
	f, err := r.office(start)
	if err != nil {
		return "", nil, err
	}
	value, notes = f.Eval(c, text)
	return value, notes, nil
}
