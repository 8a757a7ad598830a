package channel_test

import (
	"log/slog"
	"testing"
	"time"

	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/event"
)

// TestLink has the channels of two calls meet in a bridge, and a third one come in.
func TestLink(t *testing.T) {
	r := channel.NewRegistry(&event.Bus{}, slog.New(slog.DiscardHandler), time.Now, "")
	tech := channeltest.New("SIP", r)
	add := func(from *channel.Channel, id string) *channel.Channel {
		return tech.Inbound(channel.Options{Name: "x", From: from, Uniqueid: id}).Channel()
	}
	first := add(nil, "named by a program")
	second := add(nil, "")
	called := add(second, "")
	called.SetBridge("b", second)
	called.JoinedBridge(1)
	second.SetBridge("b", called)
	second.JoinedBridge(2)
	if called.Linkedid() != second.Uniqueid() || second.Linkedid() != second.Uniqueid() {
		t.Errorf("in one call: %s and %s, want %s", called.Linkedid(), second.Linkedid(), second.Uniqueid())
	}
	called.SetBridge("c", nil)
	called.JoinedBridge(1)
	first.SetBridge("c", called)
	first.JoinedBridge(2)
	if called.Linkedid() != first.Uniqueid() || first.Linkedid() != first.Uniqueid() || second.Linkedid() != second.Uniqueid() {
		t.Errorf("after a transfer: %s, %s and %s", called.Linkedid(), first.Linkedid(), second.Linkedid())
	}
	third := add(nil, "")
	channel.Link(third, first, called)
	if third.Linkedid() != first.Uniqueid() {
		t.Errorf("a guest: %s, want %s", third.Linkedid(), first.Uniqueid())
	}
	second.JoinCall(third)
	if second.Linkedid() != first.Uniqueid() {
		t.Errorf("JoinCall: %s, want %s", second.Linkedid(), first.Uniqueid())
	}
}
