package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// statementVerbs are what a statement of Query may begin with. None of them leads out
// of the table's database, or changes what tables it has.
var statementVerbs = []string{"SELECT", "VALUES", "WITH", "EXPLAIN", "INSERT", "REPLACE", "UPDATE", "DELETE"}

// parseStatement holds that a text is one statement that Query runs, and returns the
// texts and numbers that stand in it as they are.
func parseStatement(text string) (constants map[string]bool, err error) {
	constants = make(map[string]bool)
	verb, ended := "", false
	for rest := text; rest != ""; {
		kind, token, after, err := nextToken(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		switch {
		case kind == blank:
			continue
		case ended:
			return nil, errors.New("one statement at a time")
		case token == ";":
			ended = true
			continue
		case verb == "":
			verb = strings.ToUpper(token)
		}
		if kind == constant {
			constants[token] = true
		}
	}
	switch {
	case verb == "" || verb == ";":
		return nil, errors.New("there is no statement")
	case !slices.Contains(statementVerbs, verb):
		return nil, fmt.Errorf("%.20s is not for the database: a statement begins with one of %s", verb, strings.Join(statementVerbs, ", "))
	}
	return constants, nil
}

type tokenKind uint8

const (
	other    tokenKind = iota // words, names in brackets, operators
	blank                     // white space and comments
	constant                  // 'texts', "texts" that may be names too, and numbers
)

// nextToken takes the first token off a text, which is not empty. That of a quoted text
// is what is in the quotes.
func nextToken(s string) (kind tokenKind, token, rest string, err error) {
	take := func(kind tokenKind, n int) (tokenKind, string, string, error) { return kind, s[:n], s[n:], nil }
	switch c := s[0]; {
	case c == 0:
		return 0, "", "", errors.New("the statement has a NUL character")
	case strings.HasPrefix(s, "--"):
		if end := strings.IndexByte(s, '\n'); end >= 0 {
			return take(blank, end+1)
		}
		return take(blank, len(s))
	case strings.HasPrefix(s, "/*"):
		if end := strings.Index(s[2:], "*/"); end >= 0 {
			return take(blank, end+4)
		}
		return take(blank, len(s))
	case strings.IndexByte(" \t\n\f\r", c) >= 0:
		return take(blank, 1)
	case c == '[':
		if end := strings.IndexByte(s, ']'); end >= 0 {
			return take(other, end+1)
		}
		return 0, "", "", errors.New("[ is not closed")
	case c == '\'' || c == '"' || c == '`':
		body, n, ok := quoted(s)
		if !ok {
			return 0, "", "", fmt.Errorf("%c is not closed", c)
		}
		if kind = constant; c == '`' {
			kind = other
		}
		return kind, body, s[n:], nil
	case wordByte(c):
		n := 1
		for n < len(s) && (wordByte(s[n]) || s[n] == '.' && c >= '0' && c <= '9') {
			n++
		}
		if c >= '0' && c <= '9' {
			return take(constant, n)
		}
		return take(other, n)
	}
	return take(other, 1)
}

// quoted is what stands in the quotes that s begins with, where a quote that is doubled
// is one, and how long that is with them.
func quoted(s string) (body string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != s[0]:
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == s[0]:
			b.WriteByte(s[i])
			i++
		default:
			return b.String(), i + 1, true
		}
	}
	return "", 0, false
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
