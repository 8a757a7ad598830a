package sip

import (
	"fmt"
	"io"
	"sync/atomic"
)

// traceFile is a file that messages are written to by a goroutine of its own: the
// loop hands them over and never waits. What the disk is too slow for is dropped,
// and counted in the file.
type traceFile struct {
	queue   chan string
	dropped atomic.Uint64
	ended   chan struct{}
}

// traceQueue is how many messages wait for the disk.
const traceQueue = 4096

func newTraceFile(w io.WriteCloser) *traceFile {
	f := &traceFile{queue: make(chan string, traceQueue), ended: make(chan struct{})}
	go func() {
		defer close(f.ended)
		defer w.Close()
		for text := range f.queue {
			if n := f.dropped.Swap(0); n > 0 {
				text = fmt.Sprintf("\n%d messages were dropped: the disk is too slow\n%s", n, text)
			}
			if _, err := io.WriteString(w, text); err != nil {
				f.dropped.Add(1)
			}
		}
	}()
	return f
}

// write hands a text over. The loop calls it.
func (f *traceFile) write(text string) {
	select {
	case f.queue <- text:
	default:
		f.dropped.Add(1)
	}
}

// close ends the file when what was handed over is written; the loop does not know
// it any more. A nil file is closed.
func (f *traceFile) close() {
	if f == nil {
		return
	}
	close(f.queue)
	<-f.ended
}
