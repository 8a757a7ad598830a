package message_test

import (
	"slices"
	"testing"

	"pbx/channels/sip/message"
)

func ceiling(t *testing.T, what string, max float64, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(100, f); n > max {
		t.Errorf("%s allocates %v times, at most %v are allowed", what, n, max)
	}
}

// TestAllocations holds the hot paths to their ceilings.
func TestAllocations(t *testing.T) {
	b := slices.Clone(invite)
	var sink int
	ceiling(t, "parsing into a new message", 2, func() {
		m := new(message.Message)
		if m.Parse(b) != nil || message.Validate(m) != nil {
			t.Fatal("the message is malformed")
		}
		sink += m.ContentLength()
	})
	m := new(message.Message)
	ceiling(t, "parsing into a used message", 0, func() {
		if m.Parse(b) != nil || message.Validate(m) != nil {
			t.Fatal("the message is malformed")
		}
	})
	ceiling(t, "reading headers", 0, func() {
		seq, _ := m.CSeq()
		sink += int(seq) + len(m.From().URI.User) + len(m.ToTag()) + len(m.Via().Branch) + len(m.CallID())
		uri := m.RequestURI()
		sink += len(uri.Host)
		for c := range m.Contacts() {
			sink += len(c.URI.User)
		}
		for v := range m.Values(message.HeaderAllow) {
			sink += len(v)
		}
		for n, v := range m.Headers() {
			sink += len(n) + len(v)
		}
		sink += len(m.HeaderNamed("Min-Expires")) + m.MaxForwards()
		if body, ok := m.Content("application/sdp"); ok {
			sink += len(body)
		}
		if v, ok := message.ParseAuth(m.Header(message.HeaderAuthorization)).Get("nonce"); ok {
			sink += len(v)
		}
	})
	var builder message.Builder
	ceiling(t, "building a 200 OK into a new buffer", 1, func() {
		builder.Reset(make([]byte, 0, 1024))
		ok(&builder, m)
	})
	buf := make([]byte, 0, 1024)
	ceiling(t, "building a 200 OK into a used buffer", 0, func() {
		builder.Reset(buf)
		ok(&builder, m)
	})
	bad := []byte("INVITE sip:a\x01 SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n\r\n")
	ceiling(t, "refusing a malformed message", 0, func() {
		if m.Parse(bad) == nil {
			t.Fatal("the message is well-formed")
		}
	})
	_ = sink
}

var answer = []byte("v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 10000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n")

// ok builds the answer to an INVITE.
func ok(b *message.Builder, m *message.Message) []byte {
	b.Response(m, 200, "OK", "as4c68cfd9")
	b.Header(message.HeaderServer, "pbx")
	b.Header(message.HeaderAllow, "INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE")
	b.Header(message.HeaderSupported, "replaces, timer")
	b.Header(message.HeaderContact, "<sip:101@192.0.2.10:5060>")
	b.Body("application/sdp", answer)
	return b.Bytes()
}

func BenchmarkParse(b *testing.B) {
	text := slices.Clone(invite)
	m := new(message.Message)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if m.Parse(text) != nil {
			b.Fatal("malformed")
		}
	}
}

func BenchmarkParseAndValidate(b *testing.B) {
	text := slices.Clone(invite)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		m := new(message.Message)
		if m.Parse(text) != nil || message.Validate(m) != nil {
			b.Fatal("malformed")
		}
	}
}

func BenchmarkBuild200(b *testing.B) {
	m := new(message.Message)
	if err := m.Parse(slices.Clone(invite)); err != nil {
		b.Fatal(err)
	}
	var builder message.Builder
	b.ReportAllocs()
	for b.Loop() {
		builder.Reset(make([]byte, 0, 1024))
		ok(&builder, m)
	}
}
