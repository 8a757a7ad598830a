package apps

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func softHangup() channel.Application {
	letters := []decl.Option{{Letter: 'a', Help: "End every call of the device, not only the channel of that name."}}
	return channel.Application{
		Name:     "SoftHangup",
		Synopsis: "End the call of another channel",
		Help:     `Asks the channel of that name to end, or the first one of that device.`,
		Args: []decl.Arg{
			{Name: "Technology/Resource", Help: "A channel's name, or a device such as SIP/100."},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
		},
		Options: letters,
		SeeAlso: []string{"Hangup"},
		Run: func(t channel.Thread, args *decl.Args) error {
			name := args.Arg(0)
			if name == "" {
				warn(t, "SoftHangup requires an argument (Technology/resource)")
				return nil
			}
			options(t, "SoftHangup", args, args.Arg(1), letters)
			for _, ch := range t.Channel().Registry().Channels() {
				if strings.EqualFold(ch.Name(), name) || strings.EqualFold(device(ch.Name()), name) {
					ch.SoftHangup(channel.CauseNormalClearing)
					if !given(args, 'a') {
						break
					}
				}
			}
			return nil
		},
	}
}

// device is the device of a channel's name: SIP/100 of SIP/100-0000001a.
func device(name string) string {
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		return name[:i]
	}
	return name
}
