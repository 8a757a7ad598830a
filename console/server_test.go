package console

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pbx/decl"
	"pbx/event"
)

func newTestServer(t testing.TB) (path string, l *Logger) {
	t.Helper()
	dir, err := os.MkdirTemp("", "pbx") // the name of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "ctl")
	l = NewLogger()
	commands := testCommands()
	commands.Add(decl.Command{Words: "set verbose", Args: []decl.Arg{{Name: "level"}}, Run: func(ctx context.Context, r *decl.Request) error {
		c := SessionFrom(ctx)
		if c == nil {
			return errors.New("no console")
		}
		var n int
		if _, err := fmt.Sscan(r.Arg(0), &n); err != nil {
			return decl.ErrUsage
		}
		fmt.Fprintf(r.Out, "was %d, watching %v\n", c.SetVerbose(n), c.Watching())
		return nil
	}}, decl.Command{Words: "set level", Args: []decl.Arg{{Name: "level"}, {Name: "on"}}, Run: func(ctx context.Context, r *decl.Request) error {
		if !SessionFrom(ctx).SetLevel(r.Arg(0), r.Arg(1) == "on") {
			return decl.ErrUsage
		}
		return nil
	}}, decl.Command{Words: "flood", Args: []decl.Arg{{Name: "lines", Optional: true}}, Run: func(_ context.Context, r *decl.Request) error {
		_, err := r.Out.Write(bytes.Repeat([]byte("x\n"), 100_000))
		return err
	}})
	s, err := Listen(path, 0o600, commands, nil, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		l.Close()
		os.RemoveAll(dir)
	})
	return path, l
}

func TestConsole(t *testing.T) {
	path, _ := newTestServer(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v, want 0600", info.Mode().Perm())
	}
	ctx := context.Background()
	c, err := Dial(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var out bytes.Buffer
	if err := c.Run(ctx, "sip show peer alice", &out); err != nil || out.String() != "alice\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	out.Reset()
	if err := c.Run(ctx, "fail", &out); !errors.Is(err, ErrFailed) || !strings.Contains(out.String(), "Command 'fail' failed.") {
		t.Errorf("%q, %v", out.String(), err)
	}
	out.Reset()
	if err := c.Run(ctx, "flood", &out); err != nil || out.Len() != 200_000 {
		t.Errorf("%d bytes, %v", out.Len(), err)
	}
	if w, err := c.Complete(ctx, "sip show pe"); err != nil || strings.Join(w, " ") != "peer peers" {
		t.Errorf("completion %q, %v", w, err)
	}
	if _, err := Listen(path, 0o600, NewCommands(), nil, NewLogger()); !errors.Is(err, ErrRunning) {
		t.Errorf("a second exchange on the socket: %v, want ErrRunning", err)
	}
}

// TestWatch holds that verbose lines are shown per console.
func TestWatch(t *testing.T) {
	path, l := newTestServer(t)
	log := slog.New(l.Handler())
	ctx := context.Background()
	open := func(verbose int) (*Client, chan string) {
		lines := make(chan string, 10)
		c, err := Dial(path, func(b []byte) { lines <- string(b) })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		if err := c.Watch(ctx, verbose); err != nil {
			t.Fatal(err)
		}
		return c, lines
	}
	quiet, quietLines := open(0)
	_, loudLines := open(3)
	event.Verbose(log, 3, "first")
	log.Warn("second")
	if got := <-loudLines; got != "    -- first\n" {
		t.Errorf("loud console: %q", got)
	}
	if got := <-loudLines; !strings.Contains(got, "second") {
		t.Errorf("loud console: %q", got)
	}
	if got := <-quietLines; !strings.Contains(got, "second") {
		t.Errorf("quiet console: %q", got)
	}
	var out bytes.Buffer
	if err := quiet.Run(ctx, "set verbose 4", &out); err != nil || out.String() != "was 0, watching true\n" {
		t.Errorf("set verbose: %q, %v", out.String(), err)
	}
	event.Verbose(log, 4, "third")
	if got := <-quietLines; got != "       > third\n" {
		t.Errorf("quiet console after set verbose: %q", got)
	}

	// A level is kept from one console, which may come back to it.
	set := func(level string) {
		if err := quiet.Run(ctx, "set level "+level, io.Discard); err != nil {
			t.Errorf("%s: %v", level, err)
		}
	}
	set("verbose off")
	set("Warning off")
	set("security on")
	event.Verbose(log, 1, "fourth")
	log.Warn("fifth")
	log.Log(ctx, event.LevelSecurity, "sixth")
	if got := <-quietLines; !strings.Contains(got, "SECURITY") || !strings.Contains(got, "sixth") {
		t.Errorf("quiet console without verbose and warning, with security: %q", got)
	}
	set("verbose on")
	event.Verbose(log, 4, "seventh")
	if got := <-quietLines; got != "       > seventh\n" {
		t.Errorf("quiet console with verbose again: %q", got)
	}
	if err := quiet.Run(ctx, "set level nothing on", io.Discard); !errors.Is(err, ErrFailed) {
		t.Errorf("a word that is no level: %v", err)
	}
}

func TestStaleSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "pbx")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "ctl")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	l := NewLogger()
	defer l.Close()
	s, err := Listen(path, 0o600, NewCommands(), nil, l)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is still there after Close")
	}
}

