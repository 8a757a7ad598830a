// Package refer is the wire format of transfers: whom a REFER points at (RFC
// 3515), which dialog a Replaces or Join header names (RFC 3891, 3911), and the
// message fragments that tell how a transfer fares (RFC 3420).
//
// Its functions are pure: they touch nothing but their arguments, and any
// goroutine may call them.
package refer

import (
	"errors"
	"strings"

	"pbx/channels/sip/message"
)

// DialogID names a dialog as the far end of it knows it: ToTag is the tag of who
// receives the header, FromTag that of the other end (RFC 3891 section 3).
type DialogID struct {
	CallID, ToTag, FromTag string
	// EarlyOnly asks for a dialog that was not answered yet (early-only).
	EarlyOnly bool
}

// The errors of a header that names no dialog.
var (
	errNoCallID = errors.New("no Call-ID")
	errTags     = errors.New("to-tag and from-tag are wanted once each")
)

// ParseDialogID reads the value of a Replaces or Join header.
func ParseDialogID(value string) (DialogID, error) {
	id, params, _ := strings.Cut(value, ";")
	d := DialogID{CallID: strings.TrimSpace(id)}
	if d.CallID == "" || strings.ContainsAny(d.CallID, " \t\r\n,<>\"") {
		return DialogID{}, errNoCallID
	}
	to, from := 0, 0
	for name, v := range message.Params(";" + params).All() {
		switch strings.ToLower(string(name)) {
		case "to-tag":
			d.ToTag, to = string(v), to+1
		case "from-tag":
			d.FromTag, from = string(v), from+1
		case "early-only":
			d.EarlyOnly = true
		}
	}
	// Tags may be empty only for RFC 2543's ancestors, which write tag=0.
	if to != 1 || from != 1 || d.ToTag == "" || d.FromTag == "" {
		return DialogID{}, errTags
	}
	return d, nil
}

// Append writes it as a header value.
func (d DialogID) Append(dst []byte) []byte {
	dst = append(append(append(dst, d.CallID...), ";to-tag="...), d.ToTag...)
	dst = append(append(dst, ";from-tag="...), d.FromTag...)
	if d.EarlyOnly {
		dst = append(dst, ";early-only"...)
	}
	return dst
}

// String is the header value.
func (d DialogID) String() string { return string(d.Append(nil)) }
