package sdp

import (
	"bytes"
	"iter"
	"net/netip"
)

// lines is a run of "x=value" lines that end in CRLF, or in LF alone, which
// RFC 8866 5 asks a parser to accept.
type lines []byte

// next takes one line off. A line that is not "x=value" has the key 0.
func (l lines) next() (key byte, value []byte, rest lines) {
	end := bytes.IndexByte(l, '\n')
	if end < 0 {
		end, rest = len(l), nil
	} else {
		rest = l[end+1:]
	}
	line := l[:end]
	if end > 0 && line[end-1] == '\r' {
		line = line[:end-1]
	}
	if len(line) < 2 || line[1] != '=' {
		return 0, nil, rest
	}
	return line[0], line[2:len(line):len(line)], rest
}

// attribute finds an a= line by name.
func (l lines) attribute(name string) ([]byte, bool) {
	for len(l) > 0 {
		var key byte
		var value []byte
		key, value, l = l.next()
		if key == 'a' && len(value) >= len(name) && string(value[:len(name)]) == name {
			switch v := value[len(name):]; {
			case len(v) == 0:
				return v, true
			case v[0] == ':':
				return v[1:], true
			}
		}
	}
	return nil, false
}

func (l lines) attributes() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for rest := l; len(rest) > 0; {
			var key byte
			var value []byte
			if key, value, rest = rest.next(); key == 'a' {
				name, v, _ := bytes.Cut(value, []byte{':'})
				if !yield(name, v) {
					return
				}
			}
		}
	}
}

// cutField takes a field and the blanks after it off the beginning of s.
func cutField(s []byte) (field, rest []byte) {
	i := bytes.IndexByte(s, ' ')
	if i < 0 {
		return s, nil
	}
	field, rest = s[:i], s[i:]
	for len(rest) > 0 && rest[0] == ' ' {
		rest = rest[1:]
	}
	return field, rest
}

// number reads 1*DIGIT that is at most limit.
func number(s []byte, limit int) (n int, ok bool) {
	if len(s) == 0 {
		return 0, false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + int(c-'0'); n > limit {
			return 0, false
		}
	}
	return n, true
}

// parseOrigin reads username sess-id sess-version nettype addrtype address. A user
// name with blanks in it, which there should not be, is let pass.
func parseOrigin(s []byte) (o Origin, err error) {
	for rest := s; len(rest) > 0; {
		field, after := cutField(rest)
		id, tail := cutField(after)
		version, tail := cutField(tail)
		if o.Connection, err = parseConnection(tail); err == nil && len(version) > 0 {
			o.User, o.ID, o.Version = s[:len(s)-len(rest)+len(field)], id, version
			return o, nil
		}
		rest = after
	}
	return Origin{}, ErrOrigin
}

// parseConnection reads nettype addrtype address, the address with an optional
// TTL and count.
func parseConnection(s []byte) (Connection, error) {
	net, s := cutField(s)
	kind, s := cutField(s)
	host, _ := cutField(s)
	if i := bytes.IndexByte(host, '/'); i >= 0 {
		host = host[:i]
	}
	if string(net) != "IN" || string(kind) != "IP4" && string(kind) != "IP6" || len(host) == 0 {
		return Connection{}, ErrConnection
	}
	return Connection{Addr: parseAddr(host), Host: host}, nil
}

// parseAddr reads an address, the zero Addr if s is a name. An IPv4 address
// costs no allocation.
func parseAddr(s []byte) netip.Addr {
	var octets [4]byte
	rest := s
	for i := range octets {
		part := rest
		if i < 3 {
			dot := bytes.IndexByte(rest, '.')
			if dot < 0 {
				return parseAddr6(s)
			}
			part, rest = rest[:dot], rest[dot+1:]
		}
		n, ok := number(part, 255)
		if !ok {
			return parseAddr6(s)
		}
		octets[i] = byte(n)
	}
	return netip.AddrFrom4(octets)
}

func parseAddr6(s []byte) netip.Addr {
	if bytes.IndexByte(s, ':') < 0 || len(s) > 45 {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(string(s))
	if err != nil || a.Zone() != "" {
		return netip.Addr{}
	}
	return a
}
