package agi

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"pbx/channel"
	"pbx/dialplan"
)

// replyTime is how long a program may leave what it is told unread before it is
// given up.
const replyTime = 10 * time.Second

// wire is the way to a program.
type wire interface {
	io.ReadWriter
	SetWriteDeadline(t time.Time) error
	// hangup tells the program that the call is over.
	hangup()
	// kill ends a program that takes too long.
	kill()
	// Close ends the conversation; the program may go on without it.
	io.Closer
}

// conversation is what a call and a program say to each other, a line at a time. It
// belongs to the thread of its call, but for the reader.
type conversation struct {
	t    *dialplan.Thread
	ch   *channel.Channel
	what string // AGI Script, or ExternalIVR
	name string // of the program, as the plan has it

	wire   wire
	over   bool // the program knows that the call is
	lines  chan string
	done   chan struct{}
	reader sync.WaitGroup
	stops  []func()
	// babbled says that a line was longer than it may; the reader sets it before it
	// closes lines.
	babbled bool
}

// begin begins to read what the program says.
func (c *conversation) begin(w wire) {
	c.wire = w
	c.lines, c.done = make(chan string, 1), make(chan struct{})
	c.reader.Go(c.read)
}

// end ends the conversation; the program may go on without it.
func (c *conversation) end() {
	for _, stop := range c.stops {
		stop()
	}
	close(c.done)
	_ = c.wire.Close()
	c.reader.Wait()
}

// limit ends the program in d, unless the conversation ends before; 0 never does.
func (c *conversation) limit(d time.Duration, why string) {
	if d <= 0 {
		return
	}
	w, log, who := c.wire, c.t.Log(), c.who()
	c.stops = append(c.stops, c.ch.Registry().AfterFunc(d, func() {
		log.Warn(fmt.Sprintf("%s %s (%v) and is ended", who, why, d))
		w.kill()
	}))
}

// who names the conversation in the log.
func (c *conversation) who() string {
	return fmt.Sprintf("<%s>%s %s", c.ch.Name(), c.what, c.name)
}

// read hands on what the program says, a line at a time.
func (c *conversation) read() {
	defer func() {
		close(c.lines)
		c.wake()
	}()
	r := bufio.NewReaderSize(c.wire, maxLine)
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			c.babbled = true
			return
		}
		if err != nil && len(line) == 0 {
			return
		}
		select {
		case c.lines <- strings.TrimSuffix(string(line), "\n"):
		case <-c.done:
			return
		}
		c.wake()
		if err != nil {
			return
		}
	}
}

// wake has the thread look for a line. The frame says nothing: one that was lost
// among many others is not missed.
func (c *conversation) wake() { c.ch.Queue(channel.Frame{Kind: channel.FrameWake}) }

// gone reports that the call is over, or was sent elsewhere.
func (c *conversation) gone() bool { return c.ch.HungUp() || c.ch.Redirected() }

// next waits for a line of the program; ok is false at its end. The end of the
// call is an error, until the program was told of it. hear, unless nil, takes the
// frames that come meanwhile.
func (c *conversation) next(hear func(channel.Frame)) (line string, ok bool, err error) {
	for !c.over {
		select {
		case line, ok = <-c.lines:
			return line, ok, nil
		default:
		}
		if c.gone() {
			return "", false, channel.ErrHangup
		}
		// Whatever comes, a line may be there with it; errors are the call's end.
		if f, err := c.ch.Wait(-1); err == nil && hear != nil {
			hear(f)
		}
	}
	line, ok = <-c.lines
	return line, ok, nil
}

// write sends text, and reports whether it could.
func (c *conversation) write(text string) bool {
	_ = c.wire.SetWriteDeadline(time.Now().Add(replyTime))
	_, err := io.WriteString(c.wire, text)
	return err == nil
}
