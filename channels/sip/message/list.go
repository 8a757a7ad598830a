package message

import "bytes"

// cutList returns the first value of a comma-separated list and what follows
// its comma. Commas in quoted strings and between angle brackets do not divide.
func cutList(s []byte) (value, rest []byte, more bool) {
	if bytes.IndexByte(s, ',') < 0 {
		return trim(s), nil, false
	}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ',':
			return trim(s[:i]), s[i+1:], true
		case '"':
			n := quotedEnd(s[i:])
			if n < 0 {
				return trim(s), nil, false
			}
			i += n - 1
		case '<':
			if n := bracketEnd(s[i:]); n >= 0 {
				i += n
			} else {
				i = len(s)
			}
		}
	}
	return trim(s), nil, false
}

// eachValue calls yield for the values of one list line, empty ones left out.
func eachValue(line []byte, yield func([]byte) bool) bool {
	for more := true; more; {
		var v []byte
		v, line, more = cutList(line)
		if len(v) > 0 && !yield(v) {
			return false
		}
	}
	return true
}
