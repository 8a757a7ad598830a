package sip

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pbx/channel"
	"pbx/channels/sip/guard"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/event"
	pbxio "pbx/io"
)

// pair is a driver without its loop and a phone that registers with it: what the
// handling of a REGISTER and its repetition with a digest costs.
type pair struct {
	d    *Driver
	s    pbxio.Socket
	n    int
	from netip.AddrPort
	buf  []byte
	m    message.Message
}

func newPair(t testing.TB, store channel.Store) *pair {
	cfg, _ := loadText(t, listen+"ban=no\n[alice]\ntype=friend\nhost=dynamic\nsecret=alicepw\n")
	log, bus := slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: event.LevelVerbose(2)})), &event.Bus{}
	memory := pbxio.NewMemory()
	d, err := New(cfg, Deps{
		Network: memory, Registry: channel.NewRegistry(bus, log, time.Now, ""), Dialplan: rigPlan{}, Bus: bus,
		Store: store, Log: log, Now: time.Now, Random: rand.Reader, Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{d: d, from: netip.MustParseAddrPort("127.0.50.10:5070"), buf: make([]byte, 4096)}
	if p.s, err = memory.ListenUDP(p.from, pbxio.SocketOptions{}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pair) text(auth string) []byte {
	p.n++
	return []byte(strings.ReplaceAll(fmt.Sprintf("REGISTER sip:127.0.50.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.50.10:5070;branch=z9hG4bK%08d;rport\nMax-Forwards: 70\nFrom: <sip:alice@127.0.50.1>;tag=ef2821fa\nTo: <sip:alice@127.0.50.1>\nCall-ID: 968f797a@127.0.50.10\nCSeq: %d REGISTER\nContact: <sip:alice@127.0.50.10:5070>\nExpires: 300\nUser-Agent: bench\n%sContent-Length: 0\n\n", p.n, p.n, auth), "\n", "\r\n"))
}

// step hands the driver a datagram and returns its answer.
func (p *pair) step(t testing.TB, b []byte) *message.Message {
	p.d.receive(b, transaction.Route{Remote: p.from})
	n, _, err := p.s.Recv(p.buf)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	if err := p.m.Parse(p.buf[:n]); err != nil {
		t.Fatal(err)
	}
	return &p.m
}

// TestRegisterAllocates bounds what a challenge and a registration allocate.
func TestRegisterAllocates(t *testing.T) {
	p := newPair(t, nil)
	var first, second []byte
	challenge := func() { p.step(t, first) }
	first = p.text("")
	if got := testing.AllocsPerRun(100, challenge); got > 10 {
		t.Errorf("a challenge: %.0f allocations", got)
	}
	var texts [][]byte
	for range 102 {
		m := p.step(t, p.text(""))
		texts = append(texts, p.text(answerTo(t, m, "REGISTER", "sip:127.0.50.1", "alice", "alicepw", "00000001")))
	}
	i := 0
	if got := testing.AllocsPerRun(100, func() {
		second = texts[i]
		i++
		if m := p.step(t, second); m.Status() != 200 {
			t.Fatalf("status %d", m.Status())
		}
	}); got > 35 {
		t.Errorf("a registration: %.0f allocations", got)
	}
}

func BenchmarkRegister(b *testing.B) {
	for _, c := range []struct {
		name string
		step int
	}{{"challenge", 0}, {"answer", 1}} {
		b.Run(c.name, func(b *testing.B) {
			p := newPair(b, nil)
			b.ReportAllocs()
			if c.step == 0 {
				text := p.text("")
				for b.Loop() {
					p.d.auth.guard = guard.New(guard.Rules{})
					p.step(b, text)
				}
				return
			}
			for b.Loop() {
				b.StopTimer()
				m := p.step(b, p.text(""))
				text := p.text(answerTo(b, m, "REGISTER", "sip:127.0.50.1", "alice", "alicepw", "00000001"))
				b.StartTimer()
				if m := p.step(b, text); m.Status() != 200 {
					b.Fatalf("status %d", m.Status())
				}
			}
		})
	}
}
