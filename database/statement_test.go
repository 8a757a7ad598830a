package database

import (
	"strings"
	"testing"

	"pbx/decl"
)

// mark takes « and » out of a text: what is between them came from a caller.
func mark(s string) (string, []decl.Span) {
	var b strings.Builder
	var taint []decl.Span
	for _, r := range s {
		switch r {
		case '«':
			taint = append(taint, decl.Span{Start: b.Len()})
		case '»':
			taint[len(taint)-1].End = b.Len()
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), taint
}

func TestCheckStatement(t *testing.T) {
	for text, ok := range map[string]bool{
		"SELECT a FROM t WHERE n='«100»'":                true,
		"SELECT a FROM t WHERE n='«O''Neil»'":            true,
		"SELECT a FROM t WHERE n='«'' OR 1=1 --»'":       true,
		"SELECT a FROM t WHERE n='«' OR 1=1 --»'":        false,
		"SELECT a FROM t WHERE n='«x'»''":                false,
		"SELECT a FROM t WHERE n='x«'»":                  false,
		"SELECT a FROM t WHERE n=«100»":                  true,
		"SELECT a FROM t WHERE n=«n»":                    false,
		"SELECT a FROM t WHERE n=«1 OR 1»":               false,
		"SELECT a FROM t«1» WHERE n=1":                   false,
		"SELECT a FROM t LIMIT «5»":                      true,
		"SELECT «a» FROM t":                              false,
		`SELECT "«a»" FROM t`:                            false,
		"SELECT a FROM t -- «100»":                       false,
		"SELECT a FROM t -- '\n WHERE n='«x»'":           true,
		"SELECT a /* ' */ FROM t WHERE n='«x»'":          true,
		`SELECT a FROM t WHERE n=E'«\\»'`:                true,
		`SELECT a FROM t WHERE n=E'«\»'`:                 false,
		`SELECT a FROM t WHERE n='«\»'`:                  true,
		"SELECT $$it's$$ FROM t WHERE n='«x»'":           false,
		"SELECT 'it''s', '«x»'":                          true,
		"«SELECT password FROM users»":                   false,
		"SELECT password FROM users WHERE note='it' 's'": true,
	} {
		sql, taint := mark(text)
		if err := CheckStatement(sql, taint); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// FuzzCheckStatement: a text that was taken cannot end the quotes that it stands in.
func FuzzCheckStatement(f *testing.F) {
	for _, s := range []string{"100", "O''Neil", "' OR 1=1 --", "''", "'''", `\'`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		const head, tail = "SELECT a FROM t WHERE n='", "' AND z=1"
		if CheckStatement(head+s+tail, []decl.Span{{Start: len(head), End: len(head) + len(s)}}) != nil {
			return
		}
		if strings.Count(s, "'")%2 != 0 || strings.Contains(strings.ReplaceAll(s, "''", ""), "'") {
			t.Errorf("%q was taken", s)
		}
	})
}
