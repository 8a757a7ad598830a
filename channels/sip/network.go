package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/transaction"
	"pbx/config"
	"pbx/config/acl"
)

// The options that say where things are: hosts, addresses, ports and access
// lists.

const defaultPort = 5060

func setHost(r *reader, v config.Variable) error {
	if strings.EqualFold(v.Value, "dynamic") {
		r.p.Dynamic, r.p.Host, r.p.Addr = true, "", netip.AddrPort{}
		return nil
	}
	host, port, err := splitHostPort(v.Value)
	if err != nil {
		return err
	}
	r.p.Dynamic, r.p.Host = false, host
	if port != 0 {
		r.p.Port = port
	}
	return nil
}

func setPort(r *reader, v config.Variable) (err error) {
	r.p.Port, err = parsePort(v.Value)
	return err
}

func setDefaultIP(r *reader, v config.Variable) error {
	host, port, err := splitHostPort(v.Value)
	if err != nil {
		return err
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("%q is not an address", v.Value)
	}
	r.p.DefaultIP = netip.AddrPortFrom(addr, port) // port= fills a 0
	return nil
}

// splitHostPort reads host, host:port, [v6], [v6]:port or a bare IPv6 address.
func splitHostPort(s string) (host string, port uint16, err error) {
	s = strings.TrimSpace(s)
	if a, err := netip.ParseAddr(s); err == nil {
		return a.String(), 0, nil
	}
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr().String(), a.Port(), nil
	}
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		a, err := netip.ParseAddr(s[1 : len(s)-1])
		if err != nil {
			return "", 0, fmt.Errorf("%q is not an address", s)
		}
		return a.String(), 0, nil
	}
	host, text, ok := strings.Cut(s, ":")
	if ok {
		if port, err = parsePort(text); err != nil {
			return "", 0, err
		}
	}
	if host == "" || strings.ContainsAny(host, " \t/@<>\"[]") {
		return "", 0, fmt.Errorf("%q is not a host", s)
	}
	return host, port, nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is not a port", s)
	}
	return uint16(n), nil
}

func setAddr(field func(*Settings) *netip.Addr) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		a, err := netip.ParseAddr(strings.Trim(v.Value, "[] "))
		if err != nil {
			return fmt.Errorf("%q is not an address", v.Value)
		}
		*field(r.g) = a
		return nil
	}
}

func setExtern(r *reader, v config.Variable) error {
	host, port, err := splitHostPort(v.Value)
	if err != nil {
		return err
	}
	r.g.ExternPort = port
	addr, err := netip.ParseAddr(host)
	if err != nil { // a name: looked up like externhost
		r.g.ExternHost = host
		return nil
	}
	r.g.Extern, r.g.ExternHost = netip.AddrPortFrom(addr, port), ""
	return nil
}

func setExternHost(r *reader, v config.Variable) error {
	host, port, err := splitHostPort(v.Value)
	if err != nil {
		return err
	}
	r.g.ExternHost, r.g.ExternPort = host, port
	return nil
}

func setLocalNet(r *reader, v config.Variable) error {
	p, err := acl.ParsePrefix(strings.TrimSpace(v.Value))
	if err == nil {
		r.g.LocalNet = append(r.g.LocalNet, p)
	}
	return err
}

func setFromDomain(r *reader, v config.Variable) error {
	host, port, err := splitHostPort(v.Value)
	if err == nil {
		r.s.FromDomain, r.s.FromDomainPort = host, port
	}
	return err
}

func setDomain(r *reader, v config.Variable) error {
	name, context, _ := strings.Cut(v.Value, ",")
	if name = strings.TrimSpace(name); name == "" {
		return errors.New("no domain")
	}
	r.g.Domains = append(r.g.Domains, Domain{Name: name, Context: strings.TrimSpace(context)})
	return nil
}

// setProxy reads outboundproxy=.
func setProxy(r *reader, v config.Variable) error {
	proxy, err := parseProxy(v.Value)
	if err == nil || proxy.Host != "" {
		r.s.OutboundProxy = proxy
	}
	return err
}

