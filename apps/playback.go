package apps

import (
	"pbx/apps/field"
	"pbx/apps/prompt"
	"pbx/apps/say"
	"pbx/channel"
	"pbx/decl"
)

func playback(s *set) channel.Application {
	app := channel.Application{
		Name:     "Playback",
		Synopsis: "Play sounds to the caller",
		Help:     `Answers the call unless it was, then plays the sounds one after another to their end. Keys do not stop them. What cannot be played is left out with a warning.`,
		Args: []decl.Arg{
			{Name: "filenames", Help: "Sound files without their extension, looked for in the caller's language, joined by &.", Separator: "&", Target: decl.Sound},
			{Name: "options", Help: "skip: play nothing if the call is not up. noanswer: do not answer. say: spell the text instead of playing files. Joined by & or commas.", Optional: true},
		},
		Variables: []decl.Variable{{Name: "PLAYBACKSTATUS", Help: "How it went.", Values: []string{"SUCCESS", "FAILED"}}},
		SeeAlso:   []string{"Background", "Read", "Echo"},
		Raw:       true,
		Wait:      true,
	}
	app.Run = func(t channel.Thread, args *decl.Args) error {
		parts := field.Split(field.Of(args), ',', 2)
		if len(parts) == 0 {
			warn(t, "Playback requires an argument (filename)")
			return channel.ErrHangup
		}
		var o words
		if len(parts) > 1 {
			o = readWords(parts[1])
		}
		ch := t.Channel()
		skip, err := pickUp(ch, o.has("skip"), o.has("noanswer"))
		if err != nil {
			return err
		}
		if skip {
			ch.SetVar("PLAYBACKSTATUS", channel.Clean("SUCCESS"))
			return nil
		}
		status := "SUCCESS"
		for _, f := range files(parts[0]) {
			list := []channel.Value{field.Trim(f)}
			if o.has("say") {
				list = nil
				for _, name := range say.Alpha(f.S) {
					list = append(list, channel.Clean(name))
				}
			}
			for _, f := range list {
				_, err := s.player.Play(ch, f.S, prompt.Options{Untrusted: len(f.Taint) > 0})
				if prompt.Ended(err) {
					ch.SetVar("PLAYBACKSTATUS", channel.Clean("FAILED"))
					return err
				}
				if err != nil {
					warn(t, "Playback failed on %s for %s: %v", ch.Name(), f.S, err)
					status = "FAILED"
				}
			}
		}
		ch.SetVar("PLAYBACKSTATUS", channel.Clean(status))
		return nil
	}
	return app
}

// files divides a list of sounds; an empty one is one sound without a name, which
// is not there.
func files(v channel.Value) []channel.Value {
	if v.S == "" {
		return []channel.Value{v}
	}
	return field.Split(v, '&', 0)
}
