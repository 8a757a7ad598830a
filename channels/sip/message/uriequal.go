package message

import (
	"bytes"
	"iter"
)

// Equal compares two URIs by the rules of RFC 3261 19.1.4: the user part with
// case, everything else without; an escaped octet equals the octet unless it is
// reserved; transport, user, ttl, method and maddr count even when only one
// side has them, other parameters when both do; headers must be the same.
// URIs of other schemes are equal when they read the same.
func (u *URI) Equal(v *URI) bool {
	if !equalFold(u.Scheme, v.Scheme) || u.Port != v.Port {
		return false
	}
	switch {
	case u.IsTel():
		return equalNumber(u.User, v.User) && equalParams(u.Params, v.Params)
	case !u.IsSIP():
		return bytes.Equal(u.Opaque, v.Opaque)
	}
	return equalFold(u.Host, v.Host) &&
		(u.User == nil) == (v.User == nil) && equalEscaped(u.User, v.User, false) &&
		(u.Password == nil) == (v.Password == nil) && equalEscaped(u.Password, v.Password, false) &&
		equalParams(u.Params, v.Params) &&
		containsHeaders(u.Headers, v.Headers) && containsHeaders(v.Headers, u.Headers)
}

// equalNumber compares telephone numbers without their visual separators
// (RFC 3966 5).
func equalNumber(a, b []byte) bool {
	for {
		for len(a) > 0 && isSeparator(a[0]) {
			a = a[1:]
		}
		for len(b) > 0 && isSeparator(b[0]) {
			b = b[1:]
		}
		if len(a) == 0 || len(b) == 0 {
			return len(a) == len(b)
		}
		if lower(a[0]) != lower(b[0]) {
			return false
		}
		a, b = a[1:], b[1:]
	}
}

func isSeparator(c byte) bool { return c == '-' || c == '.' || c == '(' || c == ')' }

// equalEscaped compares octet by octet; %HH stands for its octet unless that is
// reserved.
func equalEscaped(a, b []byte, fold bool) bool {
	for len(a) > 0 && len(b) > 0 {
		ca, la, na := octet(a)
		cb, lb, nb := octet(b)
		if fold {
			ca, cb = lower(ca), lower(cb)
		}
		if ca != cb || la != lb {
			return false
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) == len(b)
}

// octet reads one octet or escape. literal is false for an escape that must not
// be taken for the octet itself.
func octet(s []byte) (c byte, literal bool, n int) {
	if c, ok := unhex(s); ok {
		return c, classes[c]&classReserved == 0, 3
	}
	return s[0], true, 1
}

// equalParams compares URI parameters in both directions.
func equalParams(a, b Params) bool { return coversParams(a, b) && coversParams(b, a) }

// coversParams reports whether nothing in a is contradicted by b. Of a parameter
// that wrongly stands twice the first counts.
func coversParams(a, b Params) bool {
	for name := range a.All() {
		value, _ := a.getEscaped(name)
		other, ok := b.getEscaped(name)
		if !ok && mustMatch(name) || ok && !equalEscaped(value, other, true) {
			return false
		}
	}
	return true
}

func (p Params) getEscaped(name []byte) ([]byte, bool) {
	for n, v := range p.All() {
		if equalEscaped(n, name, true) {
			return v, true
		}
	}
	return nil, false
}

// mustMatch names the parameters that count even if one URI lacks them.
func mustMatch(name []byte) bool {
	for _, n := range [...]string{"transport", "user", "ttl", "method", "maddr"} {
		if equalFold(name, n) {
			return true
		}
	}
	return false
}

// containsHeaders reports whether every header of a stands in b as well.
func containsHeaders(a, b []byte) bool {
	for h := range splitHeaders(a) {
		found := false
		for other := range splitHeaders(b) {
			if equalEscaped(h, other, true) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// splitHeaders yields the "name=value" pieces of the headers of a URI.
func splitHeaders(s []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(s) > 0 {
			var h []byte
			h, s, _ = bytes.Cut(s, []byte{'&'})
			if !yield(h) {
				return
			}
		}
	}
}
