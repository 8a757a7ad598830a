package funcs

import (
	"crypto/rand"
	"io"
	"strings"
	"time"

	"pbx/channel"
	"pbx/config"
	"pbx/database"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/dialplan/program"
)

// Deps are what functions need of the exchange.
type Deps struct {
	Engine *dialplan.Engine
	// Database is AstDB.
	Database channel.Database
	// Records are the call records; nil keeps none.
	Records channel.Records
	// Programs runs what SHELL() asks for; nil has limits of its own.
	Programs *program.Runner
	// Random is where RAND and UUID take chance from; nil means crypto/rand.
	Random io.Reader
	// Now is the clock; nil means the engine's.
	Now func() time.Time
	// Names asks the DNS for ENUMLOOKUP, SRVQUERY and their like.
	Names Names
	// Databases are those of res_odbc.conf and its kin; nil has none.
	Databases *database.Sources
	// Config reads the configuration files that AST_CONFIG looks into.
	Config *config.Loader
	// ToneZones are the countries whose tones there are, which CHANNEL(tonezone) picks
	// from; nil has none.
	ToneZones func() []string
	// Speech finds the files of SAYFILES; nil has none.
	Speech Speech
	// Version is what VERSION() tells.
	Version string
}

// All returns every function.
func All(d Deps) []channel.Function {
	if d.Random == nil {
		d.Random = rand.Reader
	}
	if d.Now == nil {
		d.Now = d.Engine.Now
	}
	if d.Records == nil {
		d.Records = channel.NoRecords{}
	}
	var all []channel.Function
	for _, family := range [][]channel.Function{
		textFunctions(), fieldFunctions(), listFunctions(), hashFunctions(), regexFunctions(d), formatFunctions(),
		logicFunctions(d), mathFunctions(d), encodingFunctions(), timeFunctions(d), variableFunctions(d),
		callerFunctions(), connectedFunctions(), channelFunctions(d), timeoutFunctions(), causeFunctions(), groupFunctions(d),
		planFunctions(d), systemFunctions(d), lockFunctions(d),
		databaseFunctions(d), jsonFunctions(), cipherFunctions(), fileFunctions(), messageFunctions(), curlFunctions(), dnsFunctions(d), iconvFunctions(), configFunctions(d), odbcFunctions(d), realtimeFunctions(d), recordFunctions(d), sayFunctions(d), featureFunctions(), recordingFunctions(), hookFunctions(d),
	} {
		all = append(all, family...)
	}
	return all
}

// readFunc is the Read of a declaration.
type readFunc = func(channel.Thread, *decl.Args) (string, error)

// arg declares a required argument, optional one that may be left out.
func arg(name, help string) decl.Arg { return decl.Arg{Name: name, Help: help} }

func optional(name, help string) decl.Arg { return decl.Arg{Name: name, Help: help, Optional: true} }

func variable(help string) decl.Arg {
	return decl.Arg{Name: "varname", Help: help, Target: decl.VarName}
}

// text declares a function of the whole argument text, commas and all, whose value
// is made of pieces of it.
func text(name, synopsis, help, argument string, read func(s string) string) channel.Function {
	return channel.Function{
		Name: name, Synopsis: synopsis, Help: help, Raw: true, Args: []decl.Arg{arg(argument, "the text")},
		Read: pieces(func(_ channel.Thread, a *decl.Args) (string, error) { return read(a.Raw), nil }),
	}
}

// recoded is text whose value has other characters than its argument: it is as
// tainted as a whole as that is.
func recoded(name, synopsis, help, argument string, read func(s string) string) channel.Function {
	f := text(name, synopsis, help, argument, nil)
	f.Read = func(_ channel.Thread, a *decl.Args) (string, error) { return read(a.Raw), nil }
	return f
}

// pieces is a Read whose value is made of pieces of what it saw; see decl.Args.Pieces.
func pieces(read readFunc) readFunc {
	return func(t channel.Thread, a *decl.Args) (string, error) {
		s, err := read(t, a)
		a.MarkPieces(s)
		return s, err
	}
}

// value reads the variable or function that an argument names; the result of the
// function is then as tainted as it is.
func value(t channel.Thread, a *decl.Args, name string) string {
	v := t.Get(name)
	a.Saw(v.S, v.Taint)
	return v.S
}

// placed tells that a caller decided where s stands in the value, if he had a part in
// it: s is then as good as his.
func placed(a *decl.Args, s string) {
	if a.Tainted {
		a.Saw(s, channel.Whole(len(s)))
	}
}

// handOn is value where the value is the result of the function.
func handOn(a *decl.Args, v channel.Value) (string, error) {
	a.Mark(v.Taint)
	return v.S, nil
}

// set writes the variable or function that an argument names with pieces of what was
// seen; the name is a piece of it, too.
func set(t channel.Thread, a *decl.Args, name, s string) {
	named := channel.Value{S: name, Taint: a.Pieces(name)}
	if len(a.NameTaint) > 0 {
		named = channel.Tainted(name)
	}
	if err := t.SetNamed(named, channel.Value{S: s, Taint: a.Pieces(s)}); err != nil {
		t.Log().Warn(err.Error())
	}
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// separate divides at delim as the field's parser does for separators other than
// the comma; quotes and backslashes are taken out of all but the last of most.
func separate(s string, delim byte, most int) []string {
	var out []string
	for len(out) < most-1 && s != "" {
		var b strings.Builder
		parens, brackets, quoted, i := 0, 0, false, 0
	scan:
		for ; i < len(s); i++ {
			switch c := s[i]; {
			case c == '(':
				parens++
			case c == ')':
				parens = max(0, parens-1)
			case c == '[':
				brackets++
			case c == ']':
				brackets = max(0, brackets-1)
			case c == '"' && delim != '"':
				quoted = !quoted
				continue
			case c == '\\':
				if i++; i == len(s) {
					break scan
				}
			case c == delim && parens == 0 && brackets == 0 && !quoted:
				out = append(out, b.String())
				s = s[i+1:]
				i = -1
				break scan
			}
			b.WriteByte(s[i])
		}
		if i >= 0 {
			return append(out, b.String())
		}
	}
	return append(out, s)
}

// decode reads the escapes \n \r \t \xHH \0NN, and a backslash before any other
// character, as delimiters and sets of characters are written.
func decode(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for s != "" {
		c, n := decodeByte(s)
		b.WriteByte(c)
		s = s[n:]
	}
	return b.String()
}

// decodeByte reads one character, which may be an escape, and how long it is
// written.
func decodeByte(s string) (c byte, n int) {
	if s[0] != '\\' || len(s) < 2 {
		return s[0], 1
	}
	switch s[1] {
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'x':
		for n = 2; n < 4 && n < len(s) && hexDigit(s[n]) >= 0; n++ {
			c = c<<4 | byte(hexDigit(s[n]))
		}
		return c, n
	case '0':
		for n = 2; n < len(s) && s[n] >= '0' && s[n] <= '7'; n++ {
			c = c<<3 + s[n] - '0'
		}
		return c, n
	}
	return s[1], 2
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
