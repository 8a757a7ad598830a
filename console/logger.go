package console

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pbx/event"
)

// queueLength is how many lines may wait for the writer; what does not fit is
// dropped and counted.
const queueLength = 4096

// Logger takes log records from any goroutine and writes them, one event a line,
// to consoles and files in the look of the field. Its handler never blocks.
type Logger struct {
	// verbose and debug are the classes of `core set verbose|debug`; wanted is
	// the lowest level that some sink shows below NOTICE, for Enabled.
	verbose, debug atomic.Int32
	verboseWanted  atomic.Int32
	debugWanted    atomic.Int32
	dtmfWanted     atomic.Bool

	queue   chan *line
	dropped atomic.Uint64
	taken   atomic.Uint64 // lines off the queue
	deepest atomic.Int64  // the most that the writer found in it
	done    chan struct{}
	closing sync.Once

	pid     string
	now     func() time.Time
	sources sync.Map // program counter → "file.go:12 function"

	mu     sync.Mutex
	sinks  []*Sink
	format string // of the time, Go layout
	files  []FileConfig
	logs   []SyslogConfig
	// rotation is what Rotate does.
	rotation Rotation
	// console is what consoles show, but for verbose and debug.
	console Levels
}

// line is one event on its way to the writer. Its buffer goes back to the pool.
type line struct {
	level  slog.Level
	time   time.Time
	source string
	text   []byte
	flush  chan struct{} // set on a marker
}

var lines = sync.Pool{New: func() any { return &line{text: make([]byte, 0, 256)} }}

// NewLogger makes a logger without sinks and starts its writer.
func NewLogger() *Logger {
	l := &Logger{
		queue: make(chan *line, queueLength), done: make(chan struct{}),
		pid: strconv.Itoa(os.Getpid()), now: time.Now, format: defaultTimeFormat, console: ConsoleLevels(),
	}
	l.recount()
	go l.writer()
	return l
}

// SetConsoleLevels changes what consoles show, from the `console` line of
// logger.conf. Their verbose classes are their own.
func (l *Logger) SetConsoleLevels(levels Levels) {
	levels.Console = true
	l.mu.Lock()
	defer l.mu.Unlock()
	l.console = levels
	for _, s := range l.sinks {
		if s.kind == "Console" {
			n := levels
			n.Verbose, n.FollowVerbose = s.levels.Verbose, s.levels.FollowVerbose
			s.levels = n
		}
	}
	l.recount()
}

func (l *Logger) consoleLevels() Levels {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.console
}

// Handler is the slog handler that feeds the logger.
func (l *Logger) Handler() slog.Handler { return &handler{log: l} }

// Verbose and Debug are the exchange's own classes, which log files follow.
func (l *Logger) Verbose() int { return int(l.verbose.Load()) }

// Debug is the class of `core set debug`.
func (l *Logger) Debug() int { return int(l.debug.Load()) }

// SetVerbose changes the exchange's verbose class and returns the old one.
func (l *Logger) SetVerbose(n int) (old int) { return l.setClass(&l.verbose, n) }

// SetDebug changes the exchange's debug class and returns the old one.
func (l *Logger) SetDebug(n int) (old int) { return l.setClass(&l.debug, n) }

func (l *Logger) setClass(v *atomic.Int32, n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := v.Swap(int32(n))
	l.recount()
	return int(old)
}

// recount finds the lowest levels anybody shows; mu is held.
func (l *Logger) recount() {
	verbose, debug, dtmf := -1, 0, false
	for _, s := range l.sinks {
		v, d := s.levels.Verbose, s.levels.Debug
		if s.levels.FollowVerbose {
			v = max(v, l.Verbose())
		}
		if s.levels.FollowDebug {
			d = max(d, l.Debug())
		}
		if v > 0 || s.levels.Console || s.levels.FollowVerbose {
			verbose = max(verbose, v)
		}
		debug = max(debug, d)
		dtmf = dtmf || s.levels.DTMF
	}
	l.verboseWanted.Store(int32(verbose))
	l.debugWanted.Store(int32(debug))
	l.dtmfWanted.Store(dtmf)
}

// enabled is the cheap filter in front of everything: a few atomic loads.
func (l *Logger) enabled(level slog.Level) bool {
	switch {
	case level >= event.LevelNotice:
		return true
	case level >= event.LevelVerbose(10):
		return int32(-level) <= l.verboseWanted.Load()
	case level == event.LevelDTMF:
		return l.dtmfWanted.Load()
	default:
		return int32(-20-level) <= l.debugWanted.Load()
	}
}

// Dropped counts the lines that did not fit into the queue.
func (l *Logger) Dropped() uint64 { return l.dropped.Load() }

// flushLimit bounds the wait for a writer that is stuck: a terminal that was
// paused, a disk that hangs.
const flushLimit = 2 * time.Second

