package manager

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"pbx/decl"
)

// The interface over HTTP: one action a request, as its query or a form, and the
// answer as text (/rawman), XML (/mxml) or a page (/manager). A cookie names the
// session, which ends when it was not used for a while.

// cookie is the name of the session's.
const cookie = "mansession_id"

const (
	maxForm        = 64 << 10
	maxWebSessions = 256
)

// webSessions are the sessions over HTTP.
type webSessions struct {
	server *Server
	mu     sync.Mutex
	byID   map[string]*webSession
	asked  map[string]time.Time // the nonces that nobody has answered yet, and when they end
}

type webSession struct {
	*session
	id string
	// one is held while a request is handled: they come one at a time.
	one   sync.Mutex
	end   *time.Timer
	count uint32 // of the last proof of byDigest, where that made it; webSessions.mu
}

func newWebSessions(s *Server) *webSessions {
	return &webSessions{server: s, byID: make(map[string]*webSession), asked: make(map[string]time.Time)}
}

// Paths are where Handler serves: those whose session is named by a cookie, and those
// whose users prove themselves with each request.
func Paths() []string {
	return []string{"/rawman", "/mxml", "/manager", "/arawman", "/amxml", "/amanager"}
}

// form writes an answer in one of the three forms; value tells what the request says.
type form struct {
	kind  string
	write func(w io.Writer, answer string, value func(name string) string)
}

// Handler serves Paths.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for i, f := range []form{{"text/plain", asText}, {"text/xml", asXML}, {"text/html", asPage}} {
		mux.HandleFunc(Paths()[i], func(w http.ResponseWriter, r *http.Request) { s.web.serve(w, r, f, s.web.byCookie) })
		mux.HandleFunc(Paths()[i+3], func(w http.ResponseWriter, r *http.Request) { s.web.serve(w, r, f, s.web.byDigest) })
	}
	return mux
}

// serve carries out a request. find finds its session; without one it has answered.
func (t *webSessions) serve(w http.ResponseWriter, r *http.Request, f form, find func(w http.ResponseWriter, r *http.Request) *webSession) {
	s := t.server
	conf := s.settings.Load()
	if !conf.Enabled || !conf.WebEnabled || s.ctx.Err() != nil {
		http.NotFound(w, r)
		return
	}
	asked, err := headers(http.MaxBytesReader(w, r.Body, maxForm), r)
	if err != nil {
		http.Error(w, "Bad request", http.StatusBadRequest)
		return
	}
	x := find(w, r)
	if x == nil {
		return
	}
	answer := t.act(x, asked)
	h := w.Header()
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("Content-Type", f.kind)
	h.Set("Pragma", "SuppressEvents")
	f.write(w, answer, decl.NewActionRequest(asked).Get)
}

// byCookie is the session that the cookie of a request names, or a new one.
func (t *webSessions) byCookie(w http.ResponseWriter, r *http.Request) *webSession {
	x, err := t.session(r)
	if err == nil && x.ended() != "" { // it would wait for events for ever: a new one has to log in
		t.drop(x)
		x, err = t.session(r)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return nil
	}
	// A browser sends the cookie to this host only, and not to its scripts.
	w.Header().Set("Set-Cookie", fmt.Sprintf(`%s="%s"; Version=1; Max-Age=%d; HttpOnly; SameSite=Strict`, cookie, x.id, int(t.server.settings.Load().HTTPTimeout.Seconds())))
	return x
}

// headers are the form of a request, or its query, as an action, in their order.
func headers(body io.Reader, r *http.Request) (out []decl.Header, err error) {
	add := func(query string) {
		for pair := range strings.SplitSeq(query, "&") {
			name, value, _ := strings.Cut(pair, "=")
			n, err := url.QueryUnescape(name)
			v, err2 := url.QueryUnescape(value)
			if err == nil && err2 == nil && n != "" && !strings.ContainsAny(n, "\r\n") {
				out = append(out, decl.Header{Name: n, Value: v})
			}
		}
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if r.Method == http.MethodPost && strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		text, err := io.ReadAll(body)
		add(string(text))
		return out, err
	}
	add(r.URL.RawQuery)
	return out, nil
}

// session finds the session of a request, or makes one.
func (t *webSessions) session(r *http.Request) (*webSession, error) {
	s := t.server
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, err := r.Cookie(cookie); err == nil {
		// One address keeps its session; a stolen cookie is worth nothing elsewhere.
		if x := t.byID[strings.Trim(c.Value, `"`)]; x != nil && x.count == 0 && x.remote.Addr() == remote(r).Addr() {
			x.end.Reset(s.settings.Load().HTTPTimeout)
			return x, nil
		}
	}
	if len(t.byID) >= maxWebSessions {
		return nil, fmt.Errorf("too many sessions")
	}
	id, err := token(s.deps.Random)
	if err != nil {
		return nil, err
	}
	return t.add(r, id), nil
}

// token is 128 bits as text.
func token(random io.Reader) (string, error) {
	var b [16]byte
	_, err := io.ReadFull(random, b[:])
	return hex.EncodeToString(b[:]), err
}

// add adds a session; mu is held.
func (t *webSessions) add(r *http.Request, id string) *webSession {
	s := t.server
	x := &webSession{id: id, session: s.overHTTP(r)}
	x.end = time.AfterFunc(s.settings.Load().HTTPTimeout, func() { t.drop(x) })
	t.byID[x.id] = x
	s.mu.Lock()
	s.sessions[x.session] = struct{}{}
	s.mu.Unlock()
	return x
}

// overHTTP is a session that is in no list yet.
func (s *Server) overHTTP(r *http.Request) *session {
	x := &session{server: s, began: s.deps.Now(), out: newOutbox(), mask: ClassAll, remote: remote(r), secure: r.TLS != nil}
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		x.local = unmapped(a.AddrPort())
	}
	return x
}

func remote(r *http.Request) netip.AddrPort {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.AddrPort{}
	}
	return unmapped(a)
}

// act carries out one action and returns its answer.
func (t *webSessions) act(x *webSession, headers []decl.Header) string {
	x.one.Lock()
	defer x.one.Unlock()
	r := decl.NewActionRequest(headers)
	err := x.perform(r)
	if r.Then != nil {
		r.Then()
	}
	if err != nil {
		t.drop(x)
	}
	return r.Answer()
}

// drop ends a session.
func (t *webSessions) drop(x *webSession) {
	x.end.Stop()
	x.session.leave("")
	if reason := x.ended(); reason != "" {
		t.server.deps.Log.Warn(fmt.Sprintf("manager: %s: %s", x.who(), reason))
	}
	t.mu.Lock()
	delete(t.byID, x.id)
	t.mu.Unlock()
	t.server.mu.Lock()
	delete(t.server.sessions, x.session)
	t.server.mu.Unlock()
	t.server.tune()
}

func (t *webSessions) close() {
	t.mu.Lock()
	var all []*webSession
	for _, x := range t.byID {
		all = append(all, x)
	}
	t.mu.Unlock()
	for _, x := range all {
		t.drop(x)
	}
}
