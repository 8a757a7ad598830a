package top

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Screen is where Watch draws.
type Screen struct {
	Out io.Writer
	// Size is that of the moment.
	Size func() (width, height int)
	// Keys are what is typed, Resized says that Size is another one, Ticks when to ask
	// again.
	Keys    <-chan byte
	Resized <-chan struct{}
	Ticks   <-chan time.Time
	Colour  bool
}

// What a terminal understands (xterm): another screen without a cursor, and back; home,
// the rest of a line and of the screen.
const (
	enter     = "\x1b[?1049h\x1b[?25l"
	leave     = "\x1b[?25h\x1b[?1049l"
	home      = "\x1b[H"
	clearLine = "\x1b[K"
	clearRest = "\x1b[J"
)

// Watch draws what sample returns until q or Ctrl-C is typed, ctx ends, or sample fails.
func Watch(ctx context.Context, s *Screen, sample func(context.Context) (*Sample, error)) error {
	if _, err := io.WriteString(s.Out, enter); err != nil {
		return err
	}
	defer func() { _, _ = io.WriteString(s.Out, leave) }()
	var before, now *Sample
	for {
		next, err := sample(ctx)
		if err != nil {
			return err
		}
		before, now = now, next
		if err := s.draw(before, now); err != nil {
			return err
		}
	wait:
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-s.Ticks:
				break wait
			case <-s.Resized:
				if err := s.draw(before, now); err != nil {
					return err
				}
			case key, ok := <-s.Keys:
				const ctrlC, ctrlD = 3, 4
				if !ok || key == 'q' || key == 'Q' || key == ctrlC || key == ctrlD {
					return nil
				}
			}
		}
	}
}

// draw draws one frame over the last one.
func (s *Screen) draw(before, now *Sample) error {
	w, h := s.Size()
	text := Frame(before, now, Options{Width: w, Height: max(h-1, 0), Colour: s.Colour})
	// A terminal in raw mode wants both ends of a line.
	_, err := fmt.Fprint(s.Out, home, strings.ReplaceAll(text, "\n", clearLine+"\r\n"), clearRest)
	return err
}
