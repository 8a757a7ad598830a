package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/digest"
)

const (
	crmToken  = "crm-0123456789abcdef"
	deskToken = "desk-0123456789abcdef"
)

// apiConf is the api.conf of these tests: one program that may everything, one that may
// look and call in one context.
const apiConf = `[general]
enabled=yes
sipusers=yes
permit=192.0.2.0/24
origin=https://crm.example.com
[crm]
secret=` + crmToken + `
permissions=all
rate=1000
[desk]
secret=` + deskToken + `
permissions=read,originate
context=t
permit=127.0.0.1
`

// apiSIP is storySIP with secrets, and with a peer that registers.
var apiSIP = strings.Replace(storySIP, "[bob](phone)\n", "[bob](phone)\nsecret=bobs-secret-4711\n", 1) + `[desk]
type=friend
context=t
host=dynamic
secret=desks-secret-4711
`

func newAPIStory(t *testing.T, plan string) *story {
	return newStory(t, map[string]string{"sip.conf": apiSIP, "extensions.conf": plan, "api.conf": apiConf})
}

// write replaces a file of the configuration.
func (s *story) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.s.opts.ConfigDir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// answer is one of the JSON interface.
type answer struct {
	code   int
	header http.Header
	body   string
	json   map[string]any
}

// list is a member that is a list of objects.
func (a answer) list(name string) (out []map[string]any) {
	all, _ := a.json[name].([]any)
	for _, x := range all {
		m, _ := x.(map[string]any)
		out = append(out, m)
	}
	return out
}

// ask asks the JSON interface and holds the answer against its document.
func (s *story) ask(method, path, body string, change ...func(*http.Request)) answer {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body)).WithContext(s.t.Context())
	r.RemoteAddr = net.JoinHostPort("127.0.0.1", "4000")
	r.Header.Set("Authorization", "Bearer "+crmToken)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	s.s.web.ServeHTTP(w, r)
	a := answer{code: w.Code, header: w.Header(), body: w.Body.String()}
	_ = json.Unmarshal([]byte(a.body), &a.json)
	if path != "/api/openapi.json" {
		conforms(s.t, method, path, a.code, a.header, a.body)
	}
	return a
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func from(host string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = net.JoinHostPort(host, "4000") }
}

