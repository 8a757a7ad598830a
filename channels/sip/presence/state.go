package presence

import "pbx/channel"

// Ringing says when a ringing device is shown as such (notifyringing=).
type Ringing uint8

// The forms of notifyringing=.
const (
	RingingYes      Ringing = iota
	RingingNo               // never
	RingingNotInUse         // only when it is not in a call already
)

// Shown is the state that watchers are told.
func (r Ringing) Shown(s channel.ExtensionState) channel.ExtensionState {
	switch {
	case s&channel.ExtensionRinging == 0:
	case r == RingingNo, r == RingingNotInUse && s&channel.ExtensionInUse != 0:
		return s &^ channel.ExtensionRinging
	}
	return s
}

// availability is how the presence formats say a state.
type availability struct {
	activity string // of RPID (RFC 4480), "" for none
	note     string
	open     bool   // PIDF's basic status
	msn      string // XPIDF's status and its substatus
	msnSub   string
}

func availabilityOf(v *View) availability {
	const (
		busy = "busy"
		away = "away"
	)
	switch s := v.State; {
	case v.Unregistered:
		return availability{away, "Not online", false, "closed", "offline"}
	case s&channel.ExtensionRinging != 0:
		return availability{busy, "Ringing", true, "inuse", "onthephone"}
	case s&channel.ExtensionHold != 0:
		return availability{busy, "On hold", true, "closed", "offline"}
	case s == channel.ExtensionInUse:
		return availability{busy, "On the phone", true, "inuse", "onthephone"}
	case s == channel.ExtensionBusy:
		return availability{busy, "On the phone", true, "closed", "offline"}
	case s == channel.ExtensionGone:
		return availability{away, "Unavailable", false, "closed", "offline"}
	}
	switch v.Published.State { // an idle phone: what its owner says counts
	case channel.PresenceDND:
		return availability{"busy", v.words("Do not disturb"), true, "inuse", "onthephone"}
	case channel.PresenceAway, channel.PresenceXA:
		return availability{away, v.words("Away"), true, "inuse", "away"}
	case channel.PresenceUnavailable:
		return availability{away, v.words("Unavailable"), false, "closed", "offline"}
	case channel.PresenceAvailable, channel.PresenceChat:
		return availability{"", v.words("Ready"), true, "open", "online"}
	}
	return availability{"", "Ready", true, "open", "online"}
}

// words are the person's own, or else those of the state.
func (v *View) words(state string) string {
	if v.Published.Message != "" {
		return v.Published.Message
	}
	return state
}

// String is the word that the console shows.
func (r Ringing) String() string { return [...]string{"Yes", "No", "Not in use"}[r] }
