package message_test

import (
	"bytes"
	_ "embed"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pbx/channels/sip/message"
)

//go:embed testdata/invite.sip
var invite []byte

// lines makes a message of lines divided by "\n".
func lines(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

func parse(t testing.TB, b []byte) *message.Message {
	t.Helper()
	m := &message.Message{}
	if err := m.Parse(b); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return m
}

func TestParseRequest(t *testing.T) {
	m := parse(t, slices.Clone(invite))
	if err := message.Validate(m); err != nil {
		t.Fatal(err)
	}
	seq, method := m.CSeq()
	uri := m.RequestURI()
	contact, ok := m.Contact()
	for _, c := range []struct{ what, got, want string }{
		{"method", string(m.Method()), "INVITE"},
		{"uri", uri.String(), "sip:101@192.0.2.10:5060;transport=udp"},
		{"uri user", string(uri.User), "101"},
		{"uri host", string(uri.Host), "192.0.2.10"},
		{"cseq method", string(method), "INVITE"},
		{"call-id", string(m.CallID()), "84123NjU0YmQzMmE0ZTY5MWE0NzE2ZjQ1OGQ5ZmI2"},
		{"from tag", string(m.FromTag()), "9f2e7c4d"},
		{"from name", m.From().Name(), "Second Floor"},
		{"to user", string(m.To().URI.User), "101"},
		{"branch", string(m.Via().Branch), "z9hG4bK-524287-1---7d9a4c1b2f3e6a58"},
		{"via host", string(m.Via().Host), "192.0.2.20"},
		{"contact", contact.URI.String(), "sip:102@192.0.2.20:5062;transport=udp;ob"},
		{"content type", string(m.ContentType().Subtype), "sdp"},
		{"user agent", string(m.HeaderNamed("user-AGENT")), "Desk Phone T46 2.10"},
		{"supported by its compact name", string(m.HeaderNamed("k")), "replaces, norefersub, extended-refer, timer, outbound, path"},
	} {
		if c.got != c.want {
			t.Errorf("%s is %q, want %q", c.what, c.got, c.want)
		}
	}
	if !ok || seq != 2 || uri.Port != 5060 || m.Via().Port != 5062 || !m.Via().HasRPort || !m.Via().Unique() {
		t.Errorf("contact %v, cseq %d, uri port %d, via %+v", ok, seq, uri.Port, m.Via())
	}
	if m.ToTag() != nil || m.MaxForwards() != 70 || m.Expires() != -1 || m.Seconds(message.HeaderSessionExpires) != 1800 {
		t.Errorf("to tag %q, max-forwards %d, expires %d", m.ToTag(), m.MaxForwards(), m.Expires())
	}
	if !m.HasToken(message.HeaderSupported, "TIMER") || m.HasToken(message.HeaderSupported, "100rel") {
		t.Error("Supported is read wrongly")
	}
	if n := m.ContentLength(); n != 322 || !bytes.HasPrefix(m.Body(), []byte("v=0\r\n")) {
		t.Errorf("body of %d octets", n)
	}
	auth := message.ParseAuth(m.Header(message.HeaderAuthorization))
	if !auth.IsDigest() || auth.Value("username") != "102" || auth.Value("algorithm") != "MD5" ||
		auth.Value("URI") != "sip:101@192.0.2.10:5060;transport=udp" || auth.Value("opaque") != "" {
		t.Errorf("credentials %v", slices.Collect(keys(auth)))
	}
}

func keys(a message.Auth) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k, v := range a.All() {
			if !yield(string(k) + "=" + string(v)) {
				return
			}
		}
	}
}

func TestParseResponse(t *testing.T) {
	m := parse(t, lines("SIP/2.0 486 Busy Here\nVia: SIP/2.0/UDP a:1;branch=z9hG4bKx\nl: 0\n\n"))
	if !m.IsResponse() || m.IsRequest() || m.Status() != 486 || string(m.Reason()) != "Busy Here" || m.Method() != "" {
		t.Errorf("status %d %q, method %q", m.Status(), m.Reason(), m.Method())
	}
}

// TestFolds joins header lines and compares what is left with the same message
// in one line.
func TestFolds(t *testing.T) {
	m := parse(t, lines("OPTIONS sip:a SIP/2.0\nSubject: one\n two\n\tthree\nTo :\n sip:b\n  ;  tag  =  x\n\n"))
	if got := string(m.Header(message.HeaderSubject)); strings.Join(strings.Fields(got), " ") != "one two three" {
		t.Errorf("subject %q", got)
	}
	if got := string(m.ToTag()); got != "x" {
		t.Errorf("tag %q", got)
	}
	if bytes.ContainsAny(m.Header(message.HeaderSubject), "\r\n") {
		t.Error("a line break is left")
	}
}

