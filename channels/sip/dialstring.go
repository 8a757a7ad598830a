package sip

import (
	"strconv"
	"strings"
)

// dialString is the resource of a dial string, what follows "SIP/".
type dialString struct {
	// Peer is the section that is called, or the host of a URI when there is no
	// such section. Port is that host's, 0 for none.
	Peer string
	Port int
	// Exten is the number or user that is called; "" is the peer's own.
	Exten string
	// Domain is the host of the Request-URI where it differs from where it is
	// sent ("SIP/user@domain//host").
	Domain string
	// User, Secret, MD5 and AuthName are one-off credentials.
	Secret, MD5, AuthName string
	// Transport is that of a host which is no peer, "" for that of [general].
	Transport string
	// To and From replace the URIs of those headers.
	To, From string
}

// parseDialString reads the forms of the field:
//
//	peer
//	peer/exten[/host]
//	exten@peer
//	user[:secret[:md5[:authname[:transport]]]]@host[:port][//host]
//	any of them !touser[@todomain][!fromuser@fromdomain]
func parseDialString(s string) dialString {
	var r dialString
	s, r.To, _ = strings.Cut(s, "!")
	r.To, r.From, _ = strings.Cut(r.To, "!")

	if user, host, ok := cutLast(s, '@'); ok {
		host, next, force := strings.Cut(host, "//")
		if !force {
			host, next, force = strings.Cut(host, "/")
		}
		parts := strings.Split(user, ":")
		r.Exten = parts[0]
		for i, p := range parts[1:] {
			switch i {
			case 0:
				r.Secret = p
			case 1:
				r.MD5 = p
			case 2:
				r.AuthName = p
			case 3:
				r.Transport = p
			}
		}
		r.Peer, r.Port = cutPort(host)
		if force && next != "" {
			r.Domain = host
			r.Peer, r.Port = cutPort(next)
		}
		return r
	}
	peer, exten, _ := strings.Cut(s, "/")
	exten, host, force := strings.Cut(exten, "/")
	r.Peer, r.Port = cutPort(peer)
	r.Exten = exten
	if force && host != "" {
		r.Domain = host
	}
	return r
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// cutPort divides host:port; an IPv6 address stands in brackets.
func cutPort(s string) (string, int) {
	if strings.HasPrefix(s, "[") {
		host, rest, ok := strings.Cut(s, "]")
		if !ok {
			return s, 0
		}
		port, _ := strconv.Atoi(strings.TrimPrefix(rest, ":"))
		return host[1:], port
	}
	host, port, ok := strings.Cut(s, ":")
	if !ok {
		return s, 0
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 {
		return host, 0
	}
	return host, n
}
