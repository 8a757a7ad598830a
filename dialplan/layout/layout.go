// Package layout writes extensions.conf in one manner: sections apart, "exten =>"
// once an extension and "same =>" below it, no blanks where they mean nothing.
// Comments stay, and so does what the file means; Format proves that by reading
// both. Its functions keep no state.
package layout

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"pbx/dialplan"
)

// ErrMeaning says that a file would mean something else in its new layout, and so
// was left alone: a mistake here, or in the file.
var ErrMeaning = errors.New("the file would mean something else")

// Format lays a file out anew. name is what errors call it.
func Format(name string, text []byte) ([]byte, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // a mark of editors
	before, _, err := dialplan.Parse(name, alone(text), nil)
	if err != nil {
		return nil, err
	}
	out := render(lines(string(text)))
	after, _, err := dialplan.Parse(name, alone(out), nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrMeaning, err)
	}
	if d := dialplan.Difference(before, after); d != "" {
		return nil, fmt.Errorf("%s: %w: %s", name, ErrMeaning, d)
	}
	return out, nil
}

// alone is a file as it can be read without those that it includes and those that
// include it.
func alone(text []byte) []byte {
	all := strings.Split(string(text), "\n")
	section := false
	for i, l := range all {
		code := strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(code, "#"):
			all[i] = ""
		case strings.HasPrefix(code, "["):
			all[i] = header(code)
			section = true
		case code != "" && code[0] != ';' && !section:
			all[i] = "[partial]\n" + l
			section = true
		}
	}
	return []byte(strings.Join(all, "\n"))
}

// header is the head of a section without what it takes from others.
func header(code string) string {
	name, options, _ := strings.Cut(code, "]")
	if strings.Contains(options, "!") {
		return name + "](!)"
	}
	return name + "]"
}

// line is one line of the file.
type line struct {
	code    string // without blanks around it; "" for none
	comment string // from its semicolon on
	raw     bool   // code is kept as it stands: it has to do with a block comment
	indent  bool   // a line below its exten
}

// lines reads a file.
func lines(text string) []line {
	var out []line
	f := former{}
	depth := 0
	for text != "" {
		var l string
		l, text, _ = strings.Cut(text, "\n")
		l = strings.TrimRight(l, " \t\r")
		was := depth
		depth = nesting(l, depth)
		if was > 0 || depth > 0 || strings.Contains(l, "--;") {
			out = append(out, line{code: l, raw: true})
			continue
		}
		code, comment := split(l)
		x := line{comment: comment}
		x.code, x.indent = f.form(strings.TrimSpace(code))
		out = append(out, x)
	}
	return out
}

// nesting is how many block comments are open after a line.
func nesting(l string, depth int) int {
	for i := 0; i < len(l); i++ {
		if l[i] != ';' || i > 0 && l[i-1] == '\\' {
			continue
		}
		rest := l[i+1:]
		switch {
		case strings.HasPrefix(rest, "--") && !strings.HasPrefix(rest, "---"):
			depth++
			i += 2
		case depth > 0 && i > 1 && l[i-2:i] == "--":
			depth--
		case depth == 0:
			return depth // a comment to the end of the line
		}
	}
	return depth
}

// split divides a line into code and comment.
func split(l string) (code, comment string) {
	for i := 0; i < len(l); i++ {
		if l[i] == ';' && (i == 0 || l[i-1] != '\\') {
			return l[:i], l[i:]
		}
	}
	return l, ""
}

// former knows where in the file it is.
type former struct {
	settings bool   // in [general] or [globals]
	exten    string // of the last exten line, "" when the next must begin anew
}

