package transport

import (
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// resolvConf is what resolv.conf(5) says that matters here.
type resolvConf struct {
	servers []netip.AddrPort
	search  []string
	ndots   int
	stream  bool // use-vc: TCP only
}

// The limits of resolv.conf(5).
const (
	maxServers = 3
	maxSearch  = 6
	maxDots    = 15
	dnsPort    = 53
)

// parseResolvConf reads the file; a line that makes no sense is passed over, as
// the resolvers of the system do.
func parseResolvConf(text string) resolvConf {
	c := resolvConf{ndots: 1}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0][0] == '#' || f[0][0] == ';' {
			continue
		}
		switch f[0] {
		case "nameserver":
			if a, err := netip.ParseAddr(f[1]); err == nil && len(c.servers) < maxServers {
				c.servers = append(c.servers, netip.AddrPortFrom(a, dnsPort))
			}
		case "domain", "search":
			c.search = nil
			for _, domain := range f[1:] {
				domain = strings.ToLower(strings.Trim(domain, "."))
				if domain != "" && len(c.search) < maxSearch {
					c.search = append(c.search, domain)
				}
			}
		case "options":
			for _, o := range f[1:] {
				if n, err := strconv.Atoi(strings.TrimPrefix(o, "ndots:")); err == nil && strings.HasPrefix(o, "ndots:") {
					c.ndots = min(max(n, 0), maxDots)
				}
				c.stream = c.stream || o == "use-vc"
			}
		}
	}
	if len(c.servers) == 0 {
		c.servers = []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), dnsPort)}
	}
	return c
}

// parseHosts reads hosts(5). localhost is known without it (RFC 6761 6.3).
func parseHosts(text string) map[string][]netip.Addr {
	names := make(map[string][]netip.Addr)
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		a, err := netip.ParseAddr(f[0])
		if err != nil {
			continue
		}
		for _, name := range f[1:] {
			name = strings.ToLower(strings.TrimSuffix(name, "."))
			names[name] = append(names[name], a.Unmap())
		}
	}
	if names["localhost"] == nil {
		names["localhost"] = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return names
}

// systemFiles are both files as they were read last.
type systemFiles struct {
	conf                  resolvConf
	names                 map[string][]netip.Addr
	confStamp, hostsStamp stamp
}

// stamp tells two states of a file apart.
type stamp struct {
	time time.Time
	size int64
}

// refresh reads what has changed. A file that is not there, or that cannot be
// read, is an empty one.
func (s *systemFiles) refresh(conf, hosts string) {
	if text, now, changed := read(conf, s.confStamp); changed || s.names == nil {
		s.conf, s.confStamp = parseResolvConf(text), now
	}
	if text, now, changed := read(hosts, s.hostsStamp); changed || s.names == nil {
		s.names, s.hostsStamp = parseHosts(text), now
	}
}

func read(path string, old stamp) (text string, now stamp, changed bool) {
	if info, err := os.Stat(path); err == nil {
		now = stamp{info.ModTime(), info.Size()}
	}
	if now == old {
		return "", now, false
	}
	b, _ := os.ReadFile(path)
	return string(b), now, true
}
