package apps

import (
	"errors"
	"strconv"
	"strings"

	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
)

func chanIsAvail() channel.Application {
	letters := []decl.Option{
		{Letter: 'a', Help: "Look at all devices instead of stopping at the first that can be called."},
		{Letter: 's', Help: "A device that is in use, or rings, cannot be called."},
		{Letter: 't', Help: "Only look at the state of the devices."},
		{Letter: 'j', Help: "Accepted and not used: the old jump to priority n+101."},
	}
	return channel.Application{
		Name:     "ChanIsAvail",
		Synopsis: "Find out whether a device can be called",
		Help:     `Looks at each device in turn until one can be called. Nothing rings.`,
		Args: []decl.Arg{
			{Name: "Technology/Resource", Help: "A device, such as SIP/100.", Separator: "&", Target: decl.Device},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
		},
		Options: letters,
		Variables: []decl.Variable{
			{Name: "AVAILCHAN", Help: "The channel that could be made, with & between several."},
			{Name: "AVAILORIGCHAN", Help: "The device that can be called."},
			{Name: "AVAILSTATUS", Help: "The number of the device's state, with s or t; 0 otherwise."},
			{Name: "AVAILCAUSECODE", Help: "The Q.850 cause of a device that cannot be called."},
		},
		SeeAlso: []string{"Dial"},
		Raw:     true,
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			parts := field.Split(field.Of(args), ',', 2)
			if len(parts) == 0 || parts[0].S == "" {
				warn(t, "ChanIsAvail requires an argument (SIP/100&SIP/101)")
				return channel.ErrHangup
			}
			if len(parts) > 1 {
				options(t, "ChanIsAvail", args, parts[1].S, letters)
			}
			return available(t, args, field.Split(parts[0], '&', 0))
		},
	}
}

func available(t channel.Thread, args *decl.Args, devices []channel.Value) error {
	var names, found, states, causes []string
	for _, v := range devices {
		dest := field.Trim(v).S
		technology, resource, ok := strings.Cut(dest, "/")
		if !ok {
			warn(t, "Invalid input (%s) for ChanIsAvail", dest)
			return channel.ErrHangup
		}
		tech, known := t.Channel().Registry().Technology(technology)
		state := channel.DeviceUnknown
		if known && (given(args, 's') || given(args, 't')) {
			state = tech.DeviceState(resource)
		}
		name, cause := "", channel.CauseNone
		if callable(state) || !given(args, 's') {
			name, cause = try(t, args, dest)
		}
		states = append(states, strconv.Itoa(int(state)))
		causes = append(causes, strconv.Itoa(int(cause)))
		if name == "" {
			continue
		}
		names, found = append(names, name), append(found, dest)
		if !given(args, 'a') {
			break
		}
	}
	ch := t.Channel()
	set := func(name string, list []string) { ch.SetVar(name, channel.Clean(strings.Join(list, "&"))) }
	set("AVAILCHAN", names)
	set("AVAILORIGCHAN", found)
	set("AVAILSTATUS", states)
	set("AVAILCAUSECODE", causes)
	return nil
}

func callable(s channel.DeviceState) bool {
	return s == channel.DeviceUnknown || s == channel.DeviceNotInUse
}

// try makes a leg and takes it back. With t a state that is known is enough.
func try(t channel.Thread, args *decl.Args, dest string) (name string, cause channel.Cause) {
	if given(args, 't') {
		return dest, channel.CauseNone
	}
	leg, err := t.Channel().Registry().Request(dest, channel.Request{From: t.Channel(), Formats: t.Channel().Settings().Formats})
	if e := (*channel.RequestError)(nil); errors.As(err, &e) {
		return "", e.Cause
	} else if err != nil {
		return "", channel.CauseFailure
	}
	leg.Hangup()
	return leg.Name(), channel.CauseNone
}
