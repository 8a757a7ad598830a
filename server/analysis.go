package server

import (
	"io"
	"log/slog"

	"pbx/channel"
	"pbx/channels/sip"
	"pbx/config"
	"pbx/dialplan"
	"pbx/event"
)

// Analysis is what an author's tool knows of a configuration: what is wrong with
// it, and what there is to be named in it.
type Analysis struct {
	Report
	// Plan is the dialplan, nil when it cannot be read.
	Plan *dialplan.Plan
	// Peers are the sections of sip.conf and where they stand.
	Peers []Peer
	// Catalog knows every application and function.
	Catalog *dialplan.Catalog
	// Options are those of sip.conf.
	Options []SIPOption
}

// Peer is a device section of sip.conf.
type Peer struct {
	Name, Context, CallerID string
	Pos                     config.Pos
}

// SIPOption tells of one option of sip.conf.
type SIPOption struct {
	Name, Form, Default, Help, Absent string
	General, Device                   bool
}

// Analyse reads a configuration and looks at it as Check does.
func Analyse(o Options) *Analysis {
	a := &Analysis{Report: Check(o)}
	c := &configuration{}
	// What is wrong with the files is in the report.
	dirs, core, _, _ := readAsterisk(o.ConfigDir, o.StateDir)
	c.dirs, c.core, c.overlay = dirs, core, o.Overlay
	s := &Server{opts: o, bus: &event.Bus{}, log: slog.New(slog.DiscardHandler)}
	s.registry = channel.NewRegistry(s.bus, s.log, nil, "")
	s.buildDialplan(c)
	s.engine.AddApplications((&sip.Driver{}).Applications())
	s.engine.AddFunctions((&sip.Driver{}).Functions())
	a.Catalog = s.engine.Catalog()
	if c.readPlan(s.engine) == nil {
		a.Plan = c.plan
	}
	if c.readSIP() == nil {
		for _, p := range c.sip.Peers {
			a.Peers = append(a.Peers, Peer{p.Name, p.Context, p.CallerID.Number, p.Pos})
		}
	}
	for _, x := range sip.Options() {
		a.Options = append(a.Options, SIPOption{x.Name, x.Form, x.Default, x.Help, x.Absent, x.General, x.Device})
	}
	return a
}

// Explain writes what `core show application` and `core show function` show of a
// name; false is that there is none.
func (a *Analysis) Explain(w io.Writer, name string, function bool) bool {
	return a.Catalog.Explain(w, name, function)
}
