package server

import (
	"errors"
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/channels/sip"
	"pbx/config"
	"pbx/dialplan"
	"pbx/media"
	"pbx/media/tone"
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
	plan     *dialplan.Plan
	findings []config.Finding
}

// readBase reads what the parts are built from: asterisk.conf, logger.conf,
// rtp.conf and indications.conf.
func readBase(configDir, stateDir string) (*configuration, error) {
	c := &configuration{}
	var errs []error
	take := func(found []config.Finding, err error) {
		c.findings = append(c.findings, found...)
		if err != nil {
			errs = append(errs, err)
		}
	}
	dirs, core, found, err := readAsterisk(configDir, stateDir)
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
	return c, errors.Join(errs...)
}

// readSIP reads sip.conf.
func (c *configuration) readSIP() error {
	conf, found, err := sip.LoadConfig(c.loader())
	c.sip, c.findings = conf, append(c.findings, found...)
	if err != nil {
		return fmt.Errorf("sip.conf: %w", err)
	}
	return nil
}

// readPlan reads extensions.conf with the applications and functions that engine
// knows.
func (c *configuration) readPlan(engine *dialplan.Engine) error {
	plan, found, err := engine.Load(c.loader(), "extensions.conf")
	c.plan, c.findings = plan, append(c.findings, found...)
	if err != nil {
		return fmt.Errorf("extensions.conf: %w", err)
	}
	return nil
}

func (c *configuration) loader() *config.Loader {
	return &config.Loader{Dir: c.dirs.Config, ExecIncludes: c.core.ExecIncludes}
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
	s.logger.SetConsoleLevels(c.log.Console)
	if err := s.logger.Configure(c.log.Files, c.log.TimeFormat); err != nil {
		for line := range strings.Lines(err.Error()) {
			s.log.Warn(strings.TrimSpace(line))
		}
	}
}
