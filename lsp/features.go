package lsp

import (
	"fmt"
	"slices"
	"strings"

	"pbx/config"
	"pbx/dialplan"
)

// hover tells what the word under the cursor is.
func (s *Server) hover(path string, p position) any {
	x := s.place(path, p)
	if s.a == nil || x.word == "" {
		return nil
	}
	var b strings.Builder
	switch {
	case x.plan && x.function():
		if s.a.Explain(&b, x.word, true) {
			return plain(b.String())
		}
	case x.plan && (x.application() || x.follows('(')):
		if s.a.Explain(&b, x.word, false) || s.a.Explain(&b, x.word, true) {
			return plain(b.String())
		}
	case !x.plan && strings.EqualFold(x.word, x.key):
		for _, o := range s.a.Options {
			if o.Name == x.key {
				return hover{markup{"markdown", optionText(o.Name, o.Form, o.Default, o.Help, o.Absent)}}
			}
		}
	}
	if pos, text := s.target(&x); text != "" {
		return hover{markup{"markdown", fmt.Sprintf("%s, at %s", text, pos)}}
	}
	return nil
}

func plain(text string) hover {
	return hover{markup{"markdown", "```\n" + strings.Trim(text, "\n") + "\n```"}}
}

func optionText(name, form, standard, help, absent string) string {
	text := "**" + name + "**"
	if form != "" {
		text += " = " + form
	}
	text += "\n\n" + help
	if standard != "" {
		text += "\n\nDefault: `" + standard + "`"
	}
	if absent != "" {
		text += "\n\nDoes not act: " + absent
	}
	return text
}

// target is what the word names: a peer, a context, an extension or a label.
func (s *Server) target(x *place) (pos config.Pos, what string) {
	if peer := s.peer(x); peer != nil {
		return peer.Pos, "device [" + peer.Name + "]"
	}
	if s.a.Plan == nil {
		return pos, ""
	}
	if c, ok := s.a.Plan.Context(x.word); ok && (!x.plan || x.key == "include" || s.inPlace(x)) && (x.plan || strings.Contains(x.key, "context")) {
		return c.Pos, "context [" + c.Name + "]"
	}
	if !s.inPlace(x) {
		return pos, ""
	}
	c, ok := s.a.Plan.Context(s.contextOf(x))
	if !ok {
		return pos, ""
	}
	for _, e := range c.Extensions() {
		if e.Name == x.word && len(e.Priorities) > 0 {
			return e.Priorities[0].Pos, "extension " + e.Name + " of [" + c.Name + "]"
		}
		if l := e.Label(x.word); l != nil && x.word != "" {
			return l.Pos, "label " + l.Label + " of " + e.Name
		}
	}
	return pos, ""
}

// peer is the section of sip.conf that a word behind "SIP/" or in SIP/x@word is.
func (s *Server) peer(x *place) *peerPos {
	before := x.before()
	if i := strings.LastIndex(strings.ToUpper(before), "SIP/"); i < 0 || strings.ContainsAny(before[i+4:], " ,&()") || !strings.HasSuffix(before, "/") && !strings.HasSuffix(before, "@") {
		return nil
	}
	for _, p := range s.a.Peers {
		if strings.EqualFold(p.Name, x.word) {
			return &peerPos{p.Name, p.Pos}
		}
	}
	return nil
}

type peerPos struct {
	Name string
	Pos  config.Pos
}

// jumps are the applications whose arguments are places.
var jumps = []string{"goto(", "gotoif(", "gotoiftime(", "gosub(", "gosubif(", "macro("}

// inPlace reports whether the word is in the arguments of a jump.
func (s *Server) inPlace(x *place) bool {
	before := strings.ToLower(x.before())
	return slices.ContainsFunc(jumps, func(j string) bool { return strings.Contains(before, j) })
}