func TestValues(t *testing.T) {
	m := parse(t, lines(`OPTIONS sip:a SIP/2.0
Contact: "a, b" <sip:x,y@h>;q=1, <sip:z>, <sip:v;p="<u>,">
m: sip:w
Allow: INVITE,,ACK ,
Subject: a, b
X-List: a, b
x-list: c

`))
	collect := func(id message.HeaderID) (out []string) {
		for v := range m.Values(id) {
			out = append(out, string(v))
		}
		return out
	}
	for _, c := range []struct {
		id   message.HeaderID
		want []string
	}{
		{message.HeaderContact, []string{`"a, b" <sip:x,y@h>;q=1`, "<sip:z>", `<sip:v;p="<u>,">`, "sip:w"}},
		{message.HeaderAllow, []string{"INVITE", "ACK"}},
		{message.HeaderSubject, []string{"a, b"}},
		{message.HeaderRoute, nil},
	} {
		if got := collect(c.id); !slices.Equal(got, c.want) {
			t.Errorf("%v: %q, want %q", c.id, got, c.want)
		}
	}
	var named []string
	for v := range m.Named("X-LIST") {
		named = append(named, string(v))
	}
	if !slices.Equal(named, []string{"a, b", "c"}) {
		t.Errorf("X-List: %q", named)
	}
	var users []string
	for a := range m.Contacts() {
		users = append(users, a.URI.String())
	}
	if !slices.Equal(users, []string{"sip:x,y@h", "sip:z", `sip:v;p="<u>,"`, "sip:w"}) {
		t.Errorf("contacts %q", users)
	}
}

func TestWildcardContact(t *testing.T) {
	m := parse(t, lines("REGISTER sip:a SIP/2.0\nContact: *\n\n"))
	if c, ok := m.Contact(); !ok || !c.Wildcard {
		t.Errorf("contact %+v, %v", c, ok)
	}
}

// TestReuse parses a short message after a long one; nothing of the long one may
// be left.
func TestReuse(t *testing.T) {
	m := parse(t, slices.Clone(invite))
	m.Via()
	m.From()
	m.SetSource(netip.MustParseAddrPort("192.0.2.1:5060"), true)
	if err := m.Parse(lines("SIP/2.0 100 Trying\nl: 0\n\n")); err != nil {
		t.Fatal(err)
	}
	if m.IsRequest() || m.Has(message.HeaderContact) || m.From().Tag() != nil || m.Via().Branch != nil ||
		m.CallID() != nil || len(m.Body()) != 0 || m.Source().IsValid() {
		t.Errorf("left over: %s", m.Bytes())
	}
}

// TestClone overwrites the buffer of a message; its clone must not see it.
func TestClone(t *testing.T) {
	b := slices.Clone(invite)
	m := parse(t, b)
	m.From()
	m.Via()
	c := m.Clone()
	clear(b)
	if string(c.FromTag()) != "9f2e7c4d" || string(c.Via().Host) != "192.0.2.20" || c.Method() != message.INVITE ||
		!bytes.HasPrefix(c.Body(), []byte("v=0")) || !bytes.Equal(c.Bytes(), invite) {
		t.Errorf("the clone lies in the old buffer: %s", c.Bytes())
	}
}

func TestTailIsCut(t *testing.T) {
	b := lines("OPTIONS sip:a SIP/2.0\nContent-Length: 2\n\nokINVITE sip:b SIP/2.0\n\n")
	m := parse(t, b)
	if string(m.Body()) != "ok" || !bytes.HasSuffix(m.Bytes(), []byte("\r\nok")) {
		t.Errorf("body %q of %q", m.Body(), m.Bytes())
	}
}

// TestHeaderNames asks for every known header by its full and compact name in
// other cases.
func TestHeaderNames(t *testing.T) {
	for id := message.HeaderOther + 1; id.String() != ""; id++ {
		name := id.String()
		for _, n := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
			if got := message.HeaderIDOf(n); got != id {
				t.Errorf("%q is %v", n, got)
			}
		}
	}
	for compact, id := range map[string]message.HeaderID{
		"v": message.HeaderVia, "V": message.HeaderVia, "i": message.HeaderCallID, "m": message.HeaderContact,
		"l": message.HeaderContentLength, "c": message.HeaderContentType, "f": message.HeaderFrom, "t": message.HeaderTo,
		"k": message.HeaderSupported, "s": message.HeaderSubject, "e": message.HeaderContentEncoding,
		"o": message.HeaderEvent, "r": message.HeaderReferTo, "b": message.HeaderReferredBy,
		"u": message.HeaderAllowEvents, "x": message.HeaderSessionExpires, "y": message.HeaderIdentity,
		"z": message.HeaderOther, "": message.HeaderOther, "Viaa": message.HeaderOther,
	} {
		if got := message.HeaderIDOf(compact); got != id {
			t.Errorf("%q is %v, want %v", compact, got, id)
		}
	}
}

func TestSeconds(t *testing.T) {
	for s, want := range map[string]int64{
		"3600": 3600, "0": 0, "": -1, "-1": -1, "abc": -1, "60;refresher=uac": 60, "18 (busy)": 18,
		"99999999999999999999": 1<<32 - 1, "12x": -1,
	} {
		if got := message.ParseSeconds([]byte(s)); got != want {
			t.Errorf("%q is %d, want %d", s, got, want)
		}
	}
}

func TestTooLarge(t *testing.T) {
	b := lines("OPTIONS sip:a SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\nContent-Length: 70000\n\n")
	b = append(b, make([]byte, 70000)...)
	var m message.Message
	err := m.Parse(b)
	if e := new(message.ParseError); !errors.As(err, &e) || e.Status != 513 || m.Via().Host == nil {
		t.Errorf("%v, Via %v", err, m.Via())
	}
}
