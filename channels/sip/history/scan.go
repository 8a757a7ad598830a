package history

import (
	"bytes"
	"strconv"
)

// Scan reads what a Message needs of a message that was written here: header names
// in full, one space after the colon, one line each. It reports false for anything
// else.
func Scan(b []byte, m *Message) bool {
	line, rest, ok := bytes.Cut(b, crlf)
	if !ok {
		return false
	}
	if status, ok := bytes.CutPrefix(line, []byte("SIP/2.0 ")); ok {
		if len(status) < 4 {
			return false
		}
		n, err := strconv.ParseUint(string(status[:3]), 10, 16)
		if err != nil || n < 100 {
			return false
		}
		m.Status, m.Text = int(n), status[4:]
	} else {
		method, _, ok := bytes.Cut(line, []byte(" "))
		if !ok {
			return false
		}
		m.Status, m.Text = 0, method
	}
	m.CallID, m.Method, m.SDP = nil, nil, false
	for {
		line, rest, ok = bytes.Cut(rest, crlf)
		if !ok {
			return false
		}
		if len(line) == 0 {
			return m.CallID != nil && m.Method != nil
		}
		switch line[0] {
		case 'C', 'i', 'c':
		default:
			continue
		}
		name, v, _ := bytes.Cut(line, []byte(": "))
		switch string(name) {
		case "Call-ID", "i":
			m.CallID = v
		case "CSeq":
			number, method, _ := bytes.Cut(v, []byte(" "))
			n, err := strconv.ParseUint(string(number), 10, 32)
			if err != nil {
				return false
			}
			m.Seq, m.Method = uint32(n), method
		case "Content-Type", "c":
			m.SDP = bytes.HasPrefix(v, []byte("application/sdp"))
		}
	}
}

var crlf = []byte("\r\n")
