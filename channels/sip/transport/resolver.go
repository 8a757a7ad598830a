package transport

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"pbx/channels/sip/resolve"
)

// Resolver asks the name servers of this machine, as resolv.conf(5) and hosts(5)
// say; both files are read again when they change. Any goroutine may call it, but
// the loop: it blocks.
type Resolver struct {
	mu      sync.Mutex
	options ResolverOptions
	system  systemFiles
	good    int // the server that answered last
}

// ResolverOptions say where a Resolver looks; the zero value is the system's way.
type ResolverOptions struct {
	// Conf and Hosts are paths in place of /etc/resolv.conf and /etc/hosts.
	Conf, Hosts string
	// Servers are asked in place of those of Conf.
	Servers []netip.AddrPort
}

// NewResolver makes a resolver.
func NewResolver(o ResolverOptions) *Resolver {
	r := &Resolver{}
	r.SetOptions(o)
	return r
}

// SetOptions changes where the resolver looks from now on.
func (r *Resolver) SetOptions(o ResolverOptions) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.options, r.system, r.good = o, systemFiles{}, 0
}

const (
	// hedge is how long a server has the question for itself before the next one
	// is asked as well.
	hedge = 400 * time.Millisecond
	// rounds is how often each server is asked at most.
	rounds = 3
)

// Lookup answers a question. It returns when ctx ends at the latest.
func (r *Resolver) Lookup(ctx context.Context, q resolve.Question) resolve.Answer {
	r.mu.Lock()
	r.system.refresh(cmp.Or(r.options.Conf, "/etc/resolv.conf"), cmp.Or(r.options.Hosts, "/etc/hosts"))
	conf, hosts := r.system.conf, r.system.names
	if len(r.options.Servers) > 0 {
		conf.servers = r.options.Servers
	}
	first := r.good
	r.mu.Unlock()
	if addrs, ok := hosts[q.Name]; ok {
		return localAnswer(q.Kind, addrs)
	}
	answer := resolve.Answer{Err: resolve.ErrNone}
	for _, name := range conf.candidates(q.Name) {
		answer = r.ask(ctx, conf, first, resolve.Question{Name: name, Kind: q.Kind})
		if !errors.Is(answer.Err, resolve.ErrNone) {
			break
		}
	}
	return answer
}

func localAnswer(kind resolve.Kind, addrs []netip.Addr) resolve.Answer {
	a := resolve.Answer{Local: true}
	for _, addr := range addrs {
		if kind == resolve.A && addr.Is4() || kind == resolve.AAAA && addr.Is6() {
			a.Addrs = append(a.Addrs, addr)
		}
	}
	if len(a.Addrs) == 0 {
		a.Err = resolve.ErrNone
	}
	return a
}

// ask puts the question to one server after the other, without waiting for one
// that is silent or taking one's refusal for the answer. The first that knows
// counts.
func (r *Resolver) ask(ctx context.Context, conf resolvConf, first int, q resolve.Question) resolve.Answer {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // the attempts that are left end
	type reply struct {
		server int
		answer resolve.Answer
	}
	n := len(conf.servers)
	tries := rounds * n
	replies := make(chan reply, tries)
	started, open := 0, 0
	start := func() {
		server := (first + started) % n
		started++
		open++
		go func() {
			replies <- reply{server, exchange(ctx, conf.servers[server], conf.stream, q)}
		}()
	}
	start()
	next := time.NewTimer(hedge)
	defer next.Stop()
	last := resolve.Answer{Err: errors.New("no name server answers")}
	for {
		select {
		case <-next.C:
			if started < tries {
				start()
				next.Reset(hedge)
			}
		case got := <-replies:
			open--
			if got.answer.Err == nil || errors.Is(got.answer.Err, resolve.ErrNone) {
				r.mu.Lock()
				r.good = got.server
				r.mu.Unlock()
				return got.answer
			}
			last = got.answer
			switch {
			case started < n: // the others, at once
				start()
				next.Reset(hedge)
			case open == 0: // each one refused
				return last
			}
		case <-ctx.Done():
			if errors.Is(last.Err, resolve.ErrNone) {
				last.Err = ctx.Err()
			}
			return last
		}
	}
}

// exchange asks one server, over TCP when its answer does not fit a datagram.
func exchange(ctx context.Context, server netip.AddrPort, stream bool, q resolve.Question) resolve.Answer {
	if !stream {
		a := overUDP(ctx, server, q)
		if !errors.Is(a.Err, resolve.ErrTruncated) {
			return a
		}
	}
	return overTCP(ctx, server, q)
}

func failed(server netip.AddrPort, err error) resolve.Answer {
	return resolve.Answer{Err: fmt.Errorf("name server %v: %w", server, err)}
}

// dial connects to a name server; what it does ends with ctx.
func dial(ctx context.Context, network string, server netip.AddrPort) (net.Conn, func() bool, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, nil, err
	}
	return c, context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }), nil
}

// overUDP asks from a port of its own, so that whoever guesses has to guess that
// as well as the id (RFC 5452).
func overUDP(ctx context.Context, server netip.AddrPort, q resolve.Question) resolve.Answer {
	id := uint16(rand.Uint32())
	b, err := resolve.Pack(q, id)
	if err != nil {
		return resolve.Answer{Err: err}
	}
	c, stop, err := dial(ctx, "udp", server)
	if err != nil {
		return failed(server, err)
	}
	defer func() { _ = c.Close() }()
	defer stop()
	if _, err := c.Write(b); err != nil {
		return failed(server, err)
	}
	var buf [resolve.MaxPacket]byte
	for {
		n, err := c.Read(buf[:])
		if err != nil {
			return failed(server, err)
		}
		if a := resolve.Unpack(buf[:n], q, id); !errors.Is(a.Err, resolve.ErrOther) {
			return a
		}
	}
}

func overTCP(ctx context.Context, server netip.AddrPort, q resolve.Question) resolve.Answer {
	id := uint16(rand.Uint32())
	b, err := resolve.Pack(q, id)
	if err != nil {
		return resolve.Answer{Err: err}
	}
	c, stop, err := dial(ctx, "tcp", server)
	if err != nil {
		return failed(server, err)
	}
	defer func() { _ = c.Close() }()
	defer stop()
	// RFC 1035 4.2.2: two bytes of length go before the message.
	if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)); err != nil {
		return failed(server, err)
	}
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return failed(server, err)
	}
	b = make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, b); err != nil {
		return failed(server, err)
	}
	a := resolve.Unpack(b, q, id)
	if errors.Is(a.Err, resolve.ErrTruncated) || errors.Is(a.Err, resolve.ErrOther) {
		return failed(server, a.Err)
	}
	return a
}

// candidates are the names that a name may stand for: one with few dots is looked
// for in the search domains first (resolv.conf(5)). The labels of a service do
// not count.
func (c *resolvConf) candidates(name string) []string {
	host := name
	for strings.HasPrefix(host, "_") {
		_, rest, ok := strings.Cut(host, ".")
		if !ok {
			break
		}
		host = rest
	}
	if strings.Count(host, ".") >= c.ndots || len(c.search) == 0 {
		return []string{name}
	}
	list := make([]string, 0, len(c.search)+1)
	for _, domain := range c.search {
		list = append(list, name+"."+domain)
	}
	return append(list, name)
}