// form is a line of code in its new layout.
func (f *former) form(code string) (out string, indent bool) {
	switch {
	case code == "":
		return "", false
	case code[0] == '[':
		name, _, _ := strings.Cut(strings.TrimPrefix(code, "["), "]")
		name = strings.ToLower(strings.TrimSpace(name))
		f.settings, f.exten = name == "general" || name == "globals", ""
		return code, false
	case code[0] == '#':
		f.exten = ""
		return code, false
	}
	key, op, value, ok := variable(code)
	switch {
	case !ok:
		return code, false
	case f.settings:
		if op == "+=" {
			return key + " += " + value, false
		}
		return key + "=" + value, false
	}
	if op == "=" {
		op = "=>"
	}
	switch lower := strings.ToLower(key); {
	case lower == "exten":
		exten, rest := cutExten(value)
		rest = priority(rest)
		hint := strings.HasPrefix(strings.ToLower(rest), "hint")
		if exten == f.exten && !hint && !strings.Contains(exten, "/") {
			return "same " + op + " " + rest, true
		}
		if f.exten = exten; hint {
			f.exten = ""
		}
		return "exten " + op + " " + exten + "," + rest, false
	case strings.HasPrefix(lower, "same"):
		return "same " + op + " " + priority(value), true
	}
	f.exten = ""
	return key + " " + op + " " + value, false
}

// variable divides "key => value".
func variable(code string) (key, op, value string, ok bool) {
	i := strings.IndexByte(code, '=')
	if i < 0 {
		return "", "", "", false
	}
	key, value = code[:i], code[i+1:]
	op = "="
	if strings.HasPrefix(value, ">") {
		op, value = "=>", value[1:]
	} else if strings.HasSuffix(key, "+") {
		op, key = "+=", key[:len(key)-1]
	}
	return strings.TrimSpace(key), op, strings.TrimSpace(value), true
}

// cutExten divides what is behind exten: a comma in brackets is part of a pattern.
func cutExten(value string) (exten, rest string) {
	depth := 0
	for i := range len(value) {
		switch value[i] {
		case '[':
			depth++
		case ']':
			depth--
		case ',':
			if depth <= 0 {
				return strings.TrimSpace(value[:i]), value[i+1:]
			}
		}
	}
	return strings.TrimSpace(value), ""
}

// priority takes the blanks from around the priority and the application.
func priority(s string) string {
	p, app, ok := strings.Cut(s, ",")
	if !ok {
		return strings.TrimSpace(p)
	}
	return strings.TrimSpace(p) + "," + strings.TrimSpace(app)
}

// widest is how far to the right comments behind lines are lined up.
const widest = 72

// render writes the lines, with one blank line where there were some, and one
// before each section and the comment that stands above it.
func render(all []line) []byte {
	var b bytes.Buffer
	blank := true // nothing to be set apart from yet
	for i := 0; i < len(all); i++ {
		l := all[i]
		if l.code == "" && l.comment == "" {
			if !blank {
				b.WriteByte('\n')
			}
			blank = true
			continue
		}
		if !blank && begins(all[i:]) && (i == 0 || all[i-1].code != "" || all[i-1].comment == "") {
			b.WriteByte('\n')
		}
		blank = false
		column := aligned(all, i)
		text := l.code
		if l.indent {
			text = " " + text
		}
		b.WriteString(text)
		if l.comment != "" {
			if text != "" {
				b.WriteString(strings.Repeat(" ", max(column-len(text), 2)))
			}
			b.WriteString(l.comment)
		}
		b.WriteByte('\n')
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

// begins reports whether a section begins here, or the comment right above one.
func begins(rest []line) bool {
	for _, l := range rest {
		switch {
		case l.raw:
			return false
		case l.code != "":
			return l.code[0] == '['
		case l.comment == "":
			return false
		}
	}
	return false
}

// aligned is the column of the comment behind line i: that of the run of lines
// with comments that it is in.
func aligned(all []line, i int) (column int) {
	has := func(i int) bool {
		return i >= 0 && i < len(all) && all[i].code != "" && all[i].comment != "" && !all[i].raw && all[i].code[0] != '['
	}
	if !has(i) {
		return 0
	}
	first := i
	for has(first - 1) {
		first--
	}
	for ; has(first); first++ {
		n := len(all[first].code) + 2
		if all[first].indent {
			n++
		}
		if n <= widest {
			column = max(column, n)
		}
	}
	return column
}
