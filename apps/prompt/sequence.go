package prompt

import (
	"errors"
	"io"

	"pbx/media"
)

// sequence is sounds of one codec, one after another, as one source.
type sequence struct {
	codec string
	rest  []media.Source
}

// add appends a sound; one of another codec than the first is left out.
func (q *sequence) add(src media.Source) {
	if q.codec == "" {
		q.codec = src.Codec()
	}
	if src.Codec() == q.codec {
		q.rest = append(q.rest, src)
	}
}

// Codec is that of the first sound.
func (q *sequence) Codec() string { return q.codec }

// Read fills block from the sounds that are left.
func (q *sequence) Read(block []byte) (n int, err error) {
	for len(q.rest) > 0 && n < len(block) {
		k, err := q.rest[0].Read(block[n:])
		n += k
		if errors.Is(err, io.EOF) {
			q.rest = q.rest[1:]
		} else if err != nil {
			return n, err
		}
	}
	if len(q.rest) == 0 {
		return n, io.EOF
	}
	return n, nil
}
