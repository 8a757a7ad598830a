package e2e

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/message"
	"pbx/channels/sip/message/messagetest"
	"pbx/channels/sip/sdp"
)

// Real messages, from captures and other people's repositories, read by us and by
// tshark.

// dissected is a field of tshark's PDML.
type dissected struct {
	Name     string      `xml:"name,attr"`
	ShowName string      `xml:"showname,attr"`
	Show     string      `xml:"show,attr"`
	Value    string      `xml:"value,attr"` // its octets in hexadecimal
	Hide     string      `xml:"hide,attr"`
	Fields   []dissected `xml:"field"`
	Protos   []dissected `xml:"proto"`
}

// find calls f for the fields of a name, at any depth.
func (d *dissected) find(name string, f func(*dissected)) {
	for _, list := range [][]dissected{d.Fields, d.Protos} {
		for i := range list {
			if list[i].Name == name {
				f(&list[i])
			}
			list[i].find(name, f)
		}
	}
}

// first is what the first field of a name shows.
func (d *dissected) first(name string) (show string) {
	found := false
	d.find(name, func(f *dissected) {
		if !found {
			show, found = f.Show, true
		}
	})
	return show
}

// complaint is what tshark has against a packet as SIP, "" for nothing. That it
// does not know a header is no complaint, nor that it knows no country of a number's.
func (d *dissected) complaint() string {
	sip, complaint := false, ""
	for i := range d.Protos {
		sip = sip || d.Protos[i].Name == "sip"
	}
	d.find("_ws.expert", func(f *dissected) {
		if !strings.Contains(f.ShowName, "Country Code") && (strings.Contains(f.ShowName, "/Malformed)") || strings.Contains(f.ShowName, "/Protocol)")) {
			complaint = f.ShowName
		}
	})
	d.find("sip.msg_hdr", func(h *dissected) {
		for _, f := range h.Fields {
			if name, _, _ := strings.Cut(strings.TrimPrefix(f.ShowName, " [truncated]"), ":"); f.Hide != "yes" && f.Name != "sip.call_id_generated" && strings.Contains(name, " ") {
				complaint = name // such as "CSeq String too big"
			}
		}
	})
	if !sip {
		return "not SIP"
	}
	return complaint
}

// headers are the header lines that tshark found, as they were sent.
func (d *dissected) headers() (lines []string) {
	d.find("sip.msg_hdr", func(h *dissected) {
		for _, f := range h.Fields {
			if line, err := hex.DecodeString(f.Value); err == nil && f.Hide != "yes" && f.Name != "sip.call_id_generated" && !strings.HasPrefix(f.Name, "_ws.") {
				lines = append(lines, string(line))
			}
		}
	})
	return lines
}

// dissect has tshark read messages as UDP packets to port 5060.
func dissect(t *testing.T, messages [][]byte) []dissected {
	t.Helper()
	path := filepath.Join(t.TempDir(), "messages.pcap")
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, 1<<16)
	b = binary.LittleEndian.AppendUint32(b, 101) // the packets begin with IP
	for i, m := range messages {
		var p []byte
		p = append(p, 0x45, 0)
		p = binary.BigEndian.AppendUint16(p, uint16(28+len(m)))
		p = append(p, 0, byte(i), 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2)
		p = binary.BigEndian.AppendUint16(p, 5060)
		p = binary.BigEndian.AppendUint16(p, 5060)
		p = binary.BigEndian.AppendUint16(p, uint16(8+len(m)))
		p = append(append(p, 0, 0), m...)
		for _, n := range []int{i, 0, len(p), len(p)} {
			b = binary.LittleEndian.AppendUint32(b, uint32(n))
		}
		b = append(b, p...)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("tshark", "-n", "-r", path, "-T", "pdml")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, &stderr)
	}
	var doc struct {
		Packets []dissected `xml:"packet"`
	}
	if err := xml.Unmarshal(out, &doc); err != nil {
		t.Fatalf("tshark's PDML: %v", err)
	}
	if len(doc.Packets) != len(messages) {
		t.Fatalf("tshark saw %d of %d messages", len(doc.Packets), len(messages))
	}
	return doc.Packets
}

