package apps

import (
	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

const timesHelp = "times,weekdays,days,months[,timezone] such as 8:00-17:59,mon-fri,*,*: each a value, a range or a list joined by &."

func gotoIfTime(s *set) channel.Application {
	return channel.Application{
		Name:     "GotoIfTime",
		Synopsis: "Go to one of two places by the clock",
		Help:     `Goes to the first place when the time is within those given, to the second when not; a place that is left out is the next priority.`,
		Args:     []decl.Arg{{Name: "times?place:place", Help: timesHelp, Target: decl.Location}},
		SeeAlso:  []string{"GotoIf", "ExecIfTime"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if args.Raw == "" {
				warn(t, "GotoIfTime requires an argument: <time range>,<days of week>,<days of month>,<months>[,<timezone>]?'labeliftrue':'labeliffalse'")
				return channel.ErrHangup
			}
			times, branches, _ := field.Cut(field.Of(args), '?')
			yes, no, _ := field.Cut(branches, ':')
			place := no
			if s.within(t, times.S) {
				place = yes
			}
			if place.S == "" {
				return nil
			}
			return goTo(t, place.S)
		},
	}
}

func execIfTime(s *set) channel.Application {
	return channel.Application{
		Name:     "ExecIfTime",
		Synopsis: "Run an application by the clock",
		Help:     `Runs the application when the time is within those given.`,
		Args:     []decl.Arg{{Name: "times?application(arguments)", Help: timesHelp}},
		SeeAlso:  []string{"ExecIf", "GotoIfTime"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			times, app, ok := field.Cut(field.Of(args), '?')
			if !ok {
				warn(t, "ExecIfTime requires an argument: <time range>,<days of week>,<days of month>,<months>[,<timezone>]?<appname>[(<appargs>)]")
				return channel.ErrHangup
			}
			if times.S == "" {
				warn(t, "ExecIfTime: there is no time before the question mark")
				return channel.ErrHangup
			}
			if !s.within(t, times.S) {
				return nil
			}
			return execute(t, app)
		},
	}
}

// within reports whether it is one of those times; an empty text is none.
func (s *set) within(t channel.Thread, times string) bool {
	if times == "" {
		return false
	}
	timing, complaints := dialplan.ParseTiming(times)
	for _, c := range complaints {
		warn(t, "%s", c)
	}
	return timing.Matches(dialplan.Clock(t.Channel(), s.now()))
}
