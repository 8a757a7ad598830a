package server

import (
	"context"
	"strings"

	"pbx/database"
	"pbx/missed"
	"pbx/webhook"
)

// buildMissed makes the service of missed calls, and the poster that services share.
func (s *Server) buildMissed(c *configuration) {
	s.poster = webhook.New("pbx/"+s.opts.Version, s.now)
	s.missed = missed.New(missed.Deps{Registry: s.registry, Store: s.store, Find: s.row, Poster: s.poster, Log: s.log})
	s.missed.Configure(c.missed)
}

// runMissed delivers until the function that it returns is called.
func (s *Server) runMissed() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.missed.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// row finds one row of a family of extconfig.conf, nil for none: its columns by name in
// lower case.
func (s *Server) row(ctx context.Context, family, column, value string) (map[string]string, error) {
	t, err := s.sources.Find(ctx, family, []database.Pair{{Name: column, Value: value}}, 1)
	if err != nil || len(t.Rows) == 0 {
		return nil, err
	}
	row := make(map[string]string)
	for i, name := range t.Columns {
		row[strings.ToLower(name)] = t.Rows[0][i]
	}
	return row, nil
}