// parseProxy reads [proto://]host[:port][,force][,route]. With an error about its
// words comes a proxy without them.
func parseProxy(text string) (proxy Proxy, err error) {
	where, flags, _ := strings.Cut(text, ",")
	for _, flag := range splitList(flags) {
		switch strings.ToLower(flag) {
		case "force":
			proxy.Force = true
		case "route":
			proxy.Route = true
		default:
			err = expected(flag, "force", "route")
		}
	}
	if proto, rest, ok := strings.Cut(where, "://"); ok {
		where = rest
		if p, ok := transaction.ParseProtocol(proto); ok && !p.Web() {
			proxy.Protocol, proxy.Fixed = p, true
		} else if !strings.EqualFold(proto, "sip") {
			err = expected(proto, "udp", "tcp", "tls")
		}
	}
	if i := strings.LastIndexByte(where, '@'); i >= 0 {
		where = where[i+1:] // a user there says nothing
	}
	if where = strings.TrimSpace(where); where == "" {
		return Proxy{}, nil
	}
	host, port, wrong := splitHostPort(where)
	if wrong != nil {
		return Proxy{}, wrong
	}
	proxy.Host, proxy.Port = host, port
	return proxy, err
}

// setAuth reads user:secret@realm or user#md5hash@realm; the realm follows the
// last "@".
func setAuth(r *reader, v config.Variable) error {
	c, err := parseCredential(v.Value)
	if err == nil {
		r.p.Auth = append(r.p.Auth, c)
	}
	return err
}

func parseCredential(s string) (digest.Credential, error) {
	i := strings.LastIndexByte(s, '@')
	if i < 1 || i == len(s)-1 {
		return digest.Credential{}, errors.New("a credential is user:secret@realm or user#md5@realm") // never the value: it holds a secret
	}
	c := digest.Credential{Realm: s[i+1:], User: s[:i]}
	if user, secret, ok := strings.Cut(s[:i], ":"); ok {
		c.User, c.Secret = user, secret
	} else if user, hash, ok := strings.Cut(s[:i], "#"); ok {
		c.User, c.HA1 = user, strings.ToLower(hash)
	}
	return c, nil
}

func directACL(r *reader) *ACL { return &r.p.DirectACL }

func peerACL(r *reader) *ACL { return &r.p.ACL }

func contactACL(r *reader) *ACL {
	if r.p != nil {
		return &r.p.ContactACL
	}
	return &r.g.ContactACL
}

func setACL(permit bool, list func(*reader) *ACL) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		if strings.TrimSpace(v.Value) == "" {
			return nil // left empty by programs that write all options
		}
		rule, err := acl.ParseRule(v.Value, permit)
		if err != nil && permit {
			return err
		}
		if err != nil {
			// A rule that cannot be read must not open the door that it was
			// to close: nobody passes until it is mended.
			*list(r) = append(*list(r), acl.DenyAll())
			return fmt.Errorf("%w; until this is mended nobody passes", err)
		}
		*list(r) = append(*list(r), rule)
		return nil
	}
}

// setNamedACL adds the rules of sections of acl.conf.
func setNamedACL(list func(*reader) *ACL) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		for _, name := range splitList(v.Value) {
			rules, ok := r.l.acls[strings.ToLower(name)]
			if !ok {
				*list(r) = append(*list(r), acl.DenyAll())
				return fmt.Errorf("acl.conf has no section [%s]; until this is mended nobody passes", name)
			}
			*list(r) = append(*list(r), rules...)
		}
		return nil
	}
}

// tosNames are the words for DSCP values, as TOS bytes.
var tosNames = map[string]int{
	"cs0": 0x00, "cs1": 0x20, "cs2": 0x40, "cs3": 0x60, "cs4": 0x80, "cs5": 0xA0, "cs6": 0xC0, "cs7": 0xE0,
	"af11": 0x28, "af12": 0x30, "af13": 0x38, "af21": 0x48, "af22": 0x50, "af23": 0x58,
	"af31": 0x68, "af32": 0x70, "af33": 0x78, "af41": 0x88, "af42": 0x90, "af43": 0x98,
	"ef": 0xB8, "lowdelay": 0x10, "throughput": 0x08, "reliability": 0x04, "mincost": 0x02, "none": 0,
}

func setTOS(field func(*Settings) *int) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		w := strings.ToLower(strings.TrimSpace(v.Value))
		if n, ok := tosNames[w]; ok {
			*field(r.g) = n
			return nil
		}
		n, err := strconv.ParseUint(w, 0, 8)
		if err != nil {
			return fmt.Errorf("%q is neither a DSCP name such as ef nor a number", v.Value)
		}
		*field(r.g) = int(n)
		return nil
	}
}

func tosName(tos int) string {
	for _, n := range []string{
		"cs0", "cs1", "cs2", "cs3", "cs4", "cs5", "cs6", "cs7", "ef",
		"af11", "af12", "af13", "af21", "af22", "af23", "af31", "af32", "af33", "af41", "af42", "af43",
	} {
		if tosNames[n] == tos {
			return strings.ToUpper(n)
		}
	}
	return "unknown"
}
