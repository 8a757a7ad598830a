package dryrun

import (
	"fmt"
	"strings"
	"time"

	"pbx/channel"
)

// Behaviour is what a device does when it is called.
type Behaviour struct {
	// Kind is what comes of the call.
	Kind Outcome
	// After is how long it rings before that.
	After time.Duration
	// Forward is where it sends the call, with Forwards.
	Forward string
	// Hangup is how long after its answer it hangs up; 0 never does.
	Hangup time.Duration
}

// Outcome is what comes of calling a device.
type Outcome uint8

// The outcomes.
const (
	Answers Outcome = iota
	Rings           // and nobody answers
	IsBusy
	Refuses     // 603
	Congested   // 503
	Unavailable // not registered: it cannot be called at all
	Unknown     // 404: there is no such number
	Forwards    // 302
)

// outcomes are the words for them, those of one outcome after another.
var outcomes = []struct {
	kind  Outcome
	words []string
}{
	{Answers, []string{"answers", "answer", "yes"}},
	{Rings, []string{"rings", "ring", "no", "noanswer", "no answer", "does not answer", "do not answer"}},
	{IsBusy, []string{"busy", "is busy", "are busy"}},
	{Refuses, []string{"refuses", "refuse", "rejects", "reject", "declines"}},
	{Congested, []string{"congestion", "congested", "is congested"}},
	{Unavailable, []string{"unavailable", "is unavailable", "are unavailable", "unregistered", "is unregistered", "offline", "is offline"}},
	{Unknown, []string{"unknown", "is unknown"}},
	{Forwards, []string{"forwards to", "forward to", "forward", "forwards"}},
}

func (o Outcome) String() string { return outcomes[o].words[0] }

// ParseBehaviour reads "busy", "no", "after:3s", "answers after 3s", "busy after 2s",
// "forwards to 103", "answers after 1s for 10s". What it cannot read is an error
// that names the words it knows.
func ParseBehaviour(text string) (Behaviour, error) {
	var b Behaviour
	rest := strings.ToLower(strings.TrimSpace(text))
	if d, ok := strings.CutPrefix(rest, "after:"); ok {
		rest = "answers after " + d
	}
	rest = strings.ReplaceAll(rest, "forward:", "forwards to ")
	cut := func(word string, d *time.Duration) error {
		before, after, ok := strings.Cut(rest, word)
		if !ok {
			return nil
		}
		var err error
		if *d, err = ParseDuration(after); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
		rest = strings.TrimSpace(before)
		return nil
	}
	if err := cut(" for ", &b.Hangup); err != nil {
		return b, err
	}
	if err := cut(" after ", &b.After); err != nil {
		return b, err
	}
	for _, o := range outcomes {
		for _, w := range o.words {
			if rest == w && o.kind != Forwards {
				b.Kind = o.kind
				return b, nil
			}
			if to, ok := strings.CutPrefix(rest, w+" "); ok && o.kind == Forwards && to != "" {
				b.Kind, b.Forward = Forwards, strings.TrimSpace(strings.TrimPrefix(to, "to "))
				return b, nil
			}
		}
	}
	return b, fmt.Errorf("%q is not answers, rings (no), busy, refuses, congestion, unavailable, unknown or forwards to NUMBER, with after TIME and for TIME behind it", text)
}

// ParseDuration reads 3s, 500ms, 2m or a number of seconds.
func ParseDuration(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if s != "" && strings.Trim(s, "0123456789.") == "" {
		s += "s"
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a time such as 3s or 500ms", s)
	}
	return d, nil
}

// cause is what a leg that was not answered ends with.
func (o Outcome) cause() (channel.Control, channel.Cause, string) {
	switch o {
	case IsBusy:
		return channel.ControlBusy, channel.CauseUserBusy, "SIP 486 Busy Here"
	case Refuses:
		return channel.ControlBusy, channel.CauseCallRejected, "SIP 603 Decline"
	case Congested:
		return channel.ControlCongestion, channel.CauseCongestion, "SIP 503 Service Unavailable"
	case Unknown:
		return channel.ControlHangup, channel.CauseUnallocated, "SIP 404 Not Found"
	}
	return channel.ControlHangup, channel.CauseNone, ""
}
