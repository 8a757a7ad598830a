package sdp_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pbx/channels/sip/sdp"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, b []byte) sdp.Session {
	t.Helper()
	s, err := sdp.Parse(b)
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return s
}

// describe writes a session so that a test can compare it.
func describe(s sdp.Session) string {
	var b strings.Builder
	fmt.Fprintf(&b, "o %s %s %s %s\ns %s\n", s.Origin.User, s.Origin.ID, s.Origin.Version, s.Origin.Connection.Addr, s.Name)
	for i, m := range s.Media() {
		fmt.Fprintf(&b, "m%d %s %d %s %s %s hold=%v ptime=%d/%d rtcp=%d mux=%v\n", i, m.Kind, m.Port, m.Proto,
			m.Connection.Addr, m.Direction, m.OnHold(), m.PTime, m.MaxPTime, m.RTCP, m.RTCPMux)
		for f := range m.All() {
			fmt.Fprintf(&b, "  %d %s/%d/%d %s\n", f.PT, f.Name, f.Rate, f.Channels, f.Params)
		}
	}
	return b.String()
}

func TestParse(t *testing.T) {
	for name, want := range map[string]string{
		"desk.sdp": `o - 3871536123 3871536124 192.0.2.20
s session
m0 audio 49170 RTP/AVP 192.0.2.20 sendrecv hold=false ptime=20/140 rtcp=0 mux=false
  0 PCMU/8000/1 
  8 PCMA/8000/1 
  9 G722/8000/1 
  18 G729/8000/1 annexb=no
  101 telephone-event/8000/1 0-16
`,
		"video.sdp": `o alice 2890844526 2890844527 2001:db8::1
s -
m0 audio 5004 RTP/AVPF 2001:db8::1 sendonly hold=true ptime=0/0 rtcp=5010 mux=true
  96 opus/48000/2 useinbandfec=1;stereo=1
  0 PCMU/8000/1 
m1 video 0 RTP/AVP 2001:db8::1 recvonly hold=false ptime=0/0 rtcp=0 mux=false
  99 H264/90000/1 
m2 video 6024 RTP/SAVP 192.0.2.1 inactive hold=true ptime=0/0 rtcp=0 mux=false
  107 H263-1998/90000/1 
m3 image 4000 udptl 2001:db8::1 sendonly hold=true ptime=0/0 rtcp=0 mux=false
`,
		"hold.sdp": `o - 1 2 0.0.0.0
s -
m0 audio 30000 RTP/AVP 0.0.0.0 sendrecv hold=true ptime=0/0 rtcp=0 mux=false
  0 PCMU/8000/1 
`,
	} {
		text := read(t, name)
		for form, text := range map[string][]byte{
			"CRLF":    text,
			"LF":      bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")),
			"no end":  bytes.TrimRight(text, "\r\n"),
			"garbage": append(slices.Clone(text), "\r\nnot a line\r\nx"...),
		} {
			if got := describe(parse(t, text)); got != want {
				t.Errorf("%s with %s:\n%s\nwant\n%s", name, form, got, want)
			}
		}
	}
}

