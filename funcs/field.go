package funcs

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func fieldFunctions() []channel.Function {
	list := variable("the variable, or function, that holds the list")
	return []channel.Function{
		{
			Name: "CUT", Synopsis: "Fields of a list", SeeAlso: []string{"FIELDQTY", "FIELDNUM"},
			Help: "Takes fields out of the value of a variable: CUT(list,-,2) is the second one, 2-3 a range, 2- the rest, 1&3 several.",
			Args: []decl.Arg{list, arg("char-delim", "the character between fields, - when it is left empty"), arg("range-spec", "the fields")},
			Read: pieces(cut),
		},
		{
			Name: "FIELDQTY", Synopsis: "How many fields a list has",
			Args: []decl.Arg{list, arg("delim", "the character between fields")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				v := t.Get(a.Arg(0)).S
				switch {
				case len(a.Pos) < 2: // no delimiter: one field, whatever it holds
					return "1", nil
				case v == "":
					return "0", nil
				case a.Arg(1) == "":
					return "1", nil
				}
				c, _ := decodeByte(a.Arg(1))
				return strconv.Itoa(strings.Count(v, string([]byte{c})) + 1), nil
			},
		},
		{
			Name: "FIELDNUM", Synopsis: "The place of a field in a list", Help: "0 when the list does not have it. Capital and small letters are the same.",
			Args: []decl.Arg{list, arg("delim", "the character between fields"), arg("value", "the field")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				if len(a.Pos) < 3 {
					return "", errors.New("syntax: FIELDNUM(listname,delimiter,fieldvalue)")
				}
				if a.Arg(1) != "" {
					c, _ := decodeByte(a.Arg(1))
					for i, f := range strings.Split(t.Get(a.Arg(0)).S, string([]byte{c})) {
						if strings.EqualFold(f, a.Arg(2)) {
							return strconv.Itoa(i + 1), nil
						}
					}
				}
				return "0", nil
			},
		},
		{
			Name: "LISTFILTER", Synopsis: "A list without a field",
			Args: []decl.Arg{list, arg("delim", "what stands between fields"), arg("value", "the field to take out")},
			Read: pieces(listFilter),
		},
		{
			Name: "FILTER", Synopsis: "Only the characters that are allowed", Raw: true,
			Help: "Characters and ranges such as 0-9a-f; \\- is a dash, \\, a comma, \\x41 the character of that number.",
			Args: []decl.Arg{arg("allowed-chars", "what is kept"), arg("string", "the text")},
			Read: pieces(filter),
		},
		{
			Name: "REPLACE", Synopsis: "Text with characters replaced", SeeAlso: []string{"STRREPLACE"},
			Help: "Every character that is in find-chars becomes replace-char, or is taken out without one.",
			Args: []decl.Arg{variable("the variable that holds the text"), arg("find-chars", "the characters to find"), optional("replace-char", "the character to put there")},
			Read: pieces(replaceCharacters),
		},
		{
			Name: "STRREPLACE", Synopsis: "Text with a part replaced", SeeAlso: []string{"REPLACE"},
			Args: []decl.Arg{
				variable("the variable that holds the text"), arg("find-string", "the part to find"),
				optional("replace-string", "what to put there"), optional("max-replacements", "how often, every time by default"),
				optional("other", "is not looked at"),
			},
			Read: pieces(replaceText),
		},
		{
			Name: "STRBETWEEN", Synopsis: "Text with something between its characters",
			Args: []decl.Arg{variable("the variable that holds the text"), arg("insert-string", "what to put between"), optional("other", "makes it an error")},
			Read: pieces(func(t channel.Thread, a *decl.Args) (string, error) {
				if len(a.Pos) != 2 || a.Arg(0) == "" {
					return "", errors.New("syntax: STRBETWEEN(varname,insert-string)")
				}
				v := value(t, a, a.Arg(0))
				placed(a, a.Arg(1))
				var b strings.Builder
				for i := 0; i < len(v); i++ {
					if i > 0 {
						b.WriteString(a.Arg(1))
					}
					b.WriteByte(v[i])
				}
				return b.String(), nil
			}),
		},
	}
}

const maxField = 1 << 30

