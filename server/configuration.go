package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pbx/api"
	"pbx/cdr"
	"pbx/cdr/cel"
	"pbx/channel"
	"pbx/channels/sip"
	"pbx/config"
	"pbx/console"
	"pbx/database"
	"pbx/dialplan"
	"pbx/dialplan/ael"
	"pbx/feed"
	"pbx/fifo"
	"pbx/manager"
	"pbx/media"
	"pbx/media/tone"
	"pbx/metrics"
	"pbx/missed"
	"pbx/timers"
	"pbx/web"
)

// configuration is one reading of all files. It never changes; a reload makes a
// new one and swaps it in when every file in it could be read.
type configuration struct {
	dirs     Directories
	core     Core
	rtp      rtpSettings
	log      logSettings
	tones    *tone.Zones
	features channel.Features
	sip      *sip.Config
	web      web.Settings
	manager  manager.Settings
	metrics  metrics.Settings
	api      api.Settings
	events   feed.Settings
	records  *cdr.Config
	cel      *cel.Config
	// databases are what res_odbc.conf and its kin say.
	databases *database.Settings
	timers    []*timers.Timer
	aliases   []console.Alias
	// permissions are what users and groups may type, nil for everything.
	permissions *console.Permissions
	fifo        fifo.Settings
	missed      *missed.Settings // nil without missed.conf
	plan        *dialplan.Plan
	findings    []config.Finding
	overlay     map[string][]byte // texts that stand in for files, by path
}

// readBase reads what the parts are built from: asterisk.conf, logger.conf,
// rtp.conf, http.conf, prometheus.conf, api.conf, events.conf, indications.conf, cdr.conf and its kin.
func readBase(o *Options) (*configuration, error) {
	c := &configuration{overlay: o.Overlay}
	var errs []error
	take := func(found []config.Finding, err error) {
		c.findings = append(c.findings, found...)
		if err != nil {
			errs = append(errs, err)
		}
	}
	dirs, core, found, err := readAsterisk(o.ConfigDir, o.StateDir)
	c.dirs, c.core = dirs, core
	take(found, err)
	l := c.loader()
	c.rtp, found, err = readRTP(l)
	take(found, err)
	c.log, found, err = readLogger(l, c.dirs)
	take(found, err)
	c.tones, found, err = tone.Load(l)
	take(found, err)
	c.features, found, err = readFeatures(l)
	take(found, err)
	c.web, found, err = web.Load(l)
	take(found, err)
	c.manager, found, err = manager.Load(l)
	take(found, err)
	c.metrics, found, err = metrics.Load(l)
	take(found, err)
	c.api, found, err = api.Load(l)
	take(found, err)
	c.events, found, err = feed.Load(l)
	take(found, err)
	take(c.readRecords(l))
	c.databases, found, err = database.Load(l, c.dirs.State, "")
	take(found, err)
	c.aliases, found, err = readAliases(l)
	take(found, err)
	c.permissions, found, err = readPermissions(l)
	take(found, err)
	c.timers, found, err = timers.Load(l)
	take(found, err)
	c.fifo, found, err = fifo.Load(l, c.dirs.Run)
	take(found, err)
	c.missed, found, err = missed.Load(l, c.beside)
	take(found, err)
	return c, errors.Join(errs...)
}

// readSIP reads sip.conf.
func (c *configuration) readSIP() error {
	conf, found, err := sip.LoadConfig(c.loader())
	c.sip, c.findings = conf, append(c.findings, found...)
	return err // which names the file
}

