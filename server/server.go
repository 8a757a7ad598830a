// Package server builds one exchange out of a configuration directory: it reads
// the files, makes the parts and hands each what it needs, and takes care of
// reload, shutdown and `pbx check`.
//
// Nothing here is global: two Servers run side by side in one process. New, Run,
// Reload and Stop may be called from different goroutines. Run starts the
// goroutines of the parts (the SIP driver's monitor loop, the media loops, the
// console) and returns when they have ended.
package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"pbx/agi"
	"pbx/api"
	"pbx/callfile"
	"pbx/channel"
	"pbx/channel/devstate"
	"pbx/channels/local"
	"pbx/channels/message"
	"pbx/channels/sip"
	"pbx/channels/sip/transport"
	"pbx/config"
	"pbx/console"
	"pbx/database"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/dialplan/hints"
	"pbx/dialplan/program"
	"pbx/dialplan/trace"
	"pbx/event"
	"pbx/feed"
	"pbx/fifo"
	pbxio "pbx/io"
	"pbx/manager"
	"pbx/media"
	"pbx/metrics"
	"pbx/missed"
	"pbx/store"
	"pbx/timers"
	"pbx/web"
	"pbx/webhook"
)

// Options are what a Server is built from.
type Options struct {
	// ConfigDir holds sip.conf and its kin; StateDir everything the exchange
	// writes, unless asterisk.conf says otherwise.
	ConfigDir, StateDir string
	Version             string
	// Logger takes the log; nil throws it away. The server configures it by
	// logger.conf and leaves it open.
	Logger *console.Logger
	// Network, Now and Random are the system's when nil.
	Network pbxio.Network
	Now     func() time.Time
	Random  io.Reader
	// NoConsole leaves the console socket out, for tests in memory.
	NoConsole bool
	// Overlay are texts that stand in for files, by their paths: what an editor has
	// open.
	Overlay map[string][]byte
	// Strict refuses to start or reload when a file has an error.
	Strict bool
}

// Server is one exchange.
type Server struct {
	opts     Options
	logger   *console.Logger
	log      *slog.Logger
	now      func() time.Time
	started  time.Time
	bus      *event.Bus
	registry *channel.Registry
	alarms   *alarmClock
	media    *media.Engine
	engine   *dialplan.Engine
	recorder *trace.Recorder
	states   *devstate.Table
	hints    *hints.Keeper
	sip      *sip.Driver
	messages *message.Driver
	web      *web.Server
	programs *program.Runner
	agi      *agi.AGI
	manager  *manager.Server
	store    *store.Journal
	cdr      *records
	database channel.Database    // AstDB, kept in store
	resolver *transport.Resolver // that dialplan functions ask
	sources  *database.Sources
	tables   *tables
	commands *console.Commands
	console  *console.Server
	metrics  *metrics.Metrics
	timers   *timers.Timers
	api      *api.Server
	missed   *missed.Service
	rtcp     rtcpDebug
	fifo     *fifo.Server // nil unless fifo.conf enables it
	poster   *webhook.Poster
	hub      *feed.Hub
	sinks    *feed.Sinks
	spool    *callfile.Spool // nil without a directory for it
	// spoolChanges stand in for a watched directory in memory.
	spoolChanges chan string
	ownLog       bool
	// addedLogs are the files of `logger add channel`; reloads guards them.
	addedLogs []console.FileConfig
	running   atomic.Bool

	conf     atomic.Pointer[configuration]
	reloaded atomic.Int64 // unix nanoseconds
	reloads  sync.Mutex   // one at a time

	stop stopper
}

