package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"pbx/channels/sip/transaction"
	pbxio "pbx/io"
)

// reachKey is what a connection is found by when no flow is named. A name that the
// certificate was not checked for is another key (RFC 5923 9.1).
type reachKey struct {
	protocol transaction.Protocol
	remote   netip.AddrPort
	host     string
}

func keyOf(r transaction.Route) reachKey { return reachKey{r.Protocol, r.Remote, r.Host} }

// sendStream sends one message over the connection that r names, another one that
// leads there, or a new one.
func (s *Set) sendStream(b []byte, r transaction.Route) (transaction.Flow, error) {
	c := s.find(r)
	if c == nil {
		if r.Protocol.Web() {
			return 0, fmt.Errorf("%v over %v: %w", r.Remote, r.Protocol, ErrNoFlow)
		}
		var err error
		if c, err = s.connect(r); err != nil {
			return 0, fmt.Errorf("connect to %v over %v: %w", r.Remote, r.Protocol, err)
		}
	}
	if err := c.enqueue(b); err != nil {
		return 0, fmt.Errorf("send to %v over %v: %w", c.route.Remote, r.Protocol, err)
	}
	c.used = s.sched.Now()
	return c.route.Flow, nil
}

// find is the live connection that a message may take, nil for none.
func (s *Set) find(r transaction.Route) *conn {
	if c := s.flows[r.Flow]; c != nil && c.route.Protocol == r.Protocol && c.vouches(r.Host) && c.usable() {
		return c
	}
	if c := s.reach[keyOf(r)]; c != nil && c.usable() {
		return c
	}
	return nil
}

// vouches reports whether the far end is known to be host.
func (c *conn) vouches(host string) bool {
	return host == "" || host == c.route.Host || slices.Contains(c.names, host)
}

// usable reports whether something can still be written.
func (c *conn) usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state <= open
}

// connect makes a connection; what is sent meanwhile waits.
func (s *Set) connect(r transaction.Route) (*conn, error) {
	t := s.tls.Load()
	if r.Protocol == transaction.TLS && t == nil {
		t = plainTLS
	}
	if err := s.gate.enter(r.Remote.Addr(), false); err != nil {
		return nil, err
	}
	c := s.newConn(r, false)
	if !s.track(c) {
		s.gate.leave(r.Remote.Addr(), true)
		return nil, errClosing
	}
	c.register()
	local := s.listeners[r.Listener].local.Addr()
	options := s.listeners[r.Listener].options
	limits := s.limits()
	go c.run(s.base, func(ctx context.Context) (link, error) {
		ctx, cancel := context.WithTimeout(ctx, limits.Connect)
		defer cancel()
		raw, err := s.network.DialTCP(ctx, local, r.Remote, options)
		if err != nil {
			return nil, err
		}
		if r.Protocol == transaction.TCP {
			return &stream{Conn: raw, raw: raw, limit: limits.Write}, nil
		}
		conn := tls.Client(raw, t.dial(r.Host))
		if err := conn.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, fmt.Errorf("TLS: %w", err)
		}
		return &stream{Conn: conn, raw: raw, limit: limits.Write}, nil
	})
	return c, nil
}

// track takes a goroutine of a connection into those that Close waits for.
func (s *Set) track(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		return false
	}
	s.conns[c] = struct{}{}
	s.group.Add(1)
	return true
}

func (s *Set) forget(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.group.Done()
}

// accept takes connections until the listener closes. When the process has no
// descriptor left it waits a little longer each time.
func (s *Set) accept(n int, l net.Listener, p transaction.Protocol) {
	defer s.group.Done()
	var wait time.Duration
	for {
		conn, err := l.Accept()
		if err != nil {
			select {
			case <-s.done:
				return
			default:
			}
			if ended(err) {
				return
			}
			if wait == 0 {
				s.log.Warn("SIP: no connection can be accepted for now", "listener", l.Addr().String(), "err", err)
			}
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			select {
			case <-time.After(wait):
				continue
			case <-s.done:
				return
			}
		}
		wait = 0
		s.accepted(n, conn, p)
	}
}

// accepted begins to serve a connection that came in.
func (s *Set) accepted(n int, conn net.Conn, p transaction.Protocol) {
	remote := addrOf(conn.RemoteAddr())
	if err := s.gate.enter(remote.Addr(), true); err != nil {
		s.turnAway(remote, p, err)
		_ = conn.Close()
		return
	}
	c := s.newConn(transaction.Route{Protocol: p, Listener: n, Remote: remote}, true)
	if !s.track(c) {
		_ = conn.Close()
		return
	}
	limits := s.limits()
	go c.run(s.base, func(ctx context.Context) (link, error) {
		if p == transaction.TCP {
			return &stream{Conn: conn, raw: conn, limit: limits.Write}, nil
		}
		ctx, cancel := context.WithTimeout(ctx, limits.Handshake)
		defer cancel()
		t := s.tls.Load()
		secure := tls.Server(conn, t.server)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("TLS: %w", err)
		}
		c.names = t.namesOf(secure.ConnectionState())
		return &stream{Conn: secure, raw: conn, limit: limits.Write}, nil
	})
}

