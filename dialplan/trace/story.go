package trace

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pbx/dialplan"
	"pbx/event"
)

// Story is a call as it is told: who called, the steps, how it ended. It never
// changes.
type Story struct {
	Linkedid    string
	Began, Over time.Time // Over is zero while the call is up
	// Number, Name and Exten are who called what.
	Number, Name, Exten string
	// Channels are those of the call and the Call-IDs that their drivers gave them.
	Channels []Leg
	// Answered is when the caller was, zero if never.
	Answered time.Time
	// EndedBy is the channel whose far end ended it, "" if the dialplan did.
	EndedBy string
	// Cause is the Q.850 code that the caller's channel ended with.
	Cause int
	Trace Trace
}

// Leg is one channel of a Story.
type Leg struct{ Channel, Uniqueid, CallID string }

// promptly is how soon after a hang-up the call is over that it ended; else the dialplan
// went on after it.
const promptly = 100 * time.Millisecond

// story makes the story of what is kept of a call; the caller holds the lock or
// owns the copy.
func (c *Call) story() *Story {
	if c.settled != nil {
		return c.settled
	}
	s := &Story{Linkedid: c.Linkedid, Began: c.Began, Over: c.Over, Number: c.Number, Name: c.Name, Exten: c.Exten}
	s.Trace = Trace{Start: c.Began, Lost: c.lost}
	for _, l := range c.legs {
		s.Channels = append(s.Channels, Leg{l.name, l.uniqueid, l.callID})
	}
	if len(c.legs) > 0 {
		s.Trace.Caller = c.legs[0].name
	}
	var asked event.Event // the last hang-up that may have ended the call
	ended := false        // it is known by whom
	end := func(at time.Time) {
		if !ended && asked.Channel != "" && at.Sub(asked.Time) < promptly {
			s.EndedBy = asked.Channel
		}
		ended = true
	}
	for _, part := range [...][]moment{c.first, c.last[c.next:], c.last[:c.next]} {
		for i := range part {
			m := &part[i]
			e := event.Event{
				Kind: m.kind, Time: c.Began.Add(m.at), Context: m.context, Exten: m.exten, Priority: int(m.priority), App: m.app, AppData: m.data,
				Name: m.name, Value: m.value, Dest: m.other, CallerNum: m.caller, Cause: int(m.cause),
			}
			plan := (*dialplan.Plan)(nil)
			if m.leg != none {
				e.Channel, plan = c.legs[m.leg].name, c.legs[m.leg].plan
			}
			switch m.kind {
			case event.ChannelState:
				if m.leg == 0 && m.value == "Up" && s.Answered.IsZero() {
					s.Answered = e.Time
				}
			case event.HangupRequest:
				if m.leg == 0 || !s.Answered.IsZero() {
					asked = e
				}
			case event.SoftHangup:
				if m.leg == 0 {
					end(e.Time)
				}
			case event.ChannelHangup:
				if m.leg == 0 {
					s.Cause = e.Cause
					end(e.Time)
				}
			}
			if plan != nil || m.kind != event.NewExten {
				s.Trace.Add(&e, plan)
			}
		}
	}
	return s
}

// copy is the call as it is now, for making its story without the lock.
func (c *Call) copy() *Call {
	o := *c
	o.legs, o.first, o.last = slices.Clone(c.legs), slices.Clone(c.first), slices.Clone(c.last)
	return &o
}

// Settle makes stories of the ended calls, which do not need their plans any more.
func (r *Recorder) Settle() {
	r.mu.Lock()
	ended := slices.Clone(r.ended)
	r.mu.Unlock()
	for _, c := range ended {
		r.mu.Lock()
		o := c.copy()
		r.mu.Unlock()
		if o.settled != nil {
			continue
		}
		s := o.story()
		r.mu.Lock()
		c.settled, c.first, c.last = s, nil, nil
		for i := range c.legs {
			c.legs[i].plan = nil
		}
		r.mu.Unlock()
	}
}

// Stories are the calls that are kept, oldest first: the ended ones, then those that
// are up. missed counts calls that were not followed because too many were up.
func (r *Recorder) Stories() (all []*Story, missed uint64) {
	r.mu.Lock()
	missed = r.missed
	kept := make([]*Call, 0, len(r.calls))
	for _, c := range r.calls {
		kept = append(kept, c)
	}
	r.mu.Unlock()
	for _, c := range kept {
		r.mu.Lock()
		o := c.copy()
		r.mu.Unlock()
		all = append(all, o.story())
	}
	slices.SortFunc(all, func(a, b *Story) int {
		if up := a.Over.IsZero(); up != b.Over.IsZero() {
			if up {
				return 1
			}
			return -1
		}
		if o := a.Over.Compare(b.Over); o != 0 {
			return o
		}
		return a.Began.Compare(b.Began)
	})
	return all, missed
}

// Refusals are the last calls that were refused before they had a channel, oldest
// first.
func (r *Recorder) Refusals() []Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.refusals)
}

// Is reports whether a text means the call: the beginning of a driver's Call-ID, a
// channel, a Uniqueid.
func (s *Story) Is(text string) bool {
	if s.Linkedid == text {
		return true
	}
	return slices.ContainsFunc(s.Channels, func(l Leg) bool {
		return strings.EqualFold(l.Channel, text) || l.Uniqueid == text || l.CallID == text || len(text) >= 4 && strings.HasPrefix(l.CallID, text)
	})
}

// Outcome is how the call ended, in words.
func (s *Story) Outcome() string {
	text := "not answered"
	if !s.Answered.IsZero() {
		text = "answered after " + Seconds(s.Answered.Sub(s.Began))
	}
	if s.Over.IsZero() {
		return text + ", still up"
	}
	by := "the dialplan ended it"
	if s.EndedBy != "" {
		by = s.EndedBy + " ended it"
	}
	return fmt.Sprintf("%s, over after %s, %s%s", text, Seconds(s.Over.Sub(s.Began)), by, causeText(s.Cause))
}

// Title says which call it is.
func (s *Story) Title() string {
	who := s.Number
	if s.Name != "" {
		who = fmt.Sprintf("%q <%s>", s.Name, s.Number)
	}
	if who == "" {
		who = "nobody known"
	}
	return fmt.Sprintf("%s calls %s, %s", who, s.Exten, s.Began.Format("Mon 2006-01-02 15:04:05"))
}

// Write tells the story.
func (s *Story) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", s.Title())
	for _, l := range s.Channels {
		fmt.Fprintf(&b, "  %s", l.Channel)
		if l.CallID != "" {
			fmt.Fprintf(&b, "  Call-ID %s", l.CallID)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	if err := s.Trace.Write(&b); err != nil {
		return err
	}
	fmt.Fprintf(&b, "%s\n", s.Outcome())
	_, err := io.WriteString(w, b.String())
	return err
}
