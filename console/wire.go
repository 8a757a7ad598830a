package console

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The console socket speaks lines of text. A client sends requests,
//
//	run LINE        run a command
//	complete LINE   what may stand at the end of LINE
//	watch N         show log lines too, verbose ones up to class N
//	api METHOD TARGET BODY
//	                a request of the JSON interface, BODY in one line or left out
//
// each at most requestLimit bytes with its newline, and gets frames back: a
// line "KIND LENGTH" and LENGTH bytes. Kinds are "out" (a part of a command's
// answer), "end" (the command is over; the bytes are its error, none if it
// succeeded; for "api" the status of a request that did not), "words" (completions, one a line) and "log" (a log line, at any
// time). The bytes of a frame may be anything.
const (
	requestLimit = 64 << 10
	frameLimit   = 1 << 20
	chunkLimit   = 32 << 10
)

var errTooLong = errors.New("request too long")

// readRequest reads one request line without its newline.
func readRequest(r *bufio.Reader) (verb, rest string, err error) {
	var b []byte
	for {
		part, err := r.ReadSlice('\n')
		b = append(b, part...)
		if len(b) > requestLimit {
			return "", "", errTooLong
		}
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", "", err
		}
	}
	verb, rest, _ = strings.Cut(strings.TrimRight(string(b), "\r\n"), " ")
	return verb, rest, nil
}

// appendFrame appends one frame.
func appendFrame(dst []byte, kind string, body []byte) []byte {
	dst = fmt.Appendf(dst, "%s %d\n", kind, len(body))
	return append(dst, body...)
}

// readFrame reads one frame.
func readFrame(r *bufio.Reader) (kind string, body []byte, err error) {
	head, err := r.ReadSlice('\n')
	if err != nil {
		return "", nil, err
	}
	kind, length, ok := strings.Cut(strings.TrimSuffix(string(head), "\n"), " ")
	n, err := strconv.Atoi(length)
	if !ok || err != nil || n < 0 || n > frameLimit {
		return "", nil, fmt.Errorf("console: bad frame %q", head)
	}
	body = make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return "", nil, err
	}
	return kind, body, nil
}
