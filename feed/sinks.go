package feed

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	pbxio "pbx/io"
	"pbx/webhook"
)

// Deps are what sinks are built on.
type Deps struct {
	Hub     *Hub
	Network pbxio.Network
	// Dir is where events wait that have to arrive, one folder a sink.
	Dir string
	Log *slog.Logger
	Now func() time.Time
	// Poster posts for webhooks.
	Poster *webhook.Poster
}

// Sinks are those of events.conf. Apply and Close are called one at a time.
type Sinks struct {
	deps Deps
	mu   sync.Mutex
	open map[string]*opened // by lower-case name
}

// opened is a sink that runs.
type opened struct {
	sink  *sink
	close func()
	// renew takes in certificates that were read again; nil has none.
	renew func(*tls.Config)
	// state is what a person is told of it, waiting how many bytes wait on disk; nil is
	// that nothing does.
	state   func() string
	waiting func() int64
}

// NewSinks makes them; there are none until Apply.
func NewSinks(d Deps) *Sinks {
	return &Sinks{deps: d, open: make(map[string]*opened)}
}

// Apply takes in a configuration: sinks that changed are closed and opened anew, the
// others go on. What cannot be opened is an error; the rest runs.
func (s *Sinks) Apply(c Settings) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	want := make(map[string]*sink)
	for _, x := range c.sinks {
		want[strings.ToLower(x.Name)] = x
	}
	for name, o := range s.open {
		if x := want[name]; x == nil || !x.same(o.sink) {
			o.close()
			delete(s.open, name)
		}
	}
	var errs []error
	for _, x := range c.sinks {
		name := strings.ToLower(x.Name)
		if o := s.open[name]; o != nil {
			if o.sink = x; x.tls != nil {
				o.renew(x.tls)
			}
			continue
		}
		o, err := s.start(x)
		if err != nil {
			errs = append(errs, fmt.Errorf("events.conf: [%s]: %w", x.Name, err))
			continue
		}
		o.sink = x
		s.open[name] = o
	}
	return errors.Join(errs...)
}

// start opens a sink.
func (s *Sinks) start(x *sink) (*opened, error) {
	want, err := s.deps.Hub.Select(strings.Join(x.Events, ","), strings.Join(x.Fields, ","))
	if err != nil {
		return nil, err
	}
	switch x.Type {
	case typeUnix:
		return s.listenUnix(x, want)
	case typeTCP:
		if x.TLS && x.tls == nil {
			return nil, errNoTLS
		}
		if x.Connect.IsValid() {
			return s.connect(x, want), nil
		}
		return s.listenTCP(x, want)
	case typeWebhook:
		return s.queued(x, want, newHook(x, s.deps.Poster, s.deps.Log))
	default:
		return s.queued(x, want, newNATS(x, s.deps))
	}
}

// dir is where the events of a sink wait.
func (s *Sinks) dir(x *sink) string {
	return filepath.Join(s.deps.Dir, strings.ToLower(strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r < ' ' {
			return '_'
		}
		return r
	}, strings.TrimLeft(x.Name, "."))))
}

// Waiting is how many bytes wait on disk, by the names of the sinks.
func (s *Sinks) Waiting() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]int64)
	for _, o := range s.open {
		if o.waiting != nil {
			all[o.sink.Name] = o.waiting()
		}
	}
	return all
}

// Close ends all sinks. What waits on disk stays there.
func (s *Sinks) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var group sync.WaitGroup
	for _, o := range s.open {
		group.Go(o.close)
	}
	group.Wait()
	clear(s.open)
}
