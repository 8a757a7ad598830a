package server

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channels/sip"
	"pbx/database"
	"pbx/dialplan/flow"
	"pbx/dialplan/graph"
	"pbx/event"
)

// Routes are the ways through a plan: what leads where. Nothing is bound, written or
// run.
type Routes struct {
	conf *configuration
	flow *flow.Flow
}

// readAll reads the files as one program, with everything that a plan may name.
func readAll(o Options) (*Server, *configuration, error) {
	s := &Server{opts: o, now: time.Now, bus: &event.Bus{}, log: slog.New(slog.DiscardHandler)}
	s.registry = channel.NewRegistry(s.bus, s.log, s.now, "")
	c, err := readBase(&o)
	if c.databases != nil { // to know the functions; nothing is asked
		s.sources = database.New(c.databases, s.now)
	}
	s.buildDialplan(c)
	s.engine.AddApplications((&sip.Driver{}).Applications())
	s.engine.AddFunctions((&sip.Driver{}).Functions())
	return s, c, errors.Join(err, c.readSIP(), c.readPlan(s.engine))
}

// ReadRoutes reads a configuration. Without a plan there is an error; that sip.conf
// cannot be read is none.
func ReadRoutes(o Options) (*Routes, error) {
	s, c, err := readAll(o)
	if c.plan == nil {
		return nil, err
	}
	return &Routes{conf: c, flow: flow.New(c.plan, s.engine.Catalog())}, nil
}

// Reach is what a caller in a context, or one who calls from a device of sip.conf,
// can get to.
func (r *Routes) Reach(from string) (context string, all []flow.Reached, err error) {
	context = from
	if _, ok := r.conf.plan.Context(from); !ok {
		name := strings.TrimPrefix(from, "SIP/")
		found := false
		if r.conf.sip != nil {
			for _, p := range r.conf.sip.Peers {
				if strings.EqualFold(p.Name, name) {
					context, found = p.Context, true
				}
			}
		}
		if !found {
			var names []string
			for _, c := range r.conf.plan.Contexts() {
				names = append(names, c.Name)
			}
			text := fmt.Sprintf("neither a context nor a device is called %s", from)
			if hint := didYouMean(from, names); hint != "" {
				text += "; " + hint
			}
			return "", nil, errors.New(text)
		}
		if _, ok := r.conf.plan.Context(context); !ok {
			return "", nil, fmt.Errorf("%s calls into context %s, which is not there", from, context)
		}
	}
	return context, r.flow.Reach(context, r.conf.classify), nil
}

// Graph is the plan as it is drawn, with who comes in where.
func (r *Routes) Graph() *graph.Graph {
	devices := make(map[string][]string)
	if r.conf.sip != nil {
		for _, p := range r.conf.sip.Peers {
			devices[p.Context] = append(devices[p.Context], p.Name)
		}
		if g := r.conf.sip.General; g.AllowGuest {
			devices[g.Defaults.Context] = append(devices[g.Defaults.Context], "guests")
		}
	}
	entries := make(map[string]string)
	for context, names := range devices {
		slices.Sort(names)
		text := strings.Join(names[:min(4, len(names))], ", ")
		if len(names) > 4 {
			text += fmt.Sprintf(" and %d more", len(names)-4)
		}
		entries[context] = text
	}
	return graph.Of(r.flow, entries)
}
