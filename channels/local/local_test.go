package local

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"pbx/channel"
	"pbx/event"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]place{
		"103@t":           {exten: "103", context: "t"},
		"103":             {exten: "103", context: "default"},
		"103@t/n":         {exten: "103", context: "t", keep: true},
		"103@t/nj":        {exten: "103", context: "t", keep: true},
		"103@t/j/n":       {exten: "103", context: "t", keep: true},
		"103@t/j":         {exten: "103", context: "t"},
		"user@host@t/n":   {exten: "user@host", context: "t", keep: true},
		"@t":              {context: "t"},
		"n@internal":      {exten: "n", context: "internal"},
		"103@t/":          {exten: "103", context: "t"},
		"103@internal/bn": {exten: "103", context: "internal", keep: true},
	} {
		if got := parse(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

// plan has one extension, and runs nothing.
type plan struct{ started []*channel.Channel }

func (p *plan) Match(context, exten string, _ int, _ string) channel.Match {
	if context == "t" && exten == "103" {
		return channel.MatchExists
	}
	return 0
}
func (p *plan) Start(ch *channel.Channel)  { p.started = append(p.started, ch) }
func (p *plan) HasContext(string) bool     { return true }
func (p *plan) Hint(string, string) string { return "" }

// StartApplication implements channel.Dialplan: nothing asks for one.
func (p *plan) StartApplication(*channel.Channel, string, channel.Value) error {
	return errors.New("no applications")
}

// TestHalves holds what each half hears of the other, and that both are gone when
// one of them is hung up, called or not.
func TestHalves(t *testing.T) {
	p := &plan{}
	bus := &event.Bus{}
	states := bus.Subscribe(8, event.DeviceState)
	reg := channel.NewRegistry(bus, slog.New(slog.DiscardHandler), time.Now, "")
	d := New(Deps{Registry: reg, Dialplan: p})
	reg.Register(d)
	gone := func() {
		t.Helper()
		if n, _ := reg.Count(); n != 0 {
			t.Errorf("%d channels are left", n)
		}
		if got := d.DeviceState("103@t"); got != channel.DeviceNotInUse {
			t.Errorf("the device is %v", got)
		}
	}
	request := func(resource string) *channel.Channel {
		t.Helper()
		ch, err := reg.Request("Local/"+resource, channel.Request{})
		if err != nil {
			t.Fatal(err)
		}
		return ch
	}

	request("103@t").Hangup() // never called
	gone()
	nowhere := request("104@t")
	if nowhere.Leg().Call() == nil {
		t.Error("a number that is not there was called")
	}
	nowhere.Hangup()
	gone()

	one := request("103@t")
	one.SetVar("__COLOUR", channel.Clean("red"))
	one.SetSettings(func(s *channel.Settings) { s.SecureSignaling, s.SecureMedia = true, true })
	one.UpdateIdentity(func(id *channel.Identity) { id.Connected = channel.Party{Number: "101"} })
	if err := one.Leg().Call(); err != nil || len(p.started) != 1 {
		t.Fatalf("%d threads, %v", len(p.started), err)
	}
	two := p.started[0]
	if one.Name() != "Local/103@t-00000002;1" || two.Name() != "Local/103@t-00000002;2" {
		t.Errorf("they are %s and %s", one.Name(), two.Name())
	}
	if v, _ := two.Var("COLOUR"); v.S != "red" {
		t.Error("the variable did not come along")
	}
	if s := two.Settings(); !s.SecureSignaling || !s.SecureMedia {
		t.Error("legs behind a Local channel need not be secure")
	}
	if two.Identity().Caller.Number != "101" || one.Linkedid() != two.Linkedid() {
		t.Errorf("called by %+v", two.Identity())
	}
	if got := d.DeviceState("103@t"); got != channel.DeviceInUse {
		t.Errorf("the device is %v", got)
	}
	expect := func(c channel.Control) {
		t.Helper()
		f, err := one.Wait(time.Second)
		if err != nil || f.Control != c {
			t.Errorf("heard %v, %v, want %v", f.Control, err, c)
		}
	}
	_ = two.Leg().Indicate(channel.ControlRinging)
	expect(channel.ControlRinging)
	if one.State() != channel.Ringing {
		t.Errorf("state %v", one.State())
	}
	if err := two.Answer(); err != nil {
		t.Error(err)
	}
	expect(channel.ControlAnswer)
	if one.State() != channel.Up {
		t.Errorf("state %v", one.State())
	}
	_ = one.Leg().SendDigit('5', time.Second)
	for _, kind := range []channel.FrameKind{channel.FrameDTMFBegin, channel.FrameDTMFEnd} {
		if f, err := two.Wait(time.Second); err != nil || f.Kind != kind || f.Digit != '5' {
			t.Errorf("heard %+v, %v", f, err)
		}
	}
	two.SetCause(channel.CauseUserBusy, "")
	two.Hangup()
	if _, err := one.Wait(time.Second); !errors.Is(err, channel.ErrHangup) || one.Cause() != channel.CauseUserBusy {
		t.Errorf("ended with %v, cause %v", err, one.Cause())
	}
	one.Hangup()
	gone()
	states.Close()
	var told []string
	for e := range states.C {
		told = append(told, e.Name+" "+e.Value)
	}
	if len(told) < 2 || told[len(told)-2] != "Local/103@t INUSE" || told[len(told)-1] != "Local/103@t NOT_INUSE" {
		t.Errorf("told of %q", told)
	}
}