func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// TestAPIAdmission: nobody gets in without a token, from nowhere else, further than his
// permissions, or faster than he may.
func TestAPIAdmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAPIStory(t, transferPlan)
		defer s.stop()
		synctest.Wait()
		for _, tt := range []struct {
			name, method, path, body string
			change                   []func(*http.Request)
			want                     int
		}{
			{"a token", "GET", "/api/channels", "", nil, 200},
			{"none", "GET", "/api/channels", "", []func(*http.Request){func(r *http.Request) { r.Header.Del("Authorization") }}, 401},
			{"a wrong one", "GET", "/api/channels", "", []func(*http.Request){bearer("x")}, 401},
			{"another scheme", "GET", "/api/channels", "", []func(*http.Request){with("Authorization", "Basic eDp5")}, 401},
			{"permitted address", "GET", "/api/channels", "", []func(*http.Request){from("192.0.2.7")}, 200},
			{"foreign address", "GET", "/api/channels", "", []func(*http.Request){from("198.51.100.7")}, 403},
			{"a token's own list", "GET", "/api/channels", "", []func(*http.Request){bearer(deskToken), from("192.0.2.7")}, 401},
			{"without permission", "GET", "/api/check", "", []func(*http.Request){bearer(deskToken)}, 403},
			{"no such path", "GET", "/api/nothing", "", nil, 404},
			{"no such method", "PUT", "/api/channels", "", nil, 405},
			{"no body", "POST", "/api/reload", "", []func(*http.Request){with("Content-Type", "application/json")}, 400},
			{"a form", "POST", "/api/reload", "dry_run=true", []func(*http.Request){with("Content-Type", "application/x-www-form-urlencoded")}, 415},
			{"unknown member", "POST", "/api/reload", `{"dry":true}`, nil, 400},
			{"two objects", "POST", "/api/reload", `{} {}`, nil, 400},
			{"wrong type", "POST", "/api/reload", `{"dry_run":"yes"}`, nil, 400},
			{"too much", "POST", "/api/reload", `{"dry_run":` + strings.Repeat(" ", 70_000) + `true}`, nil, 413},
			{"a page of ours", "GET", "/api/channels", "", []func(*http.Request){with("Origin", "https://crm.example.com")}, 200},
			{"a foreign page", "GET", "/api/channels", "", []func(*http.Request){with("Origin", "https://evil.example")}, 403},
		} {
			a := s.ask(tt.method, tt.path, tt.body, tt.change...)
			if a.code != tt.want {
				t.Errorf("%s: %d, want %d: %s", tt.name, a.code, tt.want, a.body)
			}
			if tt.want >= 400 && (a.header.Get("Content-Type") != "application/problem+json" || a.json["status"] != float64(tt.want) || a.json["title"] == "") {
				t.Errorf("%s: not a problem: %v %s", tt.name, a.header, a.body)
			}
			if got := a.header.Get("Access-Control-Allow-Origin"); (got != "") != (tt.name == "a page of ours") {
				t.Errorf("%s: Access-Control-Allow-Origin: %s", tt.name, got)
			}
		}
		preflight := s.ask("OPTIONS", "/api/channels", "", func(r *http.Request) { r.Header.Del("Authorization") },
			with("Origin", "https://crm.example.com"), with("Access-Control-Request-Method", "GET"))
		if preflight.code != 204 || !strings.Contains(preflight.header.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("a browser's question: %d %v", preflight.code, preflight.header)
		}
		// desk has the rate of [general].
		n := 0
		for s.ask("GET", "/api/channels", "", bearer(deskToken)).code == 200 && n < 100 {
			n++
		}
		if n < 35 || n > 40 {
			t.Errorf("desk asked %d times at once", n)
		}
		time.Sleep(time.Second)
		if a := s.ask("GET", "/api/channels", "", bearer(deskToken)); a.code != 200 {
			t.Errorf("a second later: %d", a.code)
		}
		// Who guesses is held off, and hurts nobody else.
		for range 10 {
			s.ask("GET", "/api/channels", "", bearer("guess"), from("192.0.2.66"))
		}
		if a := s.ask("GET", "/api/channels", "", from("192.0.2.66")); a.code != 429 || a.header.Get("Retry-After") == "" {
			t.Errorf("after ten guesses: %d", a.code)
		}
		if a := s.ask("GET", "/api/channels", "", from("192.0.2.67")); a.code != 200 {
			t.Errorf("a neighbour: %d", a.code)
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(s.ask("GET", "/api/openapi.json", "").body), &doc); err != nil || doc["openapi"] != "3.1.0" {
			t.Errorf("openapi.json: %v", err)
		}
	})
}

// TestAPIOff: without api.conf there is nothing, nor when it says no.
func TestAPIOff(t *testing.T) {
	for name, conf := range map[string]string{"no file": "", "no": "[general]\nenabled=no\n[crm]\nsecret=" + crmToken + "\npermissions=all\n"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files := map[string]string{"extensions.conf": transferPlan}
				if conf != "" {
					files["api.conf"] = conf
				}
				s := newStory(t, files)
				defer s.stop()
				if a := s.ask("GET", "/api/nothing", ""); a.code != 404 || strings.Contains(a.body, "openapi") {
					t.Errorf("%d %s", a.code, a.body)
				}
			})
		})
	}
}

// login is the answer of a SIP device to the challenge of a, for the request r.
func login(t *testing.T, a answer, name, secret string, count int) func(*http.Request) {
	t.Helper()
	return func(r *http.Request) {
		for _, line := range a.header.Values("WWW-Authenticate") {
			c, ok := digest.ParseChallenge([]byte(line))
			if !ok || string(c.Algorithm) != "SHA-256" {
				continue
			}
			auth := digest.Authorization{
				Username: []byte(name), Realm: c.Realm, Nonce: c.Nonce, URI: []byte(r.RequestURI), QOP: []byte("auth"), NC: fmt.Appendf(nil, "%08x", count), CNonce: []byte("c"),
			}
			var h digest.Hasher
			r.Header.Set("Authorization", fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", qop=auth, nc=%s, cnonce="c", algorithm=SHA-256, response="%s"`,
				name, c.Realm, c.Nonce, r.RequestURI, auth.NC, h.Response(digest.SHA256, digest.SHA256.HA1(name, string(c.Realm), secret), r.Method, &auth, nil)))
			return
		}
		t.Error("no challenge")
	}
}

