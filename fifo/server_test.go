package fifo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pbx/config"
)

// office is an exchange of two contacts.
type office struct {
	Exchange
	mu      sync.Mutex
	printed string
	added   string
	blocked chan struct{}
	log     logLines
}

func (o *office) Version() string        { return "test" }
func (o *office) Started() time.Time     { return time.Unix(1_000_000_000, 0).UTC() }
func (o *office) Now() time.Time         { return time.Unix(1_000_000_061, 0).UTC() }
func (o *office) Processes() []string    { return []string{"1 monitor"} }
func (o *office) Stats() (string, error) { return "", errors.New("the driver\nis gone") }
func (o *office) Print(s string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.printed = s
}

func (o *office) Contacts(peer string) ([]Contact, error) {
	all := []Contact{
		{Peer: "101", URI: "sip:101@192.0.2.1", Q: 1, Left: time.Minute, UserAgent: "Phone\nX"}, {Peer: "102", URI: "sip:102@192.0.2.2", Q: 0.5},
	}
	switch peer {
	case "":
		return all, nil
	case "101":
		return all[:1], nil
	case "103":
		return nil, nil
	}
	return nil, fmt.Errorf("peer %s: %w", peer, ErrNotFound)
}

func (o *office) AddContact(peer, uri string, life time.Duration, q float64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.added = fmt.Sprint(peer, " ", uri, " ", life, " ", q)
	return nil
}
func (o *office) RemoveContact(string, string) error { return nil }
func (o *office) Send(ctx context.Context, method, target string, headers []string, body string) (Response, error) {
	if target == "slow" {
		select {
		case <-o.blocked:
		case <-ctx.Done():
			return Response{}, ctx.Err()
		}
	}
	return Response{202, "Accepted", fmt.Sprintf("%s %s %q %q\n", method, target, headers, body)}, nil
}

func (o *office) Cancel(callID string, seq uint32) error {
	return fmt.Errorf("%s %d: %w", callID, seq, ErrNotFound)
}
func (o *office) Reply(int, string, string, []string, string) error { panic("it goes wrong") }

