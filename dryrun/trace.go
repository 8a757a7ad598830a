package dryrun

import (
	"fmt"
	"io"
	"time"

	"pbx/channel"
	"pbx/dialplan/trace"
)

// Trace is what happened in a call, in order, and how it ended.
type Trace struct {
	trace.Trace
	Outcome Outcomes `json:"outcome"`
}

// Write prints the trace as a person reads it.
func (t *Trace) Write(w io.Writer) error {
	if err := t.Trace.Write(w); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, t.Outcome)
	return err
}

// Outcomes is how the caller's call ended.
type Outcomes struct {
	Answered bool   `json:"answered"`
	By       string `json:"by,omitempty"` // the device that was connected last
	// Refused is busy, congestion or the cause's name where the call was not
	// answered, or the response to one that never began.
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
	return fmt.Sprintf("%s, over after %s, cause %d %s", s, trace.Seconds(o.After), o.Cause, channel.Cause(o.Cause))
}

func (f *Office) outcome(ch *channel.Channel, t *Trace) Outcomes {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := Outcomes{Answered: !ch.Answered().IsZero(), Cause: int(f.cause), After: f.ended.Sub(f.start)}
	if !o.Answered {
		switch o.Refused = f.refusal; {
		case o.Refused != "" || f.cause == channel.CauseNone:
		case f.cause == channel.CauseUserBusy:
			o.Refused = "busy"
		case f.cause == channel.CauseCongestion:
			o.Refused = "congestion"
		default:
			o.Refused = f.cause.String()
		}
	}
	for _, s := range t.Steps {
		for _, n := range s.Notes {
			if n.Kind == "joined" && s.Channel == t.Caller {
				o.By = n.Detail
			}
		}
	}
	return o
}
