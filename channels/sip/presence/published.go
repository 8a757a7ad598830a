package presence

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"pbx/channel"
)

// Limits of what a phone may publish.
const (
	maxDocument = 16 << 10 // bytes
	maxElements = 256
	maxNote     = 200
)

// ErrTooLarge is the fault of a document beyond the limits.
var ErrTooLarge = errors.New("document is too large")

// elements calls f for every start tag and for the text in it.
func elements(doc []byte, f func(name xml.Name, attrs []xml.Attr), text func(name, text string)) error {
	if len(doc) > maxDocument {
		return ErrTooLarge
	}
	d := xml.NewDecoder(bytes.NewReader(doc))
	d.CharsetReader = latin1
	var open []string
	for n := 0; ; {
		t, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			if len(open) > 0 || n == 0 {
				return errors.New("not a document")
			}
			return nil
		case err != nil:
			return fmt.Errorf("XML: %w", err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if n++; n > maxElements {
				return ErrTooLarge
			}
			open = append(open, t.Name.Local)
			f(t.Name, t.Attr)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && text != nil {
				if s := strings.TrimSpace(string(t)); s != "" {
					text(open[len(open)-1], s)
				}
			}
		}
	}
}

// latin1 reads the encodings that phones declare besides UTF-8.
func latin1(label string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "iso-8859-1", "us-ascii", "ascii", "latin1":
	default:
		return nil, fmt.Errorf("encoding %q is not known", label)
	}
	b, err := io.ReadAll(io.LimitReader(r, maxDocument))
	if err != nil {
		return nil, err
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return strings.NewReader(string(runes)), nil
}

// ParsePIDF reads what a phone publishes of its owner: the basic status of
// RFC 3863, the activities of RFC 4480 and of the drafts before it, and a note.
func ParsePIDF(doc []byte) (channel.Presence, error) {
	var p channel.Presence
	var seen, basic bool
	state := channel.PresenceNotSet
	err := elements(doc, func(name xml.Name, _ []xml.Attr) {
		switch strings.ToLower(name.Local) {
		case "presence":
			seen = true
		case "dnd", "do-not-disturb", "busy":
			state = channel.PresenceDND
		case "away", "meal", "breakfast", "lunch", "dinner", "meeting", "appointment", "travel", "steering", "in-transit":
			state = channel.PresenceAway
		case "vacation", "holiday", "permanent-absence", "sleeping":
			state = channel.PresenceXA
		case "on-the-phone":
			state = channel.PresenceNotSet // we know better
		}
	}, func(name, text string) {
		switch {
		case name == "basic" && strings.EqualFold(text, "open"):
			basic = true
			if p.State == channel.PresenceNotSet {
				p.State = channel.PresenceAvailable
			}
		case name == "basic":
			basic = true
			p.State = channel.PresenceUnavailable
		case name == "note" && p.Message == "":
			p.Message = clip(text)
			switch strings.ToLower(text) {
			case "dnd", "do not disturb", "busy":
				state = channel.PresenceDND
			case "away":
				state = channel.PresenceAway
			}
		}
	})
	if err == nil && !seen {
		err = errors.New("not a presence document")
	}
	if err != nil {
		return channel.Presence{}, err
	}
	if state != channel.PresenceNotSet && p.State != channel.PresenceUnavailable {
		p.State = state
	}
	if !basic && state == channel.PresenceNotSet && p.Message == "" {
		return channel.Presence{}, errors.New("a presence without a status")
	}
	return p, nil
}

// clip bounds a note without cutting a character.
func clip(s string) string {
	if len(s) <= maxNote {
		return s
	}
	return strings.ToValidUTF8(s[:maxNote], "")
}

// ParseDialogInfo reads the calls that a phone publishes of itself (RFC 4235):
// what they come to.
func ParseDialogInfo(doc []byte) (channel.ExtensionState, error) {
	var seen, ringing, inUse bool
	held, recipient := false, false
	err := elements(doc, func(name xml.Name, attrs []xml.Attr) {
		switch name.Local {
		case "dialog-info":
			seen = true
		case "dialog":
			recipient = false
			for _, a := range attrs {
				recipient = recipient || a.Name.Local == "direction" && a.Value == "recipient"
			}
		case "param":
			var rendering, no bool
			for _, a := range attrs {
				rendering = rendering || a.Name.Local == "pname" && a.Value == "+sip.rendering"
				no = no || (a.Name.Local == "pvalue" || a.Name.Local == "pval") && a.Value == "no"
			}
			held = held || rendering && no
		}
	}, func(name, text string) {
		if name != "state" {
			return
		}
		switch text {
		case "confirmed":
			inUse = true
		case "early":
			if recipient {
				ringing = true
			} else {
				inUse = true
			}
		case "trying", "proceeding":
			inUse = true
		}
	})
	if err == nil && !seen {
		err = errors.New("not a dialog-info document")
	}
	switch {
	case err != nil:
		return 0, err
	case ringing && inUse:
		return channel.ExtensionRinging | channel.ExtensionInUse, nil
	case ringing:
		return channel.ExtensionRinging, nil
	case inUse && held:
		return channel.ExtensionHold, nil
	case inUse:
		return channel.ExtensionInUse, nil
	}
	return channel.ExtensionIdle, nil
}
