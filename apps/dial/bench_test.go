package dial_test

import (
	"log/slog"
	"testing"
	"time"

	"pbx/apps/dial"
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
	"pbx/event"
)

// thread is as much of a thread as Dial needs while nobody answers.
type thread struct {
	channel.Thread
	ch  *channel.Channel
	log *slog.Logger
}

func (t thread) Channel() *channel.Channel { return t.ch }
func (t thread) Log() *slog.Logger         { return t.log }
func (t thread) Location() channel.Location {
	return channel.Location{Context: "t", Exten: "100", Priority: 1}
}

// BenchmarkDial is one call to one device that is busy at once, without the
// driver's part.
func BenchmarkDial(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	reg := channel.NewRegistry(&event.Bus{}, log, time.Now, "")
	tech := &busyTech{reg: reg}
	reg.Register(tech)
	app := dial.Application(dial.Deps{Player: prompt.New(nil, nil, nil)})
	b.ReportAllocs()
	for b.Loop() {
		caller := reg.New(channel.Options{Name: "a", Tech: tech, Leg: &busyLeg{}, State: channel.Ring})
		args := decl.Args{Raw: "SIP/100,30,g"}
		if err := app.Run(thread{ch: caller, log: log}, &args); err != nil {
			b.Fatal(err)
		}
		caller.Hangup()
	}
}

// busyTech refuses every call without a record of it.
type busyTech struct {
	channel.Technology
	reg *channel.Registry
}

func (t *busyTech) Name() string { return "SIP" }

func (t *busyTech) Request(r channel.Request) (*channel.Channel, error) {
	l := &busyLeg{}
	l.ch = t.reg.New(channel.Options{Name: r.Resource, Tech: t, Leg: l, From: r.From})
	return l.ch, nil
}

type busyLeg struct {
	channel.Leg
	ch *channel.Channel
}

func (l *busyLeg) Call() error {
	l.ch.Queue(channel.Frame{Kind: channel.FrameControl, Control: channel.ControlBusy, Cause: channel.CauseUserBusy})
	return nil
}

func (l *busyLeg) Hangup(channel.Cause) {}
