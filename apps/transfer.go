package apps

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/decl"
)

// transferWait is how long a phone may take to tell how a transfer fared.
const transferWait = 3 * time.Minute

func transfer() channel.Application {
	return channel.Application{
		Name:     "Transfer",
		Synopsis: "Ask the caller's phone to call elsewhere",
		Help: `Sends the caller elsewhere: by a redirection before the call is answered, by a transfer request after it. After the answer it waits until the phone has told how the transfer fared.

The next priority is run in any case. A phone that was transferred hangs up by itself as a rule.`,
		Args: []decl.Arg{
			{Name: "destination", Help: "A number or an address; Technology/ may stand before it, and another technology than the caller's sends nobody anywhere."},
		},
		Variables: []decl.Variable{
			{Name: "TRANSFERSTATUS", Help: "How it fared.", Values: []string{"SUCCESS", "FAILURE", "UNSUPPORTED"}},
			{Name: "TRANSFERSTATUSPROTOCOL", Help: "0 when the phone did it or was not asked, 1 when it failed."},
		},
		SeeAlso: []string{"Dial"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch, status, protocol := t.Channel(), "", 0
			dest := args.Arg(0)
			switch tech, rest, ok := strings.Cut(dest, "/"); {
			case dest == "":
				warn(t, "Transfer requires an argument ([Tech/]destination)")
				status = "FAILURE"
			case ok && !strings.EqualFold(tech, ch.Tech().Name()):
				status = "FAILURE"
			case ok:
				dest = rest
			}
			var err error
			if status == "" {
				if e := ch.Leg().Transfer(dest); e != nil {
					warn(t, "Transfer: %v", e)
					status = "UNSUPPORTED"
				} else {
					status, protocol, err = transferred(ch)
				}
			}
			ch.SetVar("TRANSFERSTATUS", channel.Clean(status))
			ch.SetVar("TRANSFERSTATUSPROTOCOL", channel.Clean(strconv.Itoa(protocol)))
			return err
		},
	}
}

// transferred waits until the driver tells how a transfer fared.
func transferred(ch *channel.Channel) (status string, protocol int, err error) {
	for end := ch.Registry().Now().Add(transferWait); ; {
		f, err := ch.Wait(max(0, end.Sub(ch.Registry().Now())))
		switch {
		case errors.Is(err, channel.ErrTimeout):
			return "FAILURE", 1, nil
		case err != nil:
			return "FAILURE", 1, err
		case f.Kind != channel.FrameControl:
		case f.Control == channel.ControlRedirect:
			return "FAILURE", 1, channel.ErrRedirect
		case f.Control == channel.ControlTransfer:
			if r, _ := f.Data.(channel.TransferResult); !r.OK {
				return "FAILURE", r.Protocol, nil
			}
			return "SUCCESS", 0, nil
		}
	}
}
