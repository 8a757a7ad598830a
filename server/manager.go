package server

import (
	"context"
	"fmt"
	"io"
	"strings"

	"pbx/agi"
	"pbx/channel/devstate"
	"pbx/manager"
)

// buildManager makes the manager interface. It listens when manager.conf says so.
func (s *Server) buildManager() {
	s.manager = manager.New(manager.Deps{
		Network: s.opts.Network, Registry: s.registry, Engine: s.engine, Database: s.database, States: s.states, Hints: s.hints,
		Console: s.runConsole, Reload: s.reloadModule, Module: s.hasModule, Devices: s.devices, Rotate: s.logger.Reopen, Facts: s.facts,
		SystemName: func() string { return s.configuration().core.SystemName },
		AGI:        s.agi.Command, QueueLog: queueLog{s}, ConfigDir: s.opts.ConfigDir, Log: s.log, Now: s.now, Random: s.opts.Random,
	}, s.sip.Actions()...)
}

// applyManager takes in manager.conf. A listener that cannot be opened is named, and
// the exchange goes on without.
func (s *Server) applyManager(c *configuration) {
	if err := s.manager.Apply(c.manager); err != nil {
		s.log.Error(whyNotBound(err).Error())
	}
}

// runConsole runs a line of the console for a program.
func (s *Server) runConsole(ctx context.Context, line string, out io.Writer) error {
	return s.commands.Run(ctx, line, out)
}

// facts are what the manager interface tells of the exchange.
func (s *Server) facts() manager.Facts {
	c := s.configuration()
	return manager.Facts{
		Version: agi.Version(s.opts.Version), SystemName: c.core.SystemName, Started: s.started, Reloaded: s.lastReload(), MaxCalls: c.core.MaxCalls,
		MaxFiles: openFiles(), HTTP: c.web.Enabled, CDR: c.records != nil && c.records.Settings.Enable, LiveDangerously: c.core.LiveDangerously,
	}
}

// reloadable are the parts that can be read again by the names of the modules that
// they are elsewhere.
var reloadable = map[string]reloadSet{
	"": reloadAll, "chan_sip": reloadSIP, "pbx_config": reloadDialplan, "pbx_ael": reloadDialplan, "extensions": reloadDialplan, "dialplan": reloadDialplan,
	"logger": reloadLogger, "manager": reloadRest, "http": reloadRest, "api": reloadRest, "events": reloadRest, "features": reloadRest, "indications": reloadRest, "res_indications": reloadRest,
	"acl": reloadSIP | reloadRest, "core": reloadAll, "cdr": reloadRest, "cdr_csv": reloadRest, "cdr_custom": reloadRest, "cdr_manager": reloadRest,
	"cdr_pgsql": reloadRest, "cdr_sqlite3_custom": reloadRest, "cel": reloadRest, "cel_custom": reloadRest, "cel_manager": reloadRest, "cel_pgsql": reloadRest,
	"func_odbc": reloadRest, "res_odbc": reloadRest, "dnsmgr": reloadSIP, "res_hep": reloadSIP, "res_stun_monitor": reloadSIP, "res_resolver_unbound": reloadSIP,
	"res_rtp_asterisk": reloadSIP | reloadRest, "res_prometheus": reloadRest, "res_clialiases": reloadRest, "res_config_pgsql": reloadRest, "res_config_sqlite3": reloadRest,
	"extconfig": reloadRest, "fifo": reloadRest, "missed": reloadRest, "timers": reloadRest, "permissions": reloadPermissions,
}

// moduleName is a module's name without its suffix.
func moduleName(name string) string {
	return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(name)), ".so")
}

func (s *Server) reloadModule(name string) error {
	what, ok := reloadable[moduleName(name)]
	if !ok {
		if s.hasModule(name) {
			return manager.ErrNoReload
		}
		return manager.ErrNoModule
	}
	if _, _, err := s.reload(what, false); err != nil {
		return fmt.Errorf("Reload failed: %w", err)
	}
	return nil
}

// hasModule reports whether the exchange has what a module of that name has: a part,
// an application or a function.
func (s *Server) hasModule(name string) bool {
	name = moduleName(name)
	switch name {
	case "":
		return false
	case "chan_local", "chan_bridge_media", "bridge_simple", "bridge_native_rtp", "res_http_websocket", "codec_ulaw", "codec_alaw":
		return true
	}
	if _, ok := reloadable[name]; ok {
		return true
	}
	catalog := s.engine.Catalog()
	if app, ok := strings.CutPrefix(name, "app_"); ok {
		_, there := catalog.Application(app)
		return there
	}
	if fn, ok := strings.CutPrefix(name, "func_"); ok {
		_, there := catalog.Function(strings.ToUpper(fn))
		return there
	}
	return false
}

// devices are the devices that are known with what they do.
func (s *Server) devices() []manager.Device {
	var list []manager.Device
	for _, name := range s.sip.PeerNames() {
		list = append(list, manager.Device{Name: "SIP/" + name, State: s.registry.DeviceState("SIP/" + name)})
	}
	names, states := s.states.DevicesByName()
	for _, name := range names {
		list = append(list, manager.Device{Name: devstate.Custom + ":" + name, State: states[name]})
	}
	for _, box := range s.states.Mailboxes() {
		device := devstate.MWI + ":" + box
		list = append(list, manager.Device{Name: device, State: s.registry.DeviceState(device)})
	}
	return list
}
