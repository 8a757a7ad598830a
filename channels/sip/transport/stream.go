package transport

import (
	"net"
	"sync/atomic"
	"time"

	"pbx/channels/sip/message"
)

// stream is the link of TCP and TLS.
type stream struct {
	net.Conn          // what is read and written
	raw      net.Conn // below it
	limit    time.Duration
	aborted  atomic.Bool
}

func (l *stream) write(b []byte, _ []int) error {
	_ = l.SetWriteDeadline(time.Now().Add(l.limit))
	_, err := l.Write(b)
	return err
}

// close says goodbye; TLS waits a few seconds for room to say it at most.
func (l *stream) close() {
	if !l.aborted.Swap(true) {
		_ = l.Close()
	}
}

func (l *stream) abort() {
	if !l.aborted.Swap(true) {
		_ = l.raw.Close()
	}
}

// firstBuffer is what a connection reads into until a message needs more.
const firstBuffer = 4 << 10

// pong answers a keep-alive.
var pong = []byte("\r\n")

// serve reads messages one after the other. Between them CRLF CRLF is a keep-alive
// that is answered with CRLF (RFC 5626 4.4.1); other line breaks are passed over
// (RFC 3261 7.5).
func (l *stream) serve(c *conn) error {
	buf := make([]byte, firstBuffer)
	var framer message.Framer
	start, end, breaks := 0, 0, 0
	for {
		n, err := l.Read(buf[end:])
		end += n
		for start < end {
			if b := buf[start]; breaks >= 0 && (b == '\r' || b == '\n') {
				start++
				if b == '\n' {
					if breaks++; breaks == 2 {
						breaks = 0
						if err := c.enqueue(pong); err != nil {
							return err
						}
					}
				}
				continue
			}
			breaks = -1 // within a message
			n, err := framer.Next(buf[start:end])
			if err != nil {
				return c.unframed(buf[start:end], err)
			}
			if n == 0 {
				break
			}
			if !c.add(buf[start : start+n : start+n]) {
				return errClosing
			}
			start += n
			breaks = 0
		}
		if !c.deliver() {
			return errClosing
		}
		if err != nil {
			return err
		}
		if start == end {
			start, end = 0, 0
		}
		if end == len(buf) { // what is there must move, or have more room
			rest := buf[start:end]
			if len(rest) > len(buf)/2 {
				buf = make([]byte, 2*len(buf))
			}
			start, end = 0, copy(buf, rest)
		}
	}
}
