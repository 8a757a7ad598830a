package sdp_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	pion "github.com/pion/sdp/v3"

	"pbx/channels/sip/message"
	"pbx/channels/sip/message/messagetest"
	"pbx/channels/sip/sdp"
)

// compare reads a description with pion as well and reports what differs.
func compare(t *testing.T, text []byte) {
	t.Helper()
	var want pion.SessionDescription
	if err := want.Unmarshal(text); err != nil {
		t.Logf("pion: %v", err)
		return // pion is stricter; what it refuses it cannot judge
	}
	s := parse(t, text)
	check := func(what string, got, want any) {
		t.Helper()
		if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
			t.Errorf("%s is %q, pion reads %q", what, g, w)
		}
	}
	check("origin", fmt.Sprintf("%s %s %s %s", s.Origin.User, s.Origin.ID, s.Origin.Version, s.Origin.Connection.Host),
		fmt.Sprintf("%s %d %d %s", want.Origin.Username, want.Origin.SessionID, want.Origin.SessionVersion, want.Origin.UnicastAddress))
	check("name", string(s.Name), string(want.SessionName))
	check("m-lines", s.NumMedia(), len(want.MediaDescriptions))
	for i, m := range s.Media() {
		w := want.MediaDescriptions[i]
		check("kind", string(m.Kind), w.MediaName.Media)
		check("port", m.Port, w.MediaName.Port.Value)
		check("proto", string(m.Proto), strings.Join(w.MediaName.Protos, "/"))
		check("formats", strings.Fields(string(m.Formats)), w.MediaName.Formats)
		c := w.ConnectionInformation
		if c == nil {
			c = want.ConnectionInformation
		}
		if c != nil {
			host, _, _ := strings.Cut(c.Address.Address, "/")
			check("connection", string(m.Connection.Host), host)
		}
		check("direction", m.Direction, direction(w.Attributes, direction(want.Attributes, "sendrecv")))
		if ptime, ok := w.Attribute("ptime"); ok {
			check("ptime", m.PTime, strings.TrimSpace(ptime))
		}
		n := 0
		for range m.Attributes() {
			n++
		}
		check("attributes", n, len(w.Attributes))
		for f := range m.All() {
			// pion takes the first a=rtpmap of a payload type, as we do, and has names
			// of its own for the static ones.
			codec, err := want.GetCodecForPayloadType(f.PT)
			if err != nil || len(want.MediaDescriptions) > 1 || codec.Name == "" {
				continue
			}
			check("codec", strings.ToLower(fmt.Sprintf("%s/%d", f.Name, f.Rate)), strings.ToLower(fmt.Sprintf("%s/%d", codec.Name, codec.ClockRate)))
			check("fmtp", string(f.Params), codec.Fmtp)
		}
	}
}

func direction(attributes []pion.Attribute, otherwise string) string {
	for _, a := range attributes {
		switch a.Key {
		case "sendrecv", "sendonly", "recvonly", "inactive":
			otherwise = a.Key
		}
	}
	return otherwise
}

func TestOracle(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sdp")
	if err != nil || len(files) == 0 {
		t.Fatalf("no descriptions: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { compare(t, read(t, filepath.Base(file))) })
	}
}

// TestOracleCorpus reads the descriptions that real phones and the torture
// messages carry.
func TestOracleCorpus(t *testing.T) {
	messages := messagetest.Real(t)
	for _, c := range messagetest.Corpus(t) {
		messages[c.Name] = c.Message
	}
	n := 0
	for name, text := range messages {
		var m message.Message
		if m.Parse(text) != nil {
			continue
		}
		if body, ok := m.Content("application/sdp"); ok && len(body) > 0 {
			n++
			t.Run(name, func(t *testing.T) { compare(t, body) })
		}
	}
	if n == 0 {
		t.Error("no message of the corpus has a description")
	}
}

// TestOracleReadsOurs has pion read what we write.
func TestOracleReadsOurs(t *testing.T) {
	d := sdp.Description{
		ID: 1, Version: 2, Addr: netip.MustParseAddr("2001:db8::1"), Attributes: []string{"tool:pbx"},
		Media: []sdp.Stream{
			{Port: 10000, PTime: 20, RTCP: 10005, Direction: sdp.SendOnly, Formats: []sdp.StreamFormat{
				{PT: 8, Name: "PCMA", Rate: 8000}, {PT: 96, Name: "opus", Rate: 48000, Channels: 2, Params: "useinbandfec=1"},
			}},
			{Kind: "video", Formats: []sdp.StreamFormat{{PT: 99}}},
		},
	}
	text := d.AppendTo(nil)
	var p pion.SessionDescription
	if err := p.Unmarshal(text); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	compare(t, text)
	if len(p.MediaDescriptions) != 2 {
		t.Errorf("pion reads %d m-lines of\n%s", len(p.MediaDescriptions), text)
	}
}
