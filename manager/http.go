package manager

import (
	"encoding/hex"
	"fmt"
	"html"
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
}

type webSession struct {
	*session
	id string
	// one is held while a request is handled: they come one at a time.
	one sync.Mutex
	end *time.Timer
}

func newWebSessions(s *Server) *webSessions {
	return &webSessions{server: s, byID: make(map[string]*webSession)}
}

// Handler serves /rawman, /mxml and /manager.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/rawman", func(w http.ResponseWriter, r *http.Request) { s.web.serve(w, r, "text/plain", asText) })
	mux.HandleFunc("/mxml", func(w http.ResponseWriter, r *http.Request) { s.web.serve(w, r, "text/xml", asXML) })
	mux.HandleFunc("/manager", func(w http.ResponseWriter, r *http.Request) { s.web.serve(w, r, "text/html", asPage) })
	return mux
}

func (t *webSessions) serve(w http.ResponseWriter, r *http.Request, kind string, write func(w io.Writer, answer string)) {
	s := t.server
	conf := s.settings.Load()
	if !conf.Enabled || !conf.WebEnabled || s.ctx.Err() != nil {
		http.NotFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "Bad request", http.StatusBadRequest)
		return
	}
	x, err := t.session(r)
	if err == nil && x.ended() != "" { // it would wait for events for ever: a new one has to log in
		t.drop(x)
		x, err = t.session(r)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	answer := t.act(x, headers(r))
	h := w.Header()
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("Content-Type", kind)
	// A browser sends the cookie to this host only, and not to its scripts.
	h.Set("Set-Cookie", fmt.Sprintf(`%s="%s"; Version=1; Max-Age=%d; HttpOnly; SameSite=Strict`, cookie, x.id, int(conf.HTTPTimeout.Seconds())))
	h.Set("Pragma", "SuppressEvents")
	write(w, answer)
}

// headers are the query and the form as an action; the order is that of the request
// where it can be known, and Action is first.
func headers(r *http.Request) (out []decl.Header) {
	for _, part := range []string{r.URL.RawQuery} {
		for pair := range strings.SplitSeq(part, "&") {
			name, value, _ := strings.Cut(pair, "=")
			n, err := url.QueryUnescape(name)
			v, err2 := url.QueryUnescape(value)
			if err == nil && err2 == nil && n != "" && !strings.ContainsAny(n, "\r\n") {
				out = append(out, decl.Header{Name: n, Value: v})
			}
		}
	}
	for name, values := range r.PostForm {
		for _, v := range values {
			out = append(out, decl.Header{Name: name, Value: v})
		}
	}
	return out
}

// session finds the session of a request, or makes one.
func (t *webSessions) session(r *http.Request) (*webSession, error) {
	s := t.server
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, err := r.Cookie(cookie); err == nil {
		// One address keeps its session; a stolen cookie is worth nothing elsewhere.
		if x := t.byID[strings.Trim(c.Value, `"`)]; x != nil && x.remote.Addr() == remote(r).Addr() {
			x.end.Reset(s.settings.Load().HTTPTimeout)
			return x, nil
		}
	}
	if len(t.byID) >= maxWebSessions {
		return nil, fmt.Errorf("too many sessions")
	}
	var b [16]byte
	if _, err := io.ReadFull(s.deps.Random, b[:]); err != nil {
		return nil, err
	}
	x := &webSession{id: hex.EncodeToString(b[:]), session: &session{
		server: s, began: s.deps.Now(), out: newOutbox(), mask: ClassAll, remote: remote(r), secure: r.TLS != nil,
	}}
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		x.local = unmapped(a.AddrPort())
	}
	x.end = time.AfterFunc(s.settings.Load().HTTPTimeout, func() { t.drop(x) })
	t.byID[x.id] = x
	s.mu.Lock()
	s.sessions[x.session] = struct{}{}
	s.mu.Unlock()
	return x, nil
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

// asText is /rawman.
func asText(w io.Writer, answer string) { _, _ = io.WriteString(w, answer) }

// blocks are the messages of an answer, each as its lines.
func blocks(answer string) (out [][]decl.Header) {
	for block := range strings.SplitSeq(strings.TrimRight(answer, "\r\n"), "\r\n\r\n") {
		var lines []decl.Header
		for l := range strings.SplitSeq(block, "\r\n") {
			name, value, ok := strings.Cut(l, ":")
			if !ok {
				name, value = "Opaque-data", l
			}
			lines = append(lines, decl.Header{Name: name, Value: strings.TrimPrefix(value, " ")})
		}
		out = append(out, lines)
	}
	return out
}

// asXML is /mxml: a line is an attribute; one that comes again is numbered, but
// Output, whose lines are one.
func asXML(w io.Writer, answer string) {
	var b strings.Builder
	b.WriteString("<ajax-response>\n")
	for _, lines := range blocks(answer) {
		b.WriteString("<response type='object' id='unknown'><generic")
		seen := make(map[string]int)
		for i := 0; i < len(lines); i++ {
			name, value := xmlName(lines[i].Name), lines[i].Value
			if name == "output" {
				for i+1 < len(lines) && xmlName(lines[i+1].Name) == name {
					i++
					value += "\n" + lines[i].Value
				}
			}
			seen[name]++
			if n := seen[name]; n > 1 {
				name += fmt.Sprintf("-%d", n-1)
			}
			fmt.Fprintf(&b, " %s='%s'", name, strings.ReplaceAll(html.EscapeString(value), "\n", "&#10;"))
		}
		b.WriteString(" /></response>\n")
	}
	b.WriteString("</ajax-response>\n")
	_, _ = io.WriteString(w, b.String())
}

// xmlName is the name of a line as one of an attribute.
func xmlName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, s)
	if s == "" || s[0] >= '0' && s[0] <= '9' || s[0] == '-' {
		s = "_" + s
	}
	return s
}

// asPage is /manager.
func asPage(w io.Writer, answer string) {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><html><head><title>Manager interface</title></head><body>\n" +
		"<form method=\"post\"><label>Action <input name=\"action\"></label> <input type=\"submit\"></form>\n<table>\n")
	for _, lines := range blocks(answer) {
		for _, l := range lines {
			fmt.Fprintf(&b, "<tr><td>%s</td><td>%s</td></tr>\n", html.EscapeString(l.Name), html.EscapeString(l.Value))
		}
		b.WriteString("<tr><td colspan=\"2\"><hr></td></tr>\n")
	}
	b.WriteString("</table></body></html>\n")
	_, _ = io.WriteString(w, b.String())
}
