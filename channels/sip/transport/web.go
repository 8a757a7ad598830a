package transport

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// Web takes SIP over WebSocket (RFC 7118) from an HTTP server: it is the handler of
// one path, among others of the same port.
type Web struct {
	set    *Set
	policy atomic.Pointer[WebPolicy]
}

// WebPolicy says whose WebSockets are taken.
type WebPolicy struct {
	// Enabled is websocket_enabled.
	Enabled bool
	// Origins are the web sites whose pages may connect, such as
	// https://phone.example.com; * is any. Pages of the host that is connected to may
	// always, and so may what is no browser and names no origin.
	Origins []string
}

// NewWeb makes the handler. It refuses all until SetPolicy.
func (s *Set) NewWeb() *Web {
	w := &Web{set: s}
	w.SetPolicy(WebPolicy{})
	return w
}

// SetPolicy changes whose WebSockets are taken from now on. Any goroutine may call
// it.
func (w *Web) SetPolicy(p WebPolicy) { w.policy.Store(&p) }

// subprotocol is how SIP is asked for (RFC 7118 4.1).
const subprotocol = "sip"

// ServeHTTP implements http.Handler. It returns when the connection ends.
func (w *Web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s := w.set
	policy := w.policy.Load()
	p := transaction.WS
	if r.TLS != nil {
		p = transaction.WSS
	}
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	switch {
	case !policy.Enabled || err != nil || local == nil:
		http.NotFound(rw, r)
		return
	case !offers(r, subprotocol):
		http.Error(rw, "this is SIP over WebSocket: ask for the subprotocol sip", http.StatusBadRequest)
		return
	case !policy.allows(r):
		s.turnAway(remote, p, errors.New("the web site "+printableOrigin(r)+" is not among websocket_origins"))
		http.Error(rw, "this web site may not connect", http.StatusForbidden)
		return
	}
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	if err := s.gate.enter(remote.Addr(), true); err != nil {
		s.turnAway(remote, p, err)
		http.Error(rw, "too many connections", http.StatusServiceUnavailable)
		return
	}
	c := s.newConn(transaction.Route{Protocol: p, Remote: remote}, true)
	at := addrOf(local)
	c.arrive = func() { c.route.Listener = s.webListener(p, at) }
	if !s.track(c) {
		http.Error(rw, "closing", http.StatusServiceUnavailable)
		return
	}
	limits := s.limits()
	c.run(s.base, func(context.Context) (link, error) {
		conn, err := websocket.Accept(rw, r, &websocket.AcceptOptions{
			Subprotocols: []string{subprotocol}, InsecureSkipVerify: true, // the origin was looked at
		})
		if err != nil {
			return nil, err
		}
		conn.SetReadLimit(message.MaxSize)
		ctx, cancel := context.WithCancel(context.Background())
		return &webLink{conn: conn, limit: limits.Write, ctx: ctx, cancel: cancel}, nil
	})
}

// webListener is the number of the HTTP server's address among the listeners.
func (s *Set) webListener(p transaction.Protocol, local netip.AddrPort) int {
	for i := range s.listeners {
		if l := &s.listeners[i]; l.protocol == p && l.local == local {
			return i
		}
	}
	s.listeners = append(s.listeners, listener{protocol: p, local: local})
	return len(s.listeners) - 1
}

// offers reports whether a client asks for a subprotocol.
func offers(r *http.Request, want string) bool {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(name) == want {
				return true
			}
		}
	}
	return false
}

// allows looks at where the page comes from (RFC 6455 10.2): any page that somebody
// inside looks at could else speak from inside.
func (p *WebPolicy) allows(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if u.Host != "" && strings.EqualFold(u.Hostname(), strings.Trim(host, "[]")) {
		return true
	}
	for _, o := range p.Origins {
		if o == "*" || strings.EqualFold(strings.TrimSuffix(o, "/"), origin) {
			return true
		}
	}
	return false
}

func printableOrigin(r *http.Request) string {
	origin := r.Header.Get("Origin")
	if len(origin) > 100 {
		origin = origin[:100] + "..."
	}
	return strings.ToValidUTF8(origin, "?")
}

// webLink is the link of a WebSocket: a message a frame (RFC 7118 5).
type webLink struct {
	conn   *websocket.Conn
	limit  time.Duration
	ctx    context.Context // ends with the connection
	cancel context.CancelFunc
}

func (l *webLink) serve(c *conn) error {
	for {
		_, b, err := l.conn.Read(l.ctx) // the loop closes what is silent
		if err != nil {
			switch websocket.CloseStatus(err) {
			case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
				return nil
			}
			return err
		}
		switch {
		case len(b) == 0:
			continue
		case len(bytes.Trim(b, "\r\n")) == 0:
			if len(b) >= 4 { // CRLF CRLF (RFC 7118 6, RFC 5626 4.4.1)
				if err := c.enqueue(pong); err != nil {
					return err
				}
			}
			continue
		}
		c.add(b)
		if !c.deliver() {
			return errClosing
		}
	}
}

func (l *webLink) write(b []byte, ends []int) error {
	at := 0
	for _, end := range ends {
		m := b[at:end]
		at = end
		kind := websocket.MessageText
		if !utf8.Valid(m) {
			kind = websocket.MessageBinary
		}
		ctx, cancel := context.WithTimeout(l.ctx, l.limit)
		err := l.conn.Write(ctx, kind, m)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// close says goodbye and waits a few seconds for the answer.
func (l *webLink) close() {
	_ = l.conn.Close(websocket.StatusGoingAway, "")
	l.cancel()
}

// abort closes by the context of the reads, which alone does not wait.
func (l *webLink) abort() { l.cancel() }
