package agi

import (
	"errors"
	"time"

	"pbx/channel"
)

// textCommands send and receive texts within the call.
func textCommands() []command {
	return []command{
		{
			words: "receive char", args: "timeout", synopsis: "Wait for a character", least: 1, most: 1,
			help: "Waits for a text for so many milliseconds, 0 for ever. The result is the value of its first character, or -1 (hangup) when none came.",
			run: func(s *session, a []string) (reply, bool) {
				wait, ok := milliseconds(a[0])
				if !ok {
					return reply{}, false
				}
				text, ok := s.receive(wait)
				if !ok || text == "" {
					return result("-1 (hangup)"), true
				}
				return result("%d", []rune(text)[0]), true
			},
		},
		{
			words: "receive text", args: "timeout", synopsis: "Wait for a text", least: 1, most: 1,
			help: "Waits for a text for so many milliseconds, 0 for ever. The result is 1 with the text in parentheses, or -1 when none came.",
			run: func(s *session, a []string) (reply, bool) {
				wait, ok := milliseconds(a[0])
				if !ok {
					return reply{}, false
				}
				text, ok := s.receive(wait)
				if !ok {
					return result("-1"), true
				}
				return value(channel.Value{S: text}), true
			},
		},
		{
			words: "send image", args: "image", synopsis: "Send an image", least: 1, most: 1,
			help: "Phones take no images: the result is 0.",
			run:  func(*session, []string) (reply, bool) { return result("0"), true },
		},
		{
			words: "send text", args: "text", synopsis: "Send a text to the phone", least: 1, most: 1,
			help: "Sends a text within the call. The result is 0, of phones without texts too, or -1 when it cannot be sent.",
			run: func(s *session, a []string) (reply, bool) {
				if err := s.ch.Leg().SendText(a[0]); err != nil && !errors.Is(err, errors.ErrUnsupported) {
					return result("-1"), true
				}
				return result("0"), true
			},
		},
	}
}

// receive waits for a text; a time of 0 or less is for ever.
func (s *session) receive(wait time.Duration) (string, bool) {
	now := s.ch.Registry().Now
	for end := now().Add(wait); ; {
		left := time.Duration(-1)
		if wait > 0 {
			left = max(0, end.Sub(now()))
		}
		f, err := s.ch.Wait(left)
		switch {
		case err != nil || s.ch.Redirected():
			return "", false
		case f.Kind == channel.FrameText:
			return f.Text, true
		}
	}
}