// readPlan reads extensions.conf, and extensions.ael where there is one, with the
// applications and functions that engine knows, which it leaves as it is.
func (c *configuration) readPlan(engine *dialplan.Engine) error {
	var beside []string
	if c.sip != nil { // pbx check goes on without it
		beside = c.sip.General.RegContexts()
	}
	other, refused := c.readAEL()
	if refused != nil && hasAEL(engine.Plan()) {
		return refused // what it gave the plan stays
	}
	f, found, err := c.loader().Load("extensions.conf")
	c.findings = append(c.findings, found...)
	switch {
	case errors.Is(err, fs.ErrNotExist) && other != nil:
		f = other
	case errors.Is(err, fs.ErrNotExist) && refused != nil:
		return refused
	case err != nil:
		return err // which names the file
	case other != nil:
		f.Sections, f.Read = append(f.Sections, other.Sections...), append(f.Read, other.Read...)
	}
	if r := new(config.Refusal); errors.As(refused, &r) {
		c.findings = append(c.findings, r.Finding) // extensions.conf runs without it, as in the field
	} else if refused != nil {
		return refused
	}
	if users, err := c.loadUsers(f); err == nil && users != nil { // sip.LoadConfig tells what is wrong with it
		f.Sections = append(f.Sections, users)
	}
	c.plan, found = engine.Build(f, beside...)
	c.findings = append(c.findings, found...)
	c.findings = append(c.findings, c.lostFamilies()...)
	return nil
}

// lostFamilies are the switches to families that extconfig.conf does not have.
func (c *configuration) lostFamilies() (findings []config.Finding) {
	if c.databases == nil {
		return nil
	}
	known := c.databases.Families()
	for _, context := range c.plan.Contexts() {
		for _, s := range context.Switches {
			family, ok := s.Family(context)
			if !ok || slices.Contains(known, strings.ToLower(family)) {
				continue
			}
			findings = append(findings, config.Finding{
				Pos: s.Pos, Severity: config.Warning, Rule: "unknown-switch", Token: family,
				Message: fmt.Sprintf("extconfig.conf has no family %q that can be asked; nothing is looked up in it", family),
			})
		}
	}
	return findings
}

// hasAEL reports whether some of a plan is from extensions.ael.
func hasAEL(p *dialplan.Plan) bool {
	return p != nil && slices.ContainsFunc(p.Contexts(), func(c *dialplan.Context) bool { return strings.HasSuffix(c.Pos.File, ".ael") })
}

// aelName is the file of the other language of dialplans.
const aelName = "extensions.ael"

// readAEL reads extensions.ael; nil is that there is none.
func (c *configuration) readAEL() (*config.File, error) {
	text, err := c.beside(aelName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", aelName, err)
	}
	f, found, err := ael.Parse(aelName, string(text), c.loader().Sources)
	if err != nil {
		return nil, &config.Refusal{Finding: *ael.Finding(err)}
	}
	c.findings = append(c.findings, found...)
	return f, nil
}

// beside reads a file that another one names, in the directory of both unless its name
// is absolute.
func (c *configuration) beside(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(c.dirs.Config, name)
	}
	if text, ok := c.overlay[name]; ok {
		return text, nil
	}
	return os.ReadFile(name)
}

func (c *configuration) loader() *config.Loader {
	return &config.Loader{Dir: c.dirs.Config, ExecIncludes: c.core.ExecIncludes, Overlay: c.overlay}
}

// engine are the options of the media engine.
func (r rtpSettings) engine(s *Server) media.EngineOptions {
	return media.EngineOptions{
		RTPStart: r.Start, RTPEnd: r.End, LaxRTP: !r.Strict, Probation: r.Probation, DTMFTimeout: r.DTMFTimeout, RTCPInterval: r.RTCPInterval,
		Log: s.log, Now: s.now, Random: s.opts.Random,
	}
}

// applyLogging configures the logger; a file that cannot be opened is said and
// done without.
func (s *Server) applyLogging(c *configuration) {
	s.logger.SetVerbose(c.core.Verbose)
	s.logger.SetDebug(c.core.Debug)
	s.applyLogFiles(c)
}

func (s *Server) applyLogFiles(c *configuration) {
	if s.registry != nil {
		s.registry.SetCallIDs(c.log.CallIDs)
	}
	s.logger.SetConsoleLevels(c.log.Console)
	s.logger.SetRotation(c.log.Rotation)
	if err := s.logger.Configure(slices.Concat(c.log.Files, s.addedLogs), c.log.TimeFormat, c.log.Syslog...); err != nil {
		for line := range strings.Lines(err.Error()) {
			s.log.Warn(strings.TrimSpace(line))
		}
	}
}
