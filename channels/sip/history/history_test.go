package history

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pbx/channels/sip/message"
)

var update = flag.Bool("update", false, "write the golden files")

var (
	alice = netip.MustParseAddrPort("192.0.2.10:5060")
	bob   = netip.MustParseAddrPort("192.0.2.20:5060")
	began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// talk adds messages: "out|in far status-or-method method seq [sdp]", a second
// after each other.
func talk(b *Book, at *time.Time, callID string, far netip.AddrPort, lines ...string) {
	for _, line := range lines {
		w := strings.Fields(line)
		m := Message{Time: *at, Far: far, Out: w[0] == "out", Protocol: "UDP", CallID: []byte(callID), Method: []byte(w[2])}
		if _, err := fmt.Sscan(w[1], &m.Status); err != nil {
			m.Text = []byte(w[1])
		} else {
			m.Text = []byte(message.StatusText(m.Status))
		}
		_, _ = fmt.Sscan(w[3], &m.Seq)
		m.SDP = len(w) > 4
		b.Add(&m)
		*at = at.Add(time.Second)
	}
}

// conversation is a call of two legs, with a repeated INVITE.
func conversation() *Book {
	b, at := NewBook(), began
	talk(b, &at, "a@x", alice, "in INVITE INVITE 1 sdp", "out 401 INVITE 1", "in ACK ACK 1", "in INVITE INVITE 2 sdp", "in INVITE INVITE 2 sdp", "out 100 INVITE 2")
	b.Up("a@x")
	b.Name("a@x", "SIP/alice-00000001", "1.1")
	talk(b, &at, "b@x", bob, "out INVITE INVITE 102 sdp")
	b.Up("b@x")
	b.Name("b@x", "SIP/bob-00000002", "1.1")
	talk(b, &at, "b@x", bob, "in 180 INVITE 102")
	talk(b, &at, "a@x", alice, "out 180 INVITE 2")
	talk(b, &at, "b@x", bob, "in 200 INVITE 102 sdp", "out ACK ACK 102")
	talk(b, &at, "a@x", alice, "out 200 INVITE 2 sdp", "in ACK ACK 2", "in BYE BYE 3", "out 200 BYE 3")
	b.Remark("a@x", at, "hangup cause Normal Clearing")
	b.Over("a@x", at)
	talk(b, &at, "b@x", bob, "out BYE BYE 103", "in 200 BYE 103")
	return b
}

func TestLadder(t *testing.T) {
	b := conversation()
	for _, key := range []string{"a@x", "SIP/bob-00000002", "sip/ALICE-00000001"} {
		var out bytes.Buffer
		calls := b.Find(key)
		if len(calls) != 2 {
			t.Fatalf("%s: %d calls", key, len(calls))
		}
		Ladder(&out, calls)
		golden := filepath.Join("testdata", "ladder.golden")
		if *update {
			if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if out.String() != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", key, out.String(), want)
		}
	}
	if got := b.Find("nobody"); got != nil {
		t.Errorf("found %v", got)
	}
}

// TestBounds: calls that came to nothing do not push out those that ended, those
// that are up stay, and a long one keeps its beginning and its end.
func TestBounds(t *testing.T) {
	b, at := NewBook(), began
	talk(b, &at, "up", alice, "in INVITE INVITE 1")
	b.Up("up")
	talk(b, &at, "ended", alice, "in INVITE INVITE 1")
	b.Up("ended")
	b.Over("ended", at)
	talk(b, &at, "unknown", alice, "in BYE BYE 1", "out 481 BYE 1")
	for i := range 2 * failed {
		talk(b, &at, fmt.Sprint("stranger", i), bob, "in INVITE INVITE 1", "out 401 INVITE 1")
	}
	if n := b.Len(); n != failed+2 {
		t.Errorf("%d calls", n)
	}
	for _, id := range []string{"up", "ended", fmt.Sprint("stranger", 2*failed-1)} {
		if len(b.Find(id)) != 1 {
			t.Errorf("%s is gone", id)
		}
	}
	for i := range Ended {
		id := fmt.Sprint("call", i)
		talk(b, &at, id, bob, "in INVITE INVITE 1")
		b.Up(id)
		b.Over(id, at)
	}
	if len(b.Find("ended")) != 0 || len(b.Find("up")) != 1 {
		t.Error("the oldest that ended goes, what is up stays")
	}
	for i := range 2 * Entries {
		talk(b, &at, "up", alice, fmt.Sprintf("in INFO INFO %d", i+2))
	}
	c := b.Find("up")[0]
	if len(c.Entries) != Entries || c.Dropped != Entries+1 || c.Entries[0].Text() != "INVITE" || c.Entries[Entries-1].Seq != 2*Entries+1 {
		t.Errorf("%d entries, %d dropped, the last %d", len(c.Entries), c.Dropped, c.Entries[Entries-1].Seq)
	}
	b.Clear()
	if b.Len() != 0 {
		t.Error("not clear")
	}
}

// TestSpiral: two dialogs of one Call-ID are one history, over when both are.
func TestSpiral(t *testing.T) {
	b, at := NewBook(), began
	talk(b, &at, "c", alice, "in INVITE INVITE 1")
	b.Up("c")
	b.Up("c")
	if b.Over("c", at) != nil {
		t.Error("over after the first")
	}
	if b.Over("c", at) == nil {
		t.Error("not over after the second")
	}
	if b.Over("c", at) != nil || b.Over("nobody", at) != nil {
		t.Error("over once more")
	}
}

func TestAddAllocates(t *testing.T) {
	b := NewBook()
	m := Message{Time: began, Far: alice, CallID: []byte("c@h"), Text: []byte("INVITE"), Method: []byte("INVITE"), Protocol: "UDP"}
	b.Add(&m)
	for range 2 * Entries {
		b.Add(&m)
	}
	if n := testing.AllocsPerRun(100, func() { b.Add(&m) }); n > 0 {
		t.Errorf("a message of a known call: %v allocations", n)
	}
	other := Message{CallID: []byte("d@h"), Text: []byte("REGISTER"), Method: []byte("REGISTER")}
	if n := testing.AllocsPerRun(100, func() { b.Add(&other) }); n > 0 {
		t.Errorf("a message of none: %v allocations", n)
	}
	text := []byte("SIP/2.0 180 Ringing\r\nVia: x\r\nCall-ID: c@h\r\nCSeq: 102 INVITE\r\nContent-Type: application/sdp\r\n\r\n")
	if n := testing.AllocsPerRun(100, func() { Scan(text, &m) }); n > 0 {
		t.Errorf("Scan: %v allocations", n)
	}
	if m.Status != 180 || m.Seq != 102 || !m.SDP || string(m.CallID) != "c@h" || string(m.Method) != "INVITE" || string(m.Text) != "Ringing" {
		t.Errorf("%+v", m)
	}
}

// FuzzScan: what Scan reads is what the parser reads.
func FuzzScan(f *testing.F) {
	f.Add("SIP/2.0 180 Ringing\r\nCall-ID: c@h\r\nCSeq: 102 INVITE\r\n\r\n")
	f.Add("INVITE sip:a@b SIP/2.0\r\nCSeq: 1 INVITE\r\nCall-ID: x\r\nContent-Type: application/sdp\r\n\r\nv=0")
	f.Add("SIP/2.0 \r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		var m Message
		if !Scan([]byte(text), &m) {
			return
		}
		if m.Status != 0 && (m.Status < 100 || m.Status > 999) || m.CallID == nil || m.Method == nil {
			t.Fatalf("%+v", m)
		}
		b := NewBook()
		b.Add(&m)
		Ladder(&bytes.Buffer{}, b.All())
	})
}

func BenchmarkTold(b *testing.B) {
	book := NewBook()
	m := Message{Time: began, Far: alice, CallID: []byte("c@h"), Text: []byte("INVITE"), Method: []byte("INVITE"), Protocol: "UDP"}
	book.Add(&m)
	text := []byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.50.10:5070;branch=z9hG4bK00000001;rport=5070;received=127.0.50.10\r\nFrom: <sip:alice@127.0.50.1>;tag=ef2821fa\r\nTo: <sip:alice@127.0.50.1>;tag=as3\r\nCall-ID: 968f797a@127.0.50.10\r\nCSeq: 7 REGISTER\r\nServer: PBX\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE\r\nSupported: replaces, timer\r\nContent-Length: 0\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if Scan(text, &m) {
			book.Add(&m)
		}
	}
}
