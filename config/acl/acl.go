// Package acl is the access list of permit and deny lines, which sip.conf,
// manager.conf and http.conf share. Its values do not change; any goroutine may ask
// them.
package acl

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// List is an ordered access list: the last rule that matches an address decides,
// and an address that none matches is allowed. One function serves every method
// and both address families.
type List []Rule

// Rule permits or denies the addresses of some prefixes.
type Rule struct {
	Permit   bool
	Prefixes []prefix
}

// prefix is a network, or with negate its complement.
type prefix struct {
	netip.Prefix
	negate bool
}

// Allows reports whether addr may pass. IPv4 addresses mapped into IPv6 count as
// IPv4.
func (a List) Allows(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	allowed := true
	for i := range a {
		for _, p := range a[i].Prefixes {
			if p.Contains(addr) != p.negate {
				allowed = a[i].Permit
				break
			}
		}
	}
	return allowed
}

// String is a rule as acl.conf has it.
func (r Rule) String() string {
	var words []string
	for _, p := range r.Prefixes {
		text := p.Prefix.String()
		if p.negate {
			text = "!" + text
		}
		words = append(words, text)
	}
	if r.Permit {
		return "permit=" + strings.Join(words, ",")
	}
	return "deny=" + strings.Join(words, ",")
}

// DenyAll matches every address: it stands for a rule that could not be read.
func DenyAll() Rule {
	return Rule{Prefixes: []prefix{
		{Prefix: netip.PrefixFrom(netip.IPv4Unspecified(), 0)},
		{Prefix: netip.PrefixFrom(netip.IPv6Unspecified(), 0)},
	}}
}

// ParseRule reads the value of permit= or deny=: address[/mask], where mask is a
// length or dotted, and several of them separated by commas; "!" in front takes
// the complement.
func ParseRule(value string, permit bool) (Rule, error) {
	r := Rule{Permit: permit}
	for word := range strings.SplitSeq(value, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		negate := strings.HasPrefix(word, "!")
		p, err := ParsePrefix(strings.TrimSpace(strings.TrimPrefix(word, "!")))
		if err != nil {
			return r, err
		}
		r.Prefixes = append(r.Prefixes, prefix{p, negate})
	}
	if len(r.Prefixes) == 0 {
		return r, fmt.Errorf("no address in %q", value)
	}
	return r, nil
}

// ParsePrefix reads 10.0.0.0/8, 10.0.0.0/255.0.0.0, fe80::/10 or one address.
func ParsePrefix(s string) (netip.Prefix, error) {
	host, mask, masked := strings.Cut(s, "/")
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not an address", host)
	}
	addr = addr.Unmap()
	bits := addr.BitLen()
	if masked {
		if bits, err = maskBits(mask, addr); err != nil {
			return netip.Prefix{}, err
		}
	}
	return netip.PrefixFrom(addr, bits).Masked(), nil
}

func maskBits(mask string, addr netip.Addr) (int, error) {
	if n, err := strconv.Atoi(mask); err == nil {
		if n < 0 || n > addr.BitLen() {
			return 0, fmt.Errorf("/%d is longer than the address", n)
		}
		return n, nil
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || m.BitLen() != addr.BitLen() {
		return 0, fmt.Errorf("%q is not a mask", mask)
	}
	bits, ended := 0, false
	for _, b := range m.AsSlice() {
		for i := 7; i >= 0; i-- {
			if b>>i&1 == 0 {
				ended = true
			} else if ended {
				return 0, fmt.Errorf("mask %s has a hole", mask)
			} else {
				bits++
			}
		}
	}
	return bits, nil
}
