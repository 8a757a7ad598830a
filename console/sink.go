package console

import (
	"io"
	"log/slog"
	"slices"
)

// Sink is one place that lines go to.
type Sink struct {
	log    *Logger
	name   string
	kind   string // Console, File or Syslog
	levels Levels
	write  func(level slog.Level, line []byte)
	file   *logFile
	closer io.Closer // of a syslog
}

// Attach adds a console whose lines are handed to write on the logger's
// goroutine; write must not block.
func (l *Logger) Attach(name string, levels Levels, write func(level slog.Level, line []byte)) *Sink {
	s := &Sink{log: l, name: name, kind: "Console", levels: levels, write: write}
	l.mu.Lock()
	l.sinks = append(l.sinks, s)
	l.recount()
	l.mu.Unlock()
	return s
}

// AttachWriter is Attach for a writer such as standard error.
func (l *Logger) AttachWriter(name string, levels Levels, w io.Writer) *Sink {
	return l.Attach(name, levels, func(_ slog.Level, line []byte) { _, _ = w.Write(line) })
}

// Close detaches the sink.
func (s *Sink) Close() {
	l := s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sinks = slices.DeleteFunc(l.sinks, func(o *Sink) bool { return o == s })
	l.recount()
}

// Levels returns what the sink shows.
func (s *Sink) Levels() Levels {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.levels
}

// SetVerbose shows verbose lines up to class n on this sink and returns what it
// was before.
func (s *Sink) SetVerbose(n int) (old int) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	old, s.levels.Verbose = s.levels.Verbose, n
	s.log.recount()
	return old
}

// setLevel is Session.SetLevel.
func (s *Sink) setLevel(name string, on bool) bool {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	ok := s.levels.set(name, on)
	s.log.recount()
	return ok
}
