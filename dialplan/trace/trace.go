// Package trace is the story of a call: each step of the dialplan with its place,
// what it matched and beat, the variables it changed, and what happened while it
// ran. A Trace is made of the bus's events, whether they come from a dry run or
// from calls that were kept by a Recorder.
//
// A Trace belongs to one goroutine. A Recorder may be used by any.
package trace

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pbx/channel"
	"pbx/config"
	"pbx/dialplan"
	"pbx/event"
)

// Trace is what happened in a call, in order.
type Trace struct {
	Start time.Time `json:"start"`
	Steps []*Step   `json:"steps"`
	// Notes are what happened before the first step.
	Notes []Note `json:"notes,omitempty"`
	// Lost counts what was not kept because the call did too much.
	Lost uint64 `json:"lost,omitempty"`
	// Caller is the channel that the call began with.
	Caller string `json:"-"`

	last   map[string]*Step // of each channel
	values map[string]string
	ahead  map[string][]Note // about the text of the next step of a channel
}

// Step is one priority that ran.
type Step struct {
	At       time.Duration `json:"at"` // since the beginning of the call
	Channel  string        `json:"channel"`
	Context  string        `json:"context"`
	Exten    string        `json:"exten"`
	Priority int           `json:"priority"`
	App      string        `json:"app"`
	Args     string        `json:"args"`
	// Pos is where the priority stands.
	Pos config.Pos `json:"-"`
	// File and Line are Pos for programs.
	File string `json:"file"`
	Line int    `json:"line"`
	// Match says why this extension runs, where the call came to it.
	Match *Match `json:"match,omitempty"`
	Sets  []Set  `json:"sets,omitempty"`
	Notes []Note `json:"notes,omitempty"`
}

// Match is an extension that was chosen, and those that matched too.
type Match struct {
	Pattern string   `json:"pattern"`
	Context string   `json:"context"`
	Beat    []Beaten `json:"beat,omitempty"`
}

// Beaten is an extension that matched and came later.
type Beaten struct {
	Pattern string     `json:"pattern"`
	Context string     `json:"context"`
	Pos     config.Pos `json:"-"`
}

// Set is a variable that changed.
type Set struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Note is something that happened while a priority ran.
type Note struct {
	At   time.Duration `json:"at"`
	Text string        `json:"text"`
	// Kind is "call" for a device that is called, "played" for a sound, "" else.
	Kind   string `json:"kind,omitempty"`
	Detail string `json:"detail,omitempty"` // of Kind: the device, the sound
}

// Add takes in an event of a channel that runs through a plan.
func (t *Trace) Add(e *event.Event, plan *dialplan.Plan) {
	if t.last == nil {
		t.last, t.values = make(map[string]*Step), make(map[string]string)
		t.ahead = make(map[string][]Note)
	}
	at := e.Time.Sub(t.Start)
	switch {
	case e.Kind == event.NewExten:
		t.step(at, e, plan)
		return
	case e.Kind == event.VarSet:
		t.set(e)
		return
	case e.Kind == event.Note && e.Name == event.NextStep:
		t.ahead[e.Channel] = append(t.ahead[e.Channel], Note{At: at, Text: e.Value})
		return
	case e.Kind == event.BridgeJoin && e.Channel == t.Caller:
		return
	}
	note, ok := t.note(e)
	if !ok {
		return
	}
	note.At = at
	s := t.last[e.Channel]
	if s == nil || e.Kind == event.BridgeJoin {
		s = t.last[t.Caller]
	}
	if s == nil {
		t.Notes = append(t.Notes, note)
		return
	}
	if note.Kind == "joined" {
		if s.joined() == note.Detail {
			return // the moment before another takes its place
		}
		// Who is met again at once, as Local channels take themselves out, is who stays.
		s.Notes = slices.DeleteFunc(s.Notes, func(n Note) bool { return n == note })
	}
	s.Notes = append(s.Notes, note)
}

// joined is who the step was connected with last.
func (s *Step) joined() string {
	for _, n := range slices.Backward(s.Notes) {
		if n.Kind == "joined" {
			return n.Detail
		}
	}
	return ""
}

// note puts an event into words; ok is false for one that is not told.
func (t *Trace) note(e *event.Event) (n Note, ok bool) {
	who := ""
	if e.Channel != t.Caller {
		who = device(e.Channel) + " "
	}
	switch e.Kind {
	case event.DialBegin:
		n.Kind, n.Detail = "call", device(e.Dest)
		n.Text = n.Detail + " is called"
	case event.DialState:
		n.Text = device(e.Dest) + ": " + strings.ToLower(e.Value)
	case event.DialEnd:
		n.Text = device(e.Dest) + ": " + e.Value
	case event.BridgeJoin:
		n.Kind, n.Detail = "joined", device(e.Channel)
		n.Text = "connected with " + n.Detail
	case event.Playing:
		n.Kind, n.Detail, n.Text = "played", e.Name, "plays "+e.Name
	case event.UserEvent:
		n.Kind, n.Detail, n.Text = "event", e.Name, "tells the event "+e.Name
	case event.Note:
		n.Text = who + e.Value
	case event.Hold:
		n.Text = device(e.Channel) + " puts the other on hold"
	case event.Unhold:
		n.Text = device(e.Channel) + " takes the other back"
	case event.Transfer:
		n.Text = device(e.Channel) + " is where an attended transfer by " + device(e.Dest) + " leads"
		switch {
		case e.Name != "blind" && e.Value == event.ByDigits:
			n.Text = device(e.Dest) + " leaves the other to " + device(e.Channel)
		case e.Name == "blind":
			n.Text = fmt.Sprintf("%s transfers %s to %s@%s", device(e.Channel), device(e.Dest), e.Exten, e.Context)
		}
	case event.Masquerade:
		if e.Channel != e.Value { // said of the channel whose phone has left
			return n, false
		}
		n.Text = device(e.Dest) + " takes the place of " + device(e.Value)
	case event.Pickup:
		n.Text = fmt.Sprintf("the call to %s is picked up by %s", device(e.Dest), device(e.Channel)) // they have changed places by now
	case event.LocalOptimize:
		if e.Name != "begin" {
			return n, false
		}
		n.Text = e.Channel + " takes itself out of the call"
	case event.Forward:
		to, _, _ := strings.Cut(e.Value, "@")
		n.Text = device(e.Dest) + " sends the call on to " + to
	case event.Feature:
		n.Text = fmt.Sprintf("%s asks for %s: %s", device(e.Channel), e.Name, e.Value)
	case event.HangupRequest:
		n.Text = device(e.Channel) + " hangs up" + causeText(e.Cause)
	case event.ChannelHangup:
		n.Text = device(e.Channel) + " is over" + causeText(e.Cause)
	default:
		return n, false
	}
	return n, true
}