// turnAway says that a connection was not taken, once in a while.
func (s *Set) turnAway(a netip.AddrPort, p transaction.Protocol, why error) {
	s.mu.Lock()
	now := time.Now()
	again := now.Sub(s.said[why.Error()]) > time.Minute
	if again {
		s.said[why.Error()] = now
	}
	s.mu.Unlock()
	if again {
		s.log.Warn("SIP: a connection was turned away", "from", a.String(), "transport", p.String(), "err", why)
	}
}

// list puts a connection that came in into the tables, on the loop, and watches
// it.
func (c *conn) list() {
	c.mu.Lock()
	gone := c.state == closed
	c.mu.Unlock()
	if gone {
		return
	}
	if c.arrive != nil {
		c.arrive()
	}
	c.register()
}

func (c *conn) register() {
	s := c.set
	s.last++
	c.route.Flow = s.last
	c.used, c.listed = s.sched.Now(), true
	s.flows[c.route.Flow] = c
	s.reach[keyOf(c.route)] = c
	limits := s.limits()
	wait := limits.ProveIn
	if c.proven {
		wait = limits.Idle
	}
	c.timer = s.sched.Add(wait, c.watch)
}

// watch closes a connection that did not prove who it is in time, or that nobody
// needs.
func (c *conn) watch() time.Duration {
	s := c.set
	if !c.proven {
		c.timer = 0
		c.finish(errNoProof)
		return 0
	}
	idle := s.limits().Idle
	if left := idle - s.sched.Now().Sub(c.used); left > 0 {
		return left
	}
	if s.user.InUse(c.route.Flow) {
		return idle
	}
	c.timer = 0
	c.finish(errSilent)
	return 0
}

// gone takes a connection out of the tables, on the loop.
func (s *Set) gone(c *conn, why error) {
	s.gate.leave(c.route.Remote.Addr(), c.proven)
	if c.timer != 0 {
		s.sched.Delete(c.timer)
		c.timer = 0
	}
	if !ended(why) {
		level := slog.LevelDebug
		if !c.inbound || errors.Is(why, errSlow) {
			level = slog.LevelWarn
		}
		s.log.Log(context.Background(), level, "SIP: connection ended", "with", c.route.Remote.String(), "transport", c.route.Protocol.String(), "err", why)
	}
	if !c.listed {
		return
	}
	c.listed = false
	delete(s.flows, c.route.Flow)
	if key := keyOf(c.route); s.reach[key] == c {
		delete(s.reach, key)
	}
	if why == nil {
		why = errGone
	}
	dead := c.route.Remote
	if !c.inbound && c.link != nil { // somebody listens there, or did
		dead = netip.AddrPort{}
	}
	s.user.Lost(c.route.Flow, dead, why)
}

// Prove says that the far end of a connection has proven who it is: it may stay.
func (s *Set) Prove(f transaction.Flow) {
	c := s.flows[f]
	if c == nil || c.proven {
		return
	}
	c.proven = true
	s.gate.prove(c.route.Remote.Addr())
	if c.timer != 0 {
		s.sched.Delete(c.timer)
	}
	c.timer = s.sched.Add(s.limits().Idle, c.watch)
}

// Proven reports whether there is nothing to prove any more.
func (s *Set) Proven(f transaction.Flow) bool {
	c := s.flows[f]
	return c == nil || c.proven
}

// End closes a connection whose far end has nothing to say to us; what is written
// already goes out.
func (s *Set) End(f transaction.Flow) {
	if c := s.flows[f]; c != nil {
		c.finish(errUnwanted)
	}
}

// Leads reports whether a connection is one that a message by r would take.
func (s *Set) Leads(f transaction.Flow, r transaction.Route) bool {
	c := s.flows[f]
	return c != nil && keyOf(c.route) == keyOf(r)
}

// Alive reports whether there is such a connection.
func (s *Set) Alive(f transaction.Flow) bool { return s.flows[f] != nil }

// Names are the domains that the certificate of the far end of a connection speaks
// for (RFC 5922 7.1), none where it showed none.
func (s *Set) Names(f transaction.Flow) []string {
	if c := s.flows[f]; c != nil {
		return c.names
	}
	return nil
}

// Connection is one of the connections, for those who look.
type Connection struct {
	transaction.Route
	Inbound, Proven bool
	Names           []string
}

// Connections returns all there are, the oldest first.
func (s *Set) Connections() []Connection {
	list := make([]Connection, 0, len(s.flows))
	for _, c := range s.flows {
		list = append(list, Connection{c.route, c.inbound, c.proven, c.names})
	}
	slices.SortFunc(list, func(a, b Connection) int { return int(a.Flow) - int(b.Flow) })
	return list
}

// ListenStream opens a listener of TCP or TLS at addr and returns its number. TLS
// needs SetTLS first.
func (s *Set) ListenStream(p transaction.Protocol, addr netip.AddrPort, o pbxio.SocketOptions) (int, error) {
	fail := func(err error) (int, error) { return 0, fmt.Errorf("listen on %v %v: %w", p, addr, err) }
	if t := s.tls.Load(); p == transaction.TLS && (t == nil || t.server == nil) {
		return fail(errNoCertificate)
	}
	l, err := s.network.ListenTCP(addr, o)
	if err != nil {
		return fail(err)
	}
	n := s.slot(p, addr)
	s.put(n, listener{protocol: p, stream: l, local: addrOf(l.Addr()), asked: addr, options: o})
	s.group.Add(1)
	go s.accept(n, l, p)
	return n, nil
}

// addrOf is the address of one end of a connection, IPv4 as itself.
func addrOf(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := t.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
