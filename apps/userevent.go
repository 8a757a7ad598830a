package apps

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
	"pbx/event"
)

func userEvent() channel.Application {
	return channel.Application{
		Name:     "UserEvent",
		Synopsis: "Tell programs of something that happened",
		Help:     `Publishes an event of the author's own, which programs that listen to the exchange receive.`,
		Args: []decl.Arg{
			{Name: "eventname", Help: "The name."},
			{Name: "header: value", Help: "Its fields.", Optional: true, Repeat: true},
		},
		SeeAlso: []string{"Verbose", "Log"},
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) {
				warn(t, "UserEvent requires an argument (eventname,optional event body)")
				return channel.ErrHangup
			}
			var lines []string
			for _, s := range args.Pos[1:] {
				name, value, ok := strings.Cut(s, ":")
				if !ok {
					continue
				}
				// A field is one line, whatever a caller put into it.
				lines = append(lines, strings.Map(oneLine, strings.TrimSpace(name)+": "+strings.TrimSpace(value)))
			}
			t.Channel().Publish(event.Event{Kind: event.UserEvent, Name: args.Arg(0), Value: strings.Join(lines, "\n")})
			return nil
		},
	}
}

func oneLine(r rune) rune {
	if r == '\r' || r == '\n' {
		return ' '
	}
	return r
}
