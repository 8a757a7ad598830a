package server

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"pbx/agi"
	"pbx/apps"
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/channel/devstate"
	"pbx/channels/sip"
	"pbx/dialplan"
	"pbx/dialplan/hints"
	"pbx/dialplan/program"
	"pbx/funcs"
	pbxio "pbx/io"
	"pbx/manager"
	"pbx/media/sound"
	"pbx/media/tone"
	"pbx/sounds"
	"pbx/store"
	"pbx/web"
)

// newLibrary looks for sounds where asterisk.conf says, then among our own.
func newLibrary(d Directories) *sound.Library {
	return sound.NewLibrary([]string{d.Sounds()}, sounds.FS())
}

// buildDialplan makes the engine and gives it everything that a plan may name.
func (s *Server) buildDialplan(c *configuration) {
	system := c.dirs.system()
	system["SYSTEMNAME"] = c.core.SystemName
	s.engine = dialplan.NewEngine(dialplan.EngineOptions{Channels: s.registry, Now: s.now, System: system, Random: s.opts.Random, Tables: s.table})
	s.states = devstate.New(devstate.Deps{Store: s.records(), Bus: s.bus, Log: s.log, Now: s.now})
	s.states.Register(s.registry)
	s.hints = hints.New(s.engine, s.registry)
	s.programs = program.NewRunner(c.core.Programs)
	s.agi = agi.New(s.agiDeps(c))
	s.addCatalog(c)
}

// records is where small records are kept, nil when nothing is written.
func (s *Server) records() channel.Store {
	if s.store == nil {
		return nil
	}
	return s.store
}

// addCatalog makes every application and function known to the engine.
func (s *Server) addCatalog(c *configuration) {
	s.engine.AddApplications(apps.All(s.appDeps(c)))
	s.engine.AddApplications(s.agi.Applications())
	s.engine.AddApplications(funcs.Applications())
	s.engine.AddFunctions(s.states.Functions(s.registry))
	s.engine.AddFunctions(funcs.All(s.funcDeps(c)))
	s.engine.AddFunctions(manager.Functions(func() *manager.Server { return s.manager }))
}

func (s *Server) appDeps(c *configuration) apps.Deps {
	return apps.Deps{
		Sounds: newLibrary(c.dirs), Tones: s.tone, Dialplan: s.engine, Locks: s.engine.Locks(), Database: s.database, Records: s.callRecords(), QueueLog: queueLog{s}, Programs: s.programs, Now: s.now,
		Recordings: c.dirs.Sounds(),
	}
}

func (s *Server) agiDeps(c *configuration) agi.Deps {
	return agi.Deps{
		Engine: s.engine, Player: prompt.New(newLibrary(c.dirs), s.tone, nil), Database: s.database, Programs: s.programs,
		Directory: c.dirs.AGI, Recordings: c.dirs.Sounds(), Environ: c.environ(agi.Version(s.opts.Version)), Version: agi.Version(s.opts.Version),
		Limits:   func() agi.Limits { return s.configuration().core.AGI },
		Bars:     func() bool { return s.configuration().core.AGIBars },
		Resolver: names{s.resolver},
	}
}

// environ is what scripts of AGI are told of the exchange in their environment.
func (c *configuration) environ(version string) []string {
	d := c.dirs
	return []string{
		"AST_CONFIG_DIR=" + d.Config, "AST_CONFIG_FILE=" + filepath.Join(d.Config, "asterisk.conf"), "AST_MODULE_DIR=" + d.VarLib,
		"AST_SPOOL_DIR=" + d.Spool, "AST_MONITOR_DIR=" + filepath.Join(d.Spool, "monitor"), "AST_VAR_DIR=" + d.VarLib,
		"AST_DATA_DIR=" + d.Data, "AST_LOG_DIR=" + d.Log, "AST_AGI_DIR=" + d.AGI, "AST_KEY_DIR=" + d.Key, "AST_RUN_DIR=" + d.Run,
		"AST_SYSTEMNAME=" + c.core.SystemName, "AST_VERSION=" + version,
	}
}

// callRecords are the call records as channels see them, nil in a check.
func (s *Server) callRecords() channel.Records {
	if s.cdr == nil {
		return nil
	}
	return s.cdr.engine
}

