package server

import (
	"context"

	"pbx/callfile"
	"pbx/timers"
)

// buildTimers makes the timers, which do nothing until runTimers.
func (s *Server) buildTimers(c *configuration) {
	s.timers = timers.New(timers.Deps{
		Caller: &callfile.Caller{Registry: s.registry, Dialplan: s.engine, Log: s.log}, Store: s.store, Log: s.log,
	})
	s.timers.Configure(c.timers)
}

// runTimers runs the timers until the function that it returns is called.
func (s *Server) runTimers() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.timers.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
		s.timers.Wait(parting)
	}
}
