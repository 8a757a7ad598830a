package channel

import "strings"

// PresenceState is what a person says of himself.
type PresenceState uint8

// The presence states of the field.
const (
	PresenceNotSet PresenceState = iota
	PresenceUnavailable
	PresenceAvailable
	PresenceAway
	PresenceXA // away for long
	PresenceChat
	PresenceDND
)

var presenceNames = [...]string{"not_set", "unavailable", "available", "away", "xa", "chat", "dnd"}

// String is the word that PRESENCE_STATE() returns.
func (s PresenceState) String() string { return presenceNames[s] }

// ParsePresence reads such a word.
func ParsePresence(s string) (PresenceState, bool) {
	for i, name := range presenceNames {
		if strings.EqualFold(s, name) {
			return PresenceState(i), true
		}
	}
	return PresenceNotSet, false
}

// Presence is a presence state with the person's own words.
type Presence struct {
	State            PresenceState
	Subtype, Message string
}
