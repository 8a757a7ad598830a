package refer

import (
	"bytes"
	"errors"
	"fmt"

	"pbx/channels/sip/message"
)

// Target is where a REFER sends its receiver.
type Target struct {
	// User is the number, with its escapes undone.
	User string
	// Host and Port are the URI's own.
	Host string
	Port uint16
	// Replaces is the call that the target has with the one who refers, nil for
	// a blind transfer.
	Replaces *DialogID
}

// The errors of a Refer-To that points nowhere we can go.
var (
	ErrMissing = errors.New("Refer-to missing")
	ErrScheme  = errors.New("Non sip: uri")
)

// ParseTarget reads the Refer-To of a REFER, of which there is exactly one (RFC
// 3515 section 2.4.2).
func ParseTarget(m *message.Message) (Target, error) {
	var value []byte
	n := 0
	for v := range m.Lines(message.HeaderReferTo) {
		value, n = v, n+1
	}
	if n == 0 || len(bytes.TrimSpace(value)) == 0 {
		return Target{}, ErrMissing
	}
	if n > 1 {
		return Target{}, errors.New("more than one Refer-To")
	}
	if bytes.IndexByte(value, '?') >= 0 && bytes.IndexByte(value, '<') < 0 {
		// It needs brackets (RFC 3261 20), which not every phone writes.
		value = append(append([]byte{'<'}, bytes.TrimSpace(value)...), '>')
	}
	a, err := message.ParseAddress(value)
	if err != nil {
		return Target{}, err
	}
	u := a.URI
	if !u.IsSIP() {
		return Target{}, ErrScheme
	}
	t := Target{User: message.UnescapeString(u.User), Host: string(u.Host), Port: u.Port}
	for h := range bytes.SplitSeq(u.Headers, []byte("&")) {
		name, v, _ := bytes.Cut(h, []byte("="))
		if !bytes.EqualFold(name, []byte("replaces")) {
			continue
		}
		d, err := ParseDialogID(message.UnescapeString(v))
		if err != nil {
			return t, fmt.Errorf("Replaces: %w", err)
		}
		t.Replaces = &d
	}
	return t, nil
}
