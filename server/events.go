package server

import (
	"path/filepath"

	"pbx/feed"
)

// buildEvents makes what tells programs of events. It listens to the bus while
// events.conf or a WebSocket of the JSON interface wants something.
func (s *Server) buildEvents(c *configuration) {
	s.hub = feed.NewHub(s.bus, s.log, s.started)
	s.sinks = feed.NewSinks(feed.Deps{
		Hub: s.hub, Network: s.opts.Network, Dir: filepath.Join(c.dirs.Spool, "events"), Log: s.log, Now: s.now, Poster: s.poster,
	})
	s.applyEvents(c)
}

// applyEvents takes in events.conf. A sink that cannot be opened is named, and the
// exchange goes on without.
func (s *Server) applyEvents(c *configuration) {
	if err := s.sinks.Apply(c.events); err != nil {
		s.log.Error(err.Error())
	}
}

// closeEvents ends the sinks, after the last events were told.
func (s *Server) closeEvents() {
	if s.hub != nil {
		s.hub.Close()
		s.sinks.Close()
	}
}
