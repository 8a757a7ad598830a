package apps

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func softHangup() channel.Application {
	letters := []decl.Option{{Letter: 'a', Help: "What is given is a device, such as SIP/100; all of its calls end."}}
	return channel.Application{
		Name:     "SoftHangup",
		Synopsis: "End the call of another channel",
		Help:     `Asks the channel of that name to end, or all those of a device.`,
		Args: []decl.Arg{
			{Name: "Technology/Resource", Help: "A channel's name such as SIP/100-0000001a, or a device with the option a."},
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
				of := ch.Name()
				if given(args, 'a') {
					of = device(of)
				}
				if !strings.EqualFold(of, name) {
					continue
				}
				warn(t, "Soft hanging %s up.", ch.Name())
				ch.SoftHangup(channel.CauseNormalClearing)
				if !given(args, 'a') {
					break
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
