package expr

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// Cache keeps compiled regular expressions. It may be used by any goroutine; a
// nil Cache keeps nothing.
type Cache struct {
	mu sync.Mutex
	m  map[string]*regexp.Regexp
}

const cacheSize = 256

// Compile compiles a POSIX extended regular expression: the leftmost, longest
// match. Only the first group is kept.
func (c *Cache) Compile(pattern string) (*regexp.Regexp, error) {
	return c.compile(pattern, false)
}

// CompileFold is Compile for matches that ignore the case of letters.
func (c *Cache) CompileFold(pattern string) (*regexp.Regexp, error) {
	return c.compile(pattern, true)
}

func (c *Cache) compile(pattern string, fold bool) (*regexp.Regexp, error) {
	key := pattern
	if fold {
		key = "(?i)" + pattern
	}
	if c != nil {
		c.mu.Lock()
		re, ok := c.m[key]
		c.mu.Unlock()
		if ok {
			return re, nil
		}
	}
	translated, err := translate(pattern)
	if err != nil {
		return nil, err
	}
	if fold {
		translated = "(?i)" + translated
	}
	re, err := regexp.Compile(translated)
	if err != nil {
		return nil, errors.New("invalid regular expression")
	}
	re.Longest()
	if c != nil {
		c.mu.Lock()
		if c.m == nil || len(c.m) >= cacheSize {
			c.m = make(map[string]*regexp.Regexp)
		}
		c.m[key] = re
		c.mu.Unlock()
	}
	return re, nil
}

// Widen makes every byte of a text a character of its own, for a match: expressions
// and REGEX() work in the C locale, where a letter beyond ASCII is as many characters
// as it has bytes.
func Widen(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
	if i < 0 {
		return s
	}
	b := []byte(s[:i])
	for ; i < len(s); i++ {
		b = utf8.AppendRune(b, rune(s[i]))
	}
	return string(b)
}

// translate writes a POSIX extended regular expression (with the additions of
// the C library: \w \s \b \< …) in the syntax of package regexp.
func translate(p string) (string, error) {
	var b strings.Builder
	b.WriteString("(?s)")
	var opened []int // where the groups begin that are open
	grouped := false
	atom, repeated, from := false, false, 0 // something stands before that can be repeated, is so already, and where it begins
	// repeat writes a repetition of what stands before.
	repeat := func(times string) {
		if repeated {
			s := b.String()
			b.Reset()
			b.WriteString(s[:from] + "(?:" + s[from:] + ")")
		}
		b.WriteString(times)
		repeated = true
	}
	for i := 0; i < len(p); i++ {
		c := p[i]
		if strings.IndexByte("*+?{)", c) < 0 {
			from, repeated = b.Len(), false
		}
		switch c {
		case '\\':
			if i++; i >= len(p) {
				return "", errors.New("Trailing backslash")
			}
			e := p[i]
			atom = strings.IndexByte("bB<>`'", e) < 0 // nothing that could be repeated
			switch e {
			case 'w', 'W', 's', 'S', 'b', 'B':
				b.WriteByte('\\')
				b.WriteByte(e)
			case '<', '>':
				b.WriteString(`\b`)
			case '`':
				b.WriteString(`\A`)
			case '\'':
				b.WriteString(`\z`)
			case '1', '2', '3', '4', '5', '6', '7', '8', '9':
				return "", errors.New("back-references are not supported")
			default:
				b.WriteString(regexp.QuoteMeta(p[i : i+1]))
			}
		case '[':
			set, next, err := bracket(p, i)
			if err != nil {
				return "", err
			}
			b.WriteString(set)
			i, atom = next, true
		case '(':
			opened = append(opened, b.Len())
			b.WriteByte('(')
			if grouped { // nobody asks for the second group, and it would cost
				b.WriteString("?:")
			}
			grouped, atom = true, false
		case ')':
			if n := len(opened); n == 0 {
				from = b.Len()
				b.WriteString(`\)`)
			} else {
				from, opened = opened[n-1], opened[:n-1]
				b.WriteByte(')')
			}
			atom, repeated = true, false
		case '|':
			b.WriteByte('|')
			atom = false
		case '*', '+', '?':
			if !atom {
				return "", errors.New("Invalid preceding regular expression")
			}
			repeat(string([]byte{c}))
		case '{':
			n := strings.IndexByte(p[i:], '}')
			switch {
			case !atom:
				return "", errors.New("Invalid preceding regular expression")
			case n < 0:
				return "", errors.New("Unmatched { or \\{")
			case !counts(p[i+1 : i+n]):
				return "", errors.New(`Invalid content of \{\}`)
			}
			interval := p[i : i+n+1]
			if strings.HasPrefix(interval, "{,") {
				interval = "{0" + interval[1:]
			}
			repeat(interval)
			i += n
		case '^', '$':
			b.WriteByte(c)
			atom = false
		case '.':
			b.WriteByte(c)
			atom = true
		default:
			if c < 0x80 {
				b.WriteString(regexp.QuoteMeta(p[i : i+1]))
			} else {
				b.WriteByte(c)
			}
			atom = true
		}
	}
	if len(opened) > 0 {
		return "", errors.New(`Unmatched ( or \(`)
	}
	return b.String(), nil
}

// counts tells whether n, n, or n,m stands between braces; n may be missing before
// the comma.
func counts(s string) bool {
	least, most, _ := strings.Cut(s, ",")
	return s != "" && strings.Trim(least+most, "0123456789") == ""
}

// bracket translates the bracket expression that begins at p[i]; a backslash in
// it is an ordinary character.
func bracket(p string, i int) (set string, last int, err error) {
	var b strings.Builder
	b.WriteByte('[')
	j := i + 1
	if j < len(p) && p[j] == '^' {
		b.WriteByte('^')
		j++
	}
	for first := true; ; first = false {
		if j >= len(p) {
			return "", 0, errors.New("Unmatched [, [^, [:, [., or [=")
		}
		switch c := p[j]; {
		case c == ']' && !first:
			b.WriteByte(']')
			return b.String(), j, nil
		case c == '[' && j+1 < len(p) && p[j+1] == ':':
			n := strings.Index(p[j:], ":]")
			if n < 0 {
				return "", 0, errors.New("Unmatched [, [^, [:, [., or [=")
			}
			b.WriteString(p[j : j+n+2])
			j += n + 2
		case c == '-' && j+1 < len(p) && !first && p[j+1] != ']' && p[j-1] != '^':
			b.WriteByte('-')
			j++
		case strings.IndexByte(`\[]^-&~`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
			j++
		default:
			b.WriteByte(c)
			j++
		}
	}
}