// listen starts a server whose pipes are in a directory of the test's.
func listen(t *testing.T) (*Server, *office) {
	t.Helper()
	dir := t.TempDir()
	o := &office{blocked: make(chan struct{}), log: make(logLines, 100)}
	s, err := Listen(Settings{Path: filepath.Join(dir, "pbx.fifo"), Replies: filepath.Join(dir, "replies"), Mode: 0o600, Group: -1}, o, slog.New(slog.NewTextHandler(o.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, o
}

// logLines are the lines of a log.
type logLines chan string

func (l logLines) Write(b []byte) (int, error) {
	select {
	case l <- string(b):
	default:
	}
	return len(b), nil
}

func (s *Server) ask(t *testing.T, command, stdin string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	answer, err := Ask(ctx, s.settings, command, args, strings.NewReader(stdin))
	if err != nil {
		t.Fatalf("%s %v: %v", command, args, err)
	}
	return answer
}

func TestCommands(t *testing.T) {
	s, o := listen(t)
	for _, c := range []struct {
		line, stdin, want string
	}{
		{"uptime", "", "200 OK\nNow: Sun Sep  9 01:47:41 2001\nUp Since: Sun Sep  9 01:46:40 2001\nUp time: 61 [sec]\n"},
		{"version", "", "200 OK\npbx test\n"},
		{"ps", "", "200 OK\n1 monitor\n"},
		{"which", "", "200 OK\n" + strings.Join(Names(), "\n") + "\n"},
		{"print hello", "", "200 OK\nhello\n"},
		{"stats", "", "500 the driver is gone\n"},
		{"ul_add location 101 sip:9@192.0.2.9 60 0.5", "", "200 Added to table\n('101','sip:9@192.0.2.9') to 'location'\n"},
		{"ul_add location 101", "", "400 ul_add wants table, user, contact, expires, q\n"},
		{"ul_add location 101 sip:9@192.0.2.9 soon", "", "400 expires: \"soon\" is not a number of seconds\n"},
		{"ul_add location 101 sip:9@192.0.2.9 60 2", "", "400 q: \"2\" is not from 0 to 1\n"},
		{"ul_show_contact location sip:101@office", "", "200 OK\n<sip:101@192.0.2.1>;q=1.00;expires=60\n"},
		{"ul_show_contact location 103", "", "404 No registered contacts found\n"},
		{"ul_show_contact location 104", "", "404 peer 104: not found\n"},
		{"ul_rm location 101", "", "200 user (location, 101) deleted\n"},
		{"ul_rm location 103", "", "404 No registered contacts found\n"},
		{"ul_rm_contact location 101 sip:x", "", "200 user (location, 101) deleted\n"},
		{"ul_dump", "", "200 OK\nAOR: 101\n  <sip:101@192.0.2.1>;q=1.00;expires=60\n    User-Agent: Phone X\nAOR: 102\n  <sip:102@192.0.2.2>;q=0.50;expires=permanent\n"},
		{"t_uac_dlg MESSAGE 101", "Subject: x\n\nHello\n\nthere\n", "202 Accepted\nMESSAGE 101 [\"Subject: x\"] \"Hello\\r\\n\\r\\nthere\"\n"},
		{"t_uac_dlg OPTIONS 101 .", "", "202 Accepted\nOPTIONS 101 [] \"\"\n"},
		{"t_uac_dlg OPTIONS 101 sip:proxy", "", "400 a next hop is not taken: write a dot; sip.conf says how a peer is reached\n"},
		{"t_uac_cancel abc 7", "", "404 abc 7: not found\n"},
		{"t_uac_cancel abc seven", "", "400 CSeq: \"seven\" is not a number\n"},
		{"t_reply 486 Busy z9 .", "", "500 t_reply failed: it goes wrong\n"},
		{"reboot", "", "500 command 'reboot' not available\n"},
	} {
		f := strings.Fields(c.line)
		if got := s.ask(t, f[0], c.stdin, f[1:]...); got != c.want {
			t.Errorf("%s: %q, want %q", c.line, got, c.want)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.printed != "hello" || o.added != "101 sip:9@192.0.2.9 1m0s 0.5" {
		t.Errorf("printed %q, added %q", o.printed, o.added)
	}
}

// write puts raw bytes into the pipe.
func (s *Server) write(t *testing.T, text string) {
	t.Helper()
	f, err := os.OpenFile(s.settings.Path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.WriteString(f, text); err != nil {
		t.Fatal(err)
	}
}

// TestBadRequests: what is malformed, stalls or names what it may not is answered with a
// status line where there is somebody to answer, harms nothing, and the next request is
// carried out.
func TestBadRequests(t *testing.T) {
	s, o := listen(t)
	dir := s.settings.Replies
	outside := filepath.Join(filepath.Dir(dir), "outside")
	plain := filepath.Join(dir, "plain")
	for _, f := range []string{outside, plain} {
		if err := os.WriteFile(f, []byte("kept"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink(outside, filepath.Join(dir, "link")), unix.Mkfifo(filepath.Join(dir, "lonely"), 0o600)); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "r")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := os.OpenFile(pipe, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	heard := func() string {
		b := make([]byte, 4096)
		_ = r.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := r.Read(b)
		if err != nil {
			return err.Error()
		}
		return string(b[:n])
	}
	for _, c := range []struct{ name, text, want string }{
		{"stalls", ":ul_rm:r\nlocation\n", "400 the request is not complete: an empty line ends one\n"},
		{"stalls in a line", ":ul_rm:r\nloca", "400 the request is not complete: an empty line ends one\n"},
		{"too long", ":print:r\n" + strings.Repeat("x", 3*MaxLine) + "\n\n", "400 a line is too long, or binary\n"},
		{"binary", ":print:r\n\x00\n\n", "400 a line is too long, or binary\n"},
		{"unknown", ":reboot:r\n\n", "500 command 'reboot' not available\n"},
		{"to a file", ":uptime:plain\n\n:version:r\n\n", "200 OK\npbx test\n"},
		{"by a link", ":uptime:link\n\n:version:r\n\n", "200 OK\npbx test\n"},
		{"elsewhere", ":uptime:../outside\n\n:version:r\n\n", "200 OK\npbx test\n"},
		{"to nobody", ":uptime:none\n\n:version:r\n\n", "200 OK\npbx test\n"},
		{"to who does not read", ":uptime:lonely\n\n:version:r\n\n", "200 OK\npbx test\n"},
		{"nonsense", "\n\nhello\n\n:\n\n:version:r\n\n", "200 OK\npbx test\n"},
		{"half a line, then silence", ":vers", ""},
	} {
		s.write(t, c.text)
		if c.want == "" {
			for line := range o.log {
				if strings.Contains(line, "is no request: its line does not end") {
					break
				}
			}
			continue
		}
		if got := heard(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	s.write(t, ":version:r\n\n")
	if got := heard(); got != "200 OK\npbx test\n" {
		t.Errorf("in the end: %q", got)
	}
	for _, f := range []string{outside, plain} {
		if b, _ := os.ReadFile(f); string(b) != "kept" {
			t.Errorf("%s holds %q", f, b)
		}
	}
}

// TestMany: many at a time, each whole, more than may wait are told so, and slow ones hold
// nobody up.
func TestMany(t *testing.T) {
	s, o := listen(t)
	var wg sync.WaitGroup
	var busy sync.WaitGroup
	for range parallel {
		busy.Go(func() {
			if got := s.ask(t, "t_uac_dlg", "", "OPTIONS", "slow"); !strings.HasPrefix(got, "202 Accepted\n") {
				t.Errorf("slow: %q", got)
			}
		})
	}
	for len(s.slots) < parallel { // they are all under way
		time.Sleep(time.Millisecond)
	}
	if got := s.ask(t, "version", ""); got != "503 too many requests\n" {
		t.Errorf("one too many: %q", got)
	}
	close(o.blocked)
	busy.Wait()
	for i := range 50 {
		wg.Go(func() {
			text := fmt.Sprintf("%d%s", i, strings.Repeat("y", 3000))
			for {
				got := s.ask(t, "print", "", text)
				if strings.HasPrefix(got, "503 ") {
					continue
				}
				if got != "200 OK\n"+text+"\n" {
					t.Errorf("%d: %.40q", i, got)
				}
				return
			}
		})
	}
	wg.Wait()
}

// TestListen: permissions, what an exchange that was killed left, and what is no pipe.
func TestListen(t *testing.T) {
	dir := t.TempDir()
	set := Settings{Path: filepath.Join(dir, "run", "pbx.fifo"), Replies: filepath.Join(dir, "replies"), Mode: 0o660, Group: os.Getgid()}
	for range 2 {
		s, err := Listen(set, &office{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		pipe, err1 := os.Lstat(set.Path)
		replies, err2 := os.Lstat(set.Replies)
		if err1 != nil || err2 != nil || pipe.Mode() != os.ModeNamedPipe|0o660 || replies.Mode().Perm() != 0o770 {
			t.Errorf("%v %v %v %v", pipe, replies, err1, err2)
		}
		s.Close()
		if _, err := os.Lstat(set.Path); !os.IsNotExist(err) {
			t.Errorf("the pipe is left: %v", err)
		}
		if err := unix.Mkfifo(set.Path, 0o600); err != nil { // as after a kill
			t.Fatal(err)
		}
	}
	_ = os.Remove(set.Path)
	if err := os.WriteFile(set.Path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(set, &office{}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a file was replaced")
	}
	if b, _ := os.ReadFile(set.Path); string(b) != "precious" {
		t.Errorf("the file holds %q", b)
	}
}

func TestLoad(t *testing.T) {
	load := func(text string) (Settings, string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, findings, err := Load(&config.Loader{Dir: dir}, "/run/pbx")
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, f := range findings {
			all = append(all, f.String())
		}
		return s, strings.Join(all, "\n")
	}
	s, found := load("[general]\nenabled=yes\nfifo=/tmp/ser_fifo\nreply_dir=/tmp\nfifo_mode=0660\ncommands=uptime, ul_dump\n")
	if !s.Enabled || s.Path != "/tmp/ser_fifo" || s.Replies != "/tmp" || s.Mode != 0o660 || len(s.Commands) != 2 || found != "" {
		t.Errorf("%+v %s", s, found)
	}
	if s, found = load("[general]\n"); s.Enabled || s.Path != "/run/pbx/pbx.fifo" || s.Replies != "/run/pbx/fifo" || s.Mode != 0o600 || found != "" {
		t.Errorf("%+v %s", s, found)
	}
	for text, want := range map[string]string{
		"[general]\nfifo_mode=rw\n":           `"rw" are not permissions`,
		"[general]\nfifo_mode=0666\n":         "everybody on this machine",
		"[general]\nfifo_group=nobody-here\n": `there is no group "nobody-here"`,
		"[general]\ncommands=uptime,reboot\n": `there is no command "reboot"`,
		"[general]\nenable=yes\n":             "did you mean enabled?",
		"[fifo]\nenabled=yes\n":               "fifo.conf has no section [fifo]",
	} {
		if _, found := load(text); !strings.Contains(found, want) {
			t.Errorf("%q: %s", text, found)
		}
	}
}
