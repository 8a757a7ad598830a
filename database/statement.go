package database

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"pbx/decl"
)

// ErrCaller is the reason of a statement that a caller could change.
var ErrCaller = errors.New("text from a caller is not escaped")

// dollarQuote begins a text of PostgreSQL between dollar signs.
var dollarQuote = regexp.MustCompile(`\$[A-Za-z_]*\$`)

// CheckStatement looks at the parts of a statement that came from the network, taint.
// They may be the inside of a text in single quotes whose own quotes are doubled, as
// SQL_ESC() makes them, or digits elsewhere: nothing that says what is done.
func CheckStatement(sql string, taint []decl.Span) error {
	if len(taint) == 0 {
		return nil
	}
	if m := dollarQuote.FindString(sql); m != "" {
		return fmt.Errorf("%w: quotes of the form %s cannot be told apart", ErrCaller, m)
	}
	const (
		outside = iota
		text    // in '…'
		name    // in "…"
		line    // behind --
		block   // in /* … */
	)
	tainted := func(i int) bool {
		for _, s := range taint {
			if i >= s.Start && i < s.End {
				return true
			}
		}
		return false
	}
	next := func(i int) byte {
		if i+1 < len(sql) {
			return sql[i+1]
		}
		return 0
	}
	state, backslashes := outside, false
	for i := 0; i < len(sql); i++ {
		c, bad := sql[i], tainted(i)
		switch state {
		case outside:
			switch {
			case bad && (c < '0' || c > '9'):
				return fmt.Errorf("%w, and not in quotes", ErrCaller)
			case bad && i > 0 && sql[i-1] != '=' && !tainted(i-1) && !strings.ContainsRune(" \t(,<>", rune(sql[i-1])):
				return fmt.Errorf("%w: it is part of a word", ErrCaller)
			case c == '\'':
				state = text
				backslashes = i > 0 && (sql[i-1] == 'E' || sql[i-1] == 'e') && (i < 2 || !letter(sql[i-2]))
			case c == '"', c == '`':
				state = name
			case c == '-' && next(i) == '-':
				state = line
			case c == '/' && next(i) == '*':
				state = block
			}
		case text:
			switch {
			case c == '\\' && backslashes && bad && (next(i) != '\\' || !tainted(i+1)):
				return fmt.Errorf("%w: its backslashes mean something there", ErrCaller)
			case c == '\\' && backslashes:
				i++
			case c == '\'' && next(i) == '\'' && tainted(i+1) == bad:
				i++
			case c == '\'' && bad:
				return fmt.Errorf("%w: SQL_ESC() doubles its quotes", ErrCaller)
			case c == '\'':
				state = outside
			}
		default:
			if bad {
				return fmt.Errorf("%w, and stands where no text does", ErrCaller)
			}
			switch {
			case state == name && (c == '"' || c == '`'), state == line && c == '\n':
				state = outside
			case state == block && c == '*' && next(i) == '/':
				i++
				state = outside
			}
		}
	}
	return nil
}

func letter(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}
