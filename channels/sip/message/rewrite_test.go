package message_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pbx/channels/sip/message"
	"pbx/channels/sip/message/messagetest"
)

// rewrites are ways to write the same message otherwise (RFC 3261 7.3.1, 7.3.3, 25.1).
// Each is given a header line without its end, name and value apart.
var rewrites = map[string]func(name, value string) string{
	"upper case":      func(name, value string) string { return strings.ToUpper(name) + ": " + value },
	"blanks":          func(name, value string) string { return name + " \t:   " + value + " \t " },
	"no blank":        func(name, value string) string { return name + ":" + value },
	"folded at once":  func(name, value string) string { return name + ":\r\n " + value },
	"folded at blank": func(name, value string) string { return name + ": " + outside(value, " ", "\r\n\t ") },
	"blanks around ;": func(name, value string) string { return name + ": " + outside(value, ";", " ;\t") },
	"blanks around =": func(name, value string) string { return name + ": " + outside(value, "=", " = ") },
	"blanks around ,": func(name, value string) string { return name + ": " + outside(value, ",", "\t,\r\n ") },
	"one letter": func(name, value string) string {
		for c, full := range map[string]string{"v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "l": "Content-Length", "c": "Content-Type", "k": "Supported", "s": "Subject"} {
			if strings.EqualFold(name, full) {
				name = c
			}
		}
		return name + ": " + value
	},
}

// structured are the headers whose values have the separators that the rewrites touch.
var structured = []string{"via", "v", "from", "f", "to", "t", "contact", "m", "route", "record-route"}

// outside replaces a separator where it stands outside of quotes and brackets.
func outside(value, old, put string) string {
	var b strings.Builder
	quoted, bracket := false, strings.IndexByte(value, '<') >= 0
	depth := 0
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case quoted && c == '\\' && i+1 < len(value):
			b.WriteByte(c)
			i++
			b.WriteByte(value[i])
			continue
		case c == '"':
			quoted = !quoted
		case !quoted && c == '<':
			depth++
		case !quoted && c == '>':
			depth--
		}
		// Without brackets what looks like a parameter may be one of the URI.
		if string(c) == old && !quoted && depth == 0 && (bracket || strings.HasPrefix(value, "SIP")) {
			b.WriteString(put)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// meaning is what a message says, however it is written.
func meaning(b []byte) string {
	m := &message.Message{}
	err := m.Parse(bytes.Clone(b))
	if err == nil {
		err = message.Validate(m)
	}
	out := fmt.Sprintf("%v\n%s %s %d %s\n", err, m.Method(), m.RequestURIBytes(), m.Status(), m.CallID())
	seq, method := m.CSeq()
	out += fmt.Sprintf("%d %s %q %q\n", seq, method, m.FromTag(), m.ToTag())
	out += fmt.Sprintf("%q %s %q %s\n", m.From().Name(), m.From().URI, m.To().Name(), m.To().URI)
	for value := range m.Values(message.HeaderVia) {
		v, err := message.ParseVia(value)
		out += fmt.Sprintf("%s %s:%d %s %s %d %v\n", v.Transport, v.Host, v.Port, v.Branch, v.Received, v.RPort, err)
	}
	for _, id := range [...]message.HeaderID{message.HeaderContact, message.HeaderRoute, message.HeaderRecordRoute} {
		for a := range m.Addresses(id) {
			out += fmt.Sprintf("%s %v %s", id, a.Wildcard, a.URI)
			for name, value := range a.Params.All() {
				out += fmt.Sprintf(" %q=%q", name, value)
			}
			out += "\n"
		}
	}
	return out + string(m.Body())
}

// TestRewritten: a message that is written otherwise says the same.
func TestRewritten(t *testing.T) {
	texts := map[string][]byte{"base": messagetest.Variants()[0].Message}
	if os.Getenv("PBX_CORPUS") != "" {
		for name, b := range messagetest.Real(t) {
			texts[name] = b
		}
	}
	for name, text := range texts {
		head, body, ok := bytes.Cut(text, []byte("\r\n\r\n"))
		lines := strings.Split(string(head), "\r\n")
		if (&message.Message{}).Parse(bytes.Clone(text)) != nil || !ok ||
			slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t") }) {
			continue // not to be read, or folded already
		}
		want := meaning(text)
		for how, rewrite := range rewrites {
			out := lines[0] + "\r\n"
			for _, l := range lines[1:] {
				n, v, ok := strings.Cut(l, ":")
				if plain := strings.HasPrefix(how, "blanks around") || strings.HasPrefix(how, "folded at blank"); ok && (!plain || slices.Contains(structured, strings.ToLower(strings.TrimSpace(n)))) {
					l = rewrite(strings.TrimRight(n, " \t"), strings.Trim(v, " \t"))
				}
				out += l + "\r\n"
			}
			out += "\r\n" + string(body)
			if got := meaning([]byte(out)); got != want {
				t.Errorf("%s, %s:\n%s\nsays\n%s\nnot\n%s", name, how, out, got, want)
			}
		}
	}
}