// contextOf is the context that a place is in: the one that is written before the
// word, or that of the line.
func (s *Server) contextOf(x *place) string {
	before := x.before()
	if i := strings.LastIndexAny(before, "(?:"); i >= 0 {
		before = before[i+1:]
	}
	if first, _, ok := strings.Cut(before, ","); ok {
		if _, is := s.a.Plan.Context(strings.TrimSpace(first)); is {
			return strings.TrimSpace(first)
		}
	}
	return x.section
}

// definition leads to what the word names.
func (s *Server) definition(path string, p position) any {
	x := s.place(path, p)
	if s.a == nil || x.word == "" {
		return nil
	}
	pos, what := s.target(&x)
	if what == "" {
		return nil
	}
	line := position{Line: max(pos.Line-1, 0)}
	return location{uriOf(s.full(pos.File)), span{line, line}}
}

// complete offers names that fit where the cursor is.
func (s *Server) complete(path string, p position) []completion {
	x := s.place(path, p)
	out := []completion{}
	if s.a == nil {
		return out
	}
	prefix := strings.ToLower(x.line[x.start:x.at])
	offer := func(kind int, label, detail, help string) {
		if strings.HasPrefix(strings.ToLower(label), prefix) {
			c := completion{Label: label, Kind: kind, Detail: detail}
			if help != "" {
				c.Documentation = &markup{"markdown", help}
			}
			out = append(out, c)
		}
	}
	contexts := func() {
		if s.a.Plan != nil {
			for _, c := range s.a.Plan.Contexts() {
				offer(kindModule, c.Name, "context", "")
			}
		}
	}
	before := x.before()
	upper := strings.ToUpper(before)
	switch {
	case x.plan && x.function():
		for _, f := range s.a.Catalog.Functions() {
			offer(kindFunction, f.Name, f.Synopsis, f.Help)
		}
		for _, name := range dialplan.BuiltinVariables() {
			offer(kindVariable, name, "variable", "")
		}
	case strings.HasSuffix(upper, "SIP/") || strings.HasSuffix(before, "@") && strings.Contains(upper, "SIP/"):
		for _, p := range s.a.Peers {
			offer(kindReference, p.Name, p.CallerID, "")
		}
	case x.plan && x.application():
		for _, a := range s.a.Catalog.Applications() {
			offer(kindFunction, a.Name, a.Synopsis, a.Help)
		}
	case x.plan && (x.key == "include" || s.inPlace(&x)):
		contexts()
	case !x.plan && strings.Contains(x.key, "context"):
		contexts()
	case x.plan && x.key == "" && strings.TrimSpace(before) == "":
		for _, k := range []string{"exten", "same", "include", "ignorepat", "switch", "lswitch", "eswitch"} {
			offer(kindProperty, k, "", "")
		}
	case !x.plan && x.key == "" && strings.TrimSpace(before) == "":
		general := strings.EqualFold(x.section, "general")
		for _, o := range s.a.Options {
			if general && o.General || !general && o.Device {
				offer(kindProperty, o.Name, o.Form, optionText(o.Name, o.Form, o.Default, o.Help, o.Absent))
			}
		}
	}
	return out
}

// symbols are the sections of a file, and the extensions of a plan's contexts.
func (s *Server) symbols(path string) []symbol {
	out := []symbol{}
	last := ""
	for n, line := range s.lines(path) {
		at := span{position{n, 0}, position{n, units(strings.TrimRight(line, "\r"))}}
		if name, ok := header(line); ok {
			out = append(out, symbol{Name: "[" + name + "]", Kind: 3, Range: at, SelectionRange: at})
			last = ""
			continue
		}
		if len(out) == 0 {
			continue
		}
		x := &out[len(out)-1]
		x.Range.End = at.End
		key, value, ok := strings.Cut(line, "=")
		if !ok || !isPlan(path) || !strings.EqualFold(strings.TrimSpace(key), "exten") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimLeft(strings.TrimPrefix(value, ">"), " \t"), ",")
		if name != last && name != "" {
			x.Children = append(x.Children, symbol{Name: name, Kind: 12, Range: at, SelectionRange: at})
			last = name
		}
	}
	return out
}
