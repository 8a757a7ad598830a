package console

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"pbx/event"
)

// screen collects what a console shows.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.b.Reset()
	return s.b.String()
}

func newTestLogger(t *testing.T) (*Logger, *slog.Logger, *screen) {
	l := NewLogger()
	t.Cleanup(l.Close)
	s := &screen{}
	levels := ConsoleLevels()
	levels.Verbose = 3
	l.AttachWriter("test", levels, s)
	return l, slog.New(l.Handler()), s
}

func TestConsoleLines(t *testing.T) {
	for _, tt := range []struct {
		name string
		log  func(*slog.Logger)
		want string // a regular expression, whole
	}{
		{"notice", func(l *slog.Logger) { l.Log(context.Background(), event.LevelNotice, "Peer is up") }, `\[\w{3} [ \d]\d \d\d:\d\d:\d\d\] NOTICE\[\d+\]: logger_test.go:\d+ TestConsoleLines: Peer is up\n`},
		{"warning with attributes", func(l *slog.Logger) { l.Warn("late", "peer", "bob smith", "ms", 3) }, `\[.*\] WARNING\[\d+\]: \S+ \S+: late peer="bob smith" ms=3\n`},
		{"call", func(l *slog.Logger) { l.With("call", "C-0000002a").Error("bad") }, `\[.*\] ERROR\[\d+\]\[C-0000002a\]: \S+ \S+: bad\n`},
		{"another call attribute", func(l *slog.Logger) { l.Error("bad", "call", "x@y") }, `\[.*\] ERROR\[\d+\]: \S+ \S+: bad call=x@y\n`},
		{"group", func(l *slog.Logger) { l.WithGroup("a").With("b", 1).Warn("m", slog.Group("c", "d", 2)) }, `.*: m a\.b=1 a\.c\.d=2\n`},
		{"verbose 3", func(l *slog.Logger) { event.Verbose(l, 3, "Executing %s", "x") }, `    -- Executing x\n`},
		{"verbose 2", func(l *slog.Logger) { event.Verbose(l, 2, "Spawn") }, `  == Spawn\n`},
		{"verbose 0", func(l *slog.Logger) { event.Verbose(l, 0, "Trace") }, `Trace\n`},
		{"verbose 4 is not shown", func(l *slog.Logger) { event.Verbose(l, 4, "Detail") }, ``},
		{"debug is not shown", func(l *slog.Logger) { l.Log(context.Background(), event.LevelDebug(1), "inner") }, ``},
		{"one line", func(l *slog.Logger) { l.Warn("a\nNOTICE[1]: forged\r\x1b[2J\x00\u202e\xff", "k", "v\nw") }, `.*: a\\nNOTICE\[1\]: forged\\r\\x1b\[2J\\x00\\u\{202e\}\\xff k=v\\nw\n`},
		{"block", func(l *slog.Logger) { event.Verbose(l, 0, "\n<---\nINVITE\r\nVia: \ax\r\n\r\nv=0\r\n--->\n") }, `\n<---\nINVITE\nVia: \\x07x\n\nv=0\n--->\n`},
		{"long field", func(l *slog.Logger) { l.Warn("m", "k", strings.Repeat("x", 5000)) }, `.*: m k=x{512}x{512}\.\.\.\(3976 bytes more\)\n`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, log, s := newTestLogger(t)
			tt.log(log)
			l.Flush()
			if got := s.take(); !regexp.MustCompile(`^(?s:` + tt.want + `)$`).MatchString(got) {
				t.Errorf("got  %q\nwant %s", got, tt.want)
			}
		})
	}
}

// TestBan holds the form that fail2ban's filter for the field reads.
func TestBan(t *testing.T) {
	l, log, s := newTestLogger(t)
	log.Log(context.Background(), event.LevelNotice, "Registration from '<sip:100@pbx>' failed for '192.0.2.7:5060' - Wrong password")
	l.Flush()
	filter := regexp.MustCompile(`^\[[^\]]+\] (?:NOTICE|SECURITY|WARNING)(?:\s*\[\d+\]):?(?:\[C-[\da-f]*\])?:? [^:]+:\d*(?:(?: in)? [^:]+:)? Registration from '[^']*' failed for '([^':]*)(:\d+)?' - Wrong password$`)
	if got := strings.TrimSuffix(s.take(), "\n"); !filter.MatchString(got) {
		t.Errorf("fail2ban would not read %q", got)
	}
}

func TestEnabled(t *testing.T) {
	l := NewLogger()
	defer l.Close()
	log := slog.New(l.Handler())
	on := func(level slog.Level) bool { return log.Enabled(context.Background(), level) }
	if on(event.LevelVerbose(0)) || on(event.LevelDebug(1)) || on(event.LevelDTMF) {
		t.Error("verbose, debug or DTMF enabled without a sink")
	}
	s := l.AttachWriter("console", ConsoleLevels(), &screen{})
	if !on(event.LevelVerbose(0)) || on(event.LevelVerbose(1)) {
		t.Error("a console wants class 0 and no other")
	}
	if old := s.SetVerbose(5); old != 0 || !on(event.LevelVerbose(5)) || on(event.LevelVerbose(6)) {
		t.Errorf("after SetVerbose(5) (was %d) class 5 is on and class 6 off", old)
	}
	l.SetDebug(2)
	if !on(event.LevelDebug(2)) || on(event.LevelDebug(3)) {
		t.Error("after SetDebug(2) class 2 is on and class 3 off")
	}
	s.Close()
	if on(event.LevelVerbose(0)) || on(event.LevelDebug(1)) {
		t.Error("still enabled after the console has gone")
	}
	if n := testing.AllocsPerRun(1000, func() { on(event.LevelVerbose(3)) }); n != 0 {
		t.Errorf("Enabled allocates %v times", n)
	}
}

