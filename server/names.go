package server

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"

	"pbx/channels/sip/resolve"
	"pbx/channels/sip/transport"
	"pbx/funcs"
)

// names is the DNS as dialplan functions see it.
type names struct{ resolver *transport.Resolver }

// lookup asks one question. That there is nothing is no error.
func (n names) lookup(ctx context.Context, name string, kind resolve.Kind) (resolve.Answer, error) {
	a := n.resolver.Lookup(ctx, resolve.Question{Name: name, Kind: kind})
	if errors.Is(a.Err, resolve.ErrNone) {
		return resolve.Answer{}, nil
	}
	return a, a.Err
}

// NAPTR implements funcs.Names.
func (n names) NAPTR(ctx context.Context, name string) ([]funcs.NAPTR, error) {
	a, err := n.lookup(ctx, name, resolve.NAPTR)
	list := make([]funcs.NAPTR, 0, len(a.Rules))
	for _, r := range a.Rules {
		list = append(list, funcs.NAPTR{Order: r.Order, Preference: r.Preference, Flags: r.Flags, Services: r.Services, Expression: r.Expression})
	}
	return list, err
}

// SRV implements funcs.Names.
func (n names) SRV(ctx context.Context, name string) ([]funcs.SRV, error) {
	a, err := n.lookup(ctx, name, resolve.SRV)
	list := make([]funcs.SRV, 0, len(a.Servers))
	for _, s := range a.Servers {
		list = append(list, funcs.SRV(s))
	}
	return list, err
}

// TXT implements funcs.Names.
func (n names) TXT(ctx context.Context, name string) ([]string, error) {
	a, err := n.lookup(ctx, name, resolve.TXT)
	return a.Texts, err
}

// LookupSRV implements agi.Resolver: the servers in the order in which they are
// tried.
func (n names) LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error) {
	a, err := n.lookup(ctx, "_"+service+"._"+proto+"."+name, resolve.SRV)
	if err != nil {
		return "", nil, err
	}
	if len(a.Servers) == 0 {
		return "", nil, fmt.Errorf("%s has no SRV records of %s", name, service)
	}
	list := make([]*net.SRV, 0, len(a.Servers))
	for _, s := range resolve.Order(a.Servers, rand.Uint32N) {
		list = append(list, &net.SRV{Target: s.Target, Port: s.Port, Priority: s.Priority, Weight: s.Weight})
	}
	return name, list, nil
}
