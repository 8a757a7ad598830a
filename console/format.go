package console

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"pbx/event"
)

// CallKey is the attribute that names the call of a record. The field's call
// identifiers, C-…, are shown where the field shows them; any other value is an
// attribute like the others.
const CallKey = "call"

func isCall(a slog.Attr) bool {
	return a.Key == CallKey && strings.HasPrefix(a.Value.String(), "C-")
}

const defaultTimeFormat = "Jan _2 15:04:05"

// verbosePrefix is what the field's console puts before a verbose line.
var verbosePrefix = [...]string{"", " ", "  == ", "    -- ", "       > "}

// appendText appends the message and its attributes, escaped. A call found among
// the attributes comes first.
func appendText(dst []byte, h *handler, r slog.Record) []byte {
	call := h.call
	r.Attrs(func(a slog.Attr) bool {
		if isCall(a) {
			call = a.Value.String()
		}
		return true
	})
	dst = append(dst, call...)
	dst = append(dst, 0) // the head is put together by the writer, see cutCall
	message := strings.TrimRight(r.Message, "\r\n")
	if r.Level == event.LevelVerbose(0) {
		dst = appendBlock(dst, message)
	} else {
		dst = appendField(dst, message)
	}
	dst = append(dst, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		if !isCall(a) {
			dst = appendAttr(dst, h.group, a)
		}
		return true
	})
	return dst
}

// appendBlock appends the lines of something that was asked to be shown, such as
// a SIP message in a trace: each is escaped, the ends of lines stay.
func appendBlock(dst []byte, text string) []byte {
	text = text[:min(len(text), blockLimit)]
	for i := 0; text != ""; i++ {
		line, rest, _ := strings.Cut(text, "\n")
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = appendEscaped(dst, strings.TrimSuffix(line, "\r"))
		text = rest
	}
	return dst
}

func appendAttr(dst []byte, group string, a slog.Attr) []byte {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, g := range v.Group() {
			dst = appendAttr(dst, group, g)
		}
		return dst
	}
	if a.Key == "" {
		return dst
	}
	dst = append(dst, ' ')
	dst = append(dst, group...)
	dst = appendEscaped(dst, a.Key)
	dst = append(dst, '=')
	return appendQuoted(dst, v.String())
}

// blockLimit is how much of a block is kept: a SIP message is not longer.
const blockLimit = 64 << 10

// cutCall divides a line's text into the call it carries and the rest.
func cutCall(text []byte) (call, rest []byte) {
	for i, c := range text {
		if c == 0 {
			return text[:i], text[i+1:]
		}
	}
	return nil, text
}

func (l *Logger) head(dst []byte, m *line) []byte {
	dst = append(dst, '[')
	dst = m.time.AppendFormat(dst, l.format)
	dst = append(dst, "] "...)
	dst = append(dst, levelName(m.level)...)
	dst = append(dst, '[')
	dst = append(dst, l.pid...)
	return append(dst, ']')
}

// consoleLine is the line as a console shows it: verbose lines bare with the
// marks of their class, others with time, level and place.
func (l *Logger) consoleLine(m *line) []byte {
	call, text := cutCall(m.text)
	dst := make([]byte, 0, len(text)+96)
	if levelName(m.level) == "VERBOSE" {
		dst = append(dst, verbosePrefix[min(int(-m.level), len(verbosePrefix)-1)]...)
	} else {
		dst = l.place(l.head(dst, m), m, call)
	}
	dst = append(dst, text...)
	return append(dst, '\n')
}

// fileLine is the line as a log file holds it.
func (l *Logger) fileLine(m *line) []byte {
	call, text := cutCall(m.text)
	dst := l.place(l.head(make([]byte, 0, len(text)+96), m), m, call)
	if levelName(m.level) == "VERBOSE" {
		dst = append(dst, verbosePrefix[min(int(-m.level), len(verbosePrefix)-1)]...)
	}
	// The further lines of a block are indented, so that nothing in them can be
	// taken for a line of the log by a program that reads it.
	for i, line := range bytes.Split(text, []byte("\n")) {
		if i > 0 {
			dst = append(dst, "\n    "...)
		}
		dst = append(dst, line...)
	}
	return append(dst, '\n')
}

// syslogLine is the line as syslog gets it, which has a time and a name of its own.
func (l *Logger) syslogLine(m *line) []byte {
	call, text := cutCall(m.text)
	dst := append(make([]byte, 0, len(text)+64), levelName(m.level)...)
	return append(l.place(dst, m, call), bytes.ReplaceAll(text, []byte("\n"), []byte(" "))...)
}

func (l *Logger) place(dst []byte, m *line, call []byte) []byte {
	if len(call) > 0 {
		dst = append(dst, '[')
		dst = appendEscaped(dst, string(call))
		dst = append(dst, ']')
	}
	if m.source != "" {
		dst = append(dst, ": "...)
		dst = append(dst, m.source...)
	}
	return append(dst, ": "...)
}

// jsonLine is the line as a file declared [json] in logger.conf holds it.
func (l *Logger) jsonLine(m *line) []byte {
	call, text := cutCall(m.text)
	out, err := json.Marshal(struct {
		Time    string `json:"timestamp"`
		Level   string `json:"level"`
		Pid     string `json:"pid"`
		Call    string `json:"callid,omitempty"`
		Place   string `json:"location,omitempty"`
		Message string `json:"message"`
	}{m.time.Format(time.RFC3339Nano), levelName(m.level), l.pid, string(call), m.source, string(text)})
	if err != nil {
		return nil
	}
	return append(out, '\n')
}