// TestNeverBlocks fills the queue while a sink is stuck.
func TestNeverBlocks(t *testing.T) {
	l := NewLogger()
	defer l.Close()
	release := make(chan struct{})
	var seen bytes.Buffer
	l.Attach("stuck", ConsoleLevels(), func(_ slog.Level, line []byte) {
		<-release
		seen.Write(line)
	})
	log := slog.New(l.Handler())
	const n = queueLength + 500
	for range n {
		log.Warn("flood")
	}
	if l.Dropped() == 0 {
		t.Error("nothing was dropped")
	}
	close(release)
	l.Flush()
	l.Flush()
	if got, want := strings.Count(seen.String(), "flood"), n-int(l.Dropped()); got != want {
		t.Errorf("%d lines came through, want %d", got, want)
	}
	if !strings.Contains(seen.String(), "log lines were dropped") {
		t.Error("the loss was not said")
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	text, js := filepath.Join(dir, "a", "messages.log"), filepath.Join(dir, "json.log")
	l := NewLogger()
	defer l.Close()
	format, err := TimeFormat("%F %T.%3q")
	if err != nil {
		t.Fatal(err)
	}
	notice, err := ParseLevels("notice,verbose(2)")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Configure([]FileConfig{{Path: text, Levels: notice}, {Path: js, Levels: Levels{Error: true}, JSON: true}}, format); err != nil {
		t.Fatal(err)
	}
	log := slog.New(l.Handler())
	log.Log(context.Background(), event.LevelNotice, "one")
	log.Error("two", "k", "v")
	event.Verbose(log, 0, "trace\n[Nov  1 00:00:00] NOTICE[1]: forged")
	event.Verbose(log, 2, "three")
	event.Verbose(log, 3, "four")
	l.Flush()
	b, err := os.ReadFile(text)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] NOTICE\[\d+\]: .*: one\n\[.*\] VERBOSE\[\d+\]: .*: trace\n    \[Nov  1 00:00:00\] NOTICE\[1\]: forged\n\[.*VERBOSE\[\d+\]: .*:   == three\n$`).Match(b) {
		t.Errorf("messages.log: %q", b)
	}
	b, err = os.ReadFile(js)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Level, Message string }
	if err := json.Unmarshal(b, &got); err != nil || got.Level != "ERROR" || got.Message != "two k=v" {
		t.Errorf("json.log: %s (%v)", b, err)
	}
	if err := l.Rotate(); err != nil {
		t.Fatal(err)
	}
	log.Log(context.Background(), event.LevelNotice, "after")
	l.Flush()
	b, _ = os.ReadFile(text)
	old, _ := os.ReadFile(text + ".0")
	if !strings.Contains(string(b), "after") || !strings.Contains(string(old), "one") {
		t.Errorf("after rotate: new %q, old %q", b, old)
	}
	if err := l.Configure([]FileConfig{{Path: filepath.Join(text, "below", "a", "file")}}, ""); err == nil {
		t.Error("a file that cannot be opened is no error")
	}
}

func TestTimeFormat(t *testing.T) {
	at := time.Date(2026, 11, 2, 3, 4, 5, 678_000_000, time.UTC)
	for _, tt := range []struct{ in, want string }{
		{"%F %T", "2026-11-02 03:04:05"},
		{"%F %T.%3q", "2026-11-02 03:04:05.678"},
		{"%b %e %T", "Nov  2 03:04:05"},
		{"%y%m%d %%", "261102 %"},
	} {
		layout, err := TimeFormat(tt.in)
		if err != nil {
			t.Errorf("%q: %v", tt.in, err)
			continue
		}
		if got := at.Format(layout); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
	for _, bad := range []string{"%Q", "%3", "at 12"} {
		if _, err := TimeFormat(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestParseLevels(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		fails    bool
	}{
		{"notice,warning,error", "NOTICE WARNING ERROR", false},
		{" Notice , verbose(3),debug ", "DEBUG NOTICE VERBOSE", false},
		{"*", "DEBUG NOTICE WARNING ERROR VERBOSE DTMF SECURITY", false},
		{"notice,loud", "NOTICE", true},
		{"verbose(99)", "", true},
	} {
		l, err := ParseLevels(tt.in)
		if l.String() != tt.want || (err != nil) != tt.fails {
			t.Errorf("%q: %q, %v; want %q, error %v", tt.in, l, err, tt.want, tt.fails)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("plain")
	f.Add("a\x00\u2028\u0085\xc2")
	f.Fuzz(func(t *testing.T, s string) {
		got := Escape(s)
		for _, r := range got {
			if r < 0x20 || r == 0x7f || r == '\uFFFD' && !strings.ContainsRune(s, r) || harmful(r) {
				t.Fatalf("%q became %q, which holds %q", s, got, r)
			}
		}
		if Escape(got) != got {
			t.Fatalf("%q is not stable", got)
		}
	})
}

func TestFunctionName(t *testing.T) {
	for full, want := range map[string]string{
		"main.main":                                 "main",
		"pbx/channels/sip.(*Driver).notice":         "notice",
		"pbx/channels/sip.(*Driver).Call.func1":     "Call",
		"pbx/channels/sip.(*Driver).Call.func1.2":   "Call",
		"pbx/server.(*Server).applyLogFiles-range1": "applyLogFiles",
		"pbx/server.run.gowrap1":                    "run",
		"pbx/a.Each[...]":                           "Each",
		"pbx/a.Each[...].func2":                     "Each",
	} {
		if got := functionName(full); got != want {
			t.Errorf("%s: %s, want %s", full, got, want)
		}
	}
}
