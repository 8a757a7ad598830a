package sip

import (
	"strconv"
	"strings"

	"pbx/channels/sip/message"
)

// dialString is the resource of a dial string, what follows "SIP/".
type dialString struct {
	// Peer is the section that is called, or the host of a URI when there is no
	// such section. Port is that host's, 0 for none.
	Peer string
	Port int
	// Exten is the number or user that is called; "" is the peer's own.
	Exten string
	// Next is where the request is sent in place of where the peer or the host is,
	// "" for there: [proto://]host[:port], as outboundproxy= has it.
	Next string
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
//	peer/exten[/next]
//	exten@peer[//next]
//	user[:secret[:md5[:authname[:transport]]]]@host[:port][//next]
//	any of them !touser[@todomain][!fromuser@fromdomain]
//
// The first slash ends the peer or the host: what follows is a number to call there,
// whatever is in it.
func parseDialString(s string) dialString {
	var r dialString
	s, r.To, _ = strings.Cut(s, "!")
	r.To, r.From, _ = strings.Cut(r.To, "!")

	where, rest, _ := strings.Cut(s, "/")
	exten, next, _ := strings.Cut(rest, "/")
	r.Next = next
	if user, host, ok := cutLast(where, '@'); ok {
		r.Peer, r.Port = cutPort(host)
		for i, p := range strings.SplitN(user, ":", 5) {
			*[...]*string{&r.Exten, &r.Secret, &r.MD5, &r.AuthName, &r.Transport}[i] = p
		}
		return r
	}
	r.Peer, r.Port = cutPort(where)
	r.Exten = exten
	return r
}

// host is the host of a call to no peer as the dial string has it, with its port: the
// name of the channel.
func (r *dialString) host() string {
	return string(message.AppendHostPort(nil, r.Peer, uint16(r.Port)))
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
