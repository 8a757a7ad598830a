package agi

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pbx/apps/prompt"
	"pbx/apps/say"
	"pbx/channel"
)

const (
	sample = time.Second / 8000
	// maxDigits is how many digits GET DATA takes at most.
	maxDigits = 1024
)

// milliseconds reads a time; negative ones are for ever.
func milliseconds(text string) (time.Duration, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > 1<<40 {
		return 0, false
	}
	if n < 0 {
		return -1, true
	}
	return time.Duration(n) * time.Millisecond, true
}

// promptCommands play sounds and take digits; HANGUP stands among them.
func promptCommands() []command {
	return []command{
		{
			words: "get data", args: "file [timeout] [maxdigits]", synopsis: "Play a sound and take digits", least: 1, most: 3,
			help: "Plays the sound, which the first digit stops, and takes digits until #, until there are enough, or until none came for the timeout in milliseconds. The result is the digits, with (timeout) when that ended it, or -1.",
			run:  getData,
		},
		{
			words: "get option", args: "file escape_digits [timeout]", synopsis: "Play a sound and wait for a key", least: 2, most: 3,
			help: "Plays the sound as STREAM FILE does and waits for one of the keys for the timeout in milliseconds; 5000 if none is given.",
			run: func(s *session, a []string) (reply, bool) {
				wait := s.t.Timeouts().Digit
				if len(a) > 2 {
					var ok bool
					if wait, ok = milliseconds(a[2]); !ok {
						return reply{}, false
					}
				}
				digit, at, err := s.stream(a[0], a[1], 0)
				if err == nil && digit == 0 && wait != 0 {
					digit, err = s.key(a[1], wait)
				}
				return result("%d endpos=%d", digitOr(digit, err), at), true
			},
		},
		hangupCommand(),
		{
			words: "stream file", args: "file escape_digits [offset]", synopsis: "Play a sound", least: 2, most: 3,
			help: "Plays the sound from a sample on, to its end or to one of the keys. The result is the key's ASCII value, 0 at the end of the sound, or -1; endpos is the sample where it ended. PLAYBACKSTATUS is SUCCESS or FAILED.",
			run: func(s *session, a []string) (reply, bool) {
				offset := 0
				if len(a) > 2 {
					n, err := strconv.Atoi(a[2])
					if err != nil {
						return reply{}, false
					}
					offset = max(n, 0)
				}
				digit, at, err := s.stream(a[0], a[1], offset)
				status := "SUCCESS"
				if err != nil {
					status = "FAILED"
				}
				s.ch.SetVar("PLAYBACKSTATUS", channel.Value{S: status})
				return result("%d endpos=%d", digitOr(digit, err), at), true
			},
		},
		{
			words: "control stream file", args: "file escape_digits [skipms] [ffchar] [rewchr] [pausechr] [offsetms]",
			synopsis: "Play a sound that the listener controls", least: 2, most: 7,
			help: "Plays the sound; # goes forward and * back by skipms (3000), unless other keys are named, and the pause key pauses. One of the escape digits ends it. CPLAYBACKSTATUS, CPLAYBACKOFFSET and CPLAYBACKSTOPKEY tell how it ended; endpos is the place in milliseconds, -1 at the end.",
			run:  controlStream,
		},
		{
			words: "wait for digit", args: "timeout", synopsis: "Wait for a key", least: 1, most: 1,
			help: "Waits for a key for so many milliseconds, -1 for ever. The result is the key's ASCII value, 0 when none was pressed, or -1.",
			run: func(s *session, a []string) (reply, bool) {
				wait, ok := milliseconds(a[0])
				if !ok {
					return reply{}, false
				}
				return result("%d", digitOr(s.key(prompt.AnyDigit, wait))), true
			},
		},
	}
}

// stream plays a sound from a sample on.
func (s *session) stream(file, keys string, offset int) (digit byte, at int64, err error) {
	var place time.Duration
	digit, err = s.agi.deps.Player.Play(s.ch, file, prompt.Options{Stops: keys, From: time.Duration(offset) * sample, Position: &place})
	if err != nil && !prompt.Ended(err) {
		s.t.Log().Warn(fmt.Sprintf("Unable to open %s: %v", file, err))
		return 0, 0, err
	}
	return digit, int64(place / sample), err
}

// key waits for one of some keys; a negative time is for ever.
func (s *session) key(keys string, wait time.Duration) (byte, error) {
	const long = 24 * time.Hour
	now := s.ch.Registry().Now
	for end := now().Add(wait); ; {
		left := end.Sub(now())
		if wait < 0 {
			left = long
		}
		digit, err := prompt.WaitDigit(s.ch, max(0, left))
		if err != nil || digit != 0 && strings.IndexByte(keys, digit) >= 0 || digit == 0 && wait >= 0 {
			return digit, err
		}
	}
}

