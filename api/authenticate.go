package api

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"pbx/channels/sip/digest"
	"pbx/event"
)

// Login is a SIP device that logs in with its secret.
type Login struct {
	// Name is its section, Context the one that its calls go to.
	Name, Context, Realm string
	// HA1 is the hash of RFC 7616 3.4.2, "" where there is none for the algorithm.
	HA1 func(digest.Algorithm) string
}

// authenticate says who asks: a program with a token (RFC 6750), or a SIP device
// (RFC 7616).
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request, conf *Settings, from netip.Addr) (*client, *Problem) {
	header := cmp.Or(r.Header.Get("Authorization"), offered(r))
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		s.challenge(w, conf, false)
		return nil, problem(http.StatusUnauthorized, "the header Authorization is missing")
	case strings.EqualFold(scheme, "Bearer"):
		if t := conf.token(strings.TrimSpace(rest)); t != nil && t.allows(from) {
			return &client{name: t.Name, may: t.May, context: t.Context, rate: t.Rate}, nil
		}
		s.refused(from, "", "InvalidPassword")
		s.challenge(w, conf, false)
		return nil, problem(http.StatusUnauthorized, "no section of api.conf has that token, or not for %s", from)
	case strings.EqualFold(scheme, "Digest") && conf.SIPUsers:
		return s.device(w, r, conf, from, header)
	}
	s.refused(from, "", "RequestNotSupported")
	s.challenge(w, conf, false)
	return nil, problem(http.StatusUnauthorized, "%.20q is no way to log in here", scheme)
}

// bearerProtocol is what a page puts before its token among the subprotocols of a
// WebSocket, as it cannot set a header: nothing of it is in an address, or in a log.
const bearerProtocol = "bearer."

// offered is the Authorization that a WebSocket offers as a subprotocol, "" for none.
func offered(r *http.Request) string {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return ""
	}
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for _, w := range words(line) {
			if token, ok := strings.CutPrefix(w, bearerProtocol); ok {
				return "Bearer " + token
			}
		}
	}
	return ""
}

// token finds a token. Each is compared in a time that says nothing of it.
func (s *Settings) token(secret string) (found *token) {
	hash := sha256.Sum256([]byte(secret))
	for _, t := range s.tokens {
		if subtle.ConstantTimeCompare(hash[:], t.hash[:]) == 1 {
			found = t
		}
	}
	return found
}

func (t *token) allows(from netip.Addr) bool { return len(t.acl) == 0 || t.acl.Allows(from) }

// challenge tells how to log in.
func (s *Server) challenge(w http.ResponseWriter, conf *Settings, stale bool) {
	h := w.Header()
	h.Add("WWW-Authenticate", `Bearer realm="pbx"`)
	if !conf.SIPUsers {
		return
	}
	realm := s.deps.Directory.Realm()
	nonce := s.nonces.make(s.deps.Random, s.deps.Now())
	for _, a := range []digest.Algorithm{digest.SHA256, digest.MD5} {
		line := fmt.Sprintf(`Digest realm="%s", qop="auth", algorithm=%s, nonce="%s"`, digest.AppendQuoted(nil, realm), a, nonce)
		if stale {
			line += ", stale=true"
		}
		h.Add("WWW-Authenticate", line)
	}
}

// device lets a SIP device in that proves its secret.
func (s *Server) device(w http.ResponseWriter, r *http.Request, conf *Settings, from netip.Addr, header string) (*client, *Problem) {
	a, ok := digest.ParseAuthorization([]byte(header))
	alg, known := digest.ParseAlgorithm(a.Algorithm)
	nc, counted := digest.ParseCount(a.NC)
	if !ok || !known || !counted || string(a.QOP) != "auth" || string(a.URI) != r.RequestURI {
		s.refused(from, string(a.Username), "RequestBadFormat")
		s.challenge(w, conf, false)
		return nil, problem(http.StatusUnauthorized, "the Authorization is not that of this request, with qop=auth")
	}
	// Who does not exist costs the same time as who gives a wrong secret.
	login, there := s.deps.Directory.Login(string(a.Username))
	ha1 := strings.Repeat("0", 32)
	if there && login.HA1(alg) != "" {
		ha1 = login.HA1(alg)
	} else {
		there = false
	}
	var hasher digest.Hasher
	want := hasher.Response(alg, ha1, r.Method, &a, nil)
	right := subtle.ConstantTimeCompare(want, a.Response) == 1 && there && login.Name == string(a.Username) && login.Realm == string(a.Realm)
	if !right {
		s.refused(from, string(a.Username), "ChallengeResponseFailed")
		s.challenge(w, conf, false)
		return nil, problem(http.StatusUnauthorized, "wrong name or secret")
	}
	if !s.nonces.use(string(a.Nonce), nc, s.deps.Now()) {
		s.challenge(w, conf, true)
		return nil, problem(http.StatusUnauthorized, "the nonce is used up")
	}
	return &client{name: "SIP/" + login.Name, context: login.Context, rate: conf.Rate, device: login.Name}, nil
}

// refused counts a wrong token or password, and tells who watches over security.
func (s *Server) refused(from netip.Addr, account, what string) {
	now := s.deps.Now()
	s.failures.take(from.String(), failureRate, failureTime, now)
	s.deps.Log.Log(s.ctx, event.LevelNotice, fmt.Sprintf("API: %s failed to log in as '%s': %s", from, strings.Map(printable, account), what))
	if bus := s.deps.Registry.Bus(); bus.Wants(event.Security) {
		bus.Publish(event.Event{
			Kind: event.Security, Time: now, Name: what, Value: strings.Map(printable, account), Address: from.String(),
			AppData: "Severity: Error\nService: API\nEventVersion: 1\nAccountID: " + strings.Map(printable, account) + "\nRemoteAddress: " + from.String(),
		})
	}
}

// printable leaves out what would break a line of the log.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r == '\'' {
		return '?'
	}
	return r
}

// nonces are those of the challenges that may still be answered, with the count of the
// last answer.
type nonces struct {
	mu   sync.Mutex
	last map[string]*nonce
}

type nonce struct {
	end   time.Time
	count uint32
}

const (
	nonceTime = 5 * time.Minute
	maxNonces = 4096
)

// make makes one. Where there are too many the oldest questions are forgotten, and
// their answers are asked for again.
func (n *nonces) make(random io.Reader, now time.Time) string {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		_, _ = rand.Read(b[:]) // never fails
	}
	text := hex.EncodeToString(b[:])
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last == nil {
		n.last = make(map[string]*nonce)
	}
	if len(n.last) >= maxNonces {
		for k, v := range n.last {
			if v.count == 0 || now.After(v.end) {
				delete(n.last, k)
			}
		}
		if len(n.last) >= maxNonces {
			clear(n.last)
		}
	}
	n.last[text] = &nonce{end: now.Add(nonceTime)}
	return text
}

// use takes an answer with that count, once, and only rising ones (RFC 7616 3.4).
func (n *nonces) use(text string, count uint32, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	v := n.last[text]
	if v == nil || now.After(v.end) || count <= v.count {
		return false
	}
	v.count = count
	return true
}
