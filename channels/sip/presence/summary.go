package presence

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"pbx/channel"
)

// AppendSummary appends application/simple-message-summary (RFC 3842 5.2).
// account is the URI of the number that plays the messages, "" for none. plain
// leaves the urgent counts out, which some phones trip over (buggymwi=).
func AppendSummary(b []byte, account string, m channel.Messages, plain bool) []byte {
	b = append(b, "Messages-Waiting: "...)
	if m.Waiting() {
		b = append(b, "yes\r\n"...)
	} else {
		b = append(b, "no\r\n"...)
	}
	if account != "" {
		b = append(b, "Message-Account: "...)
		for _, c := range []byte(account) {
			if c > ' ' && c != 0x7f {
				b = append(b, c)
			}
		}
		b = append(b, "\r\n"...)
	}
	// Urgent messages stand in the first pair too (RFC 3842 5.2).
	b = append(b, "Voice-Message: "...)
	b = appendPair(b, m.New+m.UrgentNew, m.Old+m.UrgentOld)
	if !plain {
		b = append(b, " ("...)
		b = appendPair(b, m.UrgentNew, m.UrgentOld)
		b = append(b, ')')
	}
	return append(b, "\r\n"...)
}

func appendPair(b []byte, x, y int) []byte {
	b = strconv.AppendInt(b, int64(x), 10)
	b = append(b, '/')
	return strconv.AppendInt(b, int64(y), 10)
}

// ErrSummary is the fault of a document that does not say whether messages wait.
var ErrSummary = errors.New("no Messages-Waiting and no Voice-Message")

// maxCount bounds a count of messages.
const maxCount = 1 << 20

// ParseSummary reads a message summary. Where there are no counts, one message
// stands for those that wait.
func ParseSummary(b []byte) (m channel.Messages, err error) {
	waiting, counted, said := false, false, false
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		text := strings.TrimSpace(string(value))
		switch strings.ToLower(strings.TrimSpace(string(name))) {
		case "messages-waiting":
			said, waiting = true, strings.EqualFold(text, "yes")
		case "voice-message", "x-voicemail":
			if counted {
				continue
			}
			if m, ok = parseCounts(text); ok {
				counted = true
			}
		}
	}
	if !said && !counted {
		return channel.Messages{}, ErrSummary
	}
	if !counted && waiting {
		m.New = 1
	}
	return m, nil
}

// parseCounts reads new/old with urgent counts in parentheses.
func parseCounts(s string) (m channel.Messages, ok bool) {
	all, urgent, _ := strings.Cut(s, "(")
	if m.New, m.Old, ok = parsePair(all); !ok {
		return channel.Messages{}, false
	}
	if urgent, _, closed := strings.Cut(urgent, ")"); closed {
		if n, o, ok := parsePair(urgent); ok {
			m.UrgentNew, m.UrgentOld = min(n, m.New), min(o, m.Old)
			m.New, m.Old = m.New-m.UrgentNew, m.Old-m.UrgentOld
		}
	}
	return m, true
}

func parsePair(s string) (x, y int, ok bool) {
	left, right, found := strings.Cut(s, "/")
	x, err1 := strconv.Atoi(strings.TrimSpace(left))
	y, err2 := strconv.Atoi(strings.TrimSpace(right))
	if !found || err1 != nil || err2 != nil || x < 0 || y < 0 || x > maxCount || y > maxCount {
		return 0, 0, false
	}
	return x, y, true
}
