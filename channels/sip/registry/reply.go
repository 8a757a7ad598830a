package registry

import (
	"bytes"
	"cmp"
	"time"

	"pbx/channels/sip/message"
)

// ReadReply reads a final answer to a REGISTER whose Contact was the URI. Proof is
// the caller's to fill.
func ReadReply(m *message.Message, contact string) Reply {
	r := Reply{Status: m.Status(), Granted: -1}
	if n := m.Seconds(message.HeaderRetryAfter); n > 0 {
		r.After = time.Duration(n) * time.Second
	}
	if n := m.Seconds(message.HeaderMinExpires); n > 0 {
		r.Minimum = time.Duration(n) * time.Second
	}
	if m.Status() < 300 {
		r.Granted = granted(m, contact)
	}
	return r
}

// granted is how long the binding lasts: what stands at our Contact among those of
// the answer (RFC 3261 10.2.4), or else in Expires. A registrar that shows our
// Contact changed, as it sees it from beyond a NAT, shows it alone.
func granted(m *message.Message, contact string) time.Duration {
	own, _ := message.ParseURI([]byte(contact))
	seconds, only, n := int64(-1), int64(-1), 0
	for a := range m.Contacts() {
		n++
		expires, ok := a.Params.Get("expires")
		if !ok {
			continue
		}
		only = message.ParseSeconds(expires)
		if same(&a.URI, &own) {
			seconds = only
			break
		}
	}
	if seconds < 0 {
		seconds = m.Expires()
	}
	if seconds < 0 && n == 1 {
		seconds = only
	}
	if seconds < 0 {
		return -1
	}
	return time.Duration(seconds) * time.Second
}

// same compares what registrars leave alone of a Contact: not the parameters, and
// not whether 5060 is written.
func same(a, b *message.URI) bool {
	const usual = 5060
	return bytes.Equal(a.User, b.User) && bytes.EqualFold(a.Host, b.Host) && cmp.Or(a.Port, usual) == cmp.Or(b.Port, usual)
}

// maxRoutes bounds what a registrar can have us put into every request.
const maxRoutes = 16

// ServiceRoute is the route that requests through the registrar's domain take from
// now on (RFC 3608 5), nil for none.
func ServiceRoute(m *message.Message) (routes []string) {
	for a := range m.Addresses(message.HeaderServiceRoute) {
		if !a.URI.IsSIP() || len(routes) == maxRoutes {
			return nil
		}
		routes = append(routes, a.URI.String())
	}
	return routes
}
