package presence

import (
	"bytes"
	"iter"
	"strings"
)

// Format is a kind of document, and by it the event package that a subscription
// is for.
type Format uint8

// The formats.
const (
	None Format = iota
	DialogInfo
	PIDF
	XPIDF
	CPIM // the document is XPIDF's
	Summary
	RegInfo
)

var formats = [...]struct{ event, mime, word string }{
	None:       {"-", "unknown", "unknown"},
	DialogInfo: {"dialog", "application/dialog-info+xml", "dialog-info+xml"},
	PIDF:       {"presence", "application/pidf+xml", "pidf+xml"},
	XPIDF:      {"presence", "application/xpidf+xml", "xpidf+xml"},
	CPIM:       {"presence", "application/cpim-pidf+xml", "cpim-pidf+xml"},
	Summary:    {"message-summary", "application/simple-message-summary", "mwi"},
	RegInfo:    {"reg", "application/reginfo+xml", "reginfo+xml"},
}

// Event is the name of the event package.
func (f Format) Event() string { return formats[f].event }

// MIME is the media type of the document.
func (f Format) MIME() string { return formats[f].mime }

// String is the word that the console shows.
func (f Format) String() string { return formats[f].word }

// ParseFormat finds a format by its word.
func ParseFormat(word string) (Format, bool) {
	for f := DialogInfo; int(f) < len(formats); f++ {
		if formats[f].word == word {
			return f, true
		}
	}
	return None, false
}

// Hinted reports whether the format tells of an extension's hint.
func (f Format) Hinted() bool { return f >= DialogInfo && f <= CPIM }

// Refusal is the answer to a SUBSCRIBE that cannot be.
type Refusal struct {
	Status int
	Reason string // "" is the usual phrase
}

// Negotiate chooses the document for an event package out of the types in Accept.
// as is what a subscription has already, which a refresh without Accept keeps.
//
// For dialog and presence the type decides and not the event, so that a phone may
// ask for a dialog and get a PIDF; of several the best known is taken. Without Accept
// it is what the package has by default (RFC 6665 3.1.3).
func Negotiate(event []byte, accept iter.Seq[[]byte], as Format) (Format, *Refusal) {
	var first []byte
	given := false
	best := None
	for v := range accept {
		t, _, _ := bytes.Cut(v, []byte(";"))
		t = bytes.TrimSpace(t)
		if !given {
			given, first = true, t
		}
		for _, f := range [...]Format{PIDF, DialogInfo, CPIM, XPIDF, Summary, RegInfo} {
			if strings.EqualFold(string(t), f.MIME()) && (best == None || rank(f) < rank(best)) && f.serves(event) {
				best = f
			}
		}
		if string(t) == "*/*" && best == None {
			best = usual(event)
		}
	}
	switch {
	case best != None:
		return best, nil
	case usual(event) == None:
		return None, &Refusal{489, "Bad Event"}
	case !given && as != None:
		return as, nil
	case !given:
		return usual(event), nil
	case isEvent(event, "message-summary"), isEvent(event, "reg"):
		return None, &Refusal{406, "Not Acceptable"}
	}
	return None, &Refusal{489, "Bad Event (format " + string(first) + ")"}
}

// rank orders the formats of one SUBSCRIBE.
func rank(f Format) int {
	switch f {
	case PIDF:
		return 0
	case DialogInfo:
		return 1
	case CPIM:
		return 2
	}
	return 3
}

func isEvent(event []byte, name string) bool { return strings.EqualFold(string(event), name) }

// serves reports whether the format may answer to an event.
func (f Format) serves(event []byte) bool {
	switch f {
	case Summary, RegInfo:
		return isEvent(event, f.Event())
	}
	return isEvent(event, "dialog") || isEvent(event, "presence")
}

// usual is the format of an event package where any will do.
func usual(event []byte) Format {
	switch {
	case isEvent(event, "dialog"):
		return DialogInfo
	case isEvent(event, "presence"):
		return PIDF
	case isEvent(event, "message-summary"):
		return Summary
	case isEvent(event, "reg"):
		return RegInfo
	}
	return None
}
