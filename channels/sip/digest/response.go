package digest

// Hasher computes responses in a buffer of its own.
type Hasher struct{ buf, out []byte }

// Response is the value that a right answer has (RFC 7616 3.4.1); body is the
// message's, which qop=auth-int covers. The result is valid until the next call.
func (h *Hasher) Response(alg Algorithm, ha1, method string, a *Authorization, body []byte) []byte {
	b := append(h.buf[:0], method...)
	b = append(b, ':')
	b = append(b, a.URI...)
	if equalFold(a.QOP, "auth-int") { // A2 of 3.4.3
		b = append(b, ':')
		b = alg.AppendSum(b, body)
	}
	h.out = alg.AppendSum(h.out[:0], b)
	ha2 := len(h.out)

	b = append(b[:0], ha1...)
	b = append(b, ':')
	b = append(b, a.Nonce...)
	b = append(b, ':')
	if len(a.QOP) > 0 {
		b = append(b, a.NC...)
		b = append(b, ':')
		b = append(b, a.CNonce...)
		b = append(b, ':')
		b = append(b, a.QOP...)
		b = append(b, ':')
	}
	b = append(b, h.out[:ha2]...)
	h.buf = b
	h.out = alg.AppendSum(h.out[:0], b)
	return h.out
}

// Equal compares a response with what came, without telling where the difference is.
// Old phones write the hexadecimal digits in upper case.
func Equal(want, given []byte) bool {
	if len(want) != len(given) {
		return false
	}
	var d byte
	for i := range want {
		d |= (want[i] ^ given[i]) &^ ('a' - 'A')
	}
	return d == 0
}

// ParseCount reads a nonce count: eight hex digits (RFC 7616 3.4).
func ParseCount(b []byte) (uint32, bool) {
	if len(b) == 0 || len(b) > 8 {
		return 0, false
	}
	var n uint32
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint32(c)
	}
	return n, true
}