// Flush returns when everything logged before is written, or cannot be for long.
func (l *Logger) Flush() {
	late := time.NewTimer(flushLimit)
	defer late.Stop()
	m := &line{flush: make(chan struct{})}
	select {
	case l.queue <- m:
	case <-l.done:
		return
	case <-late.C:
		return
	}
	select {
	case <-m.flush:
	case <-l.done:
	case <-late.C:
	}
}

// Close writes what is queued and closes the files. Records that come later are
// lost.
func (l *Logger) Close() {
	l.closing.Do(func() {
		l.Flush()
		close(l.done)
		// A stuck writer keeps the lock; the process is about to end then.
		if !l.mu.TryLock() {
			return
		}
		defer l.mu.Unlock()
		for _, s := range l.sinks {
			if s.file != nil {
				s.file.close()
			}
		}
		l.sinks = nil
		l.recount()
	})
}

func (l *Logger) writer() {
	var reported uint64
	for {
		select {
		case <-l.done:
			return
		case m := <-l.queue:
			if n := int64(len(l.queue) + 1); n > l.deepest.Load() {
				l.deepest.Store(n)
			}
			l.taken.Add(1)
			if m.flush != nil {
				reported = l.reportLoss(reported)
				close(m.flush)
				continue
			}
			l.deliver(m)
			m.text = m.text[:0]
			lines.Put(m)
			if len(l.queue) == 0 {
				reported = l.reportLoss(reported)
			}
		}
	}
}

// Load tells how many lines the writer has taken, how many wait for it, how many it found
// waiting at most, and how many there is room for.
func (l *Logger) Load() (taken uint64, waiting, deepest, room int) {
	return l.taken.Load(), len(l.queue), int(l.deepest.Load()), cap(l.queue)
}

// reportLoss says how many lines were dropped since the last report.
func (l *Logger) reportLoss(reported uint64) uint64 {
	n := l.dropped.Load()
	if n != reported {
		text := fmt.Sprintf("\x00%d log lines were dropped: they came faster than they could be written", n-reported)
		l.deliver(&line{level: event.LevelWarning, time: l.now(), source: "console", text: []byte(text)})
	}
	return n
}

func (l *Logger) deliver(m *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var console, file []byte
	for _, s := range l.sinks {
		if !s.levels.shows(m.level, l.Verbose(), l.Debug()) {
			continue
		}
		if s.file == nil {
			if s.closer != nil { // syslog has a time and a name of its own
				s.write(m.level, l.syslogLine(m))
				continue
			}
			if console == nil {
				console = l.consoleLine(m)
			}
			s.write(m.level, console)
			continue
		}
		if s.file.json {
			s.file.write(l.jsonLine(m))
			continue
		}
		if file == nil {
			file = l.fileLine(m)
		}
		s.file.write(file)
	}
}

// handler is the slog side. Attributes given with With are formatted once.
type handler struct {
	log   *Logger
	attrs []byte
	call  string
	group string
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return h.log.enabled(level) }

// Handle implements slog.Handler. It formats the text here, since attributes may
// change afterwards, and queues it.
func (h *handler) Handle(_ context.Context, r slog.Record) error {
	m := lines.Get().(*line)
	m.level, m.time, m.source, m.flush = r.Level, r.Time, "", nil
	if m.time.IsZero() {
		m.time = h.log.now()
	}
	if r.PC != 0 {
		m.source = h.log.sourceOf(r.PC)
	}
	m.text = appendText(m.text[:0], h, r)
	select {
	case h.log.queue <- m:
	default:
		h.log.dropped.Add(1)
		lines.Put(m)
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *h
	n.attrs = slices.Clone(h.attrs)
	for _, a := range attrs {
		if h.group == "" && isCall(a) {
			n.call = a.Value.String()
			continue
		}
		n.attrs = appendAttr(n.attrs, h.group, a)
	}
	return &n
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	n := *h
	n.group = h.group + name + "."
	return &n
}

// sourceOf names the place in the field's form; each place is looked up once.
func (l *Logger) sourceOf(pc uintptr) string {
	if s, ok := l.sources.Load(pc); ok {
		return s.(string)
	}
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	s := filepath.Base(f.File) + ":" + strconv.Itoa(f.Line) + " " + functionName(f.Function)
	l.sources.Store(pc, s)
	return s
}

// functionName is the plain name of a function or method, that of the one that
// it stands in for a function without a name.
func functionName(s string) string {
	s, _, _ = strings.Cut(strings.ReplaceAll(s, "[...]", ""), "-range")
	for {
		i := strings.LastIndexByte(s, '.')
		name := s[i+1:]
		number := strings.TrimPrefix(strings.TrimPrefix(name, "func"), "gowrap")
		if _, err := strconv.Atoi(number); err != nil || i < 0 {
			return name
		}
		s = s[:i]
	}
}
