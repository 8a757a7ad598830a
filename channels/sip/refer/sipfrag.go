package refer

import (
	"bytes"
	"strconv"

	"pbx/channels/sip/message"
)

// FragmentType is the media type of what a NOTIFY of a REFER carries.
const FragmentType = "message/sipfrag"

// AppendStatus appends the fragment that is a status line alone.
func AppendStatus(dst []byte, status int, reason string) []byte {
	dst = append(dst, "SIP/2.0 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(append(dst, ' '), reason...)
	return append(dst, '\r', '\n')
}

// ParseStatus reads the status of a fragment, whose first line is a status line
// (RFC 3515 section 2.4.5).
func ParseStatus(body []byte) (status int, ok bool) {
	line, _, _ := bytes.Cut(bytes.TrimLeft(body, "\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(line, []byte("SIP/2.0 "))
	if !ok || len(rest) < 3 || len(rest) > 3 && rest[3] != ' ' && rest[3] != '\r' {
		return 0, false
	}
	n, err := strconv.Atoi(string(rest[:3]))
	if err != nil || n < 100 || n > 699 {
		return 0, false
	}
	return n, true
}

// Terminated reports whether a NOTIFY is the last of its subscription (RFC 6665
// section 4.1.3).
func Terminated(m *message.Message) bool {
	state, _, _ := bytes.Cut(m.Header(message.HeaderSubscriptionState), []byte(";"))
	return bytes.EqualFold(bytes.TrimSpace(state), []byte("terminated"))
}