func getData(s *session, a []string) (reply, bool) {
	first, next := s.t.Timeouts().Response, s.t.Timeouts().Digit
	if len(a) > 1 {
		wait, ok := milliseconds(a[1])
		if !ok {
			return reply{}, false
		}
		if wait != 0 {
			first, next = wait, wait
		}
	}
	most := maxDigits
	if len(a) > 2 {
		n, err := strconv.Atoi(a[2])
		if err != nil {
			return reply{}, false
		}
		if n > 0 {
			most = min(n, maxDigits)
		}
	}
	digit, err := s.agi.deps.Player.Play(s.ch, a[0], prompt.Options{Stops: prompt.AnyDigit})
	if err != nil {
		if !prompt.Ended(err) {
			s.t.Log().Warn(fmt.Sprintf("Unable to open %s: %v", a[0], err))
		}
		return result("-1"), true
	}
	digits := ""
	for wait := first; ; wait = next {
		if digit == 0 {
			if digit, err = s.key(prompt.AnyDigit, wait); err != nil {
				return result("-1"), true
			}
		}
		switch digit {
		case 0:
			return result("%s (timeout)", digits), true
		case '#':
			return result("%s", digits), true
		}
		if digits += string(rune(digit)); len(digits) >= most {
			return result("%s", digits), true
		}
		digit = 0
	}
}

func controlStream(s *session, a []string) (reply, bool) {
	c := prompt.Controls{Stop: a[1], Skip: 3 * time.Second, Forward: '#', Rewind: '*'}
	for i, text := range a[2:] {
		switch i {
		case 0, 4:
			d, ok := milliseconds(text)
			if !ok {
				return reply{}, false
			}
			if i == 0 {
				c.Skip = d
			} else {
				c.From = max(d, 0)
			}
		default:
			if text != "" {
				*[]*byte{&c.Forward, &c.Rewind, &c.Pause}[i-1] = text[0]
			}
		}
	}
	digit, at, err := s.agi.deps.Player.Control(s.ch, a[0], c)
	status, key, offset := "SUCCESS", "", at.Milliseconds()
	switch {
	case errors.Is(err, channel.ErrHangup), errors.Is(err, channel.ErrRedirect):
		status = "REMOTESTOPPED"
	case err != nil:
		s.t.Log().Warn(fmt.Sprintf("Unable to open %s: %v", a[0], err))
		status, offset = "ERROR", -1
	case digit != 0:
		status, key = "USERSTOPPED", string(rune(digit))
	default:
		offset = -1
	}
	s.ch.SetVar("CPLAYBACKSTATUS", channel.Value{S: status})
	s.ch.SetVar("CPLAYBACKOFFSET", channel.Value{S: strconv.FormatInt(offset, 10)})
	s.ch.SetVar("CPLAYBACKSTOPKEY", channel.Value{S: key})
	return result("%d endpos=%d", digitOr(digit, err), offset), true
}

// sayCommands speak.
func sayCommands() []command {
	speak := func(words, args, synopsis string, least, most int, files func(s *session, a []string) ([]string, bool)) command {
		return command{
			words: "say " + words, args: args, synopsis: synopsis, least: least, most: most,
			help: synopsis + ", to its end or to one of the keys. The result is the key's ASCII value, 0 at the end, or -1.",
			run: func(s *session, a []string) (reply, bool) {
				list, ok := files(s, a)
				if !ok {
					return reply{}, false
				}
				return result("%d", digitOr(s.agi.deps.Player.PlayAll(s.ch, list, prompt.Options{Stops: a[1]}))), true
			},
		}
	}
	at := func(format string) func(*session, []string) ([]string, bool) {
		return func(s *session, a []string) ([]string, bool) { return s.time(a, format) }
	}
	return []command{
		speak("alpha", "text escape_digits", "Spells a text", 2, 2, func(_ *session, a []string) ([]string, bool) { return say.Alpha(a[0]), true }),
		speak("digits", "number escape_digits", "Speaks the digits of a number", 2, 2, func(_ *session, a []string) ([]string, bool) {
			number := strings.TrimLeft(a[0], "+-")
			return say.Digits(a[0]), number != "" && number[0] >= '0' && number[0] <= '9'
		}),
		speak("number", "number escape_digits [gender]", "Speaks a number", 2, 3, func(s *session, a []string) ([]string, bool) {
			n, err := strconv.ParseInt(a[0], 10, 64)
			if err != nil {
				return nil, false
			}
			gender := ""
			if len(a) > 2 {
				gender = a[2]
			}
			list, err := say.Spoken(s.ch.Settings().Language, n, gender, func(file string) bool { return s.agi.deps.Player.Exists(s.ch, file) })
			return list, err == nil
		}),
		speak("phonetic", "text escape_digits", "Spells a text with the words of radio operators", 2, 2, func(_ *session, a []string) ([]string, bool) { return say.Phonetic(a[0]), true }),
		speak("date", "time escape_digits", "Speaks the date of a moment in seconds since 1970", 2, 2, at("ABdY")),
		speak("time", "time escape_digits", "Speaks the time of a moment in seconds since 1970", 2, 2, at("IMp")),
		speak("datetime", "time escape_digits [format] [timezone]", "Speaks a moment in seconds since 1970 by a format of SayUnixTime", 2, 4, at(say.DefaultTime)),
	}
}

// time are the sounds of a moment: the arguments are seconds, keys, a format and a
// time zone.
func (s *session) time(a []string, format string) ([]string, bool) {
	seconds, err := strconv.ParseInt(a[0], 10, 64)
	if err != nil {
		return nil, false
	}
	if len(a) > 2 && a[2] != "" {
		format = a[2]
	}
	when := time.Unix(seconds, 0)
	if len(a) > 3 && a[3] != "" {
		zone, err := time.LoadLocation(a[3])
		if err != nil {
			s.t.Log().Warn("unknown time zone '" + a[3] + "'")
			zone = time.Local
		}
		when = when.In(zone)
	}
	return say.Time(s.ch.Settings().Language, when, s.ch.Registry().Now(), format), true
}
