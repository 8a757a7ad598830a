package database

import (
	"strings"

	"pbx/config"
)

// Function is one section of func_odbc.conf.
type Function struct {
	// Name is that of the dialplan function, such as ODBC_SQL.
	Name                 string
	Synopsis             string
	Syntax               string
	ReadOn, WriteOn      []string // names of databases, tried in turn
	Read, Write, Insert  string
	KeepCommas, MultiRow bool
	// Limit is how many rows are kept, 0 for the default.
	Limit int
	// Tainted says that what it reads may have come from a caller.
	Tainted bool
	decided bool // by the file
	Pos     config.Pos
}

// functionOptions are those of a section.
var functionOptions = []string{
	"dsn", "readhandle", "writehandle", "readsql", "writesql", "insertsql", "read", "write", "insert", "prefix", "synopsis", "syntax", "escapecommas",
	"mode", "rowlimit", "tainted", "minargs",
}

func (b *loader) functions(f *config.File) {
	for _, s := range f.Sections {
		if s.Template || strings.EqualFold(s.Name, "general") {
			continue
		}
		b.function(s)
	}
}

func (b *loader) function(s *config.Section) {
	x := &Function{Name: "ODBC_" + s.Name, Pos: s.Pos}
	text := func(names ...string) string {
		for _, n := range names {
			if v, ok := s.Get(n); ok {
				return v
			}
		}
		return ""
	}
	if p, ok := s.Get("prefix"); ok && p != "" {
		x.Name = p + "_" + s.Name
	}
	x.Synopsis, x.Syntax = text("synopsis"), text("syntax")
	x.WriteOn = handles(text("writehandle", "dsn"))
	if x.ReadOn = handles(text("readhandle")); x.ReadOn == nil {
		x.ReadOn = x.WriteOn
	}
	x.Read, x.Write, x.Insert = text("readsql", "read"), text("writesql", "write"), text("insertsql", "insert")
	x.MultiRow = strings.EqualFold(text("mode"), "multirow")
	if v, ok := config.Bool(text("escapecommas")); ok {
		x.KeepCommas = !v
	}
	b.number(s, "rowlimit", &x.Limit, 0, 1<<20)
	for _, v := range s.Vars {
		known := false
		for _, n := range functionOptions {
			known = known || strings.EqualFold(v.Name, n)
		}
		if !known {
			hint := ""
			if near := config.Nearest(v.Name, functionOptions); near != "" {
				hint = "did you mean " + near + "?"
			}
			b.find(v.Pos, "unknown-option", hint, "func_odbc.conf has no option %s", v.Name)
		}
	}
	switch {
	case x.Read == "" && x.Write == "":
		b.find(s.Pos, "bad-value", "", "[%s] has neither readsql nor writesql; there is no function %s", s.Name, x.Name)
		return
	case x.Write == "" && x.Insert != "":
		b.find(s.Pos, "bad-value", "", "[%s] has insertsql without writesql; there is no function %s", s.Name, x.Name)
		return
	case x.Read != "" && len(x.ReadOn) == 0, x.Write != "" && len(x.WriteOn) == 0:
		b.find(s.Pos, "bad-value", "", "[%s] names no database (dsn); there is no function %s", s.Name, x.Name)
		return
	}
	for _, name := range append(x.ReadOn[:len(x.ReadOn):len(x.ReadOn)], x.WriteOn...) {
		if _, ok := b.s.sources["odbc/"+strings.ToLower(name)]; !ok {
			b.find(s.Pos, "bad-value", "", "[%s]: res_odbc.conf has no enabled [%s] that can be asked", s.Name, name)
			break
		}
	}
	b.s.Functions = append(b.s.Functions, x)
	if v, ok := s.Lookup("tainted"); ok {
		t, isBool := config.Bool(v.Value)
		if !isBool {
			b.find(v.Pos, "bad-value", "", "tainted = %q is neither yes nor no", v.Value)
		}
		x.Tainted, x.decided = t, isBool
	}
}

// taint marks the functions that read where the dialplan writes: what they find may
// have come from a caller. A section that says tainted= knows better.
func (b *loader) taint() {
	written := make(map[string]bool)
	for _, f := range b.s.Functions {
		if f.Write != "" {
			for _, name := range f.WriteOn {
				written[strings.ToLower(name)] = true
			}
		}
	}
	for _, f := range b.s.Functions {
		if f.decided {
			continue
		}
		for _, name := range f.ReadOn {
			f.Tainted = f.Tainted || written[strings.ToLower(name)]
		}
	}
}

func handles(list string) (names []string) {
	for n := range strings.SplitSeq(list, ",") {
		if n = strings.TrimSpace(n); n != "" {
			names = append(names, n)
		}
	}
	return names
}
