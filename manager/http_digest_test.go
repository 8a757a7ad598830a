package manager

import (
	"crypto/md5"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/config/acl"
	"pbx/event"
)

// TestDigest: users prove themselves with each request, and no proof is worth anything twice.
func TestDigest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Deps{
			Registry: channel.NewRegistry(&event.Bus{}, nil, time.Now, ""), Log: slog.New(slog.DiscardHandler), Now: time.Now, Random: rand.Reader,
			Facts: func() Facts { return Facts{} }, SystemName: func() string { return "box1" },
		})
		defer s.Close()
		s.settings.Store(&Settings{Enabled: true, WebEnabled: true, HTTPTimeout: time.Minute, Users: []*User{
			{Name: "sam", Secret: "horse", Write: ClassAll, MultipleLogin: true},
			{Name: "far", Secret: "horse", MultipleLogin: true, ACL: acl.List{acl.DenyAll()}},
			{Name: "one", Secret: "horse"},
			{Name: "nobody"},
		}})
		h := s.Handler()
		// ask asks as somebody; of a nonce that is "" nobody.
		ask := func(path, user, secret, nonce string, count int) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", path, nil)
			if nonce != "" {
				sum := func(text string) string { return fmt.Sprintf("%x", md5.Sum([]byte(text))) }
				nc := fmt.Sprintf("%08x", count)
				response := sum(sum(user+":box1:"+secret) + ":" + nonce + ":" + nc + ":c:auth:" + sum("GET:"+path))
				r.Header.Set("Authorization", fmt.Sprintf(`Digest username="%s", realm="box1", nonce="%s", uri="%s", cnonce="c", nc=%s, qop=auth, response="%s", algorithm=MD5`,
					user, nonce, path, nc, response))
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		nonceOf := regexp.MustCompile(`nonce="([0-9a-f]+)"`)
		challenge := func(w *httptest.ResponseRecorder, stale bool) string {
			t.Helper()
			line := w.Header().Get("WWW-Authenticate")
			if w.Code != 401 || !strings.HasPrefix(line, `Digest algorithm=MD5, realm="box1", nonce="`) || strings.HasSuffix(line, ", stale=true") != stale {
				t.Fatalf("%d %s", w.Code, line)
			}
			return nonceOf.FindStringSubmatch(line)[1]
		}
		const ping = "/arawman?action=ping"
		first := challenge(ask(ping, "", "", "", 0), false)
		if w := ask(ping, "sam", "horse", first, 1); w.Code != 200 || !strings.Contains(w.Body.String(), "Ping: Pong\r\n") || w.Header().Get("Set-Cookie") != "" {
			t.Fatal(w.Code, w.Body, w.Header())
		}
		challenge(ask(ping, "sam", "horse", first, 1), true) // once more
		if w := ask("/amxml?action=ping", "sam", "horse", first, 2); w.Code != 200 || !strings.Contains(w.Body.String(), " ping='Pong'") {
			t.Error(w.Code, w.Body)
		}
		if len(s.list()) != 1 {
			t.Errorf("%d sessions", len(s.list()))
		}
		cookied := httptest.NewRequest("GET", "/rawman?action=ping", nil) // whoever heard the nonce
		cookied.Header.Set("Cookie", cookie+"="+first)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, cookied); !strings.Contains(w.Body.String(), "Permission denied") {
			t.Error(w.Body)
		}
		challenge(ask(ping, "one", "horse", first, 3), true) // another's
		second := challenge(ask(ping, "sam", "wrong", first, 4), false)
		if w := ask(ping, "far", "horse", second, 1); w.Code != 403 {
			t.Error(w.Code)
		}
		challenge(ask(ping, "nobody", "", second, 1), false)
		challenge(ask(ping, "none", "", second, 1), false)
		if w := ask("/arawman?action=logoff", "sam", "horse", first, 5); !strings.Contains(w.Body.String(), "Goodbye") {
			t.Error(w.Body)
		}
		challenge(ask(ping, "sam", "horse", first, 6), true)
		old := challenge(ask(ping, "", "", "", 0), false)
		time.Sleep(nonceTime + time.Second)
		challenge(ask(ping, "sam", "horse", old, 1), true)
		for i, code := range []int{200, 403} {
			if w := ask(ping, "one", "horse", challenge(ask(ping, "", "", "", 0), false), 1); w.Code != code {
				t.Errorf("login %d: %d", i, w.Code)
			}
		}
		for range maxNonces + 10 {
			ask(ping, "", "", "", 0)
		}
		if n := len(s.web.asked); n > maxNonces {
			t.Errorf("%d nonces wait", n)
		}
	})
}
