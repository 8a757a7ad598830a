package sip

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pbx/channels/sip/resolve"
	"pbx/channels/sip/transaction"
	"pbx/channels/sip/transport"
	"pbx/config"
	pbxio "pbx/io"
)

// The options that say by which protocols, and at which of our addresses, SIP is
// spoken.

// setTransport reads transport=: the protocols that a device may use, of which the
// first is for requests to it.
func setTransport(r *reader, v config.Variable) error {
	var list []transaction.Protocol
	var err error
	for _, w := range splitList(v.Value) {
		p, ok := transaction.ParseProtocol(w)
		if !ok {
			err = expected(w, "udp", "tcp", "tls", "ws", "wss")
		} else if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		return cmp.Or(err, errors.New("no transport"))
	}
	r.s.Transports, r.s.TransportsGiven = list, true
	return err
}

// protocolNames are the names of a list, as `sip show peer` has them.
func protocolNames(list []transaction.Protocol) string {
	var names []string
	for _, p := range list {
		names = append(names, p.String())
	}
	return strings.Join(names, ",")
}

// allows reports whether the device may use a protocol.
func (s *PeerSettings) allows(p transaction.Protocol) bool { return slices.Contains(s.Transports, p) }

// primaryTransport is the protocol of requests to a device that did not register.
func (s *PeerSettings) primaryTransport() transaction.Protocol {
	if len(s.Transports) == 0 {
		return transaction.UDP
	}
	return s.Transports[0]
}

// reachedBy is the protocol by which the device is reached now.
func (p *Peer) reachedBy() transaction.Protocol {
	if c := p.best(); c != nil {
		return c.Protocol
	}
	return p.primaryTransport()
}

// leaveTCP takes TCP, where we do not listen for it, from what a device that registers
// may use. One that may use nothing else is reached as [general] says, as in the
// ancestor: such phones have long come by UDP. TLS that is asked for stays.
func (p *PeerConfig) leaveTCP(g *Settings) {
	if g.TCPEnable || !p.Dynamic || !p.allows(transaction.TCP) {
		return
	}
	left := slices.DeleteFunc(slices.Clone(p.Transports), func(t transaction.Protocol) bool { return t == transaction.TCP })
	if len(left) == 0 {
		p.withoutTCP = true
		left = slices.DeleteFunc(slices.Clone(g.Defaults.Transports), func(t transaction.Protocol) bool { return t == transaction.TCP })
	}
	if len(left) == 0 {
		left = []transaction.Protocol{transaction.UDP}
	}
	p.Transports = left
}

// setBinds reads a list of addresses with or without ports, or of ports alone
// (":5070"). A later line takes the place of an earlier one.
func setBinds(field func(*Settings) *[]netip.AddrPort) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		var list []netip.AddrPort
		for _, s := range splitList(v.Value) {
			a, err := parseBind(s)
			if err != nil {
				return err
			}
			list = append(list, a)
		}
		if len(list) == 0 {
			return errors.New("no address")
		}
		*field(r.g) = list
		return nil
	}
}

// parseBind reads one address to listen at; port 0 is the protocol's.
func parseBind(s string) (netip.AddrPort, error) {
	if rest, ok := strings.CutPrefix(s, ":"); ok && !strings.HasPrefix(rest, ":") { // only a port
		port, err := parsePort(rest)
		return netip.AddrPortFrom(netip.IPv4Unspecified(), port), err
	}
	host, port, err := splitHostPort(s)
	if err != nil {
		return netip.AddrPort{}, err
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not an address of this machine", s)
	}
	return netip.AddrPortFrom(addr, port), nil
}

func setBindPort(r *reader, v config.Variable) (err error) {
	r.g.bindPort, err = parsePort(v.Value)
	return err
}

func setExternPort(field func(*Settings) *uint16) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) (err error) {
		*field(r.g), err = parsePort(v.Value)
		return err
	}
}

func setCount(field func(*Settings) *int) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		n, err := parsePort(v.Value) // as many connections as there may be ports
		if err != nil {
			return fmt.Errorf("%q is not a number from 1 to 65535", v.Value)
		}
		*field(r.g) = int(n)
		return nil
	}
}

