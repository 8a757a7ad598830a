package manager

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"pbx/decl"
)

// The limits of a message.
const (
	maxLine    = 1024 // bytes of a line; the ancestor takes as many
	maxHeaders = 128
)

// Why a message cannot be taken; the texts are the ancestor's.
var (
	errTooLong  = errors.New("Failed to parse message: line too long")
	errTooMany  = errors.New("Too many lines in message or allocation failure")
	errNoAction = errors.New("Missing action in request")
)

// reader reads messages.
type reader struct{ *bufio.Reader }

func newReader(r io.Reader) reader { return reader{bufio.NewReaderSize(r, 2*maxLine)} }

// next reads one message: lines up to an empty one. errTooLong and errTooMany are of
// the message, which was read to its end; any other error is of the connection.
func (r reader) next() (headers []decl.Header, err error) {
	var fault error
	for n := 0; ; {
		line, err := r.line()
		if errors.Is(err, errTooLong) {
			fault = err
			continue
		}
		if err != nil {
			return nil, err
		}
		if line == "" {
			return headers, fault
		}
		if n++; n > maxHeaders {
			headers, fault = nil, errTooMany
			continue
		}
		if h, ok := parseHeader(line); ok && fault == nil {
			headers = append(headers, h)
		}
	}
}

// line reads a line without its end, LF or CRLF.
func (r reader) line() (string, error) {
	line, err := r.ReadSlice('\n')
	if err == nil && len(line) <= maxLine+2 {
		return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.ReadSlice('\n')
	}
	if err != nil {
		return "", err
	}
	return "", errTooLong
}

// parseHeader divides "Name: value"; a line without a colon is none. One blank after
// the colon is not part of the value.
func parseHeader(line string) (h decl.Header, ok bool) {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		return h, false
	}
	return decl.Header{Name: name, Value: strings.TrimPrefix(value, " ")}, true
}
