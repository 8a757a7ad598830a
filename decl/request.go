package decl

import (
	"errors"
	"io"
)

// ErrUsage is returned by a console command whose arguments make no sense; the
// operator is shown how it is used.
var ErrUsage = errors.New("usage")

// Request is one console command as an operator typed it.
type Request struct {
	// Args are the words after the command's own, quotes removed.
	Args []string
	// Line is the whole line.
	Line string
	// Out takes the answer; lines end in "\n".
	Out io.Writer
}

// Arg returns argument i or "".
func (r *Request) Arg(i int) string {
	if i < 0 || i >= len(r.Args) {
		return ""
	}
	return r.Args[i]
}
