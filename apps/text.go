package apps

import (
	"errors"

	"pbx/channel"
	"pbx/decl"
)

func sendText() channel.Application {
	return channel.Application{
		Name:     "SendText",
		Synopsis: "Send a text to the caller's phone",
		Help:     `Sends a text within the call, as a message that the phone shows.`,
		Args:     []decl.Arg{{Name: "text", Help: "The text."}},
		Variables: []decl.Variable{
			{Name: "SENDTEXTSTATUS", Help: "How it went.", Values: []string{"SUCCESS", "FAILURE", "UNSUPPORTED"}},
			{Name: "SENDTEXT_BODY", Help: "The text, if the argument is empty."},
		},
		SeeAlso: []string{"ReceiveText"},
		Raw:     true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch, text, status := t.Channel(), args.Raw, "SUCCESS"
			if text == "" {
				v, _ := ch.Var("SENDTEXT_BODY")
				text = v.S
			}
			switch err := ch.Leg().SendText(text); {
			case errors.Is(err, errors.ErrUnsupported):
				status = "UNSUPPORTED"
			case err != nil:
				warn(t, "SendText: %v", err)
				status = "FAILURE"
			}
			ch.SetVar("SENDTEXTSTATUS", channel.Clean(status))
			return nil
		},
	}
}

func receiveText() channel.Application {
	return channel.Application{
		Name:     "ReceiveText",
		Synopsis: "Wait for a text from the caller's phone",
		Help:     `Waits until the phone sends a text within the call.`,
		Args:     []decl.Arg{{Name: "timeout", Help: "Seconds to wait at most; without end if not given.", Optional: true}},
		Variables: []decl.Variable{
			{Name: "RECEIVETEXTMESSAGE", Help: "The text."},
			{Name: "RECEIVETEXTSTATUS", Help: "How it went.", Values: []string{"SUCCESS", "FAILURE"}},
		},
		SeeAlso: []string{"SendText"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			limit, ok := duration(args.Arg(0))
			if !ok || limit <= 0 {
				limit = maxTime
			}
			for end := ch.Registry().Now().Add(limit); ; {
				f, err := ch.Wait(max(0, end.Sub(ch.Registry().Now())))
				switch {
				case errors.Is(err, channel.ErrTimeout):
					ch.SetVar("RECEIVETEXTSTATUS", channel.Clean("FAILURE"))
					return nil
				case err != nil:
					return err
				case f.Kind == channel.FrameControl && f.Control == channel.ControlRedirect:
					return channel.ErrRedirect
				case f.Kind == channel.FrameText:
					ch.SetVar("RECEIVETEXTMESSAGE", channel.Tainted(f.Text))
					ch.SetVar("RECEIVETEXTSTATUS", channel.Clean("SUCCESS"))
					return nil
				}
			}
		},
	}
}
