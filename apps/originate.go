package apps

import (
	"strconv"
	"strings"
	"time"

	"pbx/apps/field"
	"pbx/channel"
	"pbx/channel/originate"
	"pbx/decl"
)

func originateApp(s *set) channel.Application {
	letters := []decl.Option{
		{Letter: 'a', Help: "Go on at once; ORIGINATE_STATUS stays empty."},
		{Letter: 'b', Args: []string{"context^exten^priority(args)"}, Help: "Run a subroutine on the new channel before it is called."},
		{Letter: 'B', Args: []string{"context^exten^priority(args)"}, Help: "Run a subroutine on this channel before."},
		{Letter: 'C', Args: []string{"codecs"}, Help: "The formats to offer, divided by commas or &."},
		{Letter: 'c', Args: []string{"number"}, Help: "The caller's number."},
		{Letter: 'n', Args: []string{"name"}, Help: "The caller's name."},
		{Letter: 'v', Args: []string{"name=value^..."}, Help: "Variables of the new channel."},
	}
	return channel.Application{
		Name:     "Originate",
		Synopsis: "Place another call",
		Help: `Calls a device and sends it, when it answers, into an application or to an extension. This channel waits until it has answered or will not, ` +
			`and goes on; it is not connected with it. Arguments that make no call end this one.`,
		Args: []decl.Arg{
			{Name: "tech_data", Help: "The device, such as SIP/100.", Target: decl.Device},
			{Name: "type", Help: "app or exten."},
			{Name: "arg1", Help: "The application, or the context."},
			{Name: "arg2", Help: "What the application is given, or the extension; without it s.", Optional: true},
			{Name: "arg3", Help: "The priority, without it 1.", Optional: true},
			{Name: "timeout", Help: "Seconds that it may ring, 30 without it.", Optional: true},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
		},
		Options:   letters,
		Variables: []decl.Variable{{Name: "ORIGINATE_STATUS", Help: "FAILED, SUCCESS, BUSY, CONGESTION, HANGUP, RINGING or UNKNOWN."}},
		SeeAlso:   []string{"Dial"},
		Raw:       true,
		Wait:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			parts := field.Split(field.Of(args), ',', 7)
			for len(parts) < 7 {
				parts = append(parts, channel.Value{})
			}
			for i := range parts {
				parts[i] = field.Trim(parts[i])
			}
			options(t, "Originate", args, parts[6].S, letters)
			q, ok := s.originateRequest(t, parts)
			if !ok {
				t.Channel().SetVar("ORIGINATE_STATUS", channel.Clean("FAILED"))
				return channel.ErrHangup
			}
			if err := originateOptions(t, args, q); err != nil {
				return err
			}
			registry := t.Channel().Registry()
			if given(args, 'a') {
				registry.Go(func() { originate.Place(registry, s.dialplan, *q) })
				return nil
			}
			how := originate.Place(registry, s.dialplan, *q)
			if how.Err != nil {
				warn(t, "Originate: %v", how.Err)
			}
			if err := t.Set("ORIGINATE_STATUS", channel.Clean(originateStatus(how.Reason))); err != nil {
				return err
			}
			if t.Channel().HungUp() {
				return channel.ErrHangup
			}
			return nil
		},
	}
}

// originateRequest reads the arguments; false is that they make no call, which it
// tells of.
func (s *set) originateRequest(t channel.Thread, parts []channel.Value) (*originate.Request, bool) {
	q := &originate.Request{Dest: parts[0].S}
	if tech, resource, ok := strings.Cut(q.Dest, "/"); !ok || tech == "" || resource == "" || parts[2].S == "" {
		warn(t, "Originate needs a device (SIP/100), app or exten, and the application or context")
		return nil, false
	}
	if text := parts[5].S; text != "" {
		n, err := strconv.ParseUint(text, 10, 20)
		if err != nil {
			warn(t, "Originate: timeout %q is not a number of seconds", text)
		}
		q.Timeout = time.Duration(n) * time.Second
	}
	switch strings.ToLower(parts[1].S) {
	case "app":
		q.App, q.Data = parts[2].S, parts[3]
	case "exten":
		q.Location = channel.Location{Context: parts[2].S, Exten: parts[3].S, Priority: 1}
		if q.Location.Exten == "" {
			q.Location.Exten = "s"
		}
		if text := parts[4].S; text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				warn(t, "Originate: priority %q is not a number", text)
				return nil, false
			}
			q.Location.Priority = n
		}
	default:
		warn(t, "Originate: type %q is neither app nor exten", parts[1].S)
		return nil, false
	}
	return q, true
}

// originateOptions reads the letters.
func originateOptions(t channel.Thread, args *decl.Args, q *originate.Request) error {
	if spec, ok := args.Option('B'); ok {
		place, list := subroutine(spec)
		if err := t.Gosub(t.Channel(), place, list); err != nil {
			return err
		}
	}
	if spec, ok := args.Option('b'); ok {
		q.PreDial, q.PreDialArgs = subroutine(spec)
	}
	if text, ok := args.Option('C'); ok {
		q.Formats = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '&' })
	}
	number, hasNumber := args.Option('c')
	name, hasName := args.Option('n')
	if hasNumber || hasName {
		q.Caller = &channel.Party{Name: name, Number: number, HasNumber: number != ""}
	}
	if text, ok := args.Option('v'); ok {
		var tainted bool
		for i := range 7 {
			tainted = tainted || args.TaintedAt(i)
		}
		for one := range strings.SplitSeq(text, "^") {
			name, value, _ := strings.Cut(one, "=")
			bare, inherit := channel.SplitInherit(strings.TrimSpace(name))
			v := channel.Clean(value)
			if tainted {
				v = channel.Tainted(value)
			}
			q.Variables = append([]channel.Variable{{Name: bare, Value: v, Inherit: inherit}}, q.Variables...)
		}
	}
	return nil
}

// subroutine reads context^exten^priority(args).
func subroutine(spec string) (place string, args []channel.Value) {
	place, list, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(spec), ")"), "(")
	if list != "" {
		for a := range strings.SplitSeq(list, "^") {
			args = append(args, channel.Tainted(a))
		}
	}
	return strings.ReplaceAll(place, "^", ","), args
}

func originateStatus(r originate.Reason) string {
	switch r {
	case originate.Answered:
		return "SUCCESS"
	case originate.Busy:
		return "BUSY"
	case originate.Congested:
		return "CONGESTION"
	case originate.Gone:
		return "HANGUP"
	case originate.RangOut:
		return "RINGING"
	case originate.Failed:
		return "FAILED"
	}
	return "UNKNOWN"
}
