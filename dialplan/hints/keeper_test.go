package hints

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channel/devstate"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/event"
)

// phones is a technology whose devices do what a test says.
type phones struct {
	channel.Technology
	bus *event.Bus
	mu  sync.Mutex
	is  map[string]channel.DeviceState
}

func (p *phones) Name() string { return "SIP" }

func (p *phones) DeviceState(name string) channel.DeviceState {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.is[name]; ok {
		return s
	}
	return channel.DeviceInvalid
}

func (p *phones) set(name string, s channel.DeviceState) {
	p.mu.Lock()
	p.is[name] = s
	p.mu.Unlock()
	p.bus.Publish(event.Event{Kind: event.DeviceState, Name: "SIP/" + name, Value: s.String()})
}

// lab is a keeper with phones.
type lab struct {
	t      *testing.T
	engine *dialplan.Engine
	keeper *Keeper
	phones *phones
	states *devstate.Table
	bus    *event.Bus
	heard  []string
}

func newLab(t *testing.T, plan string) *lab {
	l := &lab{t: t, bus: &event.Bus{}}
	log := slog.New(slog.DiscardHandler)
	r := channel.NewRegistry(l.bus, log, time.Now, "")
	l.phones = &phones{bus: l.bus, is: map[string]channel.DeviceState{"bob": channel.DeviceNotInUse, "alice": channel.DeviceNotInUse}}
	r.Register(l.phones)
	l.states = devstate.New(devstate.Deps{Bus: l.bus})
	l.states.Register(r)
	l.engine = dialplan.NewEngine(dialplan.EngineOptions{Channels: r})
	l.keeper = New(l.engine, r)
	l.load(plan)
	go l.keeper.Run()
	t.Cleanup(l.keeper.Close)
	return l
}

func (l *lab) load(plan string) {
	l.t.Helper()
	p, _, err := l.engine.Parse("extensions.conf", []byte(plan))
	if err != nil {
		l.t.Fatal(err)
	}
	l.engine.Swap(p)
}

func (l *lab) watch(exten string) (stop func()) {
	return l.keeper.Watch("t", exten, func(s channel.ExtensionStatus) {
		word := s.State.String()
		if s.Unregistered {
			word += " (not online)"
		}
		if s.Removed {
			word = "removed"
		}
		l.heard = append(l.heard, exten+" "+word)
	})
}

func (l *lab) expect(words ...string) {
	l.t.Helper()
	synctest.Wait()
	if !slices.Equal(l.heard, words) {
		l.t.Errorf("heard %q, want %q", l.heard, words)
	}
	l.heard = nil
}

func (l *lab) console(line string) string {
	l.t.Helper()
	for _, c := range l.keeper.Commands() {
		if rest, ok := strings.CutPrefix(line, c.Words); ok && (rest == "" || rest[0] == ' ') {
			var out bytes.Buffer
			if err := c.Run(context.Background(), &decl.Request{Args: strings.Fields(rest), Line: line, Out: &out}); err != nil {
				return err.Error()
			}
			return out.String()
		}
	}
	l.t.Fatalf("no command %q", line)
	return ""
}

const plan = `[t]
exten => 201,hint,SIP/bob
exten => 202,hint,SIP/unreg
exten => 203,hint,Custom:abc
exten => 204,hint,SIP/bob&SIP/alice
exten => 205,hint,SIP/alice,CustomPresence:pr1
exten => _21X,hint,SIP/${EXTEN}
`

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, plan)
		l.phones.set("unreg", channel.DeviceUnavailable)
		stop := l.watch("201")
		l.watch("202")
		l.watch("204")
		l.expect("201 Idle", "202 Unavailable (not online)", "204 Idle")
		l.phones.set("bob", channel.DeviceRinging)
		l.expect("201 Ringing", "204 Ringing")
		l.phones.set("bob", channel.DeviceRinging)
		l.phones.set("carol", channel.DeviceRinging)
		l.expect()
		l.phones.set("alice", channel.DeviceInUse)
		l.expect("204 InUse&Ringing")
		stop()
		l.phones.set("bob", channel.DeviceNotInUse)
		l.expect("204 InUse")
	})
}

func TestCustomPatternAndMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, plan)
		l.phones.set("215", channel.DeviceInUse)
		l.watch("203")
		stop := l.watch("215")
		l.watch("999")
		l.expect("203 Idle", "215 InUse", "999 removed")
		l.states.SetDevice("abc", channel.DeviceOnHold)
		l.expect("203 Hold")
		if got := l.console("core show hint 21"); !strings.Contains(got, "215@t                         : SIP/215                                                       State:InUse           Presence:not_set         Watchers  1\n1 hint matching extension 21\n") {
			t.Errorf("got\n%s", got)
		}
		stop()
		if got := l.console("core show hint 21"); got != "No hints matching extension 21\n" {
			t.Errorf("got\n%s", got)
		}
	})
}

func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, plan)
		l.phones.set("alice", channel.DeviceInUse)
		l.watch("201")
		l.watch("205")
		l.expect("201 Idle", "205 InUse")
		l.load("[t]\nexten => 201,hint,SIP/alice\n")
		l.expect("201 InUse", "205 removed")
		l.phones.set("bob", channel.DeviceInUse)
		l.phones.set("alice", channel.DeviceNotInUse)
		l.expect("201 Idle")
	})
}

func TestPresenceAndBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, plan)
		synctest.Wait()
		sub := l.bus.Subscribe(8, event.ExtensionState)
		defer sub.Close()
		l.watch("205")
		l.expect("205 Idle")
		l.states.SetPresence("pr1", channel.Presence{State: channel.PresenceDND})
		l.expect("205 Idle")
		l.phones.set("alice", channel.DeviceInUse)
		synctest.Wait()
		var got []string
		for len(sub.C) > 0 {
			e := <-sub.C
			got = append(got, fmt.Sprintf("%s@%s %s %d %s %s", e.Exten, e.Context, e.Name, e.State, e.StateText, e.Value))
		}
		want := []string{"205@t SIP/alice,CustomPresence:pr1 0 Idle dnd", "204@t SIP/bob&SIP/alice 1 InUse not_set", "205@t SIP/alice,CustomPresence:pr1 1 InUse dnd"}
		if !slices.Equal(got, want) {
			t.Errorf("the bus heard %q, want %q", got, want)
		}
	})
}

// TestOverflow floods the keeper with more changes than its queue holds: the last
// state is what watchers have in the end.
func TestOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, plan)
		l.watch("201")
		l.expect("201 Idle")
		block := make(chan struct{})
		l.keeper.post(func() { <-block })
		synctest.Wait()
		for range 2 * queueSize {
			l.phones.set("bob", channel.DeviceRinging)
		}
		l.phones.set("bob", channel.DeviceInUse)
		close(block)
		l.expect("201 InUse")
	})
}

func TestShowHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, plan)
		l.phones.set("unreg", channel.DeviceUnavailable)
		l.watch("201")
		want := `
    -= Registered Asterisk Dial Plan Hints =-
201@t                         : SIP/bob                                                       State:Idle            Presence:not_set         Watchers  1
202@t                         : SIP/unreg                                                     State:Unavailable     Presence:not_set         Watchers  0
203@t                         : Custom:abc                                                    State:Idle            Presence:not_set         Watchers  0
204@t                         : SIP/bob&SIP/alice                                             State:Idle            Presence:not_set         Watchers  0
205@t                         : SIP/alice,CustomPresence:pr1                                  State:Idle            Presence:not_set         Watchers  0
_21X@t                        : SIP/${EXTEN}                                                  State:Unavailable     Presence:not_set         Watchers  0
----------------
- 6 hints registered
`
		if got := l.console("core show hints"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if got, want := l.console("core show hint 201"), strings.Split(want, "\n")[2]+"\n1 hint matching extension 201\n"; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}
