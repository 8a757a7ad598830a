package resolve

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pbx/channels/sip/transaction"
)

// Query is what is looked for: the servers of a URI's host, or of an address of
// the configuration.
type Query struct {
	// Host is a name or a literal address, IPv6 with or without brackets.
	Host string
	// Port is that of the URI, 0 for none: only then SRV records count.
	Port uint16
	// Protocols are those that the request may take, the preferred one first.
	Protocols []transaction.Protocol
	// Fixed says that the first of Protocols was asked for by name (the transport
	// parameter of a URI, transport= of a peer): no other will do.
	Fixed bool
	// NoSRV asks for addresses only (srvlookup=no).
	NoSRV bool
	// IPv4 and IPv6 say which addresses we can send to.
	IPv4, IPv6 bool
}

// Target is one place to send a request to.
type Target struct {
	Protocol transaction.Protocol
	Addr     netip.AddrPort
	// Host is the name that the query was for, which a certificate must carry
	// (RFC 5922 4), "" for a literal address.
	Host string
	// TTL is how long the answers that led here hold, 0 for a literal address.
	TTL time.Duration
}

// Search is one run of RFC 3263 section 4. It is stepped: as long as Questions
// returns some, each of them is handed back with its answer.
type Search struct {
	query   Query
	weights Weights
	host    string
	err     error // the first that is not ErrNone

	stage   stage
	pending []Question
	answers map[Question]Answer
	routes  []route
	targets []Target
}

type stage uint8

const (
	asksRules stage = iota
	asksServers
	asksAddrs
	done
)

// route is one protocol on the way to its targets.
type route struct {
	protocol transaction.Protocol
	service  string // the name of its SRV records, "" when there are none to ask for
	hosts    []host
}

type host struct {
	name string
	port uint16
	ttl  time.Duration
}

// NewSearch begins a search.
func NewSearch(q Query, weights Weights) *Search {
	s := &Search{query: q, weights: weights, answers: make(map[Question]Answer), stage: done}
	if len(q.Protocols) == 0 {
		s.err = errors.New("no protocol to send by")
		return s
	}
	if q.Fixed {
		s.query.Protocols = q.Protocols[:1]
	}
	first := s.query.Protocols[0]
	if a, ok := literal(q.Host); ok {
		s.targets = []Target{{Protocol: first, Addr: netip.AddrPortFrom(a, cmp.Or(q.Port, first.DefaultPort()))}}
		return s
	}
	if s.host, s.err = hostName(q.Host); s.err != nil {
		return s
	}
	switch {
	case q.NoSRV || q.Port != 0: // 4.2: a port means that only addresses are asked for
		s.askAddrs([]route{s.direct(first)})
	case q.Fixed: // 4.1: the transport is known
		s.askServers([]route{{protocol: first, service: service(first, s.host)}})
	default:
		s.stage = asksRules
		s.pending = []Question{{s.host, NAPTR}}
	}
	return s
}

