package message

import "iter"

// Auth is a challenge or credentials: WWW-Authenticate, Authorization and their
// Proxy forms (RFC 3261 25.1, RFC 7616).
type Auth struct {
	Scheme []byte // "Digest", in any case
	text   []byte // the comma-separated parameters
}

// ParseAuth reads a challenge or credentials. The result refers to s.
func ParseAuth(s []byte) Auth {
	scheme, rest, _ := cutToken(trimLeft(s))
	return Auth{Scheme: scheme, text: rest}
}

// IsDigest reports whether the scheme is Digest.
func (a Auth) IsDigest() bool { return equalFold(a.Scheme, "Digest") }

// All yields name and value of each parameter; a quoted value without its
// quotes, its backslashes still there.
func (a Auth) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for rest, more := a.text, true; more; {
			var item []byte
			item, rest, more = cutList(rest)
			name, value, ok := cutAuthParam(item)
			if ok && !yield(name, value) {
				return
			}
		}
	}
}

// Get returns the value of the first parameter with the name as All yields it,
// and whether there is one.
func (a Auth) Get(name string) ([]byte, bool) {
	for n, v := range a.All() {
		if equalFold(n, name) {
			return v, true
		}
	}
	return nil, false
}

// Value returns the value of the first parameter with the name, without
// backslashes, "" if there is none.
func (a Auth) Value(name string) string {
	v, _ := a.Get(name)
	return unescapeQuoted(v)
}

// cutAuthParam reads name EQUAL (token / quoted-string).
func cutAuthParam(s []byte) (name, value []byte, ok bool) {
	name, s, ok = cutToken(s)
	if !ok || len(s) == 0 || s[0] != '=' {
		return nil, nil, false
	}
	value = trim(s[1:])
	if len(value) > 0 && value[0] == '"' {
		end := quotedEnd(value)
		if end != len(value) {
			return nil, nil, false
		}
		value = value[1 : end-1]
	}
	return name, value, true
}
