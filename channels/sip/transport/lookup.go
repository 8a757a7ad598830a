package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
)

// Lookup asks the system's resolver for a host's address, IPv4 before IPv6. It
// blocks until ctx ends at most and must not be called on the loop.
func Lookup(ctx context.Context, host string) (netip.Addr, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("look up %s: %w", host, err)
	}
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			return a, nil
		}
	}
	if len(addrs) == 0 {
		return netip.Addr{}, fmt.Errorf("look up %s: no address", host)
	}
	return addrs[0], nil
}
