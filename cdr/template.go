package cdr

import (
	"fmt"
	"strings"
)

// Template is a line of cdr_custom.conf or cel_custom.conf: text with ${...} in it.
// Such a line is expanded for a record, not on a channel, so it knows the functions that
// make sense there and no others.
type Template struct{ parts []part }

// part is a text, or the reference name(args).
type part struct {
	text, name string
	args       []part
	call       bool
}

// quoting are the functions of a text that a template knows by itself.
var quoting = map[string]func(string) string{
	"CSV_QUOTE": func(s string) string { return string(appendQuoted(nil, s)) },
	"QUOTE": func(s string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	},
	"TOUPPER": strings.ToUpper, "TOLOWER": strings.ToLower,
	"SQL_ESC": func(s string) string { return strings.ReplaceAll(s, "'", "''") },
}

// ParseTemplate reads a template. known says which names and functions the record has; others
// are an error.
func ParseTemplate(s string, known func(name string, call bool) bool) (*Template, error) {
	parts, rest, err := parseParts(s, "", known)
	if err == nil && rest != "" {
		err = fmt.Errorf("unexpected %q", rest)
	}
	return &Template{parts}, err
}

func parseParts(s, ends string, known func(string, bool) bool) (out []part, rest string, err error) {
	depth, from := 0, 0
	text := func(to int) {
		if to > from {
			out = append(out, part{text: s[from:to]})
		}
	}
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "${"):
			text(i)
			p, after, err := parseReference(s[i+2:], known)
			if err != nil {
				return nil, "", err
			}
			out = append(out, p)
			i = len(s) - len(after) - 1
			from = i + 1
		case depth == 0 && ends != "" && strings.IndexByte(ends, s[i]) >= 0:
			text(i)
			return out, s[i:], nil
		case ends != "" && s[i] == '(':
			depth++
		case ends != "" && s[i] == ')':
			depth--
		}
	}
	if ends != "" {
		return nil, "", fmt.Errorf("%q is not closed", s)
	}
	text(len(s))
	return out, "", nil
}

func parseReference(s string, known func(string, bool) bool) (p part, rest string, err error) {
	i := strings.IndexAny(s, "(}")
	if i < 0 {
		return p, "", fmt.Errorf("${%s is not closed", s)
	}
	p.name, p.call = strings.TrimSpace(s[:i]), s[i] == '('
	if _, ok := quoting[strings.ToUpper(p.name)]; (!ok || !p.call) && !known(p.name, p.call) {
		return p, "", fmt.Errorf("a record has no ${%s}", p.name)
	}
	rest = s[i:]
	if p.call {
		if p.args, rest, err = parseParts(s[i+1:], ")", known); err != nil {
			return p, "", err
		}
		rest = rest[1:]
	}
	if !strings.HasPrefix(rest, "}") {
		return p, "", fmt.Errorf("${%s: expected } before %q", p.name, rest)
	}
	return p, rest[1:], nil
}

// Expand writes the template for a record that value knows.
func (t *Template) Expand(value func(name, args string) string) string {
	var b strings.Builder
	expand(&b, t.parts, value)
	return b.String()
}

func expand(b *strings.Builder, parts []part, value func(name, args string) string) {
	for _, p := range parts {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		var args strings.Builder
		expand(&args, p.args, value)
		if f := quoting[strings.ToUpper(p.name)]; f != nil && p.call {
			b.WriteString(f(args.String()))
			continue
		}
		b.WriteString(value(p.name, args.String()))
	}
}
