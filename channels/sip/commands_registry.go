package sip

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"strconv"

	"pbx/channels/sip/registry"
	"pbx/channels/sip/transaction"
	"pbx/decl"
)

// registered is the account of a registration: user[@domain[:port]].
func registered(l registry.Line) string {
	user := l.User
	if l.Domain != "" {
		user += "@" + l.Domain
	}
	if l.DomainPort != 0 {
		user += ":" + strconv.Itoa(int(l.DomainPort))
	}
	return user
}

// showRegistry lists the registrations with others.
func (d *Driver) showRegistry(w io.Writer, _ *decl.Request) error {
	const format = "%-39.39s %-6.6s %-12.12s  %8.8s %-20.20s %-25.25s\n"
	fmt.Fprintf(w, format, "Host", "dnsmgr", "Username", "Refresh", "State", "Reg.Time")
	for _, r := range d.registrants {
		m := r.machine
		host, port := r.registrar()
		_, err := netip.ParseAddr(host)
		at := ""
		if !m.Since.IsZero() {
			at = m.Since.Local().Format("Mon, 02 Jan 2006 15:04:05")
		}
		protocol, _ := transaction.ParseProtocol(m.Line.Transport) // UDP where the line does not say
		fmt.Fprintf(w, format, fmt.Sprintf("%s:%d", bracketed(host), cmp.Or(port, protocol.DefaultPort())), pick(err != nil, "Y", "N"),
			registered(m.Line), fmt.Sprint(int64(m.Refresh.Seconds())), m.State(d.now()), at)
	}
	fmt.Fprintf(w, "%d SIP registrations.\n", len(d.registrants))
	return nil
}
