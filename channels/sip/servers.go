package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/resolve"
	"pbx/channels/sip/transaction"
)

var (
	anyIPv4 = netip.IPv4Unspecified()
	anyIPv6 = netip.IPv6Unspecified()
)

// replyPatience is how long a server may be silent while there is another one: one
// that is alive says 100 within 200 ms (RFC 3261 17.2.1).
const replyPatience = 5 * time.Second

// hop is the next hop of a request: a route that is known, or a host to be found.
type hop struct {
	route transaction.Route
	query resolve.Query
	large bool // what is too long for UDP may go by TCP
	// path is the route set that a request begins with (RFC 3261 8.1.2): what Path or
	// Service-Route told.
	path []string
	// known is a server that gets the first turn where it is among those found.
	known transaction.Route
}

// servers are the places that one request may go to, and which of them has its
// turn (RFC 3263 4.3).
type servers struct {
	d      *Driver
	routes []transaction.Route // the one whose turn it is first
	path   []string            // of the hop
}

// reach finds the servers of a hop and tells done on the loop, as locate does. Those
// on the blacklist are left out unless there are no others.
func (d *Driver) reach(at hop, done func(*servers, error)) {
	if at.route.Remote.IsValid() {
		done(&servers{d, []transaction.Route{at.route}, at.path}, nil)
		return
	}
	d.locate(at.query, func(list []resolve.Target, err error) {
		if err != nil {
			done(nil, fmt.Errorf("%w: %w", errUnresolved, err))
			return
		}
		s := &servers{d: d, path: at.path}
		now := d.now()
		listed := slices.ContainsFunc(list, func(t resolve.Target) bool { return !d.blacklist.Has(t, now) })
		for _, t := range list {
			if r, ok := d.routeTo(t.Protocol, t.Addr); ok && (!listed || !d.blacklist.Has(t, now)) {
				if r.Host = t.Host; r.Host == "" && r.Protocol.Secure() {
					r.Host = strings.Trim(at.query.Host, "[]") // an address stands in certificates too
				}
				r.Large = at.large && r.Protocol == transaction.UDP
				s.routes = append(s.routes, r)
			}
		}
		if len(s.routes) == 0 {
			done(nil, errNoListener)
			return
		}
		s.prefer(at.known)
		done(s, nil)
	})
}

// route is the way to the server whose turn it is.
func (s *servers) route() transaction.Route { return s.routes[0] }

// prefer gives the first turn to a route that was used before, if it still leads
// there.
func (s *servers) prefer(r transaction.Route) {
	i := slices.IndexFunc(s.routes, func(o transaction.Route) bool { return o.Protocol == r.Protocol && o.Remote == r.Remote })
	if i > 0 {
		found := s.routes[i]
		copy(s.routes[1:i+1], s.routes[:i])
		s.routes[0] = found
	}
}

// more reports whether there is another server to try.
func (s *servers) more() bool { return len(s.routes) > 1 }

// secure leaves out the servers that are not reached over TLS; it reports false where
// that leaves none.
func (s *servers) secure() bool {
	s.routes = slices.DeleteFunc(s.routes, func(r transaction.Route) bool { return !r.Protocol.Secure() })
	return len(s.routes) > 0
}

// next puts the server whose turn it is on the blacklist, for wait or, when that
// is 0, for the usual time, and gives the turn to the next one. It reports false
// when there is none.
func (s *servers) next(reason string, wait time.Duration) bool {
	d := s.d
	failed := s.routes[0]
	t := resolve.Target{Protocol: failed.Protocol, Addr: failed.Remote, Host: failed.Host}
	if failed.Host != "" { // of an address alone there is no other server
		d.blacklist.Add(t, reason, wait, d.now())
		d.debug(1, "SIP: a server failed", "server", failed.Remote, "host", failed.Host, "reason", reason)
	}
	if !s.more() {
		return false
	}
	s.routes = s.routes[1:]
	return true
}

// unavailable reports whether a final response says to try another server (RFC 3263
// 4.3), and how long this one wants to be left alone (RFC 3261 21.5.4).
func unavailable(m *message.Message) (wait time.Duration, ok bool) {
	if m.Status() != 503 {
		return 0, false
	}
	return time.Duration(m.Seconds(message.HeaderRetryAfter)) * time.Second, true
}

// reasonOf names a failure on the blacklist.
func reasonOf(err error) string {
	if errors.Is(err, transaction.ErrTimeout) {
		return "timeout"
	}
	return err.Error()
}
