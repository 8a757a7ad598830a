package apps

import (
	"strconv"
	"strings"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

// skip is how far the keys of ControlPlayback go where nobody says.
const skip = 3 * time.Second

func controlPlayback(s *set) channel.Application {
	letters := []decl.Option{{Letter: 'o', Args: []string{"milliseconds"}, Help: "Where in the sound to begin."}}
	return channel.Application{
		Name:     "ControlPlayback",
		Synopsis: "Play a sound that the caller goes about in by keys",
		Help: `Plays a sound; keys go forward and back, pause, begin again and end it. The next priority is run in any case. ` +
			`The call has to be answered.`,
		Args: []decl.Arg{
			{Name: "filename", Help: "The sound.", Target: decl.Sound},
			{Name: "skipms", Help: "How far a key goes, 3000 milliseconds if not given.", Optional: true},
			{Name: "ff", Help: "The key that goes forward, # if not given.", Optional: true},
			{Name: "rew", Help: "The key that goes back, * if not given.", Optional: true},
			{Name: "stop", Help: "The keys that end it.", Optional: true},
			{Name: "pause", Help: "The key that pauses and goes on.", Optional: true},
			{Name: "restart", Help: "The key that begins again.", Optional: true},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
		},
		Options: letters,
		Variables: []decl.Variable{
			{Name: "CPLAYBACKSTATUS", Help: "How it ended.", Values: []string{"SUCCESS", "USERSTOPPED", "ERROR"}},
			{Name: "CPLAYBACKOFFSET", Help: "Where it ended, in milliseconds."},
			{Name: "CPLAYBACKSTOPKEY", Help: "The key that ended it."},
		},
		SeeAlso: []string{"Playback"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			if !args.Has(0) {
				warn(t, "ControlPlayback requires an argument (filename)")
				return channel.ErrHangup
			}
			options(t, "ControlPlayback", args, args.Arg(7), letters)
			c := controls(args)
			if ms := wholeNumber(args.Arg(1)); ms > 0 {
				c.Skip = time.Duration(ms) * time.Millisecond
			}
			if text, ok := args.Option('o'); ok {
				c.From = time.Duration(max(0, wholeNumber(text))) * time.Millisecond
			}
			digit, at, err := s.player.Control(ch, args.Arg(0), c)
			status := "SUCCESS"
			switch {
			case prompt.Ended(err):
				return err
			case err != nil:
				warn(t, "ControlPlayback: %v", err)
				status, at = "ERROR", 0
			case digit != 0:
				status = "USERSTOPPED"
				ch.SetVar("CPLAYBACKSTOPKEY", channel.Clean(string(rune(digit))))
			}
			ch.SetVar("CPLAYBACKSTATUS", channel.Clean(status))
			ch.SetVar("CPLAYBACKOFFSET", channel.Clean(strconv.FormatInt(at.Milliseconds(), 10)))
			return nil
		},
	}
}

// controls reads the keys. # and * go forward and back, unless they do something
// else here.
func controls(args *decl.Args) prompt.Controls {
	key := func(i int) byte {
		if text := args.Arg(i); text != "" && strings.IndexByte(prompt.AnyDigit, text[0]) >= 0 {
			return text[0]
		}
		return 0
	}
	c := prompt.Controls{Forward: key(2), Rewind: key(3), Stop: args.Arg(4), Pause: key(5), Restart: key(6), Skip: skip, Untrusted: args.Tainted}
	if key(4) == 0 {
		c.Stop = ""
	}
	free := func(digit byte) bool {
		return digit != c.Forward && digit != c.Rewind && digit != c.Pause && digit != c.Restart && strings.IndexByte(c.Stop, digit) < 0
	}
	if c.Forward == 0 && free('#') {
		c.Forward = '#'
	}
	if c.Rewind == 0 && free('*') {
		c.Rewind = '*'
	}
	return c
}
