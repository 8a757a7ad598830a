package digest

import (
	"fmt"
	"strings"
	"testing"
)

// TestDigestExamples holds the examples of the RFCs.
func TestDigestExamples(t *testing.T) {
	for _, c := range []struct {
		name, user, realm, secret, method string
		alg                               Algorithm
		a                                 Authorization
		want                              string
	}{
		{
			"RFC 2617 3.5", "Mufasa", "testrealm@host.com", "Circle Of Life", "GET", MD5,
			Authorization{Nonce: []byte("dcd98b7102dd2f0e8b11d0f600bfb0c093"), URI: []byte("/dir/index.html"), QOP: []byte("auth"), NC: []byte("00000001"), CNonce: []byte("0a4f113b")},
			"6629fae49393a05397450978507c4ef1",
		},
		{
			"RFC 7616 3.9.1", "Mufasa", "http-auth@example.org", "Circle of Life", "GET", SHA256,
			Authorization{Nonce: []byte("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"), URI: []byte("/dir/index.html"), QOP: []byte("auth"), NC: []byte("00000001"), CNonce: []byte("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")},
			"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
		},
		{
			"golden, without qop", "alice", "asterisk", "alicepw", "REGISTER", MD5,
			Authorization{Nonce: []byte("44dbe82c"), URI: []byte("sip:127.0.50.1")},
			"ba4a166f3cde979740bd1de58ac69cc7",
		},
	} {
		var g Hasher
		ha1 := NewKeys(c.user, c.realm, c.secret, "", "").HA1[c.alg]
		if got := string(g.Response(c.alg, ha1, c.method, &c.a, nil)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestParseAuthorization(t *testing.T) {
	for _, c := range []struct {
		name, text, user string
		ok               bool
	}{
		{"plain", `Digest username="a", nonce="n", response="r"`, "a", true},
		{"escaped", `Digest username="a\"b", nonce="n", response="r"`, `a"b`, true},
		{"no blanks, other case", `dIGEST USERNAME="a",NONCE="n",RESPONSE="r"`, "a", true},
		{"comma in quotes", `Digest username="a,b", nonce="n", response="r"`, "a,b", true},
		{"basic", `Basic YTpi`, "", false},
		{"no response", `Digest username="a", nonce="n"`, "", false},
		{"empty", ``, "", false},
	} {
		a, ok := ParseAuthorization([]byte(c.text))
		if ok != c.ok || ok && string(a.Username) != c.user {
			t.Errorf("%s: %q %v", c.name, a.Username, ok)
		}
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		given string
		equal bool
	}{
		{"0f3a", true},
		{"0F3A", true},
		{"0f3b", false},
		{"0f3", false},
		{"0f3a0", false},
		{"", false},
	} {
		if got := Equal([]byte("0f3a"), []byte(c.given)); got != c.equal {
			t.Errorf("%q is taken for 0f3a: %v", c.given, got)
		}
	}
}

func FuzzAuthorization(f *testing.F) {
	f.Add(`Digest username="a", realm="r", nonce="n", uri="sip:x", response="r", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"`)
	f.Add(`Digest username="a\"b", nonce="n", response="r"`)
	f.Add(`Digest ,,,=`)
	f.Fuzz(func(t *testing.T, text string) {
		a, ok := ParseAuthorization([]byte(text))
		if ok && (a.Username == nil || a.Nonce == nil || a.Response == nil) {
			t.Fatal("parsed without what it needs")
		}
		if n, ok := ParseCount(a.NC); ok && !strings.EqualFold(strings.TrimLeft(fmt.Sprintf("%08x", n), "0"), strings.TrimLeft(string(a.NC), "0")) {
			t.Fatalf("nc %q read as %x", a.NC, n)
		}
	})
}
