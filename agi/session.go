package agi

import (
	"errors"
	"fmt"

	"pbx/channel"
	"pbx/config"
	"pbx/event"
)

// session is one call of a program. It belongs to the thread of its call, but for
// the reader.
type session struct {
	conversation
	agi      *AGI
	args     []string // for the program
	data     string   // the whole text of the application
	enhanced bool

	network       bool // a server, not a script
	deadFromStart bool // the program was started on a call that is over
	exit          int  // of a script, if exited
	exited        bool
	leave         bool // ASYNCAGI BREAK came
}

// run is the session from its beginning to its end.
func (s *session) run() status {
	s.deadFromStart = s.ch.HungUp()
	s.over = s.deadFromStart
	if s.name == asyncName {
		return s.async()
	}
	w, refused := s.open()
	if refused != "" {
		return refused
	}
	s.begin(w)
	defer s.end()
	s.limit(s.agi.deps.Limits().Time, "ran longer than it may")
	result := s.serve()
	event.Verbose(s.t.Log(), 3, "<%s>AGI Script %s completed, returning %d", s.ch.Name(), s.name, map[status]int{hungUp: 4, failure: -1}[result])
	if result != hungUp && s.status() != 0 {
		return failure // a script says so by its exit status
	}
	return result
}

// serve answers commands until the program or its patience ends.
func (s *session) serve() status {
	if !s.write(s.agi.environment(s.t, s.facts(), s.request(), s.enhanced, s.args)) {
		return s.ended()
	}
	for {
		if s.gone() && !s.over && !s.tell() {
			return hungUp
		}
		line, ok, err := s.next(nil)
		switch {
		case errors.Is(err, channel.ErrHangup):
			continue
		case !ok && s.babbled:
			s.t.Log().Warn(fmt.Sprintf("%s said a line of more than %d bytes and is left", s.who(), maxLine-1))
			return failure
		case !ok:
			return s.ended()
		}
		s.agi.trace(s.t.Log(), s.ch, "<%s>AGI Rx << %s", line)
		reply := s.answer(line)
		if !s.network && s.gone() && !s.over && !s.tell() {
			return hungUp
		}
		if !s.write(reply.text()) {
			return s.ended()
		}
	}
}

// ended is how the session ended when the program did.
func (s *session) ended() status {
	if s.gone() && !s.deadFromStart {
		return hungUp
	}
	return success
}

// tell tells the program that the call is over, once. It reports whether the
// conversation goes on.
func (s *session) tell() bool {
	s.over = true
	if on, known := config.Bool(s.variable("AGISIGHUP")); on || !known {
		s.wire.hangup()
	}
	if leave, _ := config.Bool(s.variable("AGIEXITONHANGUP")); leave {
		return false
	}
	s.limit(s.agi.deps.Limits().Dead, "went on after its call longer than it may")
	return true
}

func (s *session) variable(name string) string {
	v, _ := s.ch.Var(name)
	return v.S
}

// write sends text, shows it where `agi set debug` asked for it, and reports whether it could.
func (s *session) write(text string) bool {
	if s.agi.debug.Load() {
		s.agi.trace(s.t.Log(), s.ch, "<%s>AGI Tx >> %s", text)
	}
	return s.conversation.write(text)
}

// note sends a line ahead of a command's reply. AsyncAGI has only the reply.
func (s *session) note(line string) bool { return s.wire == nil || s.write(line) }