// TestAPIDevice: a SIP device logs in with its secret, calls itself, and sees its own.
func TestAPIDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAPIStory(t, transferPlan)
		defer s.stop()
		synctest.Wait()
		s.phone("bob") // they listen before they are called
		s.phone("carol")
		anonymous := func(r *http.Request) { r.Header.Del("Authorization") }
		asked := s.ask("GET", "/api/channels", "", anonymous)
		if asked.code != 401 || len(asked.header.Values("WWW-Authenticate")) != 3 {
			t.Fatalf("%d %v", asked.code, asked.header)
		}
		count := 0
		bob := func() func(*http.Request) { count++; return login(t, asked, "bob", "bobs-secret-4711", count) }
		if a := s.ask("GET", "/api/channels", "", bob()); a.code != 200 || len(a.list("channels")) != 0 {
			t.Errorf("bob asks: %d %s", a.code, a.body)
		}
		if a := s.ask("GET", "/api/channels", "", login(t, asked, "bob", "bobs-secret-4711", count)); a.code != 401 || !strings.Contains(strings.Join(a.header.Values("WWW-Authenticate"), ""), "stale=true") {
			t.Errorf("a request that somebody overheard: %d %v", a.code, a.header)
		}
		for _, tt := range []struct {
			name, secret string
		}{{"bob", "wrong"}, {"nobody", ""}, {"alice", ""}} { // alice has no secret
			if a := s.ask("GET", "/api/channels", "", login(t, asked, tt.name, tt.secret, 50)); a.code != 401 {
				t.Errorf("%s with %q: %d", tt.name, tt.secret, a.code)
			}
		}
		for _, tt := range []struct {
			method, path, body string
			want               int
		}{
			{"GET", "/api/peers", "", 403},
			{"POST", "/api/reload", "{}", 403},
			{"POST", "/api/calls", `{"from":"carol","to":"103"}`, 403},
			{"POST", "/api/calls", `{"from":"bob","to":"103","context":"other"}`, 403},
			{"POST", "/api/calls", `{"from":"bob","to":"103","variables":{"A":"1"}}`, 403},
			{"POST", "/api/calls", `{"from":"bob","to":"103"}`, 202},
		} {
			if a := s.ask(tt.method, tt.path, tt.body, bob()); a.code != tt.want {
				t.Errorf("bob: %s %s %s: %d, want %d: %s", tt.method, tt.path, tt.body, a.code, tt.want, a.body)
			}
		}
		s.play(`
			bob < INVITE call=B
			bob > 200
			bob < ACK B
			carol < INVITE call=C
			carol > 180`)
		synctest.Wait()
		mine := s.ask("GET", "/api/channels", "", bob()).list("channels")
		if len(mine) != 1 || !strings.HasPrefix(fmt.Sprint(mine[0]["name"]), "SIP/bob-") {
			t.Errorf("bob sees %v", mine)
		}
		for _, c := range s.ask("GET", "/api/channels", "").list("channels") {
			id, name := fmt.Sprint(c["id"]), fmt.Sprint(c["name"])
			want := 404
			if strings.HasPrefix(name, "SIP/bob-") {
				want = 204
			}
			if want == 404 {
				if a := s.ask("DELETE", "/api/channels/"+id, "", bob()); a.code != want {
					t.Errorf("bob hangs up %s: %d", name, a.code)
				}
			}
		}
		if a := s.ask("DELETE", "/api/channels/"+fmt.Sprint(mine[0]["id"]), "", bob()); a.code != 204 {
			t.Errorf("bob hangs himself up: %d", a.code)
		}
		s.play(`
			carol < CANCEL C
			carol > 200
			bob < BYE B
			bob > 200
			carol > 487 C
			carol < ACK C`)
		if a := s.ask("GET", "/api/calls", "", bob()); len(a.list("calls")) != 1 || a.list("calls")[0]["by"] != "SIP/bob" {
			t.Errorf("his calls: %s", a.body)
		}
		s.end()
	})
}

