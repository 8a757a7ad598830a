package transaction

import (
	"net/netip"
	"strings"
)

// Protocol is the transport protocol of a message. The zero value is UDP.
type Protocol uint8

// The transports of RFC 3261 18 and RFC 7118.
const (
	UDP Protocol = iota
	TCP
	TLS
	WS
	WSS
)

// Protocols is how many there are.
const Protocols = 5

var protocolNames = [Protocols]string{"UDP", "TCP", "TLS", "WS", "WSS"}

// String is the name that stands in Via (RFC 3261 20.42, RFC 7118 5.2).
func (p Protocol) String() string { return protocolNames[p] }

// Param is the value of a URI's transport parameter: tls as phones write it
// (RFC 3261 26.2.2 would have sips: say it), ws for both kinds of WebSocket
// (RFC 7118 5.5).
func (p Protocol) Param() string {
	return [Protocols]string{"udp", "tcp", "tls", "ws", "ws"}[p]
}

// Reliable reports whether what is sent arrives or the connection fails, so that
// nothing is sent twice (RFC 3261 17).
func (p Protocol) Reliable() bool { return p != UDP }

// Secure reports whether others can neither read nor change what is sent.
func (p Protocol) Secure() bool { return p == TLS || p == WSS }

// Web reports whether messages travel in WebSocket frames.
func (p Protocol) Web() bool { return p == WS || p == WSS }

// DefaultPort is the port of a URI that names none (RFC 3261 19.1.2, RFC 7118
// 5.4).
func (p Protocol) DefaultPort() uint16 {
	return [Protocols]uint16{5060, 5060, 5061, 80, 443}[p]
}

// ParseProtocol finds the protocol that a name in any case means.
func ParseProtocol(name string) (Protocol, bool) {
	for p, n := range protocolNames {
		if strings.EqualFold(n, name) {
			return Protocol(p), true
		}
	}
	return UDP, false
}

// Flow names one connection as long as it lives (RFC 5626 3). It is never
// reused; 0 names none.
type Flow uint64

// Route is one way a message takes: by which protocol and listener, and where
// from or to.
type Route struct {
	Protocol Protocol
	// Listener is the one of ours that it arrived at, or that the far end can
	// reach us by.
	Listener int
	Remote   netip.AddrPort
	// Flow is the connection, 0 for any that leads to Remote, or a new one. When it
	// is gone Remote is where the next one leads.
	Flow Flow
	// Host is the name that the far end's certificate must have (RFC 5922), "" for
	// a far end that is not known by a name.
	Host string
	// Large says that a request which is too long for UDP goes by TCP instead, and
	// by UDP after all where nobody takes it there (RFC 3261 18.1.1).
	Large bool
}
