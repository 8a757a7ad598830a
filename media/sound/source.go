package sound

import (
	"io"
	"time"
)

// clip is the audio of one file.
type clip struct {
	codec string
	data  []byte
	// frame bytes hold each of the codec's frames, of length each.
	frame int
	each  time.Duration
}

// Source plays a clip. It implements media.Source and media.Rewinder.
type Source struct {
	clip clip
	at   int
}

// Codec is the form of the audio.
func (s *Source) Codec() string { return s.clip.codec }

// Rewind begins again.
func (s *Source) Rewind() { s.at = 0 }

// Read fills b with what follows.
func (s *Source) Read(b []byte) (int, error) {
	n := copy(b, s.clip.data[s.at:])
	s.at += n
	if s.at == len(s.clip.data) {
		return n, io.EOF
	}
	return n, nil
}

// Duration is the length of the whole sound.
func (s *Source) Duration() time.Duration { return s.clip.time(len(s.clip.data)) }

// Position is how much of it was read.
func (s *Source) Position() time.Duration { return s.clip.time(s.at) }

// Seek goes to a time, or the nearest there is.
func (s *Source) Seek(d time.Duration) {
	frames := len(s.clip.data) / s.clip.frame
	s.at = min(max(int(d/s.clip.each), 0), frames) * s.clip.frame
}

func (c *clip) time(n int) time.Duration {
	return time.Duration(n/c.frame) * c.each
}
