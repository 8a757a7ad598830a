package sip

import (
	"strings"
	"testing"
	"testing/synctest"

	"pbx/channels/sip/message"
)

// TestOutOfDialog holds the table "OPTIONS / other methods" of
// golden/sip-behaviour.md.
func TestOutOfDialog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listen+"compat=asterisk\nallowguest=yes\ncontext=guest\nauth_message_requests=no\n", nil)
		p := r.phone("127.0.50.13:5070", "555")
		for _, c := range []struct {
			method, exten, body string
			status              int
			reason              string
		}{
			{"OPTIONS", "1000", "", 200, "OK"},
			{"OPTIONS", "nosuch", "", 404, "Not Found"},
			{"MESSAGE", "1000", "", 415, "Unsupported Media Type"},
			{"INFO", "1000", "", 481, "Call leg/transaction does not exist"},
			{"PUBLISH", "1000", "", 489, "Bad Event"},
			{"NOTIFY", "1000", "", 489, "Bad event"},
			{"REFER", "1000", "", 603, "Declined (No dialog)"},
			{"UPDATE", "1000", "", 481, "Call leg/transaction does not exist"},
			{"PRACK", "1000", "", 481, "Call leg/transaction does not exist"},
			{"BYE", "1000", "", 481, "Call leg/transaction does not exist"},
			{"FOO", "1000", "", 501, "Method Not Implemented"},
			{"SUBSCRIBE", "1000", "", 489, "Bad Event"},
			{"SUBSCRIBE dialog", "1000", "", 404, "Not Found"},
			{"SUBSCRIBE message-summary", "1000", "", 404, "Not found (no mailbox)"},
			{"SUBSCRIBE foo", "1000", "", 489, "Bad Event"},
		} {
			method, headers := c.method, ""
			if name, event, ok := strings.Cut(c.method, " "); ok {
				method, headers = name, "Event: "+event+"\n"
			}
			m := p.ask(method, c.exten, headers, c.body)
			if statusOf(m) != c.status || string(m.Reason()) != c.reason {
				t.Errorf("%s %s: %d, want %d %s", c.method, c.exten, statusOf(m), c.status, c.reason)
			}
		}
		if m := p.ask("REFER", "1000", "Refer-To: <sip:>\n", ""); statusOf(m) != 400 {
			t.Errorf("REFER to nothing: %d", statusOf(m))
		}
		ok := p.ask("OPTIONS", "1000", "", "")
		for id, want := range map[message.HeaderID]string{
			message.HeaderAllow:     "INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE, UPDATE, PRACK",
			message.HeaderSupported: "replaces, timer", message.HeaderContact: "<sip:127.0.50.1:5060>", message.HeaderAccept: "application/sdp",
		} {
			if got := string(ok.Header(id)); got != want {
				t.Errorf("%s: %q, want %q", id, got, want)
			}
		}
	})
}

// TestMessagesNeedProof: auth_message_requests is on unless it says otherwise.
func TestMessagesNeedProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		p := r.phone("127.0.50.13:5070", "alice")
		const text = "Content-Type: text/plain\n"
		first := p.ask("MESSAGE", "999", text, "hello")
		if statusOf(first) != 401 {
			t.Fatalf("first: %d", statusOf(first))
		}
		if m := p.ask("MESSAGE", "999", text+answerTo(t, first, "MESSAGE", "sip:999@127.0.50.1", "alice", "alicepw", "00000001"), "hello"); statusOf(m) != 404 {
			t.Errorf("second: %d", statusOf(m))
		}
	})
}

func TestOptionsNeedProofWhenAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listen+"auth_options_requests=yes\n", nil)
		if m := r.phone("127.0.50.13:5070", "x").ask("OPTIONS", "1000", "", ""); statusOf(m) != 401 {
			t.Errorf("%d", statusOf(m))
		}
	})
}
