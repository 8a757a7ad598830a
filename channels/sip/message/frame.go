package message

import "bytes"

// Framer finds where messages end in a stream, in which only Content-Length tells
// (RFC 3261 18.3). It looks at every octet once, however few come at a time. The
// zero value is ready for the first message.
type Framer struct {
	header int // where the header line being read begins, with its folds
	line   int // where the line that is not complete yet begins
	seek   int // up to where there is no end of it
	length int // of the body plus 1, 0 before Content-Length was seen
	total  int // of the message, once its headers are complete
}

// Why a stream cannot be followed any further.
var (
	errNoLength  = bad("Missing Content-Length header")
	errNoMessage = &ParseError{Reason: "Not a SIP message"}
)

// Next returns the length of the message that b begins with, 0 when more octets
// are needed: then it is called again with the same octets and those that followed.
// An error, a *ParseError, says that nobody can tell where the message ends, and
// that the stream is of no use any more.
func (f *Framer) Next(b []byte) (int, error) {
	for f.total == 0 {
		i := bytes.IndexByte(b[f.seek:], '\n')
		if i < 0 {
			f.seek = len(b)
			if f.seek > MaxSize {
				return 0, errTooLarge
			}
			return 0, nil
		}
		next := f.seek + i + 1
		line := bytes.TrimSuffix(b[f.line:next-1], []byte{'\r'})
		first := f.line == 0
		if first && !startsMessage(line) {
			return 0, errNoMessage
		}
		if !first && (len(line) == 0 || !isBlank(line[0])) {
			if err := f.read(b[f.header:f.line]); err != nil {
				return 0, err
			}
			f.header = f.line
		}
		f.line, f.seek = next, next
		if len(line) > 0 {
			continue
		}
		if f.length == 0 {
			return 0, errNoLength
		}
		f.total = next + f.length - 1
		if f.total > MaxSize {
			return 0, errTooLarge
		}
	}
	if len(b) < f.total {
		return 0, nil
	}
	n := f.total
	*f = Framer{}
	return n, nil
}

// startsMessage reports whether a line can be the first of a message. Where one
// is not, the sender and we have lost each other, or he speaks something else.
func startsMessage(line []byte) bool {
	if len(line) >= 4 && equalFold(line[:4], "SIP/") {
		return true
	}
	if n := tokenLen(line); n > 0 && n < len(line) && isBlank(line[n]) {
		return true
	}
	i := bytes.LastIndexByte(line, ' ')
	return i > 0 && len(line) >= i+5 && equalFold(line[i+1:i+5], "SIP/")
}

// read takes Content-Length out of a header line with its folds; the first line of
// a message is none.
func (f *Framer) read(header []byte) error {
	if f.header == 0 {
		return nil
	}
	name, value, ok := bytes.Cut(header, []byte{':'})
	if !ok || HeaderIDOf(bytes.TrimRight(name, " \t")) != HeaderContentLength {
		return nil
	}
	n, ok := number(bytes.Trim(value, " \t\r\n"), 1<<31)
	switch {
	case !ok:
		return errLength
	case f.length > 0 && f.length != int(n)+1:
		return errLengths
	case n > MaxSize:
		return errTooLarge
	}
	f.length = int(n) + 1
	return nil
}
