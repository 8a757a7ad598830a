package apps

import (
	"strings"

	"pbx/apps/field"
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

func background(s *set) channel.Application {
	letters := []decl.Option{
		{Letter: 's', Help: "Play nothing if the call is not up."},
		{Letter: 'n', Help: "Do not answer the call."},
		{Letter: 'm', Help: "Only a digit that is an extension by itself stops the sounds."},
		{Letter: 'p', Help: "No digit stops the sounds."},
	}
	return channel.Application{
		Name:     "BackGround",
		Synopsis: "Play sounds while the caller dials an extension",
		Help: `Answers the call unless it was, then plays the sounds one after another. The first digit stops them; ` +
			`more are taken as long as they could make an extension, and the call goes on there, or at i with the digits in INVALID_EXTEN. ` +
			`Without a digit the next priority is run, usually WaitExten.`,
		Args: []decl.Arg{
			{Name: "filenames", Help: "Sound files without their extension, joined by &.", Separator: "&", Target: decl.Sound},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
			{Name: "language", Help: "The language of the sounds instead of the caller's.", Optional: true},
			{Name: "context", Help: "Where a single digit is looked for first, instead of the context that is run.", Optional: true, Target: decl.ContextRef},
		},
		Options: letters,
		Variables: []decl.Variable{
			{Name: "BACKGROUNDSTATUS", Help: "How it went.", Values: []string{"SUCCESS", "FAILED"}},
			{Name: "INVALID_EXTEN", Help: "What was dialled, in the extension i."},
		},
		SeeAlso: []string{"Playback", "WaitExten", "Read"},
		Raw:     true,
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			parts := field.Split(field.Of(args), ',', 4)
			if args.Raw == "" {
				warn(t, "Background requires an argument (filename)")
				return channel.ErrHangup
			}
			for len(parts) < 4 {
				parts = append(parts, channel.Value{})
			}
			switch letter := parts[1].S; strings.ToLower(letter) {
			case "skip", "noanswer": // as it was once written
				options(t, "BackGround", args, strings.ToLower(letter[:1]), letters)
			default:
				options(t, "BackGround", args, letter, letters)
			}
			return s.background(t, args, parts)
		},
	}
}

func (s *set) background(t channel.Thread, args *decl.Args, parts []channel.Value) error {
	ch := t.Channel()
	status := "SUCCESS"
	defer func() { ch.SetVar("BACKGROUNDSTATUS", channel.Clean(status)) }()
	if skip, err := pickUp(ch, given(args, 's'), given(args, 'n')); skip || err != nil {
		return err
	}
	context := parts[3].S
	if v, ok := ch.Var("MACRO_CONTEXT"); ok && context == "" {
		context = v.S // a macro has no menu
	}
	if context == "" {
		context = t.Location().Context
	}
	o := prompt.Options{Stops: prompt.AnyDigit, Language: parts[2].S}
	if given(args, 'p') {
		o.Stops = ""
	} else if given(args, 'm') {
		o.StopIf = func(digit byte) bool { return t.Match(context, string(rune(digit)), 1).Exists() }
	}
	var digit byte
	for _, f := range files(parts[0]) {
		f = field.Trim(f)
		o.Untrusted = len(f.Taint) > 0
		var err error
		digit, err = s.player.Play(ch, f.S, o)
		if prompt.Ended(err) {
			return err
		}
		if err != nil {
			warn(t, "BackGround failed on %s for %s: %v", ch.Name(), f.S, err)
			status = "FAILED"
			break
		}
		if digit != 0 {
			break
		}
	}
	if digit != 0 && !prompt.TakesDigits(ch) && single(t, context, digit) {
		t.GotoLocation(channel.Location{Context: context, Exten: string(rune(digit)), Priority: 1})
		return nil
	}
	return dialled(digit)
}

// single reports whether a digit is an extension by itself and can become no
// longer one.
func single(t channel.Thread, context string, digit byte) bool {
	m := t.Match(context, string(rune(digit)), 1)
	return m.Exists() && !m.Partial()
}
