package feature

import (
	"errors"

	"pbx/channel"
	"pbx/event"
)

var errTooMany = errors.New("max forwards exceeded")

// dial makes and calls a leg on behalf of a channel; prepare is called before it is
// sent.
func dial(from *channel.Channel, dest, number string, prepare func(*channel.Channel)) (*channel.Channel, error) {
	mine := from.Settings()
	if mine.Dials >= channel.MaxDials {
		return nil, errTooMany
	}
	ch, err := from.Registry().Request(dest, channel.Request{From: from, Formats: mine.Formats})
	if err != nil {
		return nil, err
	}
	ch.Inherit(from)
	ch.SetSettings(func(s *channel.Settings) {
		if s.Account == "" {
			s.Account = mine.Account
		}
		if s.MusicClass == "" {
			s.MusicClass = mine.MusicClass
		}
		s.Dials = mine.Dials + 1
	})
	who := from.Identity()
	ch.UpdateIdentity(func(id *channel.Identity) {
		if id.Caller.Number == "" {
			id.Caller.Number, id.Caller.HasNumber = number, number != ""
		}
		id.Connected, id.ANI = who.Caller, who.Caller.Number
		if from.Owner() != nil { // that of a leg is its caller's
			id.ANI = who.ANI
		}
	})
	prepare(ch)
	if err := ch.Leg().Call(); err != nil {
		ch.Hangup()
		return nil, err
	}
	return ch, nil
}

// target calls an extension through the dialplan, for who transfers. The Local channel
// stays where it is until the call is settled.
func target(from *channel.Channel, by string, at channel.Location) (*channel.Channel, error) {
	return dial(from, "Local/"+at.Exten+"@"+at.Context+"/n", at.Exten, func(ch *channel.Channel) {
		ch.SetLocation(at, "AppDial", "(Outgoing Line)")
		ch.SetVar("TRANSFERERNAME", channel.Clean(by))
		ch.SetVar("ATTENDEDTRANSFER", channel.Clean(by))
	})
}

// tell publishes how the dialling of a leg goes.
func tell(ch *channel.Channel, c channel.Control) {
	kind, word := event.DialEnd, ""
	switch c {
	case channel.ControlRinging:
		kind, word = event.DialState, "RINGING"
	case channel.ControlProceeding:
		kind, word = event.DialState, "PROCEEDING"
	case channel.ControlProgress:
		kind, word = event.DialState, "PROGRESS"
	case channel.ControlAnswer:
		word = "ANSWER"
	case channel.ControlBusy:
		word = "BUSY"
	case channel.ControlCongestion, channel.ControlIncomplete:
		word = "CONGESTION"
	case channel.ControlHangup:
		word = "CANCEL"
	default:
		return
	}
	ch.PublishAbout(event.Event{Kind: kind, Value: word})
}

// refuses reports whether a leg that says so will not answer.
func refuses(c channel.Control) bool {
	return c == channel.ControlBusy || c == channel.ControlCongestion || c == channel.ControlIncomplete
}