// TestAPICall: a program has the exchange call a device, looks at it, and ends it.
func TestAPICall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAPIStory(t, transferPlan+"[vars]\nexten => s,1,NoOp(V ${A} ${B} ${CALLERID(num)})\n same => n,Wait(60)\n")
		defer s.stop()
		synctest.Wait()
		for _, tt := range []struct {
			body string
			want int
		}{
			{`{"from":"","to":"102"}`, 422},
			{`{"from":"alice&bob","to":"102"}`, 422},
			{`{"from":"IAX2/x","to":"102"}`, 422},
			{`{"from":"alice","to":"999"}`, 422},
			{`{"from":"alice","to":"102","context":"none"}`, 422},
			{`{"from":"alice","to":"102","timeout":-1}`, 422},
			{`{"from":"alice","to":"102","mode":"fax"}`, 422},
			{`{"from":"alice","to":"s","context":"vars","mode":"refer"}`, 422}, // it dials in t
			{`{"from":"alice","to":"102","variables":{"SHELL(rm)":"1"}}`, 422},
			{`{"from":"nobody","to":"102","context":"t","wait":true}`, 200}, // it failed
		} {
			a := s.ask("POST", "/api/calls", tt.body)
			if a.code != tt.want {
				t.Errorf("%s: %d, want %d: %s", tt.body, a.code, tt.want, a.body)
			}
			if tt.want == 200 && (a.json["state"] != "failed" || a.json["detail"] == "") {
				t.Errorf("%s: %s", tt.body, a.body)
			}
		}
		if a := s.ask("POST", "/api/calls", `{"from":"alice","to":"s","context":"vars"}`, bearer(deskToken)); a.code != 403 {
			t.Errorf("desk calls elsewhere: %d", a.code)
		}
		s.phone("alice") // it listens before it is called
		call := s.ask("POST", "/api/calls", `{"from":"SIP/alice","to":"s","context":"vars","caller_id":"\"Desk\" <555>","variables":{"A":"1","__B":"${SHELL(id)}"}}`)
		if call.code != 202 || call.json["state"] != "calling" {
			t.Fatalf("%d %s", call.code, call.body)
		}
		id := fmt.Sprint(call.json["id"])
		s.play(`
			alice < INVITE call=A | From: "Desk" <sip:555@
			alice > 180
			wait 2s`)
		if a := s.ask("GET", "/api/channels/"+id, ""); a.json["state"] != "Ringing" {
			t.Errorf("while it rings: %s", a.body)
		}
		s.play(`
			alice > 200
			alice < ACK A
			log "V 1 ${SHELL(id)} 555"`)
		synctest.Wait()
		if a := s.ask("GET", "/api/calls/"+id, ""); a.json["state"] != "answered" || a.json["channel"] != id {
			t.Errorf("once answered: %s", a.body)
		}
		if a := s.ask("GET", "/api/channels/SIP%2Falice-00000000", ""); a.json["id"] != id || a.json["application"] != "Wait" {
			t.Errorf("by name: %s", a.body)
		}
		if a := s.ask("POST", "/api/channels/"+id+"/redirect", `{"extension":"999","context":"t"}`); a.code != 422 {
			t.Errorf("to a place that is not there: %d", a.code)
		}
		if a := s.ask("POST", "/api/channels/"+id+"/redirect", `{"extension":"1001","context":"t","priority":"2"}`); a.code != 204 {
			t.Errorf("redirect: %d %s", a.code, a.body)
		}
		s.play(`log "Executing [1001@t:2]"`)
		if a := s.ask("DELETE", "/api/channels/"+id+"?cause=x", ""); a.code != 400 {
			t.Errorf("with a cause that is none: %d", a.code)
		}
		if a := s.ask("DELETE", "/api/channels/"+id+"?cause=17", ""); a.code != 204 {
			t.Errorf("hangup: %d %s", a.code, a.body)
		}
		s.play(`
			alice < BYE A
			alice > 200`)
		s.end()
		if a := s.ask("GET", "/api/channels/"+id, ""); a.code != 404 {
			t.Errorf("after it: %d", a.code)
		}
	})
}

