package appstest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"pbx/media"
	"pbx/media/tone"
)

// Session plays sounds in the test's clock, each for as long as it lasts.
type Session struct {
	events media.Events

	mu     sync.Mutex
	id     media.PlayID
	timer  *time.Timer
	record []string
}

// Format implements prompt.Session.
func (s *Session) Format() string { return "ulaw" }

// Play implements prompt.Session.
func (s *Session) Play(src media.Source, _ bool) media.PlayID {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	s.id++
	id := s.id
	if _, ok := src.(*tone.Source); ok {
		s.record = append(s.record, "tone")
		return id
	}
	d := length(src)
	s.record = append(s.record, fmt.Sprintf("sound(%dms)", d.Milliseconds()))
	s.timer = time.AfterFunc(d, func() {
		s.mu.Lock()
		current := s.id == id && s.timer != nil
		s.timer = nil
		s.mu.Unlock()
		if current {
			s.events.Played(id, nil)
		}
	})
	return id
}

func length(src media.Source) (d time.Duration) {
	block := make([]byte, media.BlockSize(src.Codec()))
	for {
		n, err := src.Read(block)
		d += time.Duration(n) * 20 * time.Millisecond / time.Duration(len(block))
		if err != nil {
			return d
		}
	}
}

// Stop implements prompt.Session.
func (s *Session) Stop(id media.PlayID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == s.id {
		s.record = append(s.record, "stop")
		s.stop()
	}
}

func (s *Session) stop() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
		id := s.id
		go s.events.Played(id, media.ErrStopped)
	}
}

// Echo implements prompt.Session.
func (s *Session) Echo(on bool) {
	s.mu.Lock()
	s.record = append(s.record, fmt.Sprintf("echo(%v)", on))
	s.mu.Unlock()
}

// Heard is what was played, in one line.
func (s *Session) Heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.record, " ")
}
