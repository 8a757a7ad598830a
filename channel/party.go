package channel

import "strings"

// Presentation is the caller ID presentation value of the field (Q.931 octet
// 3a): what may be shown of a number and who screened it.
type Presentation int

// The presentations that are tested by name.
const (
	AllowedNotScreened    Presentation = 0x00
	AllowedPassedScreen   Presentation = 0x01
	AllowedFailedScreen   Presentation = 0x02
	AllowedNetwork        Presentation = 0x03
	ProhibitedNotScreened Presentation = 0x20
	ProhibitedPassed      Presentation = 0x21
	ProhibitedFailed      Presentation = 0x22
	ProhibitedNetwork     Presentation = 0x23
	Unavailable           Presentation = 0x43
)

var presentationNames = map[Presentation]string{
	AllowedNotScreened: "allowed_not_screened", AllowedPassedScreen: "allowed_passed_screen",
	AllowedFailedScreen: "allowed_failed_screen", AllowedNetwork: "allowed",
	ProhibitedNotScreened: "prohib_not_screened", ProhibitedPassed: "prohib_passed_screen",
	ProhibitedFailed: "prohib_failed_screen", ProhibitedNetwork: "prohib", Unavailable: "unavailable",
}

// String is the word that CALLERID(pres) shows.
func (p Presentation) String() string {
	if s, ok := presentationNames[p]; ok {
		return s
	}
	return "unknown"
}

// ParsePresentation reads such a word.
func ParsePresentation(s string) (Presentation, bool) {
	for p, name := range presentationNames {
		if name == s {
			return p, true
		}
	}
	return 0, false
}

// Text is the presentation in the words of the console and AMI.
func (p Presentation) Text() string {
	if p == Unavailable {
		return "Number Unavailable"
	}
	text := "Presentation Allowed, "
	if p.Restricted() {
		text = "Presentation Prohibited, "
	}
	return text + [...]string{"Not Screened", "Passed Screen", "Failed Screen", "Network Number"}[p&3]
}

// Restricted reports whether the number must not be shown.
func (p Presentation) Restricted() bool { return p&0x60 != 0 }

// CombinePresentations is the presentation of a name and a number together: the
// stricter one of those that are there, with the screening of the number.
func CombinePresentations(name Presentation, hasName bool, number Presentation, hasNumber bool) Presentation {
	// How strict each is: prohibited, allowed, unavailable, and not there at all.
	rank := func(p Presentation, there bool) (restriction Presentation, rank int) {
		switch p & 0x60 {
		case 0x20:
			restriction, rank = 0x20, 0
		case 0:
			restriction, rank = 0, 1
		default:
			restriction, rank = 0x40, 2
		}
		if !there {
			return 0x40, 3
		}
		return restriction, rank
	}
	ofName, n := rank(name, hasName)
	ofNumber, m := rank(number, hasNumber)
	screening := number & 3
	if !hasNumber {
		screening = 0
	}
	if n < m {
		ofNumber = ofName
	}
	if ofNumber == 0x40 {
		return Unavailable
	}
	return ofNumber | screening
}

// Shown is the presentation of the party's name and number together.
func (p *Party) Shown() Presentation {
	return CombinePresentations(p.Presentation, p.Name != "", p.Presentation, p.HasNumber || p.Number != "")
}

// Party identifies one end of a call.
type Party struct {
	Name, Number string
	// HasNumber tells an empty number from none.
	HasNumber bool
	Presentation
	Tag  string
	Plan int // the type of the number and its numbering plan, as octet 3 of Q.931 4.5.10 has them
}

// ParseParty reads a caller ID as people write it: "Name" <number>, or a number.
func ParseParty(s string) Party {
	name, number := "", strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		name = strings.Trim(strings.TrimSpace(s[:i]), `"`)
		number, _, _ = strings.Cut(s[i+1:], ">")
	}
	return Party{Name: name, Number: number, HasNumber: number != ""}
}

// Identity is everything a channel knows about who calls whom.
type Identity struct {
	Caller Party
	ANI    string // automatic number identification, the number that pays
	RDNIS  string // the number that redirected the call
	// RedirectReason is why RDNIS did, in a word of RFC 5806 such as unconditional or
	// user-busy; "" is unknown.
	RedirectReason string
	DNID           string // the number that was dialled
	Connected      Party  // who the channel talks to
	ANI2           int    // what kind of line the call comes from, in North America
}
