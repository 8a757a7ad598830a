package console

import (
	"encoding/json"
	"log/slog"
	"strings"
	"time"
)

// CallKey is the attribute that names the call of a record. The field's call
// identifiers, C-…, are shown where the field shows them; any other value is an
// attribute like the others.
const CallKey = "call"

func isCall(a slog.Attr) bool {
	return a.Key == CallKey && strings.HasPrefix(a.Value.String(), "C-")
}

// BlockKey is the attribute whose text is shown under the line, one line of its
// own for each of its lines: a SIP message in a trace. Every one of them is
// escaped.
const BlockKey = "block"

const defaultTimeFormat = "Jan _2 15:04:05"

// verbosePrefix is what the field's console puts before a verbose line.
var verbosePrefix = [...]string{"", " ", "  == ", "    -- ", "       > "}

// appendText appends the message and its attributes, escaped. A call found among
// the attributes comes first.
func appendText(dst []byte, h *handler, r slog.Record) []byte {
	call, block := h.call, ""
	r.Attrs(func(a slog.Attr) bool {
		switch {
		case isCall(a):
			call = a.Value.String()
		case a.Key == BlockKey:
			block = a.Value.String()
		}
		return true
	})
	dst = append(dst, call...)
	dst = append(dst, 0) // the head is put together by the writer, see cutCall
	dst = appendField(dst, strings.TrimRight(r.Message, "\r\n"))
	dst = append(dst, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != BlockKey && !isCall(a) {
			dst = appendAttr(dst, h.group, a)
		}
		return true
	})
	if block != "" {
		for l := range strings.Lines(block) {
			dst = append(dst, '\n')
			dst = appendEscaped(dst, strings.TrimRight(l, "\r\n"))
		}
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
	dst = append(dst, text...)
	return append(dst, '\n')
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