// literal reads an address that needs no DNS.
func literal(s string) (netip.Addr, bool) {
	if n := len(s); n > 1 && s[0] == '[' && s[n-1] == ']' {
		s = s[1 : n-1]
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap().WithZone(""), err == nil
}

// service is the name of the SRV records of a protocol (RFC 3263 4.2, RFC 7118 5.4
// has none).
func service(p transaction.Protocol, host string) string {
	switch p {
	case transaction.UDP:
		return "_sip._udp." + host
	case transaction.TCP:
		return "_sip._tcp." + host
	case transaction.TLS:
		return "_sips._tcp." + host
	}
	return ""
}

// direct is the way to the host itself.
func (s *Search) direct(p transaction.Protocol) route {
	return route{protocol: p, hosts: []host{{s.host, cmp.Or(s.query.Port, p.DefaultPort()), maxTTL}}}
}

// Questions are those that are open. None are left when the search is over.
func (s *Search) Questions() []Question { return slices.Clone(s.pending) }

// Answer takes the answer to one of Questions.
func (s *Search) Answer(q Question, a Answer) {
	i := slices.Index(s.pending, q)
	if i < 0 {
		return
	}
	s.pending = slices.Delete(s.pending, i, i+1)
	s.answers[q] = a
	if a.Err != nil && !errors.Is(a.Err, ErrNone) && s.err == nil {
		s.err = fmt.Errorf("%v: %w", q, a.Err)
	}
	if len(s.pending) > 0 {
		return
	}
	switch s.stage {
	case asksRules:
		s.ruled(a)
	case asksServers:
		s.served()
	case asksAddrs:
		s.placed()
	}
}

// Targets are the places to try in their order, once there are no Questions.
func (s *Search) Targets() ([]Target, error) {
	switch {
	case len(s.targets) > 0:
		return s.targets, nil
	case s.err != nil:
		return nil, fmt.Errorf("%s: %w", s.query.Host, s.err)
	}
	return nil, fmt.Errorf("%s: %w", s.query.Host, ErrNone)
}

// ruled takes the NAPTR records (4.1): of those that name a protocol we have, in
// their order, each leads to SRV records. Without any, the SRV records of every
// protocol are asked for.
func (s *Search) ruled(a Answer) {
	if a.Local {
		s.askAddrs([]route{s.direct(s.query.Protocols[0])})
		return
	}
	rules := slices.Clone(a.Rules)
	slices.SortStableFunc(rules, func(x, y Rule) int {
		return cmp.Or(cmp.Compare(x.Order, y.Order), cmp.Compare(x.Preference, y.Preference))
	})
	var routes []route
	for _, r := range rules {
		p, ok := ruleProtocol(r)
		if !ok || !slices.Contains(s.query.Protocols, p) {
			continue
		}
		if name, err := hostName(r.Replacement); err == nil {
			routes = append(routes, route{protocol: p, service: name})
		}
	}
	if len(routes) == 0 {
		for _, p := range s.query.Protocols {
			if name := service(p, s.host); name != "" {
				routes = append(routes, route{protocol: p, service: name})
			}
		}
	}
	s.askServers(routes)
}

// ruleProtocol is the protocol that a NAPTR record is for. Only records with the
// flag "s" count (4.1).
func ruleProtocol(r Rule) (transaction.Protocol, bool) {
	if !strings.EqualFold(r.Flags, "s") {
		return 0, false
	}
	switch strings.ToUpper(r.Services) {
	case "SIP+D2U":
		return transaction.UDP, true
	case "SIP+D2T":
		return transaction.TCP, true
	case "SIPS+D2T":
		return transaction.TLS, true
	}
	return 0, false
}

func (s *Search) askServers(routes []route) {
	s.stage, s.routes = asksServers, routes
	for _, r := range routes {
		s.ask(Question{r.service, SRV})
	}
	if len(s.pending) == 0 {
		s.served()
	}
}

func (s *Search) ask(q Question) {
	if !slices.Contains(s.pending, q) && len(s.pending) < maxTargets {
		s.pending = append(s.pending, q)
	}
}

// served takes the SRV records. A domain without any is a host itself, reached by
// the protocol that we prefer (4.2).
func (s *Search) served() {
	var found []route
	none := false
	for _, r := range s.routes {
		a := s.answers[Question{r.service, SRV}]
		if a.Local {
			found = nil
			break
		}
		for _, v := range Order(a.Servers, s.weights) {
			if v.Target == "." || v.Target == "" {
				none = true
				continue
			}
			name, err := hostName(v.Target)
			if _, ok := literal(v.Target); ok { // against RFC 2782, and seen
				name, err = v.Target, nil
			}
			if err == nil && v.Port != 0 {
				r.hosts = append(r.hosts, host{name, v.Port, a.TTL})
			}
		}
		if len(r.hosts) > 0 {
			found = append(found, r)
		}
	}
	switch {
	case len(found) > 0:
		s.askAddrs(found)
	case none: // RFC 2782: "the service is decidedly not available at this domain"
		s.stage = done
	default:
		s.askAddrs([]route{s.direct(s.query.Protocols[0])})
	}
}

func (s *Search) askAddrs(routes []route) {
	s.stage, s.routes = asksAddrs, routes
	for _, r := range routes {
		for _, h := range r.hosts {
			if a, ok := literal(h.name); ok {
				s.answers[Question{h.name, kindOf(a)}] = Answer{Addrs: []netip.Addr{a}, TTL: maxTTL}
				continue
			}
			if s.query.IPv4 {
				s.ask(Question{h.name, A})
			}
			if s.query.IPv6 {
				s.ask(Question{h.name, AAAA})
			}
		}
	}
	if len(s.pending) == 0 {
		s.placed()
	}
}

func kindOf(a netip.Addr) Kind {
	if a.Is4() {
		return A
	}
	return AAAA
}

// placed makes the list of targets: host by host, IPv4 before IPv6.
func (s *Search) placed() {
	s.stage = done
	seen := make(map[Target]bool)
	for _, r := range s.routes {
		for _, h := range r.hosts {
			for _, kind := range [...]Kind{A, AAAA} {
				a := s.answers[Question{h.name, kind}]
				for _, addr := range a.Addrs {
					t := Target{Protocol: r.protocol, Addr: netip.AddrPortFrom(addr, h.port), Host: s.host}
					if seen[t] || len(s.targets) >= maxTargets || kind == A && !s.query.IPv4 || kind == AAAA && !s.query.IPv6 {
						continue
					}
					seen[t] = true
					t.TTL = min(h.ttl, a.TTL)
					if rules, ok := s.answers[Question{s.host, NAPTR}]; ok && len(rules.Rules) > 0 {
						t.TTL = min(t.TTL, rules.TTL)
					}
					s.targets = append(s.targets, t)
				}
			}
		}
	}
}
