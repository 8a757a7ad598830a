package message_test

import (
	"errors"
	"testing"

	"pbx/channels/sip/message"
	"pbx/channels/sip/message/messagetest"
)

// verdict parses and validates; 200 means that nothing is wrong with the message
// itself, 0 that it is dropped.
func verdict(b []byte) (status int, reason string, m *message.Message) {
	m = &message.Message{}
	err := m.Parse(b)
	if err == nil {
		err = message.Validate(m)
	}
	var e *message.ParseError
	if errors.As(err, &e) {
		return e.Status, e.Reason, m
	}
	return 200, "well-formed", m
}

// torture holds cases against what they expect, as far as the message itself
// decides. What a user agent decides by its abilities (501, 420, 415, 401 ...)
// must come out as well-formed here.
func torture(t *testing.T, cases []messagetest.Case) {
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			status, reason, m := verdict(c.Message)
			switch {
			case status == 200 && c.Malformed():
				t.Errorf("found well-formed, want %s: %s", c.Want, c.Rule)
			case status != 200 && !c.Accepts(status):
				t.Errorf("%d %s, want %s: %s", status, reason, c.Want, c.Rule)
			}
			if status != 200 && status != 0 {
				answerable(t, m, status)
			}
		})
	}
}

// answerable checks that an answer can be made for a refused request and that
// it parses.
func answerable(t *testing.T, m *message.Message, status int) {
	t.Helper()
	b := message.NewBuilder(nil)
	b.Response(m, status, "", "tag")
	var r message.Message
	if err := r.Parse(b.Bytes()); err != nil {
		t.Fatalf("the answer does not parse: %v\n%s", err, b.Bytes())
	}
	if r.Status() != status || !r.Has(message.HeaderVia) {
		t.Errorf("answer is not usable:\n%s", b.Bytes())
	}
	if string(r.CallID()) != string(m.CallID()) || string(r.Header(message.HeaderCSeq)) != string(m.Header(message.HeaderCSeq)) {
		t.Errorf("answer does not match its request:\n%s", b.Bytes())
	}
}

func TestTorture(t *testing.T) { torture(t, messagetest.Corpus(t)) }

func TestVariants(t *testing.T) { torture(t, messagetest.Variants()) }

// malformed are the captured messages that are refused, and why.
var malformed = map[string]string{
	"049-zeek-invite.sip":        "Malformed Content-Length",
	"050-zeek-r200invite.sip":    "Malformed Content-Length",
	"077-jain-sip-message.sip":   "CSeq method does not match request method",
	"149-advisories-options.sip": "CSeq method does not match request method",
	"157-sipx-r200invite.sip":    "Malformed Call-ID header",
	"158-sipx-r200bye.sip":       "Malformed Call-ID header",
}

// TestRealMessages reads messages that were captured from phones, trunks and
// servers. Responses caught on their way through a proxy have its Via too.
func TestRealMessages(t *testing.T) {
	for name, b := range messagetest.Real(t) {
		t.Run(name, func(t *testing.T) {
			status, reason, m := verdict(b)
			if status != 200 && reason != malformed[name] && reason != "Response with more than one Via" {
				t.Fatalf("%d %s", status, reason)
			}
			if status == 200 && malformed[name] != "" {
				t.Errorf("well-formed, want %s", malformed[name])
			}
			if status == 200 && (m.From().URI.IsZero() || m.To().URI.IsZero() || m.Via().Host == nil || m.CallID() == nil) {
				t.Errorf("From %v, To %v, Via %v, Call-ID %q", m.From(), m.To(), m.Via(), m.CallID())
			}
		})
	}
}
