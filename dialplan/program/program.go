// Package program runs commands of the dialplan's author on behalf of a call:
// System, TrySystem and SHELL. Scripts of AGI are counted with them.
//
// A command is a line for /bin/sh. What came from a caller may stand in it only
// where it cannot mean anything to the shell; Check says so. Run waits for the
// command on the goroutine of the caller, a dialplan thread; it never runs on a
// loop.
package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"pbx/channel"
)

// ErrNotRun says that the shell could not run the command (exit status 127) or
// could not be started itself.
var ErrNotRun = errors.New("the command could not be run")

// UnsafeError says that text from a caller means something to the shell.
type UnsafeError struct{ Text string }

func (e *UnsafeError) Error() string {
	return fmt.Sprintf("%q came from a caller and is not handed to a shell; FILTER() or QUOTE() makes it harmless", e.Text)
}

// harmless are the characters, besides letters and digits, that a caller may have
// put into a command line. Neither quoted nor unquoted do they mean anything to
// the shell.
const harmless = " _+-.,:@%/#"

// Check returns an *UnsafeError when a part of v that came from the network holds
// a character that means something to the shell, or begins like an option.
func Check(v channel.Value) error {
	for _, s := range v.Taint {
		part := v.S[s.Start:s.End]
		for _, c := range []byte(part) {
			if !safe(c) {
				return &UnsafeError{part}
			}
		}
		// A blank ends a word: what follows it could be an option, a path or a comment.
		for i := range len(part) {
			first := i == 0 && (s.Start == 0 || v.S[s.Start-1] == ' ') || i > 0 && part[i-1] == ' '
			if first && (part[i] == '-' || part[i] == '#') {
				return &UnsafeError{part}
			}
		}
		if strings.Contains(part, "..") {
			return &UnsafeError{part}
		}
	}
	return nil
}

func safe(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 || strings.IndexByte(harmless, c) >= 0
}

// Result is how a command ended.
type Result struct {
	Status int // the exit status; 128 plus the signal that ended it
	Output []byte
}

// Command is a line for /bin/sh.
type Command struct {
	Line string
	// Env is added to the environment of the exchange.
	Env []string
	// Stdin is what the command may read, nil for nothing.
	Stdin io.Reader
}

// ErrTime says that a command ran longer than it may and was killed.
var ErrTime = errors.New("the command ran longer than it may and was killed")

// Run runs a line with /bin/sh and waits until it ends, or until ctx or its time
// does: then the shell and what it started in its process group are killed.
func (r *Runner) Run(ctx context.Context, c Command) (Result, error) {
	release, err := r.Take()
	if err != nil {
		return Result{}, err
	}
	defer release()
	limits := r.Limits()
	if limits.Time > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, limits.Time)
		defer cancel()
	}
	result, err := run(ctx, c, limits.Output)
	if limits.Time > 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("%w (%v)", ErrTime, limits.Time)
	}
	return result, err
}

func run(ctx context.Context, c Command, most int) (Result, error) {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", c.Line)
	cmd.Env = append(cmd.Environ(), c.Env...)
	cmd.Stdin = c.Stdin
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for children that keep the output open
	out := capped{most: most}
	cmd.Stdout = &out
	err := cmd.Run()
	r := Result{Output: out.kept.Bytes()}
	var exit *exec.ExitError
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return r, nil
	case !errors.As(err, &exit):
		return r, fmt.Errorf("%w: %w", ErrNotRun, err)
	}
	r.Status = exit.ExitCode()
	if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		r.Status = 128 + int(w.Signal())
	}
	if r.Status == 127 || r.Status == 126 {
		return r, ErrNotRun
	}
	return r, nil
}

// capped keeps the first bytes of what is written. It has nothing but Write, so
// that no copy goes around it.
type capped struct {
	kept bytes.Buffer
	most int
}

func (c *capped) Write(p []byte) (int, error) {
	c.kept.Write(p[:min(len(p), c.most-c.kept.Len())])
	return len(p), nil
}
