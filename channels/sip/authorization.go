package sip

// authorization is the content of an Authorization header (RFC 7616 section
// 3.4), as views into the header. Quoted values are taken without their quotes;
// the rare one with a backslash is unescaped into a copy.
type authorization struct {
	username, realm, nonce, uri []byte
	response, algorithm         []byte
	qop, nc, cnonce             []byte
}

// parseAuthorization reads a Digest credential. It reports false for another
// scheme and for one that lacks a part the digest needs.
func parseAuthorization(b []byte) (a authorization, ok bool) {
	b = trimSpace(b)
	const scheme = "digest"
	if len(b) <= len(scheme) || !equalFold(b[:len(scheme)], scheme) || !isSpace(b[len(scheme)]) {
		return a, false
	}
	ok = eachParam(b[len(scheme):], func(name, value []byte) {
		switch {
		case equalFold(name, "username"):
			a.username = value
		case equalFold(name, "realm"):
			a.realm = value
		case equalFold(name, "nonce"):
			a.nonce = value
		case equalFold(name, "uri"):
			a.uri = value
		case equalFold(name, "response"):
			a.response = value
		case equalFold(name, "algorithm"):
			a.algorithm = value
		case equalFold(name, "qop"):
			a.qop = value
		case equalFold(name, "nc"):
			a.nc = value
		case equalFold(name, "cnonce"):
			a.cnonce = value
		}
	})
	return a, ok && a.username != nil && a.nonce != nil && a.response != nil
}

// challenge is the content of a WWW-Authenticate or Proxy-Authenticate header.
type challenge struct {
	realm, nonce, opaque, algorithm, qop []byte
	stale                                bool
}

func parseChallenge(b []byte) (c challenge, ok bool) {
	b = trimSpace(b)
	const scheme = "digest"
	if len(b) <= len(scheme) || !equalFold(b[:len(scheme)], scheme) || !isSpace(b[len(scheme)]) {
		return c, false
	}
	ok = eachParam(b[len(scheme):], func(name, value []byte) {
		switch {
		case equalFold(name, "realm"):
			c.realm = value
		case equalFold(name, "nonce"):
			c.nonce = value
		case equalFold(name, "opaque"):
			c.opaque = value
		case equalFold(name, "algorithm"):
			c.algorithm = value
		case equalFold(name, "qop"):
			c.qop = value
		case equalFold(name, "stale"):
			c.stale = equalFold(value, "true")
		}
	})
	return c, ok && c.nonce != nil
}

// eachParam calls f for every name=value of a comma-separated list. It reports
// false at the first thing that is not one.
func eachParam(b []byte, f func(name, value []byte)) bool {
	for {
		for len(b) > 0 && (isSpace(b[0]) || b[0] == ',') {
			b = b[1:]
		}
		if len(b) == 0 {
			return true
		}
		i := 0
		for i < len(b) && isToken(b[i]) {
			i++
		}
		name := b[:i]
		b = trimLeft(b[i:])
		if i == 0 || len(b) == 0 || b[0] != '=' {
			return false
		}
		b = trimLeft(b[1:])
		var value []byte
		if len(b) > 0 && b[0] == '"' {
			end, escaped := 1, false
			for end < len(b) && b[end] != '"' {
				if b[end] == '\\' {
					escaped = true
					end++
				}
				end++
			}
			if end >= len(b) {
				return false
			}
			if value = b[1:end]; escaped {
				value = unescapeQuoted(value)
			}
			b = b[end+1:]
		} else {
			i = 0
			for i < len(b) && b[i] != ',' && !isSpace(b[i]) {
				i++
			}
			value, b = b[:i], b[i:]
		}
		f(name, value)
		if b = trimLeft(b); len(b) > 0 && b[0] != ',' {
			return false
		}
	}
}

func unescapeQuoted(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+1 < len(b) {
			i++
		}
		out = append(out, b[i])
	}
	return out
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isToken(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	switch c {
	case '-', '.', '!', '%', '*', '_', '+', '`', '\'', '~':
		return true
	}
	return false
}

func trimLeft(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

func trimSpace(b []byte) []byte {
	b = trimLeft(b)
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// equalFold compares with a lower-case ASCII word.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
