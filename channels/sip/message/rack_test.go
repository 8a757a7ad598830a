package message_test

import (
	"fmt"
	"testing"

	"pbx/channels/sip/message"
)

// RAck (RFC 3262 7.2) and what is none.
func TestRAck(t *testing.T) {
	for text, want := range map[string]string{
		"776656 1 INVITE":        "776656 1 INVITE true",
		"4294967295 2   INVITE":  "4294967295 2 INVITE true",
		"1 1 UPDATE":             "1 1 UPDATE true",
		"1\t1 \tUPDATE":          "1 1 UPDATE true",
		"0 1 INVITE":             "0 0  false",
		"4294967296 1 INVITE":    "0 0  false",
		"1 INVITE":               "1 0  false",
		"1 1":                    "1 0  false",
		"":                       "0 0  false",
		"-1 1 INVITE":            "0 0  false",
		"1 99999999999999 INVIT": "1 0  false",
	} {
		m := &message.Message{}
		if err := m.Parse([]byte("PRACK sip:a@b SIP/2.0\r\nRAck: " + text + "\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		rseq, cseq, method, ok := m.RAck()
		if got := fmt.Sprintf("%d %d %s %v", rseq, cseq, method, ok); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