func (s *Server) funcDeps(c *configuration) funcs.Deps {
	d := funcs.Deps{
		Engine: s.engine, Database: s.database, Databases: s.sources, Programs: s.programs, Records: s.callRecords(), Config: c.loader(),
		ToneZones: func() []string { return s.configuration().tones.Countries() },
		Random:    s.opts.Random, Now: s.now, Version: agi.Version(s.opts.Version),
	}
	d.Speech = apps.Speech
	if s.resolver != nil {
		d.Names = names{s.resolver}
	}
	return d
}

// tone finds a tone of the configuration of the moment.
func (s *Server) tone(zone, name string) (tone.List, bool) {
	return s.configuration().tones.Tone(zone, name)
}

// buildSIP makes the driver, which binds its sockets.
func (s *Server) buildSIP(c *configuration) error {
	var err error
	s.sip, err = sip.New(c.sip, sip.Deps{
		Network: s.opts.Network, Registry: s.registry, Dialplan: s.engine, Media: s.media, Bus: s.bus, Store: s.store,
		Messages: s.messages,
		Hints:    s.hints, Mailboxes: s.states, Log: s.log, Now: s.now, Random: s.opts.Random, Version: s.opts.Version,
		OpenTrace: traceFiles(c.dirs.Log), Extensions: s.engine, Records: s.callRecords(),
	})
	return whyNotBound(err)
}

// whyNotBound adds to the error of a listener what a person can do about it.
func whyNotBound(err error) error {
	why := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		why = "does another exchange run here?"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		why = "this machine has no such address"
	case errors.Is(err, syscall.EACCES):
		why = "ports below 1024 are for root, and for who has CAP_NET_BIND_SERVICE"
	case errors.Is(err, syscall.EAFNOSUPPORT):
		why = "this machine does not speak IPv6"
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, why)
}

// serveWeb opens the HTTP server, with SIP over WebSocket where the ancestor has it. A
// listener that cannot be opened is named, and the exchange goes on without.
func (s *Server) serveWeb(c *configuration) {
	s.web = web.New(s.opts.Network, s.log)
	s.web.Mux.Handle("/ws", s.sip.WebSocket())
	for _, path := range manager.Paths() {
		s.web.Mux.Handle(path, s.manager.Handler())
	}
	s.web.Mux.Handle("/api/", s.api)
	s.serveHealth()
	s.applyWeb(c)
}

func (s *Server) applyWeb(c *configuration) {
	s.api.Apply(c.api)
	s.metrics.Switch(c.web.Enabled)
	if err := s.web.Apply(c.web); err != nil {
		s.log.Error(whyNotBound(err).Error())
	}
}

// traceFiles opens files for SIP messages in a directory. A name is one of a file,
// not a way to one.
func traceFiles(dir string) func(name string) (io.WriteCloser, error) {
	return func(name string) (io.WriteCloser, error) {
		if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
			return nil, fmt.Errorf("%q is not the name of a file", name)
		}
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, err
		}
		return os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	}
}

// openStore opens the journal where asterisk.conf says, or under
// the state directory where that cannot be written.
func (s *Server) openStore(c *configuration) (*store.Journal, error) {
	j, err := store.Open(filepath.Join(c.dirs.DB, "pbx.journal"), s.log)
	if errors.Is(err, store.ErrLocked) {
		return nil, fmt.Errorf("an exchange runs on the state directory %s already: `pbx console` talks to it, --state DIR gives another one its own (%w)", c.dirs.DB, err)
	}
	if err != nil && c.dirs.DB != c.dirs.State && (errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS)) {
		s.log.Warn(err.Error() + "; state is kept under " + c.dirs.State)
		return store.Open(filepath.Join(c.dirs.State, "pbx.journal"), s.log)
	}
	return j, err
}

// Address is what a person types into a phone to reach this machine: the address
// that a way out of it begins at.
func Address() string {
	for _, far := range []string{"192.0.2.1", "2001:db8::1"} {
		if a := pbxio.System().LocalAddr(netip.MustParseAddr(far)); a.IsValid() && !a.IsUnspecified() {
			return a.String()
		}
	}
	return "127.0.0.1"
}

// openFiles is the limit of open files.
func openFiles() uint64 {
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) != nil {
		return 0
	}
	return r.Cur
}
