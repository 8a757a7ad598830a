package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pbx/channel"
	"pbx/dialplan"
	"pbx/event"
	"pbx/feed"
)

// Deps are what the interface is built on.
type Deps struct {
	Registry  *channel.Registry
	Engine    *dialplan.Engine
	Directory Directory
	// Hub is where streams of events come from.
	Hub *feed.Hub
	// Reload reads the configuration again, or with dry says what that would change.
	Reload func(dry bool) (Reloaded, error)
	// Check is what `pbx check` finds.
	Check func() Checked
	// Stats is asked for the numbers of the moment.
	Stats func() Stats
	Log   *slog.Logger
	Now   func() time.Time
	// Random is where nonces and the ids of calls come from.
	Random io.Reader
}

// Directory is what a SIP driver tells of devices. An error that is a *Problem is
// answered as it is.
type Directory interface {
	Peers() ([]Peer, error)
	Peer(name string) (Peer, error)
	AddContact(peer string, c NewContact) (Contact, error)
	RemoveContact(peer, uri string) error
	Registrations() ([]Registration, error)
	// Realm is that of the devices' secrets, Login finds a device that has one.
	Realm() string
	Login(name string) (Login, bool)
}

// Server answers /api/.
type Server struct {
	deps     Deps
	settings atomic.Pointer[Settings]
	routes   []route
	mux      *http.ServeMux
	calls    calls
	nonces   nonces
	clients  limiter // by the name of the client
	failures limiter // by address
	checking sync.Mutex
	document func() []byte
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	open     sync.WaitGroup // requests that last
	streams  atomic.Int32   // of events
}

const (
	maxBody = 64 << 10
	// bodyTime is how long a request may take to come, and answerTime an answer to be
	// taken.
	bodyTime   = 10 * time.Second
	answerTime = 30 * time.Second
	// failureRate is how many wrong tokens or passwords a second one address may try.
	failureRate = 0.2
	failureTime = 5 // of them at once
)

// New makes the interface. It answers nothing until Apply enables it.
func New(d Deps) *Server {
	s := &Server{deps: d, mux: http.NewServeMux(), routes: routes()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.settings.Store(&Settings{})
	s.document = sync.OnceValue(func() []byte { return OpenAPI() })
	for i := range s.routes {
		s.mux.HandleFunc(s.routes[i].method+" "+s.routes[i].path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, &s.routes[i]) })
	}
	return s
}

// Apply takes in a configuration.
func (s *Server) Apply(c Settings) { s.settings.Store(&c) }

// Close ends requests that last.
func (s *Server) Close() {
	s.cancel()
	s.open.Wait()
}

// client is who asks.
type client struct {
	name    string
	may     permissions
	context string // the only one that calls go to, "" for any
	rate    float64
	// device is set for a SIP device, which sees its own calls only.
	device string
}

// request is one to a handler.
type request struct {
	*http.Request
	client *client
	from   netip.Addr
	in     any // a pointer to what the route takes
	w      http.ResponseWriter
}

type clientKey struct{}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conf := s.settings.Load()
	if !conf.Enabled || s.ctx.Err() != nil {
		http.NotFound(w, r)
		return
	}
	now := time.Now()
	control := http.NewResponseController(w)
	// A server of a test has no deadlines; one of the network has.
	_ = control.SetReadDeadline(now.Add(bodyTime))
	_ = control.SetWriteDeadline(now.Add(answerTime))
	if p := s.admit(w, r, conf); p != nil {
		p.write(w)
	}
}

// admit finds out who asks, and whether he may, before anything of the request is
// acted on.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, conf *Settings) *Problem {
	from := remote(r)
	if !conf.allows(from) {
		return problem(http.StatusForbidden, "requests from %s are not taken: api.conf has no permit line for it", from)
	}
	if done, p := crossOrigin(w, r, conf); done || p != nil {
		return p
	}
	now := s.deps.Now()
	if s.failures.empty(from.String(), failureRate, failureTime, now) {
		w.Header().Set("Retry-After", strconv.Itoa(int(1/failureRate)))
		return problem(http.StatusTooManyRequests, "too many wrong tokens or passwords came from %s", from)
	}
	c, p := s.authenticate(w, r, conf, from)
	if p != nil {
		return p
	}
	if wait, ok := s.clients.take(c.name, c.rate, 2*c.rate, now); !ok {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		return problem(http.StatusTooManyRequests, "%s asks more than %g times a second", c.name, c.rate)
	}
	if _, pattern := s.mux.Handler(r); pattern == "" {
		return s.noRoute(w, r)
	}
	s.mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientKey{}, c)))
	return nil
}

