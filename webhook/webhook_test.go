package webhook

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestPost(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		name   string
		status int
		header string // Retry-After
		again  bool
		after  time.Duration
	}{
		{"taken", 200, "", false, 0},
		{"taken without a word", 204, "", false, 0},
		{"wrong", 400, "", false, 0},
		{"gone", 410, "", false, 0},
		{"elsewhere", 302, "", false, 0},
		{"too many", 429, "7", true, 7 * time.Second},
		{"too many, for a year", 429, "31536000", true, time.Hour},
		{"down", 503, at.Add(90 * time.Second).UTC().Format(http.TimeFormat), true, 90 * time.Second},
		{"broken", 500, "soon", true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got *http.Request
			var body string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				got, body = r, string(b)
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				w.Header().Set("Location", "http://192.0.2.1/")
				w.WriteHeader(c.status)
			}))
			defer s.Close()
			p := New("pbx/test", func() time.Time { return at })
			defer p.Close()
			err := p.Post(context.Background(), Post{URL: s.URL + "/hook", ID: "id-1", Body: []byte(`{"a":1}`), Secret: "s", Header: http.Header{"X-More": {"1"}}})
			if (err == nil) != (c.status/100 == 2) {
				t.Fatalf("%d: %v", c.status, err)
			}
			if again, after := Again(err); again != c.again || after != c.after {
				t.Errorf("again %v after %v, want %v %v", again, after, c.again, c.after)
			}
			if body != `{"a":1}` || got.Header.Get(DeliveryHeader) != "id-1" || got.Header.Get("Content-Type") != "application/json" || got.Header.Get("X-More") != "1" ||
				got.Header.Get("User-Agent") != "pbx/test" {
				t.Errorf("%q %v", body, got.Header)
			}
			// echo -n '1800000000.{"a":1}' | openssl dgst -sha256 -hmac s
			const want = "t=1800000000,v1=7395d76c4db4d7acd8a04109f20085118ce4675d8d34fe08cb29aace4ac00f37"
			if sign := got.Header.Get(SignatureHeader); sign != want {
				t.Errorf("signature %q", sign)
			}
		})
	}
}

func TestPostNobody(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	address := s.URL
	s.Close()
	p := New("pbx/test", time.Now)
	if again, _ := Again(p.Post(context.Background(), Post{URL: address})); !again {
		t.Error("a server that is down is not tried again")
	}
	if again, _ := Again(p.Post(context.Background(), Post{URL: "http://[::"})); again {
		t.Error("an address that is none is tried again")
	}
}

func TestCheck(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://example.com/x": true, "http://[::1]:8080/": true, "ftp://example.com": false, "example.com": false, "https:///x": false, "http://[::": false, "": false,
	} {
		if err := Check(address); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestDelay(t *testing.T) {
	for tries, want := range map[int]time.Duration{1: 5 * time.Second, 2: 10 * time.Second, 5: 80 * time.Second, 10: 30 * time.Minute, 1000: 30 * time.Minute} {
		if got := Delay(tries); got != want {
			t.Errorf("after %d tries: %v, want %v", tries, got, want)
		}
	}
}