func TestParseErrors(t *testing.T) {
	const head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
	for text, want := range map[string]error{
		"":                                     sdp.ErrVersion,
		"v=1\r\n":                              sdp.ErrVersion,
		"o=- 1 1 IN IP4 192.0.2.1\r\n":         sdp.ErrVersion,
		"v=0\r\no=- 1\r\n":                     sdp.ErrOrigin,
		"v=0\r\no=a b\r\n":                     sdp.ErrOrigin,
		"v=0\r\no=a b 1 IN IP4\r\n":            sdp.ErrOrigin,
		"v=0\r\no=1 IN IP4 192.0.2.1\r\n":      sdp.ErrOrigin,
		"v=0 \r\nm=audio 1 RTP/AVP 0\r\n":      nil,
		"v=0\r\nc=IN IP5 x\r\n":                sdp.ErrConnection,
		"v=0\r\nc=IN IP4\r\n":                  sdp.ErrConnection,
		head + "m=audio\r\n":                   sdp.ErrMedia,
		head + "m=audio 1 RTP/AVP\r\n":         sdp.ErrMedia,
		head + "m=audio 65536 RTP/AVP 0\r\n":   sdp.ErrMedia,
		head + "m=audio -1 RTP/AVP 0\r\n":      sdp.ErrMedia,
		head + "m=audio x RTP/AVP 0\r\n":       sdp.ErrMedia,
		head + "m=au\rdio 1 RTP/AVP 0\r\n":     sdp.ErrMedia,
		head + "m=audio 1 RTP/AVP 0\r\nc=\r\n": sdp.ErrConnection,
		head + "m=audio 1 RTP/AVP" + strings.Repeat(" 0", 129) + "\r\n": sdp.ErrMedia,
		head + strings.Repeat("m=audio 1 RTP/AVP 0\r\n", 33):            sdp.ErrManyMedia,
		head:                             nil,
		"v=0\r\n":                        nil,
		head + "m=audio 1 RTP/AVP 0\r\n": nil,
		head + "m=audio 1 RTP/AVP 0 \r\nc=IN IP4 host.example.com\r\n": nil,
		head + strings.Repeat("m=audio 1 RTP/AVP 0\r\n", 32):           nil,
	} {
		if _, err := sdp.Parse([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func TestAttributes(t *testing.T) {
	s := parse(t, read(t, "webrtc.sdp"))
	if v, ok := s.Attribute("group"); !ok || string(v) != "BUNDLE 0" {
		t.Errorf("group %q, %v", v, ok)
	}
	if _, ok := s.Attribute("setup"); ok {
		t.Error("an attribute of the media is seen at session level")
	}
	_, m, ok := s.First("audio")
	if !ok {
		t.Fatal("no audio")
	}
	for name, want := range map[string]string{"ice-ufrag": "EsAw", "setup": "actpass", "rtcp-mux": "", "mid": "0"} {
		if v, ok := m.Attribute(name); !ok || string(v) != want {
			t.Errorf("%s is %q, %v", name, v, ok)
		}
	}
	if _, ok := m.Attribute("rtcp-mu"); ok {
		t.Error("a name is matched by its beginning")
	}
	if !m.Secure() || !m.RTP() {
		t.Error("UDP/TLS/RTP/SAVPF is secure RTP")
	}
	n := 0
	for range m.Attributes() {
		n++
	}
	if n != 18 {
		t.Errorf("%d attributes", n)
	}
}

func TestFirstSkipsRefused(t *testing.T) {
	s := parse(t, read(t, "video.sdp"))
	if i, m, ok := s.First("video"); !ok || i != 2 || m.Port != 6024 {
		t.Errorf("m-line %d, port %d, %v", i, m.Port, ok)
	}
	if _, _, ok := s.First("message"); ok {
		t.Error("found what is not there")
	}
	if s.NumMedia() != 4 {
		t.Errorf("%d m-lines", s.NumMedia())
	}
}

func TestFormat(t *testing.T) {
	s := parse(t, []byte("v=0\r\nm=audio 1 RTP/AVP 8 97 98 200 x 3\r\na=rtpmap:97 iLBC/8000\r\na=rtpmap:98 broken\r\na=rtpmap:8 pcma/8000/1\r\n"))
	_, m, _ := s.First("audio")
	var got []string
	for f := range m.All() {
		got = append(got, fmt.Sprintf("%d %s/%d", f.PT, f.Name, f.Rate))
	}
	if want := []string{"8 pcma/8000", "97 iLBC/8000", "98 /0", "3 GSM/8000"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if f := m.Format(8); !f.Is("PCMA") || f.Is("PCMU") || f.Is("PCM") {
		t.Errorf("names are compared wrongly: %s", f.Name)
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"IN IP4 192.0.2.1":        "192.0.2.1",
		"IN IP4 224.2.1.1/127/3":  "224.2.1.1",
		"IN IP6 2001:db8::1":      "2001:db8::1",
		"IN IP6 ::ffff:192.0.2.2": "::ffff:192.0.2.2",
		"IN IP4 host.example.com": "invalid IP",
		"IN IP4 1.2.3":            "invalid IP",
		"IN IP4 1.2.3.256":        "invalid IP",
		"IN IP6 fe80::1%eth0":     "invalid IP",
		"IN IP6 1.2.3.4":          "1.2.3.4",
	} {
		s := parse(t, []byte("v=0\r\nc="+text+"\r\nm=audio 1 RTP/AVP 0\r\n"))
		if got := s.Connection.Addr.String(); got != want || s.Connection.IsZero() {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestDirectionAnswer(t *testing.T) {
	for _, c := range []struct{ offer, want, answer sdp.Direction }{
		{sdp.SendRecv, sdp.SendRecv, sdp.SendRecv},
		{sdp.SendOnly, sdp.SendRecv, sdp.RecvOnly},
		{sdp.RecvOnly, sdp.SendRecv, sdp.SendOnly},
		{sdp.Inactive, sdp.SendRecv, sdp.Inactive},
		{sdp.SendRecv, sdp.SendOnly, sdp.SendOnly},
		{sdp.SendOnly, sdp.SendOnly, sdp.Inactive},
		{sdp.RecvOnly, sdp.SendOnly, sdp.SendOnly},
		{sdp.SendRecv, sdp.RecvOnly, sdp.RecvOnly},
		{sdp.SendRecv, sdp.Inactive, sdp.Inactive},
	} {
		if got := c.offer.Answer(c.want); got != c.answer {
			t.Errorf("offered %v, wanted %v: answer %v, not %v", c.offer, c.want, got, c.answer)
		}
	}
}

func TestSameSession(t *testing.T) {
	a := parse(t, []byte("v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\n"))
	b := parse(t, []byte("v=0\r\no=a 1 2 IN IP4 192.0.2.1\r\n"))
	c := parse(t, []byte("v=0\r\no=a 2 1 IN IP4 192.0.2.1\r\n"))
	if !a.Origin.SameSession(b.Origin) || a.Origin.SameSession(c.Origin) {
		t.Error("sessions are compared by more or less than user, id and address")
	}
}

func TestBuild(t *testing.T) {
	d := sdp.Description{
		User: "root", ID: 1019040656, Version: 1019040657, Addr: netip.MustParseAddr("127.0.50.1"), Name: "pbx",
		Media: []sdp.Stream{{
			Port: 14676, PTime: 20, MaxPTime: 140,
			Formats: []sdp.StreamFormat{
				{PT: 0, Name: "PCMU", Rate: 8000},
				{PT: 101, Name: "telephone-event", Rate: 8000, Params: "0-16"},
			},
		}, {
			Kind: "video", Addr: netip.MustParseAddr("2001:db8::1"), Formats: []sdp.StreamFormat{{PT: 99}},
		}},
	}
	want := strings.ReplaceAll(`v=0
o=root 1019040656 1019040657 IN IP4 127.0.50.1
s=pbx
c=IN IP4 127.0.50.1
t=0 0
m=audio 14676 RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=maxptime:140
a=sendrecv
m=video 0 RTP/AVP 99
c=IN IP6 2001:db8::1
`, "\n", "\r\n")
	if got := string(d.AppendTo(nil)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBuildIsClosed(t *testing.T) {
	d := sdp.Description{
		User: "a b\r\nc=x", Name: "n\r\nm=video 1 RTP/AVP 0", Addr: netip.MustParseAddr("192.0.2.1"), Attributes: []string{"x\r\nm=1"},
		Media: []sdp.Stream{{Port: 2, Attributes: []string{"y\nm=2"}, Formats: []sdp.StreamFormat{{PT: 96, Name: "a\rm=", Rate: 1, Params: "\nm="}}}},
	}
	s := parse(t, d.AppendTo(nil))
	if s.NumMedia() != 1 || string(s.Origin.Version) != "0" {
		t.Errorf("broke out:\n%s", d.AppendTo(nil))
	}
}

func TestAnswer(t *testing.T) {
	offer := parse(t, read(t, "video.sdp"))
	d := sdp.Description{User: "root", ID: 1, Version: 1, Name: "pbx", Addr: netip.MustParseAddr("192.0.2.9")}
	got := string(d.AppendAnswer(nil, &offer, func(i int, m sdp.Media) (sdp.Stream, bool) {
		if !m.Is("audio") {
			return sdp.Stream{}, false
		}
		return sdp.Stream{
			Kind: "ignored", Port: 10000, Direction: m.Direction.Answer(sdp.SendRecv),
			Formats: []sdp.StreamFormat{{PT: 0, Name: "PCMU", Rate: 8000}},
		}, true
	}))
	want := strings.ReplaceAll(`v=0
o=root 1 1 IN IP4 192.0.2.9
s=pbx
c=IN IP4 192.0.2.9
t=0 0
m=audio 10000 RTP/AVPF 0
a=rtpmap:0 PCMU/8000
a=recvonly
m=video 0 RTP/AVP 99
m=video 0 RTP/SAVP 107
m=image 0 udptl t38
`, "\n", "\r\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
