package dryrun

import (
	"fmt"
	"io"
	"strings"
	"time"

	"pbx/channel"
	"pbx/config"
	"pbx/dialplan"
	"pbx/event"
)

// Trace is what happened in a call, in order.
type Trace struct {
	Start   time.Time `json:"start"`
	Steps   []*Step   `json:"steps"`
	Outcome Outcomes  `json:"outcome"`
	// Notes are what happened before the first step.
	Notes []Note `json:"notes,omitempty"`
	// Lost counts what was not kept because the call did too much.
	Lost uint64 `json:"lost,omitempty"`

	plan   *dialplan.Plan
	caller string
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

	priority *dialplan.Priority
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

// Outcomes is how the caller's call ended.
type Outcomes struct {
	Answered bool   `json:"answered"`
	By       string `json:"by,omitempty"` // the device that was connected last
	// Refused is busy, congestion or the cause's name where the call was not
	// answered.
	Refused string        `json:"refused,omitempty"`
	Cause   int           `json:"cause"`
	After   time.Duration `json:"after"`
}

// String is one line.
func (o Outcomes) String() string {
	s := "not answered"
	if o.Answered {
		s = "answered"
		if o.By != "" {
			s = "connected to " + o.By
		}
	} else if o.Refused != "" {
		s = "refused: " + o.Refused
	}
	return fmt.Sprintf("%s, over after %s, cause %d %s", s, seconds(o.After), o.Cause, channel.Cause(o.Cause))
}

func (f *Office) outcome(ch *channel.Channel, t *Trace) Outcomes {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := Outcomes{Answered: !ch.Answered().IsZero(), Cause: int(f.cause), After: f.clock.Now().Sub(f.start)}
	if !o.Answered {
		if o.Refused = f.refusal; o.Refused == "" && f.cause != channel.CauseNone {
			o.Refused = f.cause.String()
		}
	}
	for _, s := range t.Steps {
		for _, n := range s.Notes {
			if n.Kind == "joined" && s.Channel == t.caller {
				o.By = n.Detail
			}
		}
	}
	return o
}

// add takes in an event.
func (t *Trace) add(e event.Event) {
	if t.last == nil {
		t.last, t.values = make(map[string]*Step), make(map[string]string)
		t.ahead = make(map[string][]Note)
	}
	at := e.Time.Sub(t.Start)
	if e.Kind == event.Note && e.Name == "text" {
		t.ahead[e.Channel] = append(t.ahead[e.Channel], Note{At: at, Text: e.Value})
		return
	}
	switch e.Kind {
	case event.NewExten:
		t.step(at, e)
		return
	case event.VarSet:
		t.set(e)
		return
	}
	s := t.last[e.Channel]
	if s == nil {
		s = t.last[t.caller]
	}
	note := Note{At: at}
	switch e.Kind {
	case event.DialBegin:
		note.Kind, note.Detail = "call", device(e.Dest)
		note.Text = note.Detail + " is called"
	case event.DialState:
		note.Text = device(e.Dest) + ": " + strings.ToLower(e.Value)
	case event.DialEnd:
		note.Text = device(e.Dest) + ": " + e.Value
	case event.BridgeJoin:
		if e.Channel == t.caller {
			return
		}
		s, note.Kind, note.Detail = t.last[t.caller], "joined", device(e.Channel)
		note.Text = "connected with " + note.Detail
	case event.Playing:
		note.Kind, note.Detail, note.Text = "played", e.Name, "plays "+e.Name
	case event.UserEvent:
		note.Kind, note.Detail, note.Text = "event", e.Name, "tells the event "+e.Name
	case event.Note:
		note.Text = e.Value
		if e.Channel != t.caller {
			note.Text = device(e.Channel) + " " + e.Value
		}
	default:
		return
	}
	if s == nil {
		t.Notes = append(t.Notes, note)
		return
	}
	s.Notes = append(s.Notes, note)
}

// device is the device of a channel's name.
func device(name string) string {
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		return name[:i]
	}
	return name
}

func (t *Trace) step(at time.Duration, e event.Event) {
	p, _ := t.plan.Find(e.Context, e.Exten, e.Priority, e.CallerNum, e.Time)
	if p == nil || !strings.EqualFold(p.App, e.App) {
		return // what a dialled leg is shown as doing is no step of the plan
	}
	s := &Step{
		At: at, Channel: e.Channel, Context: e.Context, Exten: e.Exten, Priority: e.Priority, App: e.App, Args: e.AppData,
		Pos: p.Pos, File: p.Pos.File, Line: p.Pos.Line, priority: p,
	}
	if was := t.last[e.Channel]; was == nil || was.Context != e.Context || was.Exten != e.Exten {
		s.Match = t.match(e, p)
	}
	s.Notes, t.ahead[e.Channel] = t.ahead[e.Channel], nil
	t.last[e.Channel] = s
	t.Steps = append(t.Steps, s)
}

// match finds what the extension of p beat.
func (t *Trace) match(e event.Event, p *dialplan.Priority) *Match {
	x := p.Extension()
	m := &Match{Pattern: x.Name, Context: x.Context.Name}
	behind := false
	for _, o := range t.plan.Ranking(e.Context, e.Exten, e.CallerNum, e.Time) {
		if behind && len(o.Priorities) > 0 {
			m.Beat = append(m.Beat, Beaten{o.Name, o.Context.Name, o.Priorities[0].Pos})
		}
		behind = behind || o == x
	}
	return m
}

// set notes a variable that changed.
func (t *Trace) set(e event.Event) {
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

func seconds(d time.Duration) string {
	return fmt.Sprintf("%.3fs", d.Seconds())
}

// maxShown is how many steps of the beginning, and of the end, are printed.
const maxShown = 200

// Write prints the trace as a person reads it.
func (t *Trace) Write(w io.Writer) error {
	var b strings.Builder
	note := func(n Note) { fmt.Fprintf(&b, "  %-24s %9s       %s\n", "", seconds(n.At), n.Text) }
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
		if s.Channel != t.caller {
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
		fmt.Fprintf(&b, "  %-24s %9s  %s%d  %s(%s)\n", s.Pos, seconds(s.At), who, s.Priority, s.App, s.Args)
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
	fmt.Fprintf(&b, "%s\n", t.Outcome)
	_, err := io.WriteString(w, b.String())
	return err
}
