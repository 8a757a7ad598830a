package sdp

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"net/netip"
)

// MaxMedia is how many m-lines a description may have.
const MaxMedia = 32

// What Parse may find wrong.
var (
	ErrVersion    = errors.New("sdp: does not begin with v=0")
	ErrOrigin     = errors.New("sdp: malformed o= line")
	ErrConnection = errors.New("sdp: malformed c= line")
	ErrMedia      = errors.New("sdp: malformed m= line")
	ErrManyMedia  = fmt.Errorf("sdp: more than %d m= lines", MaxMedia)
)

// Session is a parsed description: what stands before the first m-line, and
// the media after it.
type Session struct {
	Origin     Origin
	Name       []byte     // s=
	Connection Connection // zero if every media has its own
	Direction  Direction  // what media that name none have

	attributes lines // what stands before the first m=
	media      lines // the first m= and all after it
	count      int
}

// Origin is the o= line (RFC 8866 5.2). Its numbers are kept as text: they may
// have any length, and are only compared.
type Origin struct {
	User, ID, Version []byte
	Connection        Connection
}

// SameSession reports whether two origins name the same session, in whatever
// version.
func (o Origin) SameSession(p Origin) bool {
	return bytes.Equal(o.User, p.User) && bytes.Equal(o.ID, p.ID) && bytes.Equal(o.Connection.Host, p.Connection.Host)
}

// Connection is an address of a c=, o= or a=rtcp line.
type Connection struct {
	Addr netip.Addr // not valid if Host is a name
	Host []byte     // as written, without TTL and count
}

// IsZero reports whether there is no address.
func (c Connection) IsZero() bool { return len(c.Host) == 0 }

// OnHold reports whether the address is 0.0.0.0 or ::, which RFC 2543 used to
// hold a stream (RFC 3264 8.4).
func (c Connection) OnHold() bool { return c.Addr.IsValid() && c.Addr.IsUnspecified() }

// Parse checks and indexes a description. The Session refers to text.
func Parse(text []byte) (Session, error) {
	var s Session
	rest := lines(text)
	key, value, rest := rest.next()
	if key != 'v' || string(bytes.TrimRight(value, " ")) != "0" {
		return Session{}, ErrVersion
	}
	start := rest
	for len(rest) > 0 {
		var err error
		before := rest
		switch key, value, rest = rest.next(); key {
		case 'o':
			s.Origin, err = parseOrigin(value)
		case 's':
			s.Name = value
		case 'c':
			s.Connection, err = parseConnection(value)
		case 'a':
			if d, ok := directionOf(value); ok {
				s.Direction = d
			}
		case 'm':
			s.attributes = start[:len(start)-len(before)]
			s.media = before
			return s, s.checkMedia()
		}
		if err != nil {
			return Session{}, err
		}
	}
	s.attributes = start
	return s, nil
}

// checkMedia reads each media once, so that Media has no errors to tell.
func (s *Session) checkMedia() error {
	for rest := s.media; len(rest) > 0; {
		if s.count++; s.count > MaxMedia {
			return ErrManyMedia
		}
		var err error
		if _, rest, err = s.parseMedia(rest); err != nil {
			return err
		}
	}
	return nil
}

// NumMedia returns the number of m-lines.
func (s *Session) NumMedia() int { return s.count }

// Media yields the media in order, with their numbers from 0.
func (s *Session) Media() iter.Seq2[int, Media] {
	return func(yield func(int, Media) bool) { s.eachMedia(yield) }
}

func (s *Session) eachMedia(yield func(int, Media) bool) {
	rest := s.media
	for i := 0; len(rest) > 0; i++ {
		var m Media
		var err error
		if m, rest, err = s.parseMedia(rest); err != nil || !yield(i, m) {
			return
		}
	}
}

// First returns the first media of a kind ("audio") that is not refused, and its
// number.
func (s *Session) First(kind string) (i int, m Media, ok bool) {
	for i, m := range s.Media() {
		if m.Is(kind) && m.Port != 0 {
			return i, m, true
		}
	}
	return 0, Media{}, false
}

// Attribute returns the value of the first a= line at session level with the
// name, and whether there is one; the value of a property is empty.
func (s *Session) Attribute(name string) ([]byte, bool) { return s.attributes.attribute(name) }

// Attributes yields name and value of the a= lines at session level.
func (s *Session) Attributes() iter.Seq2[[]byte, []byte] { return s.attributes.attributes() }