// TestAPIWait: an answer that is waited for comes when the device has answered, however
// long it rings.
func TestAPIWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"sip.conf": apiSIP, "extensions.conf": transferPlan, "api.conf": apiConf, "http.conf": "[general]\nenabled=yes\n"})
		defer s.stop()
		s.phone("alice") // it listens before it is called
		synctest.Wait()
		came := make(chan string, 1)
		go func() {
			r, err := http.NewRequestWithContext(t.Context(), "POST", "http://127.0.0.1:8088/api/calls", strings.NewReader(`{"from":"alice","to":"1001","timeout":50,"wait":true}`))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+crmToken)
			r.Header.Set("Content-Type", "application/json")
			w, err := s.client().Do(r)
			if err != nil {
				t.Error(err)
				came <- ""
				return
			}
			defer w.Body.Close()
			b, _ := io.ReadAll(w.Body)
			came <- w.Status + " " + string(b)
		}()
		s.play(`
			alice < INVITE call=A
			alice > 180
			wait 45s
			alice > 200
			alice < ACK A
			alice > BYE A
			alice < 200 A`)
		if got := <-came; !strings.HasPrefix(got, "200 OK ") || !strings.Contains(got, `"state":"answered"`) {
			t.Errorf("the answer: %s", got)
		}
		s.end()
	})
}

// TestAPIDirectory: peers, contacts, registrations, numbers.
func TestAPIDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAPIStory(t, transferPlan)
		defer s.stop()
		synctest.Wait()
		if a := s.ask("GET", "/api/peers", ""); a.code != 200 || len(a.list("peers")) != 6 {
			t.Errorf("peers: %s", a.body)
		}
		if a := s.ask("GET", "/api/peers/alice", ""); a.json["address"] != "127.0.60.11:5060" || a.json["state"] != "NOT_INUSE" {
			t.Errorf("alice: %s", a.body)
		}
		if a := s.ask("GET", "/api/peers/nobody", ""); a.code != 404 {
			t.Errorf("nobody: %d", a.code)
		}
		for _, tt := range []struct {
			peer, body string
			want       int
		}{
			{"desk", `{"device":"sip:mobile@192.0.2.9","seconds":3600,"q":0.5}`, 201},
			{"desk", `{"device":"sip:mobile@192.0.2.9","q":2}`, 422},
			{"desk", `{"device":"what"}`, 422},
			{"alice", `{"device":"sip:mobile@192.0.2.9"}`, 422},
			{"nobody", `{"device":"sip:mobile@192.0.2.9"}`, 404},
		} {
			if a := s.ask("POST", "/api/peers/"+tt.peer+"/contacts", tt.body); a.code != tt.want {
				t.Errorf("%s %s: %d, want %d: %s", tt.peer, tt.body, a.code, tt.want, a.body)
			}
		}
		if list := s.ask("GET", "/api/peers/desk/contacts", "").list("contacts"); len(list) != 1 || list[0]["q"] != 0.5 || list[0]["static"] != true || list[0]["expires"] == nil {
			t.Errorf("contacts: %v", list)
		}
		for _, want := range []int{204, 404} {
			if a := s.ask("DELETE", "/api/peers/desk/contacts/sip:mobile@192.0.2.9", ""); a.code != want {
				t.Errorf("remove: %d, want %d", a.code, want)
			}
		}
		if a := s.ask("GET", "/api/registrations", ""); a.code != 200 || a.json["registrations"] == nil {
			t.Errorf("registrations: %s", a.body)
		}
		if a := s.ask("GET", "/api/stats", ""); a.json["version"] != "test" || a.json["channels"] != 0.0 {
			t.Errorf("stats: %s", a.body)
		}
	})
}

// TestAPIReload: a reload says what is different, a dry one changes nothing, and one that
// fails changes nothing either.
func TestAPIReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAPIStory(t, transferPlan)
		defer s.stop()
		synctest.Wait()
		s.write("extensions.conf", transferPlan+"exten => 777,1,Hangup()\n")
		for _, tt := range []struct {
			body    string
			changes int
		}{{`{"dry_run":true}`, 1}, {`{"dry_run":true}`, 1}, {`{}`, 1}, {`{"dry_run":true}`, 0}} {
			if a := s.ask("POST", "/api/reload", tt.body); a.code != 200 || len(a.list("changes")) != tt.changes {
				t.Errorf("%s: %d, want %d changes: %s", tt.body, a.code, tt.changes, a.body)
			}
		}
		s.write("extensions.conf", "#include nowhere.conf\n")
		if a := s.ask("POST", "/api/reload", "{}"); a.code != 409 || !strings.Contains(fmt.Sprint(a.json["detail"]), "extensions.conf:1") {
			t.Errorf("a broken file: %d %s", a.code, a.body)
		}
		if a := s.ask("GET", "/api/check", ""); a.json["failed"] != true || len(a.list("findings")) == 0 {
			t.Errorf("check: %s", a.body)
		}
	})
}