func cut(t channel.Thread, a *decl.Args) (string, error) {
	if len(a.Pos) < 3 {
		return "", errors.New("syntax: CUT(varname,char-delim,range-spec)")
	}
	delim := byte('-')
	if a.Arg(1) != "" {
		delim, _ = decodeByte(a.Arg(1))
	}
	rest := value(t, a, a.Arg(0))
	if rest == "" {
		return "", nil
	}
	// upTo takes the fields before one with a number off the rest.
	current, more := 1, true
	upTo := func(field int) string {
		end := 0
		for ; more && current < field; current++ {
			i := strings.IndexByte(rest[end:], delim)
			if more = i >= 0; !more {
				end = len(rest) + 1
				break
			}
			end += i + 1
		}
		taken := rest[:max(end-1, 0)]
		rest = rest[min(end, len(rest)):]
		return taken
	}
	out, first := "", true
	for group := range strings.SplitSeq(a.Arg(2), "&") {
		from, to, err := fieldRange(group)
		if err != nil {
			return "", err
		}
		upTo(from)
		if !more || current > to {
			continue
		}
		fields := upTo(to + 1)
		if first {
			out, first = fields, false
		} else {
			out += string([]byte{delim}) + fields
		}
	}
	return out, nil
}

// fieldRange reads N, N-M, N- and -M. What stands behind them does not count.
func fieldRange(s string) (from, to int, err error) {
	from, rest, ok := scanInteger(s)
	after, ranged := strings.CutPrefix(rest, "-")
	if to, _, bounded := scanInteger(after); ok && ranged && bounded {
		return from, to, nil
	}
	if last, upTo := strings.CutPrefix(s, "-"); upTo { // -M
		if to, _, ok = scanInteger(last); ok {
			return 1, to, nil
		}
	}
	switch {
	case !ok:
		return 0, 0, fmt.Errorf("%q is not a field", s)
	case ranged:
		return from, maxField, nil
	}
	return from, from, nil
}

func listFilter(t channel.Thread, a *decl.Args) (string, error) {
	if len(a.Pos) < 3 {
		return "", errors.New("syntax: LISTFILTER(listname,delimiter,fieldvalue)")
	}
	list := value(t, a, a.Arg(0))
	if list == "" {
		return "", fmt.Errorf("list variable '%s' not found", a.Arg(0))
	}
	delim := decode(a.Arg(1))
	if delim == "" {
		delim = ","
	}
	kept := make([]string, 0, 8)
	for f := range strings.SplitSeq(list, delim) {
		if f != a.Arg(2) {
			kept = append(kept, f)
		}
	}
	return strings.Join(kept, delim), nil
}

// filter splits its arguments itself: backslashes belong to the set.
func filter(_ channel.Thread, a *decl.Args) (string, error) {
	allowed, s, ok := cutRaw(a.Raw)
	if !ok {
		return "", errors.New("syntax: FILTER(allowed-chars,string)")
	}
	var set [256]bool
	for allowed != "" {
		from, n := decodeByte(allowed)
		allowed = allowed[n:]
		to := from
		if allowed != "" && allowed[0] == '-' {
			to, n = from, 0
			if len(allowed) > 1 {
				to, n = decodeByte(allowed[1:])
			}
			allowed = allowed[1+n:]
		}
		// A range that runs backwards goes past the end and begins anew.
		for c := from; ; c++ {
			set[c] = true
			if c == to {
				break
			}
		}
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if set[s[i]] {
			out = append(out, s[i])
		}
	}
	return string(out), nil
}

// cutRaw cuts at the first comma that nothing protects; nothing is taken out.
func cutRaw(s string) (before, after string, ok bool) {
	parens, brackets, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '(':
			parens++
		case c == ')':
			parens = max(0, parens-1)
		case c == '[':
			brackets++
		case c == ']':
			brackets = max(0, brackets-1)
		case c == ',' && !quoted && parens == 0 && brackets == 0:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func replaceCharacters(t channel.Thread, a *decl.Args) (string, error) {
	find := decode(a.Arg(1))
	if find == "" || a.Arg(0) == "" {
		return "", errors.New("the characters to search for and the variable name must not be empty")
	}
	v := value(t, a, a.Arg(0))
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		switch {
		case strings.IndexByte(find, v[i]) < 0:
			out = append(out, v[i])
		case a.Has(2):
			c, _ := decodeByte(a.Arg(2))
			out = append(out, c)
			placed(a, string([]byte{c}))
		}
	}
	return string(out), nil
}

func replaceText(t channel.Thread, a *decl.Args) (string, error) {
	if a.Arg(1) == "" || a.Arg(0) == "" {
		return "", errors.New("the text to search for and the variable name must not be empty")
	}
	times := -1
	if n, ok := leadingInteger(a.Arg(3)); ok && n > 0 {
		times = n
	}
	v := value(t, a, a.Arg(0))
	placed(a, a.Arg(2))
	return strings.Replace(v, a.Arg(1), a.Arg(2), times), nil
}
