package message

import "iter"

// Params is the text of parameters as they follow a header value or stand in a
// URI: ";name=value;flag". Blanks around the separators are allowed (RFC 3261
// 7.3.1); names are compared without regard to case.
type Params []byte

// All yields the parameters in order. A flag has a nil value; the value of
// a quoted one keeps its quotes (see Unquote).
func (p Params) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for len(p) > 0 {
			var name, value []byte
			var ok bool
			if name, value, p, ok = p.cut(); !ok || !yield(name, value) {
				return
			}
		}
	}
}

// Get returns the value of the first parameter with the name, and whether there
// is one.
func (p Params) Get(name string) (value []byte, ok bool) {
	for len(p) > 0 {
		var n, v []byte
		if n, v, p, ok = p.cut(); !ok {
			return nil, false
		}
		if equalFold(n, name) {
			return v, true
		}
	}
	return nil, false
}

// Has reports whether there is a parameter with the name.
func (p Params) Has(name string) bool {
	_, ok := p.Get(name)
	return ok
}

// cut takes the first parameter off. It is not ok when the text there is not
// ";" name ["=" value].
func (p Params) cut() (name, value []byte, rest Params, ok bool) {
	s := trimLeft(p)
	if len(s) == 0 || s[0] != ';' {
		return nil, nil, nil, false
	}
	s = trimLeft(s[1:])
	i := 0
	for i < len(s) && s[i] != ';' && s[i] != '=' && s[i] != '"' {
		i++
	}
	name = trimRight(s[:i])
	if len(name) == 0 || i < len(s) && s[i] == '"' {
		return nil, nil, nil, false
	}
	if i == len(s) || s[i] == ';' {
		return name, nil, Params(trimRight(s[i:])), true
	}
	s = trimLeft(s[i+1:])
	i = 0
	if len(s) > 0 && s[0] == '"' {
		if i = quotedEnd(s); i < 0 {
			return nil, nil, nil, false
		}
		value = s[:i]
		s = trim(s[i:])
		if len(s) > 0 && s[0] != ';' {
			return nil, nil, nil, false
		}
		return name, value, Params(s), true
	}
	for i < len(s) && s[i] != ';' {
		i++
	}
	return name, trimRight(s[:i]), Params(trimRight(s[i:])), true
}

// wellFormedParam reports whether a header parameter follows the grammar
// generic-param = token [ EQUAL gen-value ], loosely: the value may have any
// character that does not end it.
func wellFormedParam(name, value []byte) bool {
	if !isToken(name) {
		return false
	}
	if len(value) > 0 && value[0] == '"' {
		return true // cut found its end
	}
	for _, c := range value {
		if c <= ' ' || c == 0x7f || c == '"' || c == '<' || c == '>' || c == ',' {
			return false
		}
	}
	return true
}

// wellFormed reports whether all header parameters follow the grammar.
func (p Params) wellFormed() bool {
	for len(p) > 0 {
		name, value, rest, ok := p.cut()
		if !ok || !wellFormedParam(name, value) {
			return false
		}
		p = rest
	}
	return true
}