// TestRealMessages holds that each message that tshark dissects without a complaint
// parses, and header by header as tshark shows it; the others are read without a
// panic, and one that is refused is for a reason.
func TestRealMessages(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(messagetest.Folder(t, "messages"), "*.sip"))
	if err != nil || len(paths) < 50 {
		t.Fatalf("%d messages, %v", len(paths), err)
	}
	texts := make([][]byte, len(paths))
	for i, path := range paths {
		if texts[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	clean := 0
	for i, packet := range dissect(t, texts) {
		name := filepath.Base(paths[i])
		var m message.Message
		err := m.Parse(texts[i])
		switch complaint := packet.complaint(); {
		case complaint != "":
			if err == nil {
				err = message.Validate(&m)
			}
			if err == nil {
				err = objection(&m)
			}
			if t.Logf("%s: tshark says: %.100s; we: %v", name, complaint, err); (err == nil || err.Error() == "") && !forgiven(&m) {
				t.Errorf("%s: tshark complains (%s) and we have no reason to refuse it", name, complaint)
			}
			continue
		case err != nil:
			t.Errorf("%s does not parse: %v", name, err)
			continue
		}
		clean++
		compareHeaders(t, name, &m, &packet)
		// Whether a user agent may act on it is another question.
		if err := message.Validate(&m); err != nil {
			t.Logf("%s parses and is refused: %v", name, err)
			if err.Error() == "" {
				t.Errorf("%s: refused without a reason", name)
			}
		} else {
			compareParts(t, name, &m, &packet)
		}
	}
	if clean < len(paths)*9/10 {
		t.Errorf("only %d of %d messages were compared", clean, len(paths))
	}
}

// objection says what is wrong inside of a message that as such is good: who sent it
// learns that it was refused. It is a challenge that cannot be answered, or a session
// description that is none; nil for neither.
func objection(m *message.Message) error {
	for _, id := range [...]message.HeaderID{message.HeaderWWWAuthenticate, message.HeaderProxyAuthenticate} {
		for v := range m.Lines(id) {
			if _, ok := digest.ParseChallenge(v); !ok {
				return fmt.Errorf("the challenge %q names no nonce (RFC 3261 25.1)", v)
			}
		}
	}
	if body, ok := m.Content("application/sdp"); ok && len(body) > 0 {
		_, err := sdp.Parse(body)
		return err
	}
	return nil
}

// forgiven reports whether a message is let pass though the grammar does not: gateways
// send responses without a reason and the blank before it.
func forgiven(m *message.Message) bool { return m.IsResponse() && len(m.Reason()) == 0 }

func compareHeaders(t *testing.T, name string, m *message.Message, packet *dissected) {
	t.Helper()
	theirs := packet.headers()
	i := 0
	for n, v := range m.Headers() {
		if i >= len(theirs) {
			t.Errorf("%s: tshark does not show %s: %s", name, n, v)
			break
		}
		theirName, theirValue, _ := strings.Cut(theirs[i], ":")
		i++
		if strings.TrimRight(theirName, " \t") != string(n) || unfold(theirValue) != unfold(string(v)) {
			t.Errorf("%s: we read\n%s: %s\ntshark\n%s", name, n, v, theirs[i-1])
		}
	}
	if i < len(theirs) {
		t.Errorf("%s: we do not have %q", name, theirs[i:])
	}
}

// unfold makes one space of any white space (RFC 3261 7.3.1).
func unfold(s string) string { return strings.Join(strings.Fields(s), " ") }

// compareParts compares what is inside of the start line and of the headers that
// every message has, where tshark takes them apart: it does not where a blank stands
// before the colon, nor with the number of a tel URI.
func compareParts(t *testing.T, name string, m *message.Message, packet *dissected) {
	t.Helper()
	opaque := map[message.HeaderID]bool{}
	for _, line := range packet.headers() {
		if n, _, _ := strings.Cut(line, ":"); strings.TrimRight(n, " \t") != n {
			opaque[message.HeaderIDOf(strings.TrimRight(n, " \t"))] = true
		}
	}
	same := func(id message.HeaderID, field, ours string) {
		t.Helper()
		theirs := strings.TrimRight(packet.first(field), " \r\n")
		if strings.HasSuffix(field, ".host") {
			theirs = strings.Trim(theirs, "[]")
		}
		if opaque[id] || theirs == "" && len(ours) == 1 && strings.HasSuffix(field, ".user") {
			return // tshark does not show a user part of one character
		}
		if theirs != ours {
			t.Errorf("%s: %s is %q for tshark, %q for us", name, field, theirs, ours)
		}
	}
	if m.IsRequest() {
		same(0, "sip.Method", string(m.Method()))
		same(0, "sip.r-uri", string(m.RequestURIBytes()))
	} else {
		same(0, "sip.Status-Code", strconv.Itoa(m.Status()))
	}
	seq, method := m.CSeq()
	same(message.HeaderCSeq, "sip.CSeq.seq", strconv.Itoa(int(seq)))
	same(message.HeaderCSeq, "sip.CSeq.method", string(method))
	for id, address := range map[message.HeaderID]*message.Address{message.HeaderFrom: m.From(), message.HeaderTo: m.To()} {
		field := "sip." + strings.ToLower(id.String())
		if address.URI.IsSIP() {
			same(id, field+".user", string(address.URI.User))
			same(id, field+".host", string(address.URI.Host))
		}
		same(id, field+".tag", string(address.Tag()))
	}
	via := m.Via()
	packet.find("sip.Via", func(f *dissected) { // only the topmost is compared
		if packet.Name == "" {
			*packet = dissected{Name: "the topmost Via", Fields: f.Fields}
		}
	})
	same(message.HeaderVia, "sip.Via.sent-by.address", string(via.Host))
	if via.Port != 0 && // tshark shows a port only where a parameter follows
		via.Branch != nil {
		same(message.HeaderVia, "sip.Via.sent-by.port", strconv.Itoa(int(via.Port)))
	}
	same(message.HeaderVia, "sip.Via.branch", string(via.Branch))
}
