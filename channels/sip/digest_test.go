package sip

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/message"
)

func TestNonceMACIsHMAC(t *testing.T) {
	n := newNonces([]byte(strings.Repeat("k", 32)), time.Unix(0, 0))
	addr := netip.MustParseAddr("192.0.2.1")
	h := hmac.New(sha256.New, []byte(strings.Repeat("k", 32)))
	text := binary.BigEndian.AppendUint64(nil, 42)
	a16 := addr.As16()
	h.Write(append(text, a16[:]...))
	if got := n.mac(42, addr); string(got[:]) != string(h.Sum(nil)) {
		t.Error("the MAC is not HMAC-SHA256")
	}
}

func TestNonces(t *testing.T) {
	start := time.Unix(1000, 0)
	here, there := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	n := newNonces([]byte(strings.Repeat("k", 32)), start)
	nonce := n.append(nil, start, here)
	other := newNonces([]byte(strings.Repeat("x", 32)), start)
	for _, c := range []struct {
		name  string
		nonce string
		at    time.Duration
		addr  netip.Addr
		want  verdict
	}{
		{"fresh", string(nonce), time.Second, here, nonceFresh},
		{"mapped", string(nonce), time.Second, netip.MustParseAddr("::ffff:192.0.2.1"), nonceFresh},
		{"at the end", string(nonce), nonceLife, here, nonceFresh},
		{"too old", string(nonce), nonceLife + time.Second, here, nonceStale},
		{"from elsewhere", string(nonce), time.Second, there, nonceForeign},
		{"of another key", string(other.append(nil, start, here)), time.Second, here, nonceForeign},
		{"too short", string(nonce[:20]), 0, here, nonceForeign},
		{"no hex", strings.Repeat("z", nonceLen), 0, here, nonceForeign},
	} {
		if _, got := n.check([]byte(c.nonce), start.Add(c.at), c.addr, 1); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	serial, _ := n.check(nonce, start, here, 1)
	n.use(serial, 1)
	for _, c := range []struct {
		nc   uint32
		want verdict
	}{{1, nonceStale}, {0, nonceStale}, {2, nonceFresh}, {7, nonceFresh}} {
		if _, got := n.check(nonce, start, here, c.nc); got != c.want {
			t.Errorf("nc %d: %d, want %d", c.nc, got, c.want)
		}
	}
}

// TestNonceMemoryIsBounded: however many are used, none is good twice.
func TestNonceMemoryIsBounded(t *testing.T) {
	now := time.Unix(1000, 0)
	addr := netip.MustParseAddr("192.0.2.1")
	n := newNonces([]byte(strings.Repeat("k", 32)), now)
	first := string(n.append(nil, now, addr))
	unused := string(n.append(nil, now, addr))
	serial, _ := n.check([]byte(first), now, addr, 1)
	n.use(serial, 1)
	for range nonceMemory {
		nonce := n.append(nil, now, addr)
		serial, v := n.check(nonce, now, addr, 1)
		if v != nonceFresh {
			t.Fatal("a new nonce is not fresh")
		}
		n.use(serial, 1)
	}
	if len(n.used) > nonceMemory || len(n.order) > nonceMemory {
		t.Errorf("%d traces kept", len(n.used))
	}
	if _, v := n.check([]byte(first), now, addr, 1); v != nonceStale {
		t.Errorf("a forgotten nonce is good again: %d", v)
	}
	if _, v := n.check([]byte(unused), now, addr, 1); v != nonceFresh {
		t.Errorf("an unused nonce later than the forgotten one: %d", v)
	}
}

func TestDigestDoesNotAllocate(t *testing.T) {
	n := newNonces([]byte(strings.Repeat("k", 32)), time.Unix(0, 0))
	addr, now := netip.MustParseAddr("192.0.2.1"), time.Unix(5, 0)
	header := []byte(`Digest username="alice", realm="asterisk", nonce="0123456789abcdef0123456789abcdef01234567", uri="sip:127.0.50.1", response="ba4a166f3cde979740bd1de58ac69cc7", algorithm=MD5, qop=auth, nc=00000001, cnonce="abc"`)
	keys := digest.NewKeys("alice", "asterisk", "alicepw", "", "")
	var g digest.Hasher
	var buf [64]byte
	for name, f := range map[string]func(){
		"parse": func() {
			if _, ok := digest.ParseAuthorization(header); !ok {
				t.Fatal("does not parse")
			}
		},
		"response MD5": func() {
			a, _ := digest.ParseAuthorization(header)
			g.Response(digest.MD5, keys.HA1[digest.MD5], "REGISTER", &a, nil)
		},
		"response SHA-256": func() {
			a, _ := digest.ParseAuthorization(header)
			g.Response(digest.SHA256, keys.HA1[digest.SHA256], "REGISTER", &a, nil)
		},
		"nonce": func() {
			nonce := n.append(buf[:0], now, addr)
			n.check(nonce, now, addr, 1)
		},
	} {
		f()
		if got := testing.AllocsPerRun(100, f); got > 0 {
			t.Errorf("%s: %.0f allocations", name, got)
		}
	}
}

// TestDigestExchange: stale nonces, replays, algorithms and phones that do not
// know qop.
func TestDigestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		answer := func(m *message.Message, nc string) string {
			return answerTo(t, m, "REGISTER", "sip:127.0.50.1", p.user, "alicepw", nc) + p.contact()
		}
		first := p.ask("REGISTER", "", p.contact(), "")
		if h := string(first.Header(message.HeaderWWWAuthenticate)); !strings.Contains(h, `realm="asterisk"`) || !strings.Contains(h, `qop="auth"`) || !strings.HasPrefix(h, "Digest algorithm=MD5, ") {
			t.Errorf("challenge %s", h)
		}
		cached := answer(first, "00000001")
		if m := p.ask("REGISTER", "", cached, ""); statusOf(m) != 200 {
			t.Fatalf("right answer: %d", statusOf(m))
		}
		replayed := p.ask("REGISTER", "", cached, "")
		if h := string(replayed.Header(message.HeaderWWWAuthenticate)); statusOf(replayed) != 401 || !strings.Contains(h, "stale=true") {
			t.Errorf("a replay: %d %s", statusOf(replayed), h)
		}
		if m := p.ask("REGISTER", "", answer(first, "00000002"), ""); statusOf(m) != 200 {
			t.Errorf("the same nonce, next count: %d", statusOf(m))
		}
		time.Sleep(nonceLife + time.Second)
		if m := p.ask("REGISTER", "", answer(first, "00000003"), ""); statusOf(m) != 401 || !strings.Contains(string(m.Header(message.HeaderWWWAuthenticate)), "stale=true") {
			t.Errorf("an old nonce: %d", statusOf(m))
		}
		if m := p.ask("REGISTER", "", answer(p.ask("REGISTER", "", p.contact(), ""), ""), ""); statusOf(m) != 200 {
			t.Errorf("without qop: %d", statusOf(m))
		}
		// A nonce of somebody else's exchange, with a right digest for it.
		foreign := strings.Replace(answer(first, "00000009"), "nonce=\"0", "nonce=\"f", 1)
		if m := p.ask("REGISTER", "", foreign, ""); statusOf(m) != 401 {
			t.Errorf("a foreign nonce: %d", statusOf(m))
		}

		s := r.phone("127.0.50.16:5070", "sha")
		m := s.ask("REGISTER", "", s.contact(), "")
		var algs []string
		for line := range m.Lines(message.HeaderWWWAuthenticate) {
			c, _ := digest.ParseChallenge(line)
			algs = append(algs, string(c.Algorithm))
		}
		if fmt.Sprint(algs) != "[SHA-256 MD5]" {
			t.Errorf("offered %v", algs)
		}
		if got := s.register("shapw", s.contact()); statusOf(got) != 200 {
			t.Errorf("SHA-256: %d", statusOf(got))
		}
	})
}

func BenchmarkDigest(b *testing.B) {
	n := newNonces([]byte(strings.Repeat("k", 32)), time.Unix(0, 0))
	addr, now := netip.MustParseAddr("192.0.2.1"), time.Unix(5, 0)
	nonce := n.append(nil, now, addr)
	header := fmt.Appendf(nil, `Digest username="alice", realm="asterisk", nonce="%s", uri="sip:127.0.50.1", response="ba4a166f3cde979740bd1de58ac69cc7", algorithm=MD5, qop=auth, nc=00000001, cnonce="abc"`, nonce)
	keys := digest.NewKeys("alice", "asterisk", "alicepw", "", "")
	var g digest.Hasher
	b.ReportAllocs()
	for b.Loop() {
		a, _ := digest.ParseAuthorization(header)
		n.check(a.Nonce, now, addr, 1)
		g.Response(digest.MD5, keys.HA1[digest.MD5], "REGISTER", &a, nil)
	}
}
