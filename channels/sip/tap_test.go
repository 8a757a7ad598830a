package sip

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	pbxio "pbx/io"
)

// TestHistoryOfACall: both legs of a call are drawn together while it is up and
// after its end, a refused caller is listed, and nothing is kept when it is off.
func TestHistoryOfACall(t *testing.T) {
	extens := map[string]func(*channel.Channel){"2000": dial(nil, "SIP/bob")}
	withFlow(t, office+"[general](+)\nsipdebug=no\n", extens, func(f *flow) {
		r := &rig{t: t, Driver: f.d}
		f.play(`
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 180
			alice < 180
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK`)
		list := r.console("sip show history")
		if !strings.Contains(list, "2 calls") || strings.Count(list, " up ") != 2 {
			t.Errorf("list:\n%s", list)
		}
		f.play(`
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200
			wait 1s
			mallory > INVITE 2000 sdp
			mallory < 401`)
		synctest.Wait()
		ladder := r.console("sip show history alice-1@test")
		for _, line := range []string{
			"|- INVITE (sdp) --------->|", "|< 180 Ringing -----------|", "|- BYE ------------------>|",
			"192.0.2.10:5060           PBX                       192.0.2.20:5060", "* hangup cause",
		} {
			if !strings.Contains(ladder, line) {
				t.Errorf("no %q in\n%s", line, ladder)
			}
		}
		if n := strings.Count(ladder, "INVITE (sdp)"); n != 2 {
			t.Errorf("%d INVITEs in\n%s", n, ladder)
		}
		if out := r.console("sip show history 1"); !strings.Contains(out, "401") || !strings.Contains(out, "1 call\n") {
			t.Errorf("the last one:\n%s", out)
		}
		if out := r.console("sip show history nothing-like-it"); !strings.Contains(out, "No such SIP call") {
			t.Error(out)
		}
		r.console("sip set history off")
		f.play(`
			mallory > INVITE 2000 call=new sdp
			mallory < 401`)
		if out := r.console("sip show history"); !strings.Contains(out, "3 calls") {
			t.Errorf("recorded although it is off:\n%s", out)
		}
	})
}

