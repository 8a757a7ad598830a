package server

import (
	"context"
	"fmt"

	"pbx/callfile"
)

// openSpool makes the directories for call files. An exchange that may not write
// there goes without.
func (s *Server) openSpool(c *configuration) {
	deps := callfile.Deps{Dir: c.dirs.Spool, Registry: s.registry, Dialplan: s.engine, Log: s.log}
	if s.opts.NoConsole { // in memory there is nothing to watch
		s.spoolChanges = make(chan string)
		deps.Changes = s.spoolChanges
	}
	spool, err := callfile.New(deps)
	if err != nil {
		s.log.Warn(fmt.Sprintf("%v; there are no call files", err))
		return
	}
	s.spool = spool
}

// runSpool places the calls of call files until the function that it returns is
// called.
func (s *Server) runSpool() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if s.spool == nil {
			return
		}
		if err := s.spool.Run(ctx); err != nil {
			s.log.Error(err.Error())
		}
	}()
	return func() {
		cancel()
		<-ended
		if s.spool != nil {
			s.spool.Wait(parting)
		}
	}
}
