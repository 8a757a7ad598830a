package manager

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"time"

	"pbx/channels/sip/digest"
	"pbx/event"
)

// The sessions of users who prove themselves with each request (RFC 7616, with MD5, which
// is what programs of the field know): /arawman and its kin. The nonce names the session,
// and lasts as long as it does; each proof counts up, so that none is worth anything twice.

// nonceTime is how long a nonce may wait for its first answer, maxNonces how many may.
const (
	nonceTime = time.Minute
	maxNonces = 1024
)

// defaultRealm is that of an exchange without a name.
const defaultRealm = "asterisk"

func (s *Server) realm() string {
	if s.deps.SystemName != nil {
		if name := s.deps.SystemName(); name != "" {
			return name
		}
	}
	return defaultRealm
}

// byDigest is the session of the user that a request proves. Who proves none is asked to.
func (t *webSessions) byDigest(w http.ResponseWriter, r *http.Request) *webSession {
	s := t.server
	a, ok := digest.ParseAuthorization([]byte(r.Header.Get("Authorization")))
	alg, known := digest.ParseAlgorithm(a.Algorithm)
	count, counted := digest.ParseCount(a.NC)
	if !ok || !known || alg != digest.MD5 || !counted || string(a.QOP) != "auth" || string(a.URI) != r.RequestURI || string(a.Realm) != s.realm() {
		t.challenge(w, false)
		return nil
	}
	x, fresh := t.proven(string(a.Nonce), r)
	if x == nil && !fresh {
		t.challenge(w, true)
		return nil
	}
	name := string(digest.Unescape(a.Username))
	user := s.settings.Load().user(name)
	who := s.overHTTP(r) // for what is told of him
	shown := printableName(name)
	// Who does not exist costs the same time as who has another secret.
	ha1 := digest.MD5.HA1(name, s.realm(), "")
	if user != nil && user.Secret != "" {
		ha1 = digest.MD5.HA1(name, s.realm(), user.Secret)
	}
	var hasher digest.Hasher
	right := subtle.ConstantTimeCompare(hasher.Response(alg, ha1, r.Method, &a, nil), a.Response) == 1
	switch {
	case !right || user == nil || user.Secret == "":
		s.deps.Log.Log(s.ctx, event.LevelNotice, fmt.Sprintf("%s failed to authenticate as '%s'", who.remote.Addr(), shown))
		who.security("ChallengeResponseFailed", severityError, shown, "Challenge", string(a.Nonce), "Response", string(a.Response))
		select { // guessing takes time
		case <-time.After(loginDelay):
		case <-r.Context().Done():
		}
		t.challenge(w, false)
		return nil
	case !user.ACL.Allows(who.remote.Addr()):
		s.deps.Log.Log(s.ctx, event.LevelNotice, fmt.Sprintf("%s failed to pass IP ACL as '%s'", who.remote.Addr(), shown))
		who.security("FailedACL", severityError, shown)
		http.Error(w, "Permission denied", http.StatusForbidden)
		return nil
	}
	x, problem := t.prove(r, string(a.Nonce), user, count)
	switch {
	case problem != "":
		http.Error(w, problem, http.StatusForbidden)
	case x == nil:
		t.challenge(w, true)
	}
	return x
}

// challenge asks for a proof. stale says that the last one was right, or may have been,
// and was for a nonce that is over.
func (t *webSessions) challenge(w http.ResponseWriter, stale bool) {
	s := t.server
	nonce, err := token(s.deps.Random)
	if err != nil {
		http.Error(w, "Server Error", http.StatusInternalServerError)
		return
	}
	now := s.deps.Now()
	t.mu.Lock()
	if len(t.asked) >= maxNonces {
		for n, end := range t.asked {
			if now.After(end) {
				delete(t.asked, n)
			}
		}
		if len(t.asked) >= maxNonces {
			clear(t.asked) // who answers one is asked again
		}
	}
	t.asked[nonce] = now.Add(nonceTime)
	t.mu.Unlock()
	line := fmt.Sprintf(`Digest algorithm=MD5, realm="%s", nonce="%s", qop="auth", opaque="%s"`, digest.AppendQuoted(nil, s.realm()), nonce, nonce)
	if stale {
		line += ", stale=true"
	}
	w.Header().Set("WWW-Authenticate", line)
	http.Error(w, "Unauthorized", http.StatusUnauthorized)
}

// proven is the session that a nonce names, or whether it is one that may be answered.
func (t *webSessions) proven(nonce string, r *http.Request) (x *webSession, fresh bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x = t.byID[nonce]; x != nil && x.count > 0 && x.remote.Addr() == remote(r).Addr() {
		return x, false
	}
	end, ok := t.asked[nonce]
	return nil, ok && !t.server.deps.Now().After(end)
}

// prove takes a right proof of a user, once: the session that the nonce names goes on, or
// begins. problem is why it does not; nil without one is that the nonce is used up.
func (t *webSessions) prove(r *http.Request, nonce string, user *User, count uint32) (x *webSession, problem string) {
	s := t.server
	t.mu.Lock()
	x = t.byID[nonce]
	if x != nil && x.ended() != "" {
		t.mu.Unlock()
		t.drop(x)
		return nil, ""
	}
	_, fresh := t.asked[nonce]
	delete(t.asked, nonce)
	switch {
	case x != nil && (count <= x.count || x.loggedIn().Name != user.Name), x == nil && (!fresh || count == 0):
		x = nil
	case x != nil:
		x.count = count
		x.end.Reset(s.settings.Load().HTTPTimeout)
	case !user.MultipleLogin && s.count(user) > 0:
		problem = "Login Already In Use"
	case len(t.byID) >= maxWebSessions:
		problem = "too many sessions"
	default:
		x = t.add(r, nonce)
		x.count = count
		x.mu.Lock()
		x.user = user
		x.mu.Unlock()
		defer func() {
			s.tune()
			x.security("SuccessfulAuth", "Informational", user.Name, "UsingPassword", "0")
			if user.DisplayConnects {
				event.Verbose(s.deps.Log, 2, "HTTP Manager '%s' logged in from %s", user.Name, x.remote.Addr())
			}
		}()
	}
	t.mu.Unlock()
	return x, problem
}