func TestHistoryOptions(t *testing.T) {
	withFlow(t, office+"[general](+)\ndumphistory=yes\n", map[string]func(*channel.Channel){"1000": hangupWith(channel.CauseUserBusy)}, func(f *flow) {
		f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 486
			alice > ACK`)
		if !strings.Contains(f.log.String(), "SIP history") || !strings.Contains(f.log.String(), "486 Busy") {
			t.Errorf("not dumped:\n%s", f.log.String())
		}
	})
	withFlow(t, office+"[general](+)\nrecordhistory=no\n", nil, func(f *flow) {
		r := &rig{t: t, Driver: f.d}
		if out := r.console("sip show history"); !strings.Contains(out, "No history is kept") {
			t.Error(out)
		}
	})
	if cfg, _ := loadText(t, "[general]\ncompat=asterisk\n"); cfg.General.RecordHistory {
		t.Error("compat=asterisk keeps a history")
	}
}

func TestStatsOfMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		p.register("alicepw", p.contact())
		p.ask("OPTIONS", "1000", "", "")
		p.send("OPTIONS sip:x SIP/2.0\nVia: nonsense\n\n")
		p.drain()
		s, err := r.Stats()
		if err != nil || s.Requests != 3 || s.Sent[2] != 2 || s.Sent[4] != 1 || s.Heard != 4 || s.Malformed != 1 || s.Served.Total() != 3 {
			t.Errorf("%+v, %v", s, err)
		}
		out := r.console("sip show stats")
		if !strings.Contains(out, "Responses sent (local)") || !strings.Contains(out, "Malformed:                              1") {
			t.Errorf("stats:\n%s", out)
		}
		time.Sleep(time.Second)
		r.console("sip stats reset")
		if s, _ := r.Stats(); s.Heard != 0 || s.Sent.Total() != 0 || time.Since(s.Since) != 0 {
			t.Errorf("after the reset: %+v", s)
		}
	})
}

// TestCapture: every message goes to the capture server in both directions, keys
// blotted out, and a network that takes nothing stops nothing.
func TestCapture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, findings := loadText(t, phones, "hep.conf", "[general]\ncapture_address=127.0.50.88\ncapture_password=foo\ncapture_id=42\n")
		for _, f := range findings {
			if f.Rule == "hep" {
				t.Error(f)
			}
		}
		r := startRig(t, cfg, nil, nil)
		homer, err := r.net.ListenUDP(netip.MustParseAddrPort("127.0.50.88:9060"), pbxio.SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p := r.phone("127.0.50.10:5070", "alice")
		p.register("alicepw", p.contact())
		var packets [][]byte
		buf := make([]byte, 4096)
		for {
			n, from, err := homer.Recv(buf)
			if err != nil {
				break
			}
			if from.String() != rigAddr {
				t.Errorf("sent from %v", from)
			}
			packets = append(packets, bytes.Clone(buf[:n]))
		}
		if len(packets) != 4 {
			t.Fatalf("%d packets", len(packets))
		}
		for i, want := range []string{"REGISTER ", "SIP/2.0 401", "REGISTER ", "SIP/2.0 200"} {
			b := packets[i]
			if !bytes.HasPrefix(b, []byte("HEP3")) || int(b[4])<<8|int(b[5]) != len(b) || !bytes.Contains(b, []byte(want)) || !bytes.Contains(b, []byte(p.id)) {
				t.Errorf("packet %d: %q", i, b)
			}
		}
		if !bytes.Contains(packets[2], []byte(`response="********************************"`)) {
			t.Errorf("a proof is shown: %q", packets[2])
		}
		if s, _ := r.Stats(); s.Captured != 4 || s.Uncaptured != 0 {
			t.Errorf("%d sent, %d lost", s.Captured, s.Uncaptured)
		}
		homer.Close()
		if m := p.ask("OPTIONS", "1000", "", ""); statusOf(m) != 200 {
			t.Errorf("without a server: %d", statusOf(m))
		}
	})
}

func TestCaptureOptions(t *testing.T) {
	for _, c := range []struct{ name, file, finding string }{
		{"off", "[general]\nenabled=no\ncapture_address=192.0.2.1\n", ""},
		{"no address", "[general]\n", "capture_address"},
		{"another id", "[general]\ncapture_address=h.example:9061\nuuid_type=nothing\n", "uuid_type"},
		{"unknown", "[general]\ncapture_addres=h.example:9061\nenabled=no\n", "capture_addres"},
	} {
		cfg, findings := loadText(t, "[general]\n", "hep.conf", c.file)
		found := c.finding == ""
		for _, f := range findings {
			found = found || strings.Contains(f.Message, c.finding)
		}
		if !found {
			t.Errorf("%s: %v", c.name, findings)
		}
		if on := c.name == "another id"; cfg.HEP.Enabled != on || on && (cfg.HEP.Host != "h.example" || cfg.HEP.Port != 9061) {
			t.Errorf("%s: %+v", c.name, cfg.HEP)
		}
	}
}

func TestConcealed(t *testing.T) {
	in := "INVITE x SIP/2.0\r\nauthorization: Digest username=\"a\", response=\"0123\", uri=\"x\"\r\nProxy-Authorization: Digest response=\"feed\r\n" +
		"X-Authorization: response=\"kept\"\r\n\r\na=crypto:1 AES inline:secret|2^31\r\na=rtpmap:0\r\n"
	got := string(appendConcealed(nil, []byte(in)))
	want := strings.NewReplacer("0123", "****", "feed", "****", "secret", "******").Replace(in)
	if got != want {
		t.Errorf("%q", got)
	}
}

func FuzzConcealed(f *testing.F) {
	f.Add([]byte("Authorization: Digest response=\"x\"\r\na=crypto:1 A inline:k"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := appendConcealed([]byte("head"), b)
		if len(got) != 4+len(b) || bytes.Count(got[4:], []byte("\n")) != bytes.Count(b, []byte("\n")) {
			t.Fatalf("%q became %q", b, got)
		}
	})
}

// sink is a file in memory.
type sink struct {
	mu     sync.Mutex
	text   bytes.Buffer
	closed bool
}

func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *sink) Close() error {
	s.closed = true
	return nil
}

// TestTraceFile: what is shown of several peers goes to a file, and to the log
// again afterwards.
func TestTraceFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		file := &sink{}
		r.openTrace = func(name string) (io.WriteCloser, error) {
			if name == "bad" {
				return nil, errors.New("not a name")
			}
			return file, nil
		}
		a, b, c := r.phone("127.0.50.10:5070", "alice"), r.phone("127.0.50.13:5070", "many"), r.phone("127.0.50.14:5070", "open")
		a.register("alicepw", a.contact())
		b.register("manypw", b.contact())
		c.ask("REGISTER", "", c.contact(), "")
		if out := r.console("sip set debug peer alice many"); !strings.Contains(out, "127.0.50.10:5070, 127.0.50.13:5070") {
			t.Error(out)
		}
		if out := r.console("sip set debug file bad"); !strings.Contains(out, "not a name") {
			t.Error(out)
		}
		r.console("sip set debug file x.log")
		for _, p := range []*phone{a, b, c} {
			p.ask("OPTIONS", "1000", "X-Who: "+p.user+"\n", "")
		}
		if r.logs.count("<--- SIP read from") != 0 {
			t.Error("the log has it too")
		}
		r.console("sip set debug file off")
		if text := file.text.String(); !file.closed || strings.Count(text, "<--- SIP read from UDP:") != 2 || !strings.Contains(text, "X-Who: many") || strings.Contains(text, "X-Who: open") {
			t.Errorf("closed %v:\n%s", file.closed, text)
		}
		a.ask("OPTIONS", "1000", "", "")
		if r.logs.count("<--- SIP read from UDP:127.0.50.10:5070") != 1 {
			t.Error("not in the log again")
		}
		if out := r.console("sip set debug peer alice nobody"); !strings.Contains(out, "No such peer 'nobody'") {
			t.Error(out)
		}
	})
}

// TestSubmission: requests from outside, with a challenge, without an answer,
// cancelled, and an INVITE that somebody answers.
func TestSubmission(t *testing.T) {
	const conf = `
[general]
udpbindaddr=192.0.2.1:5060
[bob]
type=peer
host=192.0.2.20
remotesecret=bobpw
defaultuser=us
`
	submit := func(f *flow, s Submission) (uint64, *Outcome) {
		o := &Outcome{}
		id, err := f.d.Submit(s, func(came Outcome) { *o = came })
		if err != nil {
			t.Fatal(err)
		}
		return id, o
	}
	withFlow(t, conf, nil, func(f *flow) {
		f.phone("bob")
		_, o := submit(f, Submission{Method: "MESSAGE", Target: "bob", Headers: []string{"Subject: lunch", "To: <sip:boss@x>"}, Body: "ready"})
		f.play(`
			bob < MESSAGE | Subject: lunch | To: <sip:boss@x> | ready | text/plain
			bob > 401 | WWW-Authenticate: Digest realm="r", nonce="n"
			bob < MESSAGE | username="us"
			bob > 202`)
		synctest.Wait()
		if o.Status != 202 || o.ID != 1 || !bytes.HasPrefix(o.Response, []byte("SIP/2.0 202")) {
			t.Errorf("MESSAGE: %+v", *o)
		}

		id, o := submit(f, Submission{Method: "INVITE", Target: "sip:100@192.0.2.20"})
		f.play(`
			bob < INVITE | INVITE sip:100@192.0.2.20 SIP/2.0
			bob > 180`)
		if err := f.d.Withdraw(id); err != nil {
			t.Error(err)
		}
		f.play(`
			bob < CANCEL
			bob > 200
			bob > answer sdp
			bob < ACK
			bob < BYE
			bob > 200`)
		synctest.Wait()
		if o.Status != 200 || len(o.Provisional) != 1 || o.Provisional[0] != 180 {
			t.Errorf("INVITE: %+v", *o)
		}

		id, o = submit(f, Submission{Method: "OPTIONS", Target: "bob"})
		f.play("bob < OPTIONS")
		if err := f.d.Withdraw(id); err != nil || o.Reason != "cancelled" {
			t.Errorf("OPTIONS: %v %+v", err, *o)
		}
		if err := f.d.Withdraw(id); !errors.Is(err, errNoID) {
			t.Errorf("again: %v", err)
		}

		_, o = submit(f, Submission{Method: "OPTIONS", Target: "sip:nobody@192.0.2.99"})
		f.play("wait 33s")
		synctest.Wait()
		if o.Status != 0 || o.Reason == "" || o.Took < 31*time.Second {
			t.Errorf("silence: %+v", *o)
		}
		for _, s := range []Submission{
			{Method: "options", Target: "bob"},
			{Method: "ACK", Target: "bob"},
			{Method: "OPTIONS", Target: "nobody"},
			{Method: "OPTIONS", Target: "bob", Headers: []string{"Via: x"}},
			{Method: "OPTIONS", Target: "bob", Headers: []string{"nonsense"}},
			{Method: "OPTIONS", Target: "bob", Headers: []string{"X: a\r\nVia: b"}},
			{Method: "OPTIONS", Target: "sip:a@b?Subject=x"},
			{Method: "OPTIONS", Target: "sip:a@192.0.2.9;transport=pigeon"},
		} {
			if _, err := f.d.Submit(s, func(Outcome) { t.Error("done") }); err == nil {
				t.Errorf("%+v was sent", s)
			}
		}
	})
}

// TestSendCommand: the console's words are method, target, headers and body.
func TestSendCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, several, nil)
		p := r.phone("127.0.50.99:5060", "trunk")
		var out string
		done := make(chan struct{})
		go func() {
			defer close(done)
			out = r.console("sip send MESSAGE trunk X-A:1 hello")
		}()
		got := p.receive()
		if len(got) != 1 || got[0].Method() != message.MESSAGE || string(got[0].Body()) != "hello" || string(got[0].HeaderNamed("X-A")) != "1" {
			t.Fatalf("%v", got)
		}
		if err := p.s.Send(newReply(got[0]), netip.MustParseAddrPort(rigAddr)); err != nil {
			t.Fatal(err)
		}
		<-done
		if !strings.Contains(out, "Request 1 is on its way") || !strings.Contains(out, "200 OK after 0 ms") {
			t.Error(out)
		}
		if out := r.console("sip cancel 1"); !strings.Contains(out, errNoID.Error()) {
			t.Error(out)
		}
	})
}
