package console

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// FileConfig declares one log file of logger.conf.
type FileConfig struct {
	Path   string
	Levels Levels
	JSON   bool
}

// logFile is an open log file. The logger's goroutine writes it.
type logFile struct {
	path string
	json bool
	f    *os.File
	lost bool // the last write failed; said once
}

func openLogFile(c FileConfig) (*logFile, error) {
	if err := os.MkdirAll(filepath.Dir(c.Path), 0o750); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(c.Path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	return &logFile{path: c.Path, json: c.JSON, f: f}, nil
}

func (f *logFile) write(b []byte) {
	if _, err := f.f.Write(b); err != nil && !f.lost {
		f.lost = true
		fmt.Fprintf(os.Stderr, "%s: %v; lines are lost until it can be written again\n", f.path, err)
	} else if err == nil {
		f.lost = false
	}
}

func (f *logFile) close() { _ = f.f.Close() }

// Configure opens the files, closes those that were open before, and takes
// timeFormat (a Go layout, "" for the field's) for the time of a line, and logs as
// the syslog lines. What
// cannot be opened is left out and named in the error.
func (l *Logger) Configure(files []FileConfig, timeFormat string, logs ...SyslogConfig) error {
	var errs []error
	var sinks []*Sink
	for _, c := range files {
		f, err := openLogFile(c)
		if err != nil {
			errs = append(errs, fmt.Errorf("log file %s: %w", c.Path, err))
			continue
		}
		sinks = append(sinks, &Sink{log: l, name: c.Path, kind: "File", levels: c.Levels, file: f})
	}
	for _, c := range logs {
		sink, err := l.attachSyslog(c)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		sinks = append(sinks, sink)
	}
	if timeFormat == "" {
		timeFormat = defaultTimeFormat
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.format = timeFormat
	l.files, l.logs = slices.Clone(files), logs
	l.sinks = slices.DeleteFunc(l.sinks, func(s *Sink) bool {
		if s.file != nil {
			s.file.close()
		}
		if s.closer != nil {
			_ = s.closer.Close()
		}
		return s.file != nil || s.closer != nil
	})
	l.sinks = append(l.sinks, sinks...)
	l.recount()
	return errors.Join(errs...)
}

// Reopen opens every file again, for a program that moved them away.
func (l *Logger) Reopen() error {
	l.mu.Lock()
	files, format, logs := slices.Clone(l.files), l.format, l.logs
	l.mu.Unlock()
	return l.Configure(files, format, logs...)
}

// Channel describes a sink for `logger show channels`.
type Channel struct {
	Name, Kind string
	Levels     Levels
	JSON       bool
}

// Channels lists the sinks.
func (l *Logger) Channels() []Channel {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Channel, len(l.sinks))
	for i, s := range l.sinks {
		out[i] = Channel{s.name, s.kind, s.levels, s.file != nil && s.file.json}
	}
	slices.SortStableFunc(out, func(a, b Channel) int { return strings.Compare(a.Kind+a.Name, b.Kind+b.Name) })
	return out
}

// TimeFormat turns logger.conf's dateformat (strftime with %q for fractions of
// a second) into a Go layout. Directives that it does not know are an error.
func TimeFormat(strftime string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(strftime); i++ {
		if strftime[i] != '%' || i+1 == len(strftime) {
			if c := strftime[i]; c >= '0' && c <= '9' {
				return "", fmt.Errorf("dateformat %q: digits of its own cannot be shown", strftime)
			}
			b.WriteByte(strftime[i])
			continue
		}
		i++
		digits := ""
		for i < len(strftime) && strftime[i] >= '0' && strftime[i] <= '9' {
			digits += string(strftime[i])
			i++
		}
		if i == len(strftime) {
			return "", fmt.Errorf("dateformat %q ends in the middle of a directive", strftime)
		}
		switch c := strftime[i]; c {
		case 'q':
			n := 3
			if digits != "" {
				n = int(digits[0] - '0')
			}
			out := strings.TrimSuffix(b.String(), ".")
			b.Reset()
			b.WriteString(out + "." + strings.Repeat("0", max(n, 1)))
		default:
			layout, ok := strftimeLayouts[c]
			if !ok {
				return "", fmt.Errorf("dateformat %q: unknown directive %%%c", strftime, c)
			}
			b.WriteString(layout)
		}
	}
	return b.String(), nil
}

var strftimeLayouts = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'M': "04", 'S': "05",
	'p': "PM", 'b': "Jan", 'h': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'Z': "MST", 'z': "-0700",
	'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04", 'D': "01/02/06", 'c': "Mon Jan _2 15:04:05 2006", '%': "%", 'j': "002",
}