// New reads the configuration and builds the exchange: its sockets are bound
// when it returns, and nothing runs yet. An error says file:line where a file is
// to blame.
func New(o Options) (*Server, error) {
	s := &Server{opts: o, logger: o.Logger, now: o.Now}
	if s.logger == nil {
		s.logger, s.ownLog = console.NewLogger(), true
	}
	if s.now == nil {
		s.now = newSystemClock().Now
	}
	if s.opts.Network == nil {
		s.opts.Network = pbxio.System()
	}
	if s.opts.Random == nil {
		s.opts.Random = rand.Reader
	}
	s.log = slog.New(s.logger.Handler())
	s.stop.init()
	if err := s.build(); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

// build makes the parts in the order in which they need each other.
func (s *Server) build() error {
	s.started = s.now()
	s.reloaded.Store(s.started.UnixNano())
	s.bus = &event.Bus{}

	conf, err := readBase(&s.opts)
	if err != nil {
		return err
	}
	s.applyLogging(conf)
	s.registry = channel.NewRegistry(s.bus, s.log, s.now, conf.core.SystemName)
	if s.alarms, err = startAlarms(s.opts.Network, s.log); err != nil {
		return err
	}
	s.registry.SetClock(s.alarms)
	s.registry.Number(uint64(s.started.Nanosecond()/1_000_000) * 1000)
	s.registry.SetCallIDs(conf.log.CallIDs)
	s.registry.Limit(conf.core.MaxCalls)
	s.registry.SetLanguage(conf.core.Language)
	s.registry.SetFeatures(conf.features)
	if s.media, err = media.NewEngine(s.opts.Network, conf.rtp.engine(s)); err != nil {
		return err
	}
	if s.store, err = s.openStore(conf); err != nil {
		return err
	}
	s.database = astDB{store.NewDatabase(s.store)}
	s.suggestImport(conf)
	s.resolver = transport.NewResolver(transport.ResolverOptions{})
	s.buildRecords(conf)
	s.openSources(conf)
	s.buildDialplan(conf)
	if err := conf.readSIP(); err != nil {
		return err
	}
	s.resolver.SetOptions(conf.sip.Resolver)
	s.messages = message.New(s.registry, s.engine)
	// The driver brings applications and functions, which a plan may name.
	if err := s.buildSIP(conf); err != nil {
		return err
	}
	s.engine.AddApplications(s.sip.Applications())
	s.engine.AddFunctions(s.sip.Functions())
	if err := conf.readPlan(s.engine); err != nil {
		return err
	}
	if err := s.refuse(conf); err != nil {
		return err
	}
	logFindings(s.log, conf.findings)
	s.conf.Store(conf)
	s.recorder = trace.NewRecorder(s.bus, s.engine.Plan)
	s.recorder.Switch(conf.core.Explain)
	s.engine.OnSwap(s.recorder.Settle)
	s.engine.SetContexts("SIP", conf.sip.General.RegContexts())
	s.engine.Swap(conf.plan)
	s.tables.read(conf.plan, patienceAtStart)
	s.registry.Register(s.sip)
	s.registry.Register(s.messages)
	s.registry.AddPresence("SIP", s.sip.Presence)
	s.registry.Register(local.New(local.Deps{Registry: s.registry, Dialplan: s.engine, Media: s.media, Log: s.log}))
	s.buildManager()
	s.openSpool(conf)
	s.buildTimers(conf)
	s.buildMissed(conf)
	s.buildEvents(conf)
	s.buildAPI()
	s.buildCommands()
	s.commands.SetAliases(conf.aliases)
	s.applyPermissions(conf.permissions)
	s.serveWeb(conf)
	s.applyManager(conf)
	if !s.opts.NoConsole {
		return s.openConsole(conf)
	}
	return nil
}

// refuse is the error of a configuration that --strict does not let through.
func (s *Server) refuse(c *configuration) error {
	if !s.opts.Strict {
		return nil
	}
	var errs []error
	for _, f := range c.findings {
		if f.Severity >= config.Error {
			errs = append(errs, errors.New(f.String()))
		}
	}
	return errors.Join(errs...)
}

func (s *Server) buildCommands() {
	s.commands = console.NewCommands()
	for _, list := range [][]decl.Command{
		s.coreCommands(), s.systemCommands(), s.codecCommands(), s.channelCommands(), s.callCommands(), s.driverCommands(), s.sourceCommands(), s.aliasCommands(), s.permissionCommands(), s.fileCommands(), s.threadCommands(), s.soundCommands(), s.keyCommands(), s.metricsCommands(), s.loggerCommands(), s.rtpCommands(), s.databaseCommands(), s.recordCommands(), s.explainCommands(), s.engine.Commands(),
		s.hints.Commands(), s.states.Commands(), s.agi.Commands(), s.sip.Commands(), s.manager.Commands(), s.sinks.Commands(), s.timers.Commands(), s.missed.Commands(),
	} {
		s.commands.Add(list...)
	}
	s.commands.Alias("reload", "core reload")
	s.commands.Alias("extensions reload", "dialplan reload")
	s.commands.Alias("show channels", "core show channels")
	s.commands.Alias("show version", "core show version")
	s.commands.Alias("show uptime", "core show uptime")
	s.commands.Alias("soft hangup", "channel request hangup")
	s.commands.Alias("stop now", "core stop now")
	s.commands.Alias("stop gracefully", "core stop gracefully")
}

// openConsole listens where asterisk.conf says, or under the state directory
// where that place cannot be written: the files of an office are often tried by
// somebody who may not write to /var/run.
func (s *Server) openConsole(c *configuration) error {
	var err error
	for _, path := range c.dirs.sockets() {
		s.console, err = console.Listen(path, c.dirs.SocketMode, s.commands, s.api.Ask, s.logger)
		if err == nil {
			if err := c.dirs.own(path); err != nil {
				s.log.Warn(fmt.Sprintf("astctlowner, astctlgroup: %v", err))
			}
			return nil
		}
		if errors.Is(err, console.ErrRunning) {
			return err
		}
		s.log.Warn(err.Error())
	}
	return err
}

// sockets are the places where the console socket may be, best first.
func (d Directories) sockets() []string {
	fallback := filepath.Join(d.State, filepath.Base(d.Socket))
	if fallback == d.Socket {
		return []string{d.Socket}
	}
	return []string{d.Socket, fallback}
}

// AsteriskVersion is the version that programs are told that ask for the ancestor's.
func AsteriskVersion(own string) string { return agi.Version(own) }

// Sockets are the places where the console socket of an exchange with these
// directories may be, best first.
func Sockets(configDir, stateDir string) ([]string, error) {
	d, _, _, err := readAsterisk(configDir, stateDir)
	if err != nil {
		return nil, err
	}
	return d.sockets(), nil
}

func (s *Server) configuration() *configuration { return s.conf.Load() }

func (s *Server) maxCalls() int { return s.configuration().core.MaxCalls }

func (s *Server) lastReload() time.Time { return time.Unix(0, s.reloaded.Load()) }

// Registry is the exchange's registry of channels.
func (s *Server) Registry() *channel.Registry { return s.registry }

// Commands is the table of console commands.
func (s *Server) Commands() *console.Commands { return s.commands }

// Run runs the exchange until Stop has ended it, or until the SIP driver fails.
func (s *Server) Run() error {
	s.running.Store(true)
	s.openFIFO()
	failed := make(chan error, 1)
	go s.hints.Run()
	s.tables.running.Go(s.tables.run)
	go func() { failed <- s.sip.Run() }()
	stopSpool, stopTimers, stopMissed := s.runSpool(), s.runTimers(), s.runMissed()
	event.Verbose(s.log, 1, "The exchange is ready")
	var err error
	select {
	case err = <-failed:
		if err == nil {
			err = errors.New("the SIP driver has ended")
		}
	case <-s.stop.begun:
		s.drain()
		s.sip.Close()
		err = <-failed
	}
	stopSpool()
	stopTimers()
	stopMissed()
	s.release()
	return err
}

// release closes what New opened, last first.
func (s *Server) release() {
	if s.console != nil {
		s.console.Close()
	}
	s.closeFIFO()
	s.rtcp.close()
	if s.manager != nil {
		s.manager.Close()
	}
	if s.api != nil {
		s.api.Close()
	}
	if s.web != nil {
		s.web.Close()
	}
	if s.metrics != nil {
		s.metrics.Close()
	}
	if s.sip != nil && !s.running.Load() {
		go func() { _ = s.sip.Run() }() // only its loop can close it
		s.sip.Close()
	}
	if s.hints != nil {
		if !s.running.Load() {
			go s.hints.Run() // only its loop can close it
		}
		s.hints.Close()
	}
	if s.media != nil {
		s.media.Close()
	}
	if s.cdr != nil {
		s.cdr.close()
	}
	s.closeEvents()
	if s.poster != nil {
		s.poster.Close()
	}
	s.closeSources()
	if s.store != nil {
		if err := s.store.Close(); err != nil {
			s.log.Error(fmt.Sprintf("store: %v", err))
		}
	}
	if s.alarms != nil {
		s.alarms.close()
	}
	if s.ownLog {
		s.logger.Close()
	} else {
		s.logger.Flush()
	}
}