// TestLines: commands that come by a pipe, up to the word that leaves the console.
func TestLines(t *testing.T) {
	path, _ := newTestServer(t)
	for _, tt := range []struct {
		lines, want string
		fails       bool
	}{
		{"sip show peer alice\n\nsip show peer bob\n", "alice\nbob\n", false},
		{"sip show peer alice\nexit\nfail\n", "alice\n", false},
		{"quit\nsip show peer alice\n", "", false},
		{"fail\nsip show peer alice\n", "no\\x1b[2J way\nCommand 'fail' failed.\nalice\n", true},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, tt.lines)
		_ = w.Close()
		var out bytes.Buffer
		err = Prompt(t.Context(), path, 0, "", r, &out)
		_ = r.Close()
		if (err != nil) != tt.fails || out.String() != tt.want {
			t.Errorf("%q: %q, %v; want %q", tt.lines, out.String(), err, tt.want)
		}
	}
}

// TestUnreached: what a person is told whom the exchange does not answer.
func TestUnreached(t *testing.T) {
	dir := t.TempDir()
	_, err := Dial(filepath.Join(dir, "ctl"), nil)
	if want := "no exchange answers on " + filepath.Join(dir, "ctl") + " (is it running, and with this --state?): connect: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("no socket: %v, want %s", err, want)
	}
	err = unreached("/run/pbx.ctl", &net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("connect", syscall.EACCES)})
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "the console /run/pbx.ctl is not for this user") || !strings.Contains(err.Error(), "astctlpermissions") {
		t.Errorf("a socket of somebody else: %v", err)
	}
}

func TestLongRequest(t *testing.T) {
	path, _ := newTestServer(t)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = conn.Write(bytes.Repeat([]byte("x"), 10*requestLimit)) }()
	if _, err := io.ReadAll(conn); err == nil {
		return // closed
	}
}

// FuzzSocket sends any bytes to the socket: the server answers or hangs up, and
// goes on.
func FuzzSocket(f *testing.F) {
	f.Add([]byte("run help\n"))
	f.Add([]byte("complete s\nwatch 3\nwatch x\nnonsense\n\n\x00\xff\n"))
	path, _ := newTestServer(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = conn.Write(append(b, "\nrun sip show peers\n"...))
		_ = conn.(*net.UnixConn).CloseWrite()
		r := bufio.NewReader(conn)
		for {
			if _, _, err := readFrame(r); err != nil {
				if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "reset") {
					return
				}
				t.Fatalf("after %q: %v", b, err)
			}
		}
	})
}
