package manager

import (
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"pbx/channel"
	"pbx/event"
)

// told is what waits for a session: the names of events, and answers as they are.
func told(x *session) (list []string) {
	waits, _ := x.out.take()
	for text := range strings.SplitSeq(string(waits), "\r\n\r\n") {
		if first, _, _ := strings.Cut(text, "\r\n"); first != "" {
			list = append(list, strings.TrimPrefix(first, "Event: "))
		}
	}
	return list
}

// TestBatch: each session is handed what is for it, in the order in which it happened,
// answers between the events that were before and after, and nothing twice.
func TestBatch(t *testing.T) {
	parse := func(text string) filter {
		f, err := parseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	s := &Server{deps: Deps{Registry: channel.NewRegistry(&event.Bus{}, nil, time.Now, ""), Log: slog.New(slog.DiscardHandler), Now: time.Now}, sessions: map[*session]struct{}{}}
	s.settings.Store(&Settings{})
	join := func(read Class, f ...filter) *session {
		x := &session{server: s, user: &User{Name: "sam", Read: read, Filters: f}, mask: ClassAll, out: newOutbox()}
		s.sessions[x] = struct{}{}
		return x
	}
	all, calls, only, stranger := join(ClassAll), join(ClassCall), join(ClassAll, parse("Value: 2")), join(ClassAll)
	stranger.user = nil
	late := join(ClassAll)
	late.conn, _ = net.Pipe()
	defer late.conn.Close()
	sam := late.user
	late.user = nil
	happen := func(kind event.Kind, value string) {
		s.publish(&event.Event{Kind: kind, Time: time.Now(), Channel: "SIP/101-00000001", Name: "V", Value: value})
	}
	expect := func(who string, x *session, want ...string) {
		t.Helper()
		if got := told(x); !slices.Equal(got, want) {
			t.Errorf("%s is told %q, want %q", who, got, want)
		}
	}

	happen(event.ChannelCreated, "")
	happen(event.VarSet, "1")
	all.send("Response: Success\r\n\r\n")
	expect("who asks", all, "Newchannel", "VarSet", "Response: Success")
	expect("who waits", calls)
	happen(event.VarSet, "2")
	stranger.catchUp() // as it logs in
	stranger.user = all.user
	happen(event.ChannelHangup, "")
	s.deliver()
	expect("all", all, "VarSet", "Hangup")
	expect("calls", calls, "Newchannel", "Hangup")
	expect("a filter", only, "VarSet")
	expect("who came late", stranger, "Hangup")

	all.send("Response: Error\r\n\r\n")
	happen(event.VarSet, "2")
	s.deliver()
	s.deliver()
	expect("all", all, "Response: Error", "VarSet")
	expect("calls", calls)
	expect("a filter", only, "VarSet")

	// A login: what comes before its answer is not for the program, which looks at it first.
	late.catchUp()
	late.user = sam
	happen(event.VarSet, "1")
	s.deliver()
	happen(event.VarSet, "2")
	late.send("Response: Success\r\n\r\n")
	happen(event.ChannelHangup, "")
	s.deliver()
	expect("who logs in", late, "Response: Success", "Hangup")
}

// TestOddEvents: an event without its details, or that cannot be written, costs at most
// itself.
func TestOddEvents(t *testing.T) {
	s := &Server{deps: Deps{Registry: channel.NewRegistry(&event.Bus{}, nil, time.Now, ""), Log: slog.New(slog.DiscardHandler), Now: time.Now}}
	s.settings.Store(&Settings{})
	for _, e := range []event.Event{
		{Kind: event.Transfer, Name: "blind"},
		{Kind: event.Transfer, Name: "attended"},
		{Kind: event.LocalOptimize, Name: "begin"},
		{Kind: event.LocalOptimize, Name: "end"},
	} {
		if before := len(s.batch.text); s.publish(&e) <= before {
			t.Errorf("%d %s is not told", e.Kind, e.Name)
		}
	}
	if n := s.publish(&event.Event{Kind: event.CallRecord}); n != 0 {
		t.Errorf("%d bytes wait after a panic", n)
	}
	before := len(s.batch.text)
	if n := s.publish(&event.Event{Kind: event.ChannelHangup, Channel: "SIP/101-00000001"}); n <= before {
		t.Error("nothing is told after a panic")
	}
}
