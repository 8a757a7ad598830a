package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"
)

// Prompt connects to the exchange at path and lets an operator type: history,
// completion with the tab key, log lines between. It returns when the operator
// leaves (exit, quit, end of input) or the exchange goes. Without a terminal it
// runs the lines of in.
func Prompt(ctx context.Context, path string, verbose int, history string, in *os.File, out io.Writer) error {
	if !term.IsTerminal(int(in.Fd())) {
		return batch(ctx, path, in, out)
	}
	var screen *term.Terminal
	ready := make(chan struct{})
	c, err := Dial(path, func(line []byte) {
		<-ready
		_, _ = screen.Write(line)
	})
	if err != nil {
		return err
	}
	defer c.Close()
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(in.Fd()), state) }()
	host, _ := os.Hostname()
	screen = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, host+"*CLI> ")
	if w, h, err := term.GetSize(int(in.Fd())); err == nil && w > 0 {
		_ = screen.SetSize(w, h)
	}
	screen.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		return complete(ctx, c, screen, line, pos)
	}
	past := loadHistory(history)
	screen.History = past
	close(ready)
	if err := c.Watch(ctx, verbose); err != nil {
		return err
	}
	typed := make(chan string)
	over := make(chan error, 1)
	next := make(chan struct{})
	go func() {
		// It may sit in ReadLine when the exchange goes; the program ends then.
		for {
			line, err := screen.ReadLine()
			if err != nil {
				over <- err
				return
			}
			select {
			case typed <- strings.TrimSpace(line):
			case <-c.Gone():
				return
			}
			<-next
		}
	}()
	for {
		select {
		case <-c.Gone():
			fmt.Fprint(out, "\r\nDisconnected: the exchange has closed the connection.\r\n")
			return nil
		case err := <-over:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		case line := <-typed:
			switch {
			case line == "":
			case leaves(line):
				return nil
			default:
				past.save(line)
				// A failed command has said so on the screen; a lost
				// connection ends the loop.
				_ = c.Run(ctx, line, screen)
			}
			next <- struct{}{}
		}
	}
}

// leaves reports whether a line ends the console rather than asks the exchange something.
func leaves(line string) bool { return line == "exit" || line == "quit" }

func batch(ctx context.Context, path string, in io.Reader, out io.Writer) error {
	c, err := Dial(path, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	var failed error
	for s := bufio.NewScanner(in); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if leaves(line) {
			break
		}
		if line == "" {
			continue
		}
		if err := c.Run(ctx, line, out); err != nil {
			failed = err
		}
	}
	return failed
}

// complete finishes the word before the cursor as far as it is certain, and lists
// the choices when it is not.
func complete(ctx context.Context, c *Client, screen io.Writer, line string, pos int) (string, int, bool) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	words, err := c.Complete(ctx, line[:pos])
	if err != nil || len(words) == 0 {
		return "", 0, false
	}
	start := strings.LastIndexAny(line[:pos], " \t") + 1
	common := words[0]
	for _, w := range words[1:] {
		for !hasFold(w, common) {
			common = common[:len(common)-1]
		}
	}
	if len(words) == 1 {
		if !strings.HasSuffix(common, "/") && !strings.HasSuffix(common, "(") { // a directory, a function: more follows
			common += " "
		}
	} else if len(common) <= pos-start {
		fmt.Fprintln(screen, strings.Join(words, "  "))
		return "", 0, false
	}
	return line[:start] + common + line[pos:], start + len(common), true
}

// pastLines is the operator's history, kept in a file across sessions.
type pastLines struct {
	path  string
	lines []string // oldest first
}

const historyLimit = 500

func loadHistory(path string) *pastLines {
	h := &pastLines{path: path}
	if path == "" {
		return h
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return h
	}
	for line := range strings.Lines(string(text)) {
		h.Add(strings.TrimRight(line, "\n"))
	}
	return h
}

// Add implements term.History.
func (h *pastLines) Add(line string) {
	if line == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	if len(h.lines) > historyLimit {
		h.lines = h.lines[len(h.lines)-historyLimit:]
	}
}

// Len implements term.History.
func (h *pastLines) Len() int { return len(h.lines) }

// At implements term.History: 0 is the latest line.
func (h *pastLines) At(i int) string { return h.lines[len(h.lines)-1-i] }

// save appends a line to the file; a history that cannot be kept is no error.
func (h *pastLines) save(line string) {
	if h.path == "" || os.MkdirAll(filepath.Dir(h.path), 0o700) != nil {
		return
	}
	f, err := os.OpenFile(h.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, _ = fmt.Fprintln(f, line)
	_ = f.Close()
}
