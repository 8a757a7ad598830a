package message_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pbx/channels/sip/message"
)

func TestBuildRequest(t *testing.T) {
	b := message.NewBuilder([]byte("kept"))
	b.Request(message.INVITE, "sip:102@192.0.2.20:5062")
	b.Via("UDP", "2001:db8::1", 5060, "z9hG4bKabc", true)
	b.HeaderInt(message.HeaderMaxForwards, 70)
	b.Address(message.HeaderFrom, "Second \"Floor\"", "sip:101@192.0.2.10", ";tag=as1")
	b.Address(message.HeaderTo, "", "sip:102@192.0.2.20:5062", "")
	b.Header(message.HeaderCallID, "call@192.0.2.10")
	b.CSeq(102, message.INVITE)
	b.HeaderNamed("X-Own", "value")
	b.Body("application/sdp", []byte("v=0\r\n"))
	want := strings.ReplaceAll(`INVITE sip:102@192.0.2.20:5062 SIP/2.0
Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKabc;rport
Max-Forwards: 70
From: "Second \"Floor\"" <sip:101@192.0.2.10>;tag=as1
To: <sip:102@192.0.2.20:5062>
Call-ID: call@192.0.2.10
CSeq: 102 INVITE
X-Own: value
Content-Type: application/sdp
Content-Length: 5

v=0
`, "\n", "\r\n")
	if got := string(b.Bytes()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := string(b.Buffer()); got != "kept"+want {
		t.Errorf("the buffer is\n%s", got)
	}
	if b.Err() != nil {
		t.Error(b.Err())
	}
	if err := message.Validate(parse(t, b.Bytes())); err != nil {
		t.Error(err)
	}
}

func TestBuildResponse(t *testing.T) {
	request := `INVITE sip:a@b SIP/2.0
v: SIP/2.0/UDP 192.0.2.1:5070;received=1.1.1.1;branch=z9hG4bKa;rport=9;x="y", SIP/2.0/TCP p2;branch=z9hG4bKb
Via: SIP/2.0/UDP p3
Record-Route: <sip:p1;lr>
Record-Route: <sip:p2;lr>, <sip:p3;lr>
f: <sip:a@b>;tag=1
t: <sip:c@d>
i: id
CSeq: 7 INVITE
Timestamp: 54

`
	for _, c := range []struct {
		name   string
		status int
		tag    string
		source string
		force  bool
		want   string
	}{
		{"200", 200, "as9", "", false, `SIP/2.0 200 OK
Via: SIP/2.0/UDP 192.0.2.1:5070;received=1.1.1.1;branch=z9hG4bKa;rport=9;x="y", SIP/2.0/TCP p2;branch=z9hG4bKb
Via: SIP/2.0/UDP p3
From: <sip:a@b>;tag=1
To: <sip:c@d>;tag=as9
Call-ID: id
CSeq: 7 INVITE
Record-Route: <sip:p1;lr>
Record-Route: <sip:p2;lr>, <sip:p3;lr>
Content-Length: 0

`},
		{"100 with source", 100, "as9", "192.0.2.7:4321", false, `SIP/2.0 100 Trying
Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKa;x="y";received=192.0.2.7;rport=4321, SIP/2.0/TCP p2;branch=z9hG4bKb
Via: SIP/2.0/UDP p3
From: <sip:a@b>;tag=1
To: <sip:c@d>
Call-ID: id
CSeq: 7 INVITE
Timestamp: 54
Content-Length: 0

`},
		{"404 from IPv6", 404, "as9", "[2001:db8::7]:5070", false, `SIP/2.0 404 Not Found
Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKa;x="y";received=2001:db8::7;rport=5070, SIP/2.0/TCP p2;branch=z9hG4bKb
Via: SIP/2.0/UDP p3
From: <sip:a@b>;tag=1
To: <sip:c@d>;tag=as9
Call-ID: id
CSeq: 7 INVITE
Content-Length: 0

`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := parse(t, lines(request))
			if c.source != "" {
				m.SetSource(netip.MustParseAddrPort(c.source), c.force)
			}
			b := message.NewBuilder(nil)
			b.Response(m, c.status, "", c.tag)
			if got, want := string(b.Bytes()), strings.ReplaceAll(c.want, "\n", "\r\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestRPort fills rport in only when the sender or nat= asks for it.
func TestRPort(t *testing.T) {
	for _, c := range []struct {
		via   string
		force bool
		want  string
	}{
		{"SIP/2.0/UDP h", false, "SIP/2.0/UDP h;received=192.0.2.7"},
		{"SIP/2.0/UDP h", true, "SIP/2.0/UDP h;received=192.0.2.7;rport=99"},
		{"SIP/2.0/UDP h;rport", false, "SIP/2.0/UDP h;received=192.0.2.7;rport=99"},
		{"SIP/2.0/UDP h;;", true, "SIP/2.0/UDP h;;"}, // malformed: as it came
	} {
		m := parse(t, lines("OPTIONS sip:a SIP/2.0\nVia: "+c.via+"\n\n"))
		m.SetSource(netip.MustParseAddrPort("[::ffff:192.0.2.7]:99"), c.force)
		b := message.NewBuilder(nil)
		b.Response(m, 200, "", "")
		if got := string(parse(t, b.Bytes()).Header(message.HeaderVia)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.via, got, c.want)
		}
	}
}

func TestExistingToTagStays(t *testing.T) {
	m := parse(t, lines("BYE sip:a SIP/2.0\nTo: <sip:a>;tag=old\n\n"))
	b := message.NewBuilder(nil)
	b.Response(m, 481, "", "new")
	if got := string(parse(t, b.Bytes()).ToTag()); got != "old" {
		t.Errorf("tag %q", got)
	}
}

// TestInjection tries to break out of each place a value can stand in.
func TestInjection(t *testing.T) {
	const evil = "x\r\nX-Evil: 1\r\n\r\nbody\nX-Evil: 2\rX-Evil: 3"
	b := message.NewBuilder(nil)
	b.Request(message.Method("OPT\r\nX-Evil: 1"), "sip:"+evil)
	b.Via(evil, evil, 1, evil, false)
	b.Address(message.HeaderFrom, evil, evil, evil)
	b.Address(message.HeaderTo, "", evil, evil)
	b.Header(message.HeaderSubject, evil)
	b.HeaderBytes(message.HeaderCallID, []byte(evil))
	b.CSeq(1, message.Method(evil))
	b.HeaderNamed("X-Fine", evil)
	b.HeaderNamed("X-Evil: 1\r\nX-Evil", "y")
	b.HeaderNamed("", "y")
	b.HeaderNamed("l", "100")
	b.HeaderNamed("content-length", "100")
	if b.Err() == nil {
		t.Error("a bad header name went unnoticed")
	}
	b.Body(evil, []byte("12345"))
	var m message.Message
	if err := m.Parse(slices.Clone(b.Bytes())); err != nil {
		t.Fatalf("%v\n%s", err, b.Bytes())
	}
	if m.HeaderNamed("X-Evil") != nil || string(m.Body()) != "12345" || strings.ContainsAny(string(m.Header(message.HeaderSubject)), "\r\n") {
		t.Errorf("broke out:\n%s", b.Bytes())
	}
}

func TestStatusText(t *testing.T) {
	for code, want := range map[int]string{200: "OK", 486: "Busy Here", 299: "OK", 499: "Bad Request", 799: "Unknown"} {
		if got := message.StatusText(code); got != want {
			t.Errorf("%d is %q, want %q", code, got, want)
		}
	}
}

// TestCompact: names of one letter where there are (RFC 3261 7.3.3), and the same
// message when it is read.
func TestCompact(t *testing.T) {
	b := message.NewBuilder(nil)
	b.Compact = true
	b.Reset(nil)
	b.Request(message.INVITE, "sip:100@192.0.2.1")
	b.Header(message.HeaderVia, "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1")
	b.Header(message.HeaderFrom, "<sip:a@192.0.2.2>;tag=1")
	b.Header(message.HeaderTo, "<sip:100@192.0.2.1>")
	b.Header(message.HeaderCallID, "x")
	b.CSeq(1, message.INVITE)
	b.Header(message.HeaderMaxForwards, "70")
	b.Body("application/sdp", []byte("v=0\r\n"))
	const want = "INVITE sip:100@192.0.2.1 SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1\r\nf: <sip:a@192.0.2.2>;tag=1\r\nt: <sip:100@192.0.2.1>\r\ni: x\r\n" +
		"CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nc: application/sdp\r\nl: 5\r\n\r\nv=0\r\n"
	if got := string(b.Bytes()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var m message.Message
	if err := m.Parse([]byte(want)); err != nil || string(m.CallID()) != "x" || m.ContentLength() != 5 {
		t.Errorf("%v, %q, %d", err, m.CallID(), m.ContentLength())
	}
}