func causeText(cause int) string {
	if cause == 0 {
		return ""
	}
	return fmt.Sprintf(", cause %d %s", cause, channel.Cause(cause))
}

// device is the device of a channel's name.
func device(name string) string {
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		return name[:i]
	}
	return name
}

func (t *Trace) step(at time.Duration, e *event.Event, plan *dialplan.Plan) {
	p, _ := plan.Find(e.Context, e.Exten, e.Priority, e.CallerNum, e.Time)
	if p == nil || !strings.EqualFold(p.App, e.App) {
		return // what a dialled leg is shown as doing is no step of the plan
	}
	s := &Step{
		At: at, Channel: e.Channel, Context: e.Context, Exten: e.Exten, Priority: e.Priority, App: e.App, Args: e.AppData,
		Pos: p.Pos, File: p.Pos.File, Line: p.Pos.Line,
	}
	if was := t.last[e.Channel]; was == nil || was.Context != e.Context || was.Exten != e.Exten {
		s.Match = match(e, p, plan)
	}
	s.Notes, t.ahead[e.Channel] = t.ahead[e.Channel], nil
	t.last[e.Channel] = s
	t.Steps = append(t.Steps, s)
}

// match finds what the extension of p beat.
func match(e *event.Event, p *dialplan.Priority, plan *dialplan.Plan) *Match {
	x := p.Extension()
	m := &Match{Pattern: x.Name, Context: x.Context.Name}
	behind := false
	for _, o := range plan.Ranking(e.Context, e.Exten, e.CallerNum, e.Time) {
		if behind && len(o.Priorities) > 0 {
			m.Beat = append(m.Beat, Beaten{o.Name, o.Context.Name, o.Priorities[0].Pos})
		}
		behind = behind || o == x
	}
	return m
}

// set notes a variable that changed.
func (t *Trace) set(e *event.Event) {
	s := t.last[e.Channel]
	key := e.Channel + "\x00" + e.Name
	if s == nil || t.values[key] == e.Value {
		return
	}
	t.values[key] = e.Value
	for i := range s.Sets {
		if s.Sets[i].Name == e.Name {
			s.Sets[i].Value = e.Value
			return
		}
	}
	s.Sets = append(s.Sets, Set{e.Name, e.Value})
}

// Seconds is how a moment of a call is shown.
func Seconds(d time.Duration) string {
	return fmt.Sprintf("%.3fs", d.Seconds())
}

// maxShown is how many steps of the beginning, and of the end, are printed.
const maxShown = 200

// Write prints the steps as a person reads them.
func (t *Trace) Write(w io.Writer) error {
	var b strings.Builder
	note := func(n Note) { fmt.Fprintf(&b, "  %-24s %9s       %s\n", "", Seconds(n.At), n.Text) }
	for _, n := range t.Notes {
		note(n)
	}
	for i, s := range t.Steps {
		if left := len(t.Steps) - i; i == maxShown && left > maxShown {
			fmt.Fprintf(&b, "  … %d steps are left out …\n", left-maxShown)
		}
		if i >= maxShown && i < len(t.Steps)-maxShown {
			continue
		}
		who := ""
		if s.Channel != t.Caller {
			who = s.Channel + ": "
		}
		if s.Match != nil {
			fmt.Fprintf(&b, "%s[%s] %s", who, s.Context, s.Exten)
			if s.Match.Pattern != s.Exten || s.Match.Context != s.Context {
				fmt.Fprintf(&b, " is %s", s.Match.Pattern)
				if s.Match.Context != s.Context {
					fmt.Fprintf(&b, " of [%s]", s.Match.Context)
				}
			}
			for i, o := range s.Match.Beat {
				if i == 0 {
					b.WriteString("; it comes before ")
				} else {
					b.WriteString(", ")
				}
				b.WriteString(o.Pattern)
				if o.Context != s.Match.Context {
					fmt.Fprintf(&b, " of [%s]", o.Context)
				}
				fmt.Fprintf(&b, " (%s)", o.Pos)
			}
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "  %-24s %9s  %s%d  %s(%s)\n", s.Pos, Seconds(s.At), who, s.Priority, s.App, s.Args)
		for _, n := range s.Notes {
			note(n)
		}
		for _, v := range s.Sets {
			fmt.Fprintf(&b, "  %-24s %9s       %s=%s\n", "", "", v.Name, v.Value)
		}
	}
	if t.Lost > 0 {
		fmt.Fprintf(&b, "and %d more that were not kept\n", t.Lost)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
