package dryrun

import (
	"sync"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/media"
	"pbx/media/tone"
)

// session plays sounds to nobody, each for as long as it lasts.
type session struct {
	clock *channel.Virtual
	ch    *channel.Channel

	mu   sync.Mutex
	id   media.PlayID
	stop func() // of the sound that plays, nil for none
}

var _ prompt.Session = (*session)(nil)

// Format implements prompt.Session.
func (s *session) Format() string { return "ulaw" }

// Play implements prompt.Session.
func (s *session) Play(src media.Source, repeat bool) media.PlayID {
	s.mu.Lock()
	s.id++
	id := s.id
	was := s.stop
	s.stop = nil
	s.mu.Unlock()
	if was != nil {
		was()
		s.ch.Played(id-1, media.ErrStopped)
	}
	if _, endless := src.(*tone.Source); endless || repeat {
		return id
	}
	d := length(src)
	s.mu.Lock()
	s.stop = s.clock.AfterFunc(d, func() {
		s.mu.Lock()
		s.stop = nil
		s.mu.Unlock()
		s.ch.Played(id, nil)
	})
	s.mu.Unlock()
	return id
}

// Stop implements prompt.Session.
func (s *session) Stop(id media.PlayID) {
	s.mu.Lock()
	stop := s.stop
	if id != s.id {
		stop = nil
	} else {
		s.stop = nil
	}
	s.mu.Unlock()
	if stop != nil {
		stop()
		s.ch.Played(id, media.ErrStopped)
	}
}

// Echo implements prompt.Session.
func (s *session) Echo(bool) {}

// longest bounds what is read to find out how long a sound lasts.
const longest = 10 * time.Minute

// length is how long a sound lasts: it is over when the time of its last block, whole
// or not, is.
func length(src media.Source) time.Duration {
	const block = 20 * time.Millisecond
	b := make([]byte, media.BlockSize(src.Codec()))
	n := 0
	for n < int(longest/block)*len(b) {
		k, err := src.Read(b)
		n += k
		if err != nil {
			break
		}
	}
	return time.Duration((n+len(b)-1)/len(b)) * block
}
