package message_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pbx/channels/sip/message"
)

func withBody(contentType, body string) []byte {
	return fmt.Appendf(nil, "INVITE sip:a SIP/2.0\r\nc: %s\r\nl: %d\r\n\r\n%s", contentType, len(body), body)
}

func TestParts(t *testing.T) {
	for _, c := range []struct {
		name, contentType, body string
		want                    []string // type: body
	}{
		{"no multipart", "application/sdp", "v=0", nil},
		{"no boundary", "multipart/mixed", "--x\r\n\r\na\r\n--x--", nil},
		{
			"two", "multipart/mixed;boundary=x", "preamble\r\n--x\r\nContent-Type: a/b\r\n\r\none\r\n--x \r\nC : c/d ; e=f\r\n\r\ntwo\r\n\r\n--x--\r\nepilogue",
			[]string{"a/b: one", "c/d: two\r\n"},
		},
		{"quoted boundary, no headers", `multipart/mixed; boundary="x y"`, "--x y\r\n\r\none\r\n--x y--", []string{"text/plain: one"}},
		{"longer boundary inside", "multipart/mixed;boundary=x", "--x\r\n\r\n--xx\r\n--x--", []string{"text/plain: --xx"}},
		{"bare LF", "multipart/mixed;boundary=x", "--x\n\none\n--x--\n", []string{"text/plain: one"}},
		{"boundary inside a line", "multipart/mixed;boundary=x", "--x\r\n\r\na --x b\r\n--x--", []string{"text/plain: a --x b"}},
		{"not closed", "multipart/mixed;boundary=x", "--x\r\n\r\none", []string{"text/plain: one"}},
		{"empty part", "multipart/mixed;boundary=x", "--x\r\n\r\n\r\n--x--", []string{"text/plain: "}},
		{"binary", "multipart/mixed;boundary=x", "--x\r\nContent-Type: a/b\r\n\r\n\x00\n\r\xff\r\n--x--", []string{"a/b: \x00\n\r\xff"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := parse(t, withBody(c.contentType, c.body))
			var got []string
			for p := range m.Parts() {
				ct := p.ContentType()
				got = append(got, fmt.Sprintf("%s/%s: %s", ct.Type, ct.Subtype, p.Body))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestContent(t *testing.T) {
	nested := "--o\r\nContent-Type: multipart/alternative;boundary=i\r\n\r\n--i\r\n\r\ntext\r\n--i\r\nContent-Type: Application/SDP\r\n\r\nv=0\r\n--i--\r\n--o--"
	for _, c := range []struct {
		contentType, body, want string
		ok                      bool
	}{
		{"application/SDP", "v=0", "v=0", true},
		{"application/sdp ; charset=x", "v=0", "v=0", true},
		{"text/plain", "v=0", "", false},
		{"application/sdpx", "v=0", "", false},
		{"multipart/mixed;boundary=o", nested, "v=0", true},
		{"multipart/mixed;boundary=z", nested, "", false},
	} {
		body, ok := parse(t, withBody(c.contentType, c.body)).Content("application/sdp")
		if string(body) != c.want || ok != c.ok {
			t.Errorf("%s: %q, %v", c.contentType, body, ok)
		}
	}
}

// TestPartsAreLimited has more parts than anybody sends.
func TestPartsAreLimited(t *testing.T) {
	m := parse(t, withBody("multipart/mixed;boundary=x", strings.Repeat("--x\r\n\r\n\r\n", 1000)))
	n := 0
	for range m.Parts() {
		n++
	}
	if n != message.MaxParts {
		t.Errorf("%d parts", n)
	}
}
