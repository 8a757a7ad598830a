package sip

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pbx/config"
)

// The files of the field that say how names are looked up: dnsmgr.conf and
// resolver_unbound.conf.

// readDNSManager reads dnsmgr.conf: how often the names of the configuration are
// looked up at least, whatever their TTL says.
func (c *configLoader) readDNSManager(f *config.File) {
	enabled, every := false, 300*time.Second
	for _, s := range f.All("general") {
		for _, v := range s.Vars {
			switch strings.ToLower(v.Name) {
			case "enable":
				on, ok := config.Bool(v.Value)
				if !ok {
					c.find(v.Pos, config.Warning, "sip-value", fmt.Sprintf("enable: %q is not yes or no", v.Value), "")
				}
				enabled = on
			case "refreshinterval":
				n, err := strconv.Atoi(strings.TrimSpace(v.Value))
				if err != nil || n < 1 || n > 86400 {
					c.find(v.Pos, config.Warning, "sip-value", fmt.Sprintf("refreshinterval: %q is not a number of seconds", v.Value), "")
					continue
				}
				every = time.Duration(n) * time.Second
			default:
				c.find(v.Pos, config.Warning, "unknown-option", fmt.Sprintf("dnsmgr.conf has no option %s", v.Name), "enable or refreshinterval")
			}
		}
	}
	if enabled {
		c.cfg.General.NameRefresh = every
	}
}

// readResolver reads resolver_unbound.conf: whom the resolver asks instead of the
// servers of the system.
func (c *configLoader) readResolver(f *config.File) {
	o := &c.cfg.Resolver
	path := func(to *string, v config.Variable) {
		if *to = v.Value; strings.EqualFold(v.Value, "system") {
			*to = ""
		}
	}
	for _, s := range f.All("general") {
		for _, v := range s.Vars {
			switch strings.ToLower(v.Name) {
			case "resolv":
				path(&o.Conf, v)
			case "hosts":
				path(&o.Hosts, v)
			case "nameserver":
				a, err := parseNameServer(v.Value)
				if err != nil {
					c.find(v.Pos, config.Warning, "sip-value", "nameserver: "+err.Error(), "")
					continue
				}
				o.Servers = append(o.Servers, a)
			case "debug":
			case "ta_file":
				c.find(v.Pos, config.Note, "sip-not-acting", "ta_file does not act: answers are not verified with DNSSEC, a resolver of the system can do that", "")
			default:
				c.find(v.Pos, config.Warning, "unknown-option", fmt.Sprintf("resolver_unbound.conf has no option %s", v.Name), "hosts, resolv or nameserver")
			}
		}
	}
}

// parseNameServer reads an address, or address@port.
func parseNameServer(s string) (netip.AddrPort, error) {
	host, text, ok := strings.Cut(strings.TrimSpace(s), "@")
	port := uint16(53)
	a, err := netip.ParseAddr(host)
	if err == nil && ok {
		port, err = parsePort(text)
	}
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not an address or address@port", s)
	}
	return netip.AddrPortFrom(a, port), nil
}
