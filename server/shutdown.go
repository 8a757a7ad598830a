package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"pbx/channel"
	"pbx/decl"
	"pbx/event"
)

// DefaultDrain is how long Stop lets calls go on when asterisk.conf does not say.
const DefaultDrain = 3 * time.Second

// parting is how long the exchange waits for its last messages to be sent.
const parting = 500 * time.Millisecond

// How to stop.
type stopMode int

const (
	stopNow            stopMode = iota
	stopGracefully              // no new calls, no limit
	stopWhenConvenient          // new calls, until there is none
	restart            stopMode = 1 << 4
)

// stopper holds the wish to stop. It can be sharpened (gracefully, then now) and,
// while it still waits, taken back.
type stopper struct {
	mu      sync.Mutex
	begun   chan struct{} // closed when the exchange is to end
	ended   bool
	pending chan struct{} // closed to call off a stop that waits
	restart bool
}

func (t *stopper) init() { t.begun = make(chan struct{}) }

// Stop ends the exchange: no new calls from now on, those that are up may go on
// for grace (negative: without limit), then they are hung up. It returns at once;
// Run returns when all is over. A second Stop may be more impatient.
func (s *Server) Stop(grace time.Duration) {
	s.registry.Close()
	s.stopWhenEmpty(grace)
}

// Drain is how long a stop by signal waits for calls.
func (s *Server) Drain() time.Duration { return s.configuration().core.Drain }

// Restarting reports, after Run, whether the operator asked for a new start.
func (s *Server) Restarting() bool {
	s.stop.mu.Lock()
	defer s.stop.mu.Unlock()
	return s.stop.restart
}

// stopWhenEmpty ends the exchange when no channel is left or grace is over.
func (s *Server) stopWhenEmpty(grace time.Duration) {
	t := &s.stop
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	if t.pending != nil {
		close(t.pending)
	}
	off := make(chan struct{})
	t.pending = off
	if grace == 0 {
		t.end()
		return
	}
	empty := s.registry.Empty()
	go func() {
		var late <-chan time.Time
		if grace > 0 {
			timer := time.NewTimer(grace)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-off:
			return
		case <-empty:
		case <-late:
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.pending == off {
			t.end()
		}
	}()
}

// end lets Run go on to the end; mu is held.
func (t *stopper) end() {
	if !t.ended {
		t.ended = true
		close(t.begun)
	}
}

// drain hangs up what is left and waits a moment for the goodbyes to leave.
func (s *Server) drain() {
	s.registry.Close()
	s.bus.Publish(event.Event{Kind: event.Shutdown, Time: s.now()})
	left := s.registry.Channels()
	if len(left) == 0 {
		return
	}
	s.log.Warn(fmt.Sprintf("%s hung up: the exchange stops", plural(len(left), "channel")))
	for _, c := range left {
		c.SoftHangup(channel.CauseNormalClearing)
	}
	timer := time.NewTimer(parting)
	defer timer.Stop()
	select {
	case <-s.registry.Empty():
	case <-timer.C:
	}
}

func (s *Server) stopCommand(mode stopMode) func(context.Context, *decl.Request) error {
	return func(_ context.Context, r *decl.Request) error {
		s.stop.mu.Lock()
		s.stop.restart = mode&restart != 0
		s.stop.mu.Unlock()
		active, _ := s.registry.Count()
		switch mode &^ restart {
		case stopNow:
			s.Stop(0)
		case stopGracefully:
			if active > 0 {
				fmt.Fprintf(r.Out, "Waiting for %s to end; no new calls are taken.\n", plural(active, "channel"))
			}
			s.Stop(-1)
		case stopWhenConvenient:
			if active > 0 {
				fmt.Fprintf(r.Out, "Waiting until %s have ended.\n", plural(active, "channel"))
			}
			s.stopWhenEmpty(-1)
		}
		return nil
	}
}

func (s *Server) abortShutdown(_ context.Context, r *decl.Request) error {
	t := &s.stop
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return fmt.Errorf("too late: the exchange is ending")
	}
	if t.pending != nil {
		close(t.pending)
		t.pending = nil
	}
	t.restart = false
	s.registry.Reopen()
	fmt.Fprintln(r.Out, "Shutdown aborted.")
	return nil
}
