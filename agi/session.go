package agi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"pbx/channel"
	"pbx/config"
	"pbx/dialplan"
	"pbx/event"
)

// replyTime is how long a program may leave a reply unread before it is given up.
const replyTime = 10 * time.Second

// wire is the way to a program.
type wire interface {
	io.ReadWriter
	SetWriteDeadline(t time.Time) error
	// hangup tells the program that the call is over.
	hangup()
	// kill ends a program that takes too long.
	kill()
	// Close ends the conversation; the program may go on without it.
	io.Closer
}

// session is one call of a program. It belongs to the thread of its call, but for
// the reader.
type session struct {
	agi      *AGI
	t        *dialplan.Thread
	ch       *channel.Channel
	name     string   // of the program, as the plan has it
	args     []string // for it
	data     string   // the whole text of the application
	enhanced bool

	network       bool // a server, not a script
	deadFromStart bool // the program was started on a call that is over
	over          bool // the program knows that the call is
	wire          wire
	exit          int // of a script, if exited
	exited        bool
	leave         bool // ASYNCAGI BREAK came

	lines chan string
	done  chan struct{}
	stops []func()
	// babbled says that a line was longer than it may; the reader sets it before it
	// closes lines.
	babbled bool
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
	s.wire = w
	s.lines, s.done = make(chan string, 1), make(chan struct{})
	var reader sync.WaitGroup
	reader.Add(1)
	go func() {
		defer reader.Done()
		s.read()
	}()
	defer func() {
		for _, stop := range s.stops {
			stop()
		}
		close(s.done)
		_ = w.Close()
		reader.Wait()
	}()
	s.limit(s.agi.deps.Limits().Time, "ran longer than it may")
	result := s.serve()
	event.Verbose(s.t.Log(), 3, "<%s>AGI Script %s completed, returning %d", s.ch.Name(), s.name, map[status]int{hungUp: 4, failure: -1}[result])
	if result != hungUp && s.status() != 0 {
		return failure // a script says so by its exit status
	}
	return result
}

// limit ends the program in d; 0 never does.
func (s *session) limit(d time.Duration, why string) {
	if d <= 0 {
		return
	}
	w, log, name, ch := s.wire, s.t.Log(), s.name, s.ch.Name()
	s.stops = append(s.stops, s.ch.Registry().AfterFunc(d, func() {
		log.Warn(fmt.Sprintf("<%s>AGI Script %s %s (%v) and is ended", ch, name, why, d))
		w.kill()
	}))
}

// read hands on what the program says, a line at a time.
func (s *session) read() {
	defer func() {
		close(s.lines)
		s.wake()
	}()
	r := bufio.NewReaderSize(s.wire, maxLine)
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			s.babbled = true
			return
		}
		if err != nil && len(line) == 0 {
			return
		}
		select {
		case s.lines <- strings.TrimSuffix(string(line), "\n"):
		case <-s.done:
			return
		}
		s.wake()
		if err != nil {
			return
		}
	}
}

// wake has the thread look for a line. The frame says nothing: one that was lost
// among many others is not missed.
func (s *session) wake() { s.ch.Queue(channel.Frame{Kind: channel.FrameWake}) }

// serve answers commands until the program or its patience ends.
func (s *session) serve() status {
	if !s.write(s.agi.environment(s.t, s.facts(), s.request(), s.enhanced, s.args)) {
		return s.ended()
	}
	for {
		if s.gone() && !s.over && !s.tell() {
			return hungUp
		}
		line, ok, err := s.next()
		switch {
		case errors.Is(err, channel.ErrHangup):
			continue
		case !ok && s.babbled:
			s.t.Log().Warn(fmt.Sprintf("<%s>AGI Script %s said a line of more than %d bytes and is left", s.ch.Name(), s.name, maxLine-1))
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

// gone reports that the call is over, or was sent elsewhere.
func (s *session) gone() bool { return s.ch.HungUp() || s.ch.Redirected() }

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

// next waits for a line of the program; ok is false at its end. The end of the
// call is an error, until the program was told of it.
func (s *session) next() (line string, ok bool, err error) {
	for !s.over {
		select {
		case line, ok = <-s.lines:
			return line, ok, nil
		default:
		}
		if s.gone() {
			return "", false, channel.ErrHangup
		}
		// Whatever comes, a line may be there with it; errors are the call's end.
		_, _ = s.ch.Wait(-1)
	}
	line, ok = <-s.lines
	return line, ok, nil
}

// write sends text, and reports whether it could.
func (s *session) write(text string) bool {
	if s.agi.debug.Load() {
		s.agi.trace(s.t.Log(), s.ch, "<%s>AGI Tx >> %s", text)
	}
	_ = s.wire.SetWriteDeadline(time.Now().Add(replyTime))
	_, err := io.WriteString(s.wire, text)
	return err == nil
}

// note sends a line ahead of a command's reply. AsyncAGI has only the reply.
func (s *session) note(line string) bool { return s.wire == nil || s.write(line) }
