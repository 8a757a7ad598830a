package digest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pbx/channels/sip/message"
)

// response makes a response with the headers.
func response(t testing.TB, status int, headers ...string) *message.Message {
	t.Helper()
	text := fmt.Sprintf("SIP/2.0 %d x\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n%s\r\n", status, strings.Join(append(headers, ""), "\r\n"))
	m := &message.Message{}
	if err := m.Parse([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return m
}

// request writes a request with the client's credentials and reads it back.
func request(t testing.TB, c *Client, method message.Method, uri, body string) *message.Message {
	t.Helper()
	b := message.NewBuilder([]byte("something before"))
	b.Request(method, uri)
	c.Write(b, method, uri, func() uint64 { return 0x1122334455667788 })
	b.Body("text/plain", []byte(body))
	out := b.Bytes()
	c.Seal(out)
	m := &message.Message{}
	if err := m.Parse(bytes.Clone(out)); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return m
}

// right reports whether a credential is what a server that knows the secret pw of
// me computes.
func right(line []byte, method, body string) bool {
	a, ok := ParseAuthorization(line)
	word, session := bytes.CutSuffix(a.Algorithm, []byte("-sess"))
	alg, known := ParseAlgorithm(word)
	ha1 := alg.HA1("me", string(a.Realm), "pw")
	if session {
		ha1 = string(alg.AppendSum(nil, fmt.Appendf(nil, "%s:%s:%s", ha1, a.Nonce, a.CNonce)))
	}
	var h Hasher
	return ok && known && string(a.Username) == "me" && bytes.Equal(h.Response(alg, ha1, method, &a, []byte(body)), a.Response)
}

func mine(string) (Credential, bool) { return Credential{User: "me", Secret: "pw"}, true }

func TestClient(t *testing.T) {
	const hash = "ea5ea8e9f7ea2e6c7d4c7cc5a4bbd6d8"
	www, proxy := "WWW-Authenticate: Digest ", "Proxy-Authenticate: Digest "
	tests := []struct {
		name    string
		status  int
		headers []string
		find    func(string) (Credential, bool)
		want    string // the credentials, "|" between headers; "" when there is no answer
	}{
		{
			"golden: qop", 401,
			[]string{www + `realm="prov", nonce="abc", algorithm=MD5, qop="auth"`},
			mine,
			`Digest username="me", realm="prov", algorithm=MD5, uri="sip:x", nonce="abc", response="R", qop=auth, cnonce="1122334455667788", nc=00000001`,
		},
		{"no qop", 401, []string{www + `realm="r", nonce="n", opaque="o"`}, mine, `Digest username="me", realm="r", algorithm=MD5, uri="sip:x", nonce="n", response="R", opaque="o"`},
		{"realm in quotes", 407, []string{proxy + `realm="a \"b\"", nonce="n"`}, mine, `Digest username="me", realm="a \"b\"", algorithm=MD5, uri="sip:x", nonce="n", response="R"`},
		{"the strongest of several", 401, []string{www + `realm="r", nonce="1", algorithm=MD5`, www + `realm="r", nonce="2", algorithm=SHA-512-256`, www + `realm="r", nonce="3", algorithm=SHA-256`}, mine, `Digest username="me", realm="r", algorithm=SHA-512-256, uri="sip:x", nonce="2", response="R"`},
		{"what we do not know is passed over", 401, []string{www + `realm="r", nonce="1", algorithm=SHA3`, `WWW-Authenticate: Basic realm="r"`, www + `realm="r", nonce="2", qop="token"`, www + `realm="r", nonce="3"`}, mine, `Digest username="me", realm="r", algorithm=MD5, uri="sip:x", nonce="3", response="R"`},
		{"auth before auth-int", 401, []string{www + `realm="r", nonce="n", qop="auth-int,auth"`}, mine, `Digest username="me", realm="r", algorithm=MD5, uri="sip:x", nonce="n", response="R", qop=auth, cnonce="1122334455667788", nc=00000001`},
		{"auth-int", 401, []string{www + `realm="r", nonce="n", qop="auth-int"`}, mine, `Digest username="me", realm="r", algorithm=MD5, uri="sip:x", nonce="n", response="R", qop=auth-int, cnonce="1122334455667788", nc=00000001`},
		{"MD5-sess", 401, []string{www + `realm="r", nonce="n", algorithm=MD5-sess, qop="auth"`}, mine, `Digest username="me", realm="r", algorithm=MD5-sess, uri="sip:x", nonce="n", response="R", qop=auth, cnonce="1122334455667788", nc=00000001`},
		{"SHA-256-sess without qop", 401, []string{www + `realm="r", nonce="n", algorithm=sha-256-SESS`}, mine, `Digest username="me", realm="r", algorithm=SHA-256-sess, uri="sip:x", nonce="n", response="R", cnonce="1122334455667788"`},
		{
			"both kinds in one answer", 407,
			[]string{proxy + `realm="p", nonce="1"`, www + `realm="w", nonce="2"`},
			mine,
			`Digest username="me", realm="w", algorithm=MD5, uri="sip:x", nonce="2", response="R"|Digest username="me", realm="p", algorithm=MD5, uri="sip:x", nonce="1", response="R"`,
		},
		{"only realms that we have something for", 407, []string{proxy + `realm="p", nonce="1"`, proxy + `realm="q", nonce="2"`}, func(realm string) (Credential, bool) {
			return Credential{User: "me", Secret: "pw"}, realm == "q"
		}, `Digest username="me", realm="q", algorithm=MD5, uri="sip:x", nonce="2", response="R"`},
		{"a stored hash is MD5's", 401, []string{www + `realm="r", nonce="1", algorithm=SHA-256`, www + `realm="r", nonce="2"`}, func(string) (Credential, bool) {
			return Credential{User: "me", HA1: MD5.HA1("me", "r", "pw")}, true
		}, `Digest username="me", realm="r", algorithm=MD5, uri="sip:x", nonce="2", response="R"`},
		{"a stored hash for another algorithm", 401, []string{www + `realm="r", nonce="1", algorithm=SHA-256`}, func(string) (Credential, bool) { return Credential{User: "me", HA1: hash}, true }, ""},
		{"no challenge", 401, nil, mine, ""},
		{"no nonce", 401, []string{www + `realm="r"`}, mine, ""},
		{"not ours", 401, []string{www + `realm="r", nonce="n"`}, func(string) (Credential, bool) { return Credential{}, false }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Client
			if ok := c.Challenged(response(t, tt.status, tt.headers...), tt.find); ok != (tt.want != "") || c.Asked() != ok {
				t.Fatalf("Challenged: %v", ok)
			}
			if tt.want == "" {
				return
			}
			const body = "the body"
			m := request(t, &c, message.MESSAGE, "sip:x", body)
			var got []string
			for _, id := range []message.HeaderID{message.HeaderAuthorization, message.HeaderProxyAuthorization} {
				for line := range m.Lines(id) {
					a, _ := ParseAuthorization(line)
					if !right(line, "MESSAGE", body) {
						t.Errorf("the response is wrong: %s", line)
					}
					got = append(got, strings.Replace(string(line), string(a.Response), "R", 1))
				}
			}
			if s := strings.Join(got, "|"); s != tt.want {
				t.Errorf("got  %s\nwant %s", s, tt.want)
			}
		})
	}
}

// TestClientRemembers: a nonce serves for several requests, its count rising, and
// a server's next one takes its place.
func TestClientRemembers(t *testing.T) {
	var c Client
	challenge := func(nonce, more string) bool {
		return c.Challenged(response(t, 401, `WWW-Authenticate: Digest realm="r", qop="auth", nonce="`+nonce+`"`+more), mine)
	}
	shown := func() string {
		m := request(t, &c, "REGISTER", "sip:x", "")
		line := m.Header(message.HeaderAuthorization)
		if !right(line, "REGISTER", "") {
			t.Errorf("wrong: %s", line)
		}
		a, _ := ParseAuthorization(line)
		return fmt.Sprintf("%s %s", a.Nonce, a.NC)
	}
	if request(t, &c, "REGISTER", "sip:x", "").Has(message.HeaderAuthorization) {
		t.Error("credentials that nobody asked for")
	}
	expect := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	challenge("one", "")
	expect("first", shown(), "one 00000001")
	if challenge("one", "") {
		t.Error("the same nonce again: the credentials are wrong")
	}
	if !challenge("one", ", stale=true") {
		t.Error("stale says that the credentials are right")
	}
	expect("after stale", shown(), "one 00000001")
	expect("second", shown(), "one 00000002")
	if !challenge("one", "") {
		t.Error("a server that wants every count to be one")
	}
	expect("begun again", shown(), "one 00000001")
	challenge("two", "")
	expect("another nonce", shown(), "two 00000001")
	c.Confirmed(response(t, 200, `Authentication-Info: qop=auth, nextnonce="three"`))
	expect("nextnonce", shown(), "three 00000001")
	c.Confirmed(response(t, 200, `Proxy-Authentication-Info: nextnonce="four"`))
	expect("nextnonce of a proxy", shown(), "three 00000002")
	c.Forget()
	if c.Asked() {
		t.Error("not forgotten")
	}
	for i := range 2 * maxSpaces {
		c.Challenged(response(t, 407, fmt.Sprintf(`Proxy-Authenticate: Digest realm="r%d", nonce="n"`, i)), mine)
	}
	if len(c.spaces) != maxSpaces {
		t.Errorf("%d realms kept", len(c.spaces))
	}
}

// TestClientAcknowledges: an ACK has the credentials of its INVITE, whatever was
// sent between (RFC 3261 22.1).
func TestClientAcknowledges(t *testing.T) {
	for _, qop := range []string{"auth", "auth-int"} {
		var c Client
		c.Challenged(response(t, 401, `WWW-Authenticate: Digest realm="r", qop="`+qop+`", nonce="n"`), mine)
		invite := request(t, &c, message.INVITE, "sip:x", "offer")
		want := string(invite.Header(message.HeaderAuthorization))
		if !right([]byte(want), "INVITE", "offer") {
			t.Errorf("%s: wrong: %s", qop, want)
		}
		request(t, &c, "PRACK", "sip:x", "")
		b := message.NewBuilder(nil)
		b.Request(message.ACK, "sip:x")
		c.Acknowledge(b)
		var m message.Message
		if err := m.Parse(b.Bytes()); err != nil {
			t.Fatal(err)
		}
		if got := string(m.Header(message.HeaderAuthorization)); got != want {
			t.Errorf("%s: ACK has %s\nINVITE has %s", qop, got, want)
		}
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Digest realm="r", nonce="n", qop="auth,auth-int", algorithm=MD5-sess, opaque="o", stale=true`)
	f.Add(`Digest realm="a\"b", nonce="", algorithm=SHA-256`)
	f.Add(`Digest ,,=`)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\r\n\x00") {
			return
		}
		b := message.NewBuilder(nil)
		b.Request("REGISTER", "sip:x")
		b.Header(message.HeaderWWWAuthenticate, text)
		m := &message.Message{}
		if m.Parse(b.Bytes()) != nil {
			return
		}
		var c Client
		if !c.Challenged(m, mine) {
			return
		}
		line := request(t, &c, "REGISTER", "sip:x", "body").Header(message.HeaderAuthorization)
		if !right(line, "REGISTER", "body") {
			t.Errorf("%q is answered with %s", text, line)
		}
	})
}