func remote(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr().Unmap()
}

// crossOrigin answers the question of a browser whether a page may ask (the CORS
// protocol of the Fetch standard), and turns away pages that may not: their users'
// browsers may hold a password for us. done is that the answer was sent.
func crossOrigin(w http.ResponseWriter, r *http.Request, conf *Settings) (done bool, p *Problem) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false, nil
	}
	w.Header().Add("Vary", "Origin")
	if !slices.Contains(conf.Origins, strings.ToLower(origin)) {
		if _, host, _ := strings.Cut(origin, "://"); strings.EqualFold(host, r.Host) {
			return false, nil
		}
		return false, problem(http.StatusForbidden, "pages of %.100s may not ask: api.conf has no origin line for it", origin)
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false, nil
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true, nil
}

// noRoute is the answer where there is no such path, or not with this method.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request) *Problem {
	probe := &statusOnly{header: http.Header{}}
	s.mux.ServeHTTP(probe, r)
	if allow := probe.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
		return problem(http.StatusMethodNotAllowed, "%s takes %s", r.URL.Path, allow)
	}
	return problem(http.StatusNotFound, "there is no %s; /api/openapi.json tells what there is", r.URL.Path)
}

// statusOnly takes an answer and keeps its header.
type statusOnly struct{ header http.Header }

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }
func (s *statusOnly) WriteHeader(int)             {}

// serve carries out a request of somebody known.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, t *route) {
	c, _ := r.Context().Value(clientKey{}).(*client)
	if c == nil { // noRoute asks for the Allow header only
		return
	}
	q := &request{Request: r, client: c, from: remote(r), w: w}
	out, err := s.run(q, t)
	if t.method != http.MethodGet {
		status := "done"
		if err != nil {
			status = err.Error()
		}
		event.Verbose(s.deps.Log, 2, "API: %s at %s: %s %s: %s", c.name, q.from, r.Method, r.URL.EscapedPath(), status)
	}
	var p *Problem
	switch {
	case errors.As(err, &p):
		p.write(w)
	case err != nil:
		s.deps.Log.Error("API: "+r.Method+" "+t.path, "err", err)
		problem(http.StatusInternalServerError, "%v", err).write(w)
	case t.raw != nil:
	case out == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		b, err := json.Marshal(out)
		if err != nil { // no type of ours fails
			problem(http.StatusInternalServerError, "%v", err).write(w)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-store")
		status := t.status
		if x, ok := out.(interface{ status() int }); ok {
			status = x.status()
		}
		w.WriteHeader(status)
		_, _ = w.Write(append(b, '\n')) // who has hung up does not hear it
	}
}

// run looks whether the client may, reads the body and calls the handler. A handler
// that fails badly is one request's failure.
func (s *Server) run(q *request, t *route) (out any, err error) {
	defer func() {
		if v := recover(); v != nil {
			s.deps.Log.Error(fmt.Sprintf("API: %s %s: %v\n%s", t.method, t.path, v, debug.Stack()))
			err = problem(http.StatusInternalServerError, "the request failed; the log has more")
		}
	}()
	c := q.client
	switch {
	case c.device != "" && !t.device:
		return nil, problem(http.StatusForbidden, "a SIP device may not do that")
	case c.device == "" && c.may&t.need != t.need:
		return nil, problem(http.StatusForbidden, "[%s] of api.conf has not the permission %s", c.name, t.need)
	}
	for _, p := range t.query {
		if v := q.URL.Query().Get(p.name); v != "" && len(p.values) > 0 && !slices.Contains(p.values, v) {
			return nil, problem(http.StatusBadRequest, "%s is one of %s", p.name, strings.Join(p.values, ", "))
		}
	}
	if t.in != nil {
		if err := q.read(t); err != nil {
			return nil, err
		}
	}
	if t.raw != nil {
		return nil, t.raw(s, q)
	}
	return t.run(s, q)
}

// read reads the body into what the route takes.
func (q *request) read(t *route) error {
	if kind, _, err := mime.ParseMediaType(q.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return problem(http.StatusUnsupportedMediaType, "the body is application/json")
	}
	q.in = t.take()
	d := json.NewDecoder(http.MaxBytesReader(q.w, q.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(q.in)
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return problem(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", maxBody)
	case errors.Is(err, io.EOF):
		return problem(http.StatusBadRequest, "the body is empty")
	case err != nil:
		return problem(http.StatusBadRequest, "%s", strings.TrimPrefix(err.Error(), "json: "))
	case d.More():
		return problem(http.StatusBadRequest, "the body goes on after the object")
	}
	return nil
}
