package apps

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
	"pbx/media/sound"
)

func record(s *set) channel.Application {
	letters := []decl.Option{
		{Letter: 'a', Help: "Append to the file."},
		{Letter: 'k', Help: "Keep the file when the caller hangs up."},
		{Letter: 'n', Help: "Do not answer; record early audio."},
		{Letter: 'o', Help: "0 ends it with RECORD_STATUS OPERATOR."},
		{Letter: 'q', Help: "No beep before it."},
		{Letter: 's', Help: "Record nothing unless the call is answered already."},
		{Letter: 't', Help: "* ends it, not #."},
		{Letter: 'u', Help: "Leave the silence at its end in the file."},
		{Letter: 'x', Help: "No key ends it."},
		{Letter: 'y', Help: "Any key ends it."},
	}
	return channel.Application{
		Name:     "Record",
		Synopsis: "Record what the caller says to a file",
		Help: `Answers, beeps and records until #, until there was as much silence as is given, or for so long. %d in the name becomes the first number for which there is no file. ` +
			`A name that is not a full path is below the office's sounds. Formats are wav, sln, ulaw and alaw. RECORDING_INFO(duration) tells how long the last one was.`,
		Args: []decl.Arg{
			{Name: "filename.format", Help: "The file and its format, which is the part after the last dot or colon."},
			{Name: "silence", Help: "Seconds of silence that end it, 0 for none.", Optional: true},
			{Name: "maxduration", Help: "The most seconds, 0 for no limit.", Optional: true},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
		},
		Options: letters,
		Variables: []decl.Variable{
			{Name: "RECORDED_FILE", Help: "The name of the file without its format."},
			{Name: "RECORD_STATUS", Help: "How it ended.", Values: []string{"DTMF", "SILENCE", "SKIP", "TIMEOUT", "HANGUP", "OPERATOR", "ERROR"}},
		},
		SeeAlso: []string{"Playback", "Dial"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			ch := t.Channel()
			options(t, "Record", args, args.Arg(3), letters)
			status, err := s.record(t, args)
			ch.SetVar("RECORD_STATUS", channel.Clean(status))
			return err
		},
	}
}

// record returns what RECORD_STATUS is.
func (s *set) record(t channel.Thread, args *decl.Args) (status string, err error) {
	ch := t.Channel()
	name, format, err := s.recordingName(args)
	if err != nil {
		warn(t, "Record: %v", err)
		return "ERROR", channel.ErrHangup
	}
	ch.SetVar("RECORDED_FILE", channel.Clean(name))
	if ch.State() != channel.Up {
		if given(args, 's') {
			return "SKIP", nil
		}
		if !given(args, 'n') {
			if err := ch.Answer(); err != nil {
				return "HANGUP", err
			}
		}
	}
	if !given(args, 'q') {
		if err := s.tellCaller(t, "Record", "beep"); err != nil {
			return "HANGUP", err
		}
	}
	file, err := openRecording(name, format, given(args, 'a'))
	if err != nil {
		warn(t, "Record: %v", err)
		return "ERROR", channel.ErrHangup
	}
	r := prompt.Recording{Keys: "#", Limit: -1, Silence: time.Duration(max(0, wholeNumber(args.Arg(1)))) * time.Second}
	switch {
	case given(args, 'x'):
		r.Keys = ""
	case given(args, 'y'):
		r.Keys = prompt.AnyDigit
	case given(args, 't'):
		r.Keys = "*"
	}
	operator := given(args, 'o') && !given(args, 'x')
	if operator {
		r.Keys += "0"
	}
	if n := wholeNumber(args.Arg(2)); n > 0 {
		r.Limit = time.Duration(n) * time.Second
	}
	before := file.Samples()
	made, end := r.Record(ch, file)
	failure := made.Failure
	if made.Silent && !given(args, 'u') {
		failure = errors.Join(failure, file.Cut(int64(r.Silence/time.Second)*8000))
	}
	ch.SetRecording(channel.Recording{Duration: time.Duration(max(0, file.Samples()-before)) * time.Second / 8000})
	if failure = errors.Join(failure, file.Close()); failure != nil {
		warn(t, "Record: %v", failure)
		return "ERROR", end
	}
	switch {
	case errors.Is(end, channel.ErrHangup):
		if !given(args, 'k') {
			if err := os.Remove(name + "." + format); err != nil {
				warn(t, "Record: %v", err)
			}
		}
		return "HANGUP", end
	case end != nil:
		return "HANGUP", end
	case made.Silent:
		return "SILENCE", nil
	case made.Digit == '0' && operator:
		return "OPERATOR", nil
	case made.Digit != 0:
		return "DTMF", nil
	}
	return "TIMEOUT", nil
}

// errNoRecordings is the reason of an exchange that keeps none.
var errNoRecordings = errors.New("nothing is recorded here")

// recordingName divides filename.format and puts the first free number in the place of
// %d. A name that came from the network stays below the directory of recordings.
func (s *set) recordingName(args *decl.Args) (name, format string, err error) {
	text := args.Arg(0)
	i := strings.LastIndexAny(text, ".:")
	if i <= 0 || strings.ContainsRune(text[i:], '/') {
		return "", "", errors.New("the argument is filename.format")
	}
	name, format = text[:i], strings.ToLower(text[i+1:])
	if !sound.Records(format) {
		return "", "", errors.New(format + " is not a format of recordings; wav, sln, ulaw and alaw are")
	}
	if args.Tainted && (filepath.IsAbs(name) || !filepath.IsLocal(name)) {
		return "", "", errors.New("a name that came from the network leads out of the directory of sounds")
	}
	if s.recordings == "" {
		return "", "", errNoRecordings
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.recordings, name)
	}
	if strings.Contains(name, "%d") {
		for n := 0; ; n++ {
			free := strings.Replace(name, "%d", strconv.Itoa(n), 1)
			if _, err := os.Stat(free + "." + format); err != nil {
				return free, format, nil
			}
		}
	}
	return name, format, nil
}

// openRecording makes the file, or goes on with the one that is there.
func openRecording(name, format string, more bool) (*sound.Recorder, error) {
	const all = 1 << 40 // more samples than a file has
	if more {
		return sound.Record(name, format, all)
	}
	return sound.Record(name, format, 0)
}
