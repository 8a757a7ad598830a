package prompt

import (
	"sync/atomic"

	"pbx/media/sound"
)

// meter is a sound that tells how far it was played while it still plays: the
// media loop reads it, the thread of the call looks.
type meter struct {
	source *sound.Source
	at     atomic.Int64 // the place, in nanoseconds
}

// Codec implements media.Source.
func (m *meter) Codec() string { return m.source.Codec() }

// Read implements media.Source.
func (m *meter) Read(b []byte) (int, error) {
	n, err := m.source.Read(b)
	m.at.Store(int64(m.source.Position()))
	return n, err
}
