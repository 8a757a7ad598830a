package sip

import (
	"bytes"
	"crypto/sha256"
	"log/slog"
	mrand "math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/event"
	pbxio "pbx/io"
	"pbx/media"
)

// still is a driver whose loop does not run: the test is its goroutine.
type still struct {
	d   *Driver
	net *pbxio.Memory
	now time.Time
	out []pbxio.Datagram
}

func newStill(t testing.TB, conf string) *still {
	t.Helper()
	s := &still{net: pbxio.NewMemory(), now: time.Unix(1e9, 0)}
	log := slog.New(slog.DiscardHandler)
	random := mrand.NewChaCha8(sha256.Sum256([]byte("still")))
	engine, err := media.NewEngine(s.net, media.EngineOptions{RTPStart: 10000, RTPEnd: 19999, Random: random, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return s.now }
	reg := channel.NewRegistry(&event.Bus{}, log, now, "")
	s.d, err = New(testConfig(t, conf), Deps{
		Network: s.net, Registry: reg, Dialplan: stillPlan{}, Media: engine,
		Bus: &event.Bus{}, Log: log, Now: now, Random: random, Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		engine.Close()
		if err := s.d.release(); err != nil {
			t.Error(err)
		}
	})
	s.net.SetRoute(func(from, to netip.AddrPort, b []byte) []time.Duration {
		s.out = append(s.out, pbxio.Datagram{Buf: b, Addr: to})
		return nil
	})
	return s
}

// stillPlan has one extension; its calls do nothing.
type stillPlan struct{ rigPlan }

func (stillPlan) Match(_, exten string, _ int, _ string) channel.Match {
	if exten == "1000" {
		return channel.MatchExists
	}
	return 0
}
func (stillPlan) Start(*channel.Channel) {}

var caller = netip.MustParseAddrPort("192.0.2.10:5060")

func optionsRequest(exten string) []byte {
	return []byte("OPTIONS sip:" + exten + "@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKo;rport\r\nMax-Forwards: 70\r\n" +
		"From: <sip:x@192.0.2.10>;tag=1\r\nTo: <sip:1000@192.0.2.1>\r\nCall-ID: o@x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")
}

// What arrives most is cheap.
func TestReceiveAllocations(t *testing.T) {
	s := newStill(t, office)
	s.net.SetRoute(func(netip.AddrPort, netip.AddrPort, []byte) []time.Duration { return nil })
	text := optionsRequest("1000")
	buf := make([]byte, 2048)
	receive := func(b []byte) func() {
		return func() { s.d.receive(buf[:copy(buf, b)], transaction.Route{Remote: caller}) }
	}
	stray := []byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0000000000000000\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")
	for name, tt := range map[string]struct {
		text []byte
		max  float64 // of which 2 are the network's
	}{
		"OPTIONS":   {text, 8},
		"keepalive": {[]byte("\r\n\r\n"), 0},
		"stray":     {stray, 0},
	} {
		receive(tt.text)()
		if n := testing.AllocsPerRun(100, receive(tt.text)); n > tt.max {
			t.Errorf("%s costs %v allocations, not %v", name, n, tt.max)
		}
	}
}

// A held call costs little.
func TestHeldCallMemory(t *testing.T) {
	s := newStill(t, office)
	invite := bytes.ReplaceAll(optionsRequest("1000"), []byte("OPTIONS"), []byte("INVITE"))
	serial := byte('a')
	if n := testing.AllocsPerRun(20, func() {
		serial++
		b := bytes.ReplaceAll(invite, []byte("o@x"), []byte{serial, '@', 'x'})
		s.d.receive(bytes.ReplaceAll(b, []byte("z9hG4bKo"), []byte{'z', '9', 'h', 'G', '4', 'b', 'K', serial}), transaction.Route{Remote: caller})
	}); n > 120 {
		t.Errorf("a call costs %v allocations", n)
	}
	if got := s.d.calls.len(); got != 21 {
		t.Errorf("%d calls", got)
	}
	s.d.calls.each(func(p *pvt) { p.destroy(channel.CauseNormalClearing) })
	s.d.txs.Close()
}

// FuzzReceive hands the driver any datagram, from a peer that may call and from a
// stranger. Nothing may panic, and a stranger gets at most twice what he sent.
func FuzzReceive(f *testing.F) {
	f.Add(optionsRequest("1000"))
	f.Add(bytes.ReplaceAll(optionsRequest("1000"), []byte("OPTIONS"), []byte("INVITE")))
	f.Add(bytes.ReplaceAll(optionsRequest("9"), []byte("OPTIONS"), []byte("CANCEL")))
	f.Add([]byte("ACK sip:x SIP/2.0\r\n\r\n"))
	for _, name := range []string{"wsinv", "longreq", "multi01", "sdp01", "inv2543"} {
		if b, err := os.ReadFile(filepath.Join(os.Getenv("PBX_CORPUS"), "torture", name+".sip")); err == nil {
			f.Add(b)
		}
	}
	s := newStill(f, office)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, from := range []netip.AddrPort{caller, netip.MustParseAddrPort("198.51.100.66:5060")} {
			s.out = nil
			s.d.receive(bytes.Clone(b), transaction.Route{Remote: from})
			for _, out := range s.out {
				var m message.Message
				if err := m.Parse(bytes.Clone(out.Buf)); err != nil {
					t.Fatalf("what we send does not parse: %v\n%q", err, out.Buf)
				}
				if out.Addr.Addr() != caller.Addr() && m.Status() != 401 && len(out.Buf) > 2*len(b) {
					t.Fatalf("%d bytes were answered with %d", len(b), len(out.Buf))
				}
			}
			if s.d.panics > 0 {
				t.Fatal("a panic")
			}
		}
		s.d.calls.each(func(p *pvt) { p.destroy(channel.CauseNormalClearing) })
		s.d.txs.Close()
		s.now = s.now.Add(time.Minute)
		s.d.sched.Run()
		if _, err := s.d.ctx.Wait(0); err != nil {
			t.Fatal(err)
		}
	})
}