// finishBinds gives every listener its port. TCP and TLS are where UDP is unless
// they say.
func (g *Settings) finishBinds() {
	for i, a := range g.UDPBinds {
		if a.Port() == 0 || g.bindPort != defaultPort && len(g.UDPBinds) == 1 {
			g.UDPBinds[i] = netip.AddrPortFrom(a.Addr(), g.bindPort)
		}
	}
	g.UDPBind = g.UDPBinds[0]
	for _, s := range []struct {
		list *[]netip.AddrPort
		p    transaction.Protocol
	}{{&g.TCPBinds, transaction.TCP}, {&g.TLSBinds, transaction.TLS}} {
		given := *s.list
		if given == nil {
			for _, a := range g.UDPBinds {
				port := a.Port()
				if s.p == transaction.TLS {
					port = 0
				}
				given = append(given, netip.AddrPortFrom(a.Addr(), port))
			}
		}
		*s.list = slices.Clone(given)
		for i, a := range given {
			if a.Port() == 0 {
				(*s.list)[i] = netip.AddrPortFrom(a.Addr(), s.p.DefaultPort())
			}
		}
	}
}

// socketOptions are those of one listener. One on :: leaves IPv4 to another that
// has the same port.
func (g *Settings) socketOptions(at netip.AddrPort, all []netip.AddrPort) pbxio.SocketOptions {
	return pbxio.SocketOptions{Marks: g.signalMarks(), V6Only: slices.ContainsFunc(all, func(o netip.AddrPort) bool {
		return o.Addr().Is4() && o.Port() == at.Port()
	})}
}

// signalMarks and audioMarks are tos_sip, cos_sip and their like of audio.
func (g *Settings) signalMarks() pbxio.Marks {
	return pbxio.Marks{TOS: g.TOSSignal, Priority: g.COSSignal}
}

func (g *Settings) audioMarks() pbxio.Marks {
	return pbxio.Marks{TOS: g.TOSAudio, Priority: g.COSAudio}
}

// applyTransports takes over what a reload may change without touching a
// connection.
func (d *Driver) applyTransports() {
	g := &d.cfg.General
	d.net.SetMarks(g.signalMarks())
	d.net.SetLimits(transport.Limits{
		Unproven: g.TCPAuthLimit, ProveIn: g.TCPAuthTimeout, Total: g.TCPMaxConnections, PerAddress: g.TCPMaxPerAddress,
	})
	d.net.SetTLS(d.cfg.tls)
	d.web.SetPolicy(transport.WebPolicy{Enabled: g.WebSocketEnabled, Origins: g.WebSocketOrigins})
}

// WebSocket is the handler of SIP over WebSocket, for an HTTP server.
func (d *Driver) WebSocket() *transport.Web { return d.web }

// protocols are those that requests to a device without a registration may take, the
// preferred one first: those of transport=, or else what is served here, of which a
// name that has NAPTR records picks (RFC 3263 4.1). Only what we can begin is among
// them: a WebSocket is opened by the browser.
func (d *Driver) protocols(s *PeerSettings) (list []transaction.Protocol) {
	g := &d.cfg.General
	if s.TransportsGiven {
		return slices.DeleteFunc(slices.Clone(s.Transports), transaction.Protocol.Web)
	}
	list = append(list, transaction.UDP)
	if g.TCPEnable {
		list = append(list, transaction.TCP)
	}
	if g.TLSEnable {
		list = append(list, transaction.TLS)
	}
	return list
}

// queryFor is what is looked for at a host that is reached as s says.
func (d *Driver) queryFor(s *PeerSettings, host string, port uint16) resolve.Query {
	list := d.protocols(s)
	return d.query(host, port, list, s.TransportsGiven && len(list) == 1)
}

// large marks a way to p over UDP if what is too long for that may go by TCP (RFC
// 3261 18.1.1).
func (d *Driver) large(p *Peer, r transaction.Route) transaction.Route {
	r.Large = r.Protocol == transaction.UDP && p.allows(transaction.TCP)
	return r
}
