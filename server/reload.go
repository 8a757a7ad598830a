package server

import (
	"errors"
	"fmt"
	"strings"

	"pbx/config"
	"pbx/event"
)

// reloadSet says which files a reload takes in.
type reloadSet int

const (
	reloadDialplan reloadSet = 1 << iota
	reloadSIP
	reloadLogger
	reloadPermissions
	reloadRest // asterisk.conf's switches, indications.conf
	reloadAll  = reloadDialplan | reloadSIP | reloadLogger | reloadPermissions | reloadRest
)

// partNames are the parts as programs know them.
var partNames = map[reloadSet]string{reloadDialplan: "pbx_config", reloadLogger: "logger", reloadRest: "manager"}

// Reload reads every file again. All of them are read and checked before any is
// taken: with an error the old configuration goes on as it was, and the error
// says file:line.
func (s *Server) Reload() ([]config.Finding, error) {
	_, findings, err := s.reload(reloadAll, false)
	return findings, err
}

// Hangup is what SIGHUP asks for: a reload, with log files opened anew.
func (s *Server) Hangup() {
	if err := s.logger.Reopen(); err != nil {
		s.log.Warn(err.Error())
	}
	if _, err := s.Reload(); err != nil {
		s.log.Error(fmt.Sprintf("Reload: %s; the old configuration goes on", strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
}

// reload reads files again and takes them in, unless it is a dry run. It says what
// is different, and what is wrong with the files.
func (s *Server) reload(what reloadSet, dry bool) (*changes, []config.Finding, error) {
	s.reloads.Lock()
	defer s.reloads.Unlock()
	old := s.configuration()
	fresh, err := readBase(&s.opts)
	if err != nil && what&(reloadLogger|reloadPermissions|reloadRest) != 0 {
		return nil, nil, err
	}
	next := *old
	next.findings = nil
	if err == nil {
		next.findings = fresh.findings
	}
	if what&(reloadDialplan|reloadSIP) != 0 {
		// The files of the office refer to each other, and are read together
		// even when one of them is asked for.
		if err := errors.Join(next.readSIP(), next.readPlan(s.engine)); err != nil {
			return nil, next.findings, err
		}
	}
	if err := s.refuse(&next); err != nil {
		return nil, next.findings, err
	}
	diff := s.changes(old, fresh, &next, what)
	if dry {
		return diff, next.findings, nil
	}
	// Everything could be read: take it.
	if what&reloadRest != 0 {
		next.core, next.tones, next.features = fresh.core, fresh.tones, fresh.features
		// Where things live, and the RTP ports, are fixed until a restart.
		if fresh.dirs != old.dirs || fresh.rtp != old.rtp {
			s.log.Warn("asterisk.conf [directories] or rtp.conf changed: a restart takes that in")
		}
		s.registry.Limit(next.core.MaxCalls)
		s.registry.SetLanguage(next.core.Language)
		s.programs.SetLimits(next.core.Programs)
		s.registry.SetFeatures(next.features)
		next.records, next.cel = fresh.records, fresh.cel
		if next.core.Explain != old.core.Explain {
			s.recorder.Switch(next.core.Explain)
		}
		next.web, next.manager, next.metrics, next.api, next.events = fresh.web, fresh.manager, fresh.metrics, fresh.api, fresh.events
		next.databases = fresh.databases
		s.reloadSources(&next)
		s.applyWeb(&next)
		s.applyManager(&next)
		s.applyEvents(&next)
		next.aliases = fresh.aliases
		s.commands.SetAliases(next.aliases)
		next.timers = fresh.timers
		s.timers.Configure(next.timers)
		next.fifo = fresh.fifo
		if !next.fifo.Equal(&old.fifo) {
			s.applyFIFO(&next)
		}
		next.missed = fresh.missed
		s.missed.Configure(next.missed)
	}
	if what&reloadPermissions != 0 {
		next.permissions = fresh.permissions
		s.applyPermissions(next.permissions)
	}
	if what&reloadLogger != 0 {
		next.log = fresh.log
		s.applyLogFiles(&next)
	}
	if what&(reloadRest|reloadLogger) != 0 {
		s.cdr.reload(&next)
	}
	if what&reloadSIP != 0 {
		s.engine.SetContexts("SIP", next.sip.General.RegContexts())
	}
	if what&reloadDialplan != 0 {
		s.engine.Swap(next.plan)
		s.tables.read(next.plan, patienceAtReload)
	} else {
		next.plan = old.plan
	}
	if what&reloadSIP != 0 {
		if err := s.sip.Call(func() { s.sip.Reload(next.sip) }); err != nil {
			return nil, next.findings, errors.Join(errors.New("SIP"), err)
		}
		s.resolver.SetOptions(next.sip.Resolver)
	} else {
		next.sip = old.sip
	}
	s.conf.Store(&next)
	s.reloaded.Store(s.now().UnixNano())
	logFindings(s.log, next.findings)
	if what != reloadSIP && what != reloadPermissions { // the driver tells of itself
		s.bus.Publish(event.Event{Kind: event.Reload, Time: s.now(), Name: partNames[what]})
	}
	return diff, next.findings, nil
}
