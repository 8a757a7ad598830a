package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	pbxio "pbx/io"
)

// Server is the HTTP server.
type Server struct {
	// Mux takes the handlers. A path is given without the prefix of http.conf.
	Mux *http.ServeMux

	network pbxio.Network
	log     *slog.Logger
	cert    atomic.Pointer[tls.Certificate]
	prefix  atomic.Pointer[string]
	http    *http.Server
	group   sync.WaitGroup
	plain   open
	secure  open

	mu   sync.Mutex
	from map[netip.Addr]int
}

// open is a listener with the address of the configuration that it has.
type open struct {
	listener net.Listener
	at       netip.AddrPort
}

const (
	headerTimeout = 10 * time.Second // of a request, and of the hello of TLS
	idleTimeout   = time.Minute
	maxHeader     = 16 << 10
	// perAddress bounds the connections from one address. One that became a
	// WebSocket does not count any more: others look after it.
	perAddress = 50
)

// New makes a server that does not listen yet.
func New(network pbxio.Network, log *slog.Logger) *Server {
	s := &Server{Mux: http.NewServeMux(), network: network, log: log, from: make(map[netip.Addr]int)}
	s.prefix.Store(new(string))
	s.http = &http.Server{
		Handler: s, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ConnState: s.count, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		// HTTP/2 has no WebSocket of the kind that phones speak.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	return s
}

// ServeHTTP implements http.Handler: it takes the prefix off.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.StripPrefix(*s.prefix.Load(), s.Mux).ServeHTTP(w, r)
}

// Apply takes in a configuration: listeners whose address changed are opened anew,
// certificates are taken, connections stay. What cannot be opened is an error; the
// rest serves.
func (s *Server) Apply(c Settings) error {
	s.prefix.Store(&c.Prefix)
	if c.certificate != nil {
		s.cert.Store(c.certificate)
	}
	err := s.listen(&s.plain, c.Enabled, c.Bind, func(l net.Listener) net.Listener { return l })
	secure := c.Enabled && c.TLS
	if secure && s.cert.Load() == nil {
		secure = false // the finding says why
	}
	return errors.Join(err, s.listen(&s.secure, secure, c.TLSBind, func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.cert.Load(), nil
		}})
	}))
}

func (s *Server) listen(o *open, on bool, at netip.AddrPort, wrap func(net.Listener) net.Listener) error {
	if o.listener != nil && (!on || o.at != at) {
		_ = o.listener.Close()
		o.listener = nil
	}
	if !on || o.listener != nil {
		return nil
	}
	l, err := s.network.ListenTCP(at, pbxio.SocketOptions{})
	if err != nil {
		return fmt.Errorf("http.conf: %w", err)
	}
	o.listener, o.at = l, at
	s.group.Add(1)
	go func() {
		defer s.group.Done()
		if err := s.http.Serve(wrap(l)); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.log.Error("HTTP: a listener ended", "address", at.String(), "err", err)
		}
	}()
	return nil
}

// Addresses are where HTTP and HTTPS are served, the zero AddrPort where not.
func (s *Server) Addresses() (plain, secure netip.AddrPort) {
	local := func(o *open) netip.AddrPort {
		if o.listener == nil {
			return netip.AddrPort{}
		}
		a, _ := o.listener.Addr().(*net.TCPAddr)
		return a.AddrPort()
	}
	return local(&s.plain), local(&s.secure)
}

// count bounds the connections from one address.
func (s *Server) count(c net.Conn, state http.ConnState) {
	a, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return
	}
	from := a.AddrPort().Addr().Unmap()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		if s.from[from]++; s.from[from] > perAddress {
			go c.Close() // its end is counted as of the others
		}
	case http.StateClosed, http.StateHijacked:
		if s.from[from]--; s.from[from] <= 0 {
			delete(s.from, from)
		}
	}
}

// Close ends the listeners and the connections, but for WebSockets.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	s.group.Wait()
}
