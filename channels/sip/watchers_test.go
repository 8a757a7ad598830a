package sip

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/presence"
	"pbx/event"
	pbxio "pbx/io"
)

// handHints is one hint whose state a test sets by hand.
type handHints struct{ tell func(channel.ExtensionStatus) }

func (h *handHints) Watch(_, _ string, f func(channel.ExtensionStatus)) func() {
	h.tell = f
	f(channel.ExtensionStatus{Devices: []string{"Custom:x"}})
	return func() {}
}

// hintedPlan has a hint for every extension.
type hintedPlan struct{ rigPlan }

func (hintedPlan) Hint(string, string) string { return "Custom:x" }

// watchers are many subscriptions of one phone, which answers their NOTIFYs.
type watchers struct {
	*phone
	last map[string]string // the last state that each heard
	sum  int               // NOTIFYs
}

// serve answers what has come.
func (w *watchers) serve() {
	buf := make([]byte, 4096)
	var m message.Message
	for {
		n, _, err := w.s.Recv(buf)
		if err != nil {
			return
		}
		if m.Parse(buf[:n]) != nil || m.Method() != message.NOTIFY {
			continue
		}
		_, rest, _ := bytes.Cut(m.Body(), []byte("<state>"))
		state, _, _ := bytes.Cut(rest, []byte("<"))
		w.last[string(m.CallID())] = string(state)
		w.sum++
		var b strings.Builder
		b.WriteString("SIP/2.0 200 OK\n")
		for _, h := range [...]message.HeaderID{message.HeaderVia, message.HeaderFrom, message.HeaderTo, message.HeaderCallID, message.HeaderCSeq} {
			fmt.Fprintf(&b, "%v: %s\n", h, m.Header(h))
		}
		w.send(b.String() + "Content-Length: 0\n\n")
	}
}

// heard counts the subscriptions that heard a state last.
func (w *watchers) heard(state string) (n int) {
	for _, s := range w.last {
		if s == state {
			n++
		}
	}
	return n
}

// until serves until a condition holds, and returns how long that took.
func (w *watchers) until(t *testing.T, what string, f func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	for !f() {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("%s: not after %v; %d NOTIFYs", what, time.Since(begin), w.sum)
		}
		synctest.Wait()
		w.serve()
		time.Sleep(time.Millisecond)
	}
	return time.Since(begin)
}

// TestThousandWatchers holds that 1,000 subscriptions to one hint hear of a change
// within a second, that the changes of a busy extension are merged, and that no
// queue grows.
func TestThousandWatchers(t *testing.T) {
	const count = 1000
	synctest.Test(t, func(t *testing.T) {
		cfg, _ := loadText(t, listen+"[gina]\ntype=friend\nhost=127.0.50.9\n")
		hints := &handHints{}
		r := startRigWith(t, pbxio.NewMemory(), cfg, func(d *Deps) { d.Hints, d.Dialplan = hints, hintedPlan{} })
		w := &watchers{phone: r.phone("127.0.50.9:5060", "gina"), last: map[string]string{}}
		for i := range count {
			w.send(fmt.Sprintf("SUBSCRIBE sip:107@127.0.50.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.50.9:5060;branch=z9hG4bKw%d\nMax-Forwards: 70\nFrom: <sip:gina@127.0.50.1>;tag=w%d\nTo: <sip:107@127.0.50.1>\nCall-ID: w%d\nCSeq: 1 SUBSCRIBE\nContact: <sip:gina@127.0.50.9>\nEvent: dialog\nAccept: application/dialog-info+xml\nExpires: 600\nContent-Length: 0\n\n", i, i, i))
			if i%20 == 0 {
				synctest.Wait()
				w.serve()
			}
		}
		w.until(t, "first NOTIFYs", func() bool { return w.heard("terminated") == count })
		time.Sleep(time.Second)
		hints.tell(channel.ExtensionStatus{State: channel.ExtensionRinging, Devices: []string{"Custom:x"}})
		if took := w.until(t, "ringing", func() bool { return w.heard("early") == count }); took > time.Second {
			t.Errorf("all heard after %v", took)
		}
		// 25 changes a second for four seconds.
		before, longest := w.sum, 0
		for i := range 100 {
			state := channel.ExtensionInUse
			if i%2 == 1 {
				state = channel.ExtensionRinging
			}
			hints.tell(channel.ExtensionStatus{State: state, Devices: []string{"Custom:x"}})
			for range 40 {
				synctest.Wait()
				w.serve()
				time.Sleep(time.Millisecond)
			}
			_ = r.Call(func() { longest = max(longest, len(r.subs.line)) })
		}
		hints.tell(channel.ExtensionStatus{State: channel.ExtensionHold, Devices: []string{"Custom:x"}})
		w.until(t, "the last state", func() bool { return w.heard("confirmed") == count })
		if n := (w.sum - before) / count; n < 20 || n > 45 {
			t.Errorf("%d NOTIFYs each for 101 changes in 4 s: at most ten a second, and not much fewer", n)
		}
		if longest > count {
			t.Errorf("%d waited in line at a time", longest)
		}
		time.Sleep(40 * time.Second)
		_ = r.Call(func() {
			if servers, clients := r.txs.Len(); servers+clients > 0 {
				t.Errorf("%d and %d transactions are left", servers, clients)
			}
		})
	})
}

// crowd is a driver without its loop and subscriptions to one hint: what a NOTIFY
// costs, but for the system call.
func crowd(t testing.TB, count int) (*Driver, *hintWatch) {
	cfg, _ := loadText(t, listen+"[gina]\ntype=friend\nhost=127.0.50.9\n")
	log, bus := slog.New(slog.DiscardHandler), &event.Bus{}
	d, err := New(cfg, Deps{
		Network: pbxio.NewMemory(), Registry: channel.NewRegistry(bus, log, time.Now, ""), Dialplan: hintedPlan{}, Bus: bus,
		Hints: &handHints{}, Log: log, Now: time.Now, Random: rand.Reader, Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &hintWatch{known: true, status: channel.ExtensionStatus{State: channel.ExtensionRinging, Devices: []string{"Custom:x"}}}
	for i := range count {
		s := &subscription{
			d: d, peer: d.peers.list[0], format: presence.DialogInfo, context: "default", exten: "107",
			entity: "sip:107@127.0.50.1", watcher: "sip:gina@127.0.50.1", hint: w,
			dialog: dialog{
				callID: fmt.Sprint("w", i), localTag: "a", remoteTag: "b", local: "<sip:107@127.0.50.1>", remote: "<sip:gina@127.0.50.1>",
				target: "sip:gina@127.0.50.9", contact: "sip:107@127.0.50.1:5060", localSeq: 101,
			},
		}
		s.route.Remote = d.peers.list[0].Addr
		w.subs = append(w.subs, s)
	}
	return d, w
}

// TestNotifyAllocations bounds what a NOTIFY leaves behind: its transaction with a
// copy of the request.
func TestNotifyAllocations(t *testing.T) {
	d, w := crowd(t, 1)
	s := w.subs[0]
	n := testing.AllocsPerRun(200, func() {
		s.notify()
		d.txs.Close()
	})
	if n > 7 {
		t.Errorf("%v allocations, want at most 7", n)
	}
}

func BenchmarkNotify(b *testing.B) {
	d, w := crowd(b, 1000)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%len(w.subs) == 0 {
			b.StopTimer()
			d.txs.Close()
			b.StartTimer()
		}
		w.subs[n%len(w.subs)].notify()
	}
}
