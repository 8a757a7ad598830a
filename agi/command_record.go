package agi

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pbx/apps/prompt"
	"pbx/media/sound"
)

func recordCommand() command {
	return command{
		words: "record file", args: "file format escape_digits timeout [offset] [BEEP] [s=silence]", synopsis: "Record what the caller says", least: 4, most: 7,
		help: "Records to file.format (wav, sln, ulaw, alaw) until one of the keys, for so many milliseconds at most (-1 for ever), or until so many seconds of silence. The offset is the sample of the file to begin at. The result is the key's ASCII value, 0 or -1, the reason in parentheses, and endpos, the samples in the file.",
		run:  recordFile,
	}
}

func recordFile(s *session, a []string) (reply, bool) {
	limit, ok := milliseconds(a[3])
	if !ok {
		return reply{}, false
	}
	offset, silence, beep := int64(0), time.Duration(0), false
	for i, text := range a[4:] {
		n, err := strconv.ParseInt(text, 10, 64)
		seconds, isSilence := strings.CutPrefix(strings.ToLower(text), "s=")
		switch {
		case isSilence:
			if n, err := strconv.Atoi(seconds); err == nil && n > 0 && n < 1<<30 {
				silence = time.Duration(n) * time.Second
			}
		case err == nil && i == 0:
			offset = max(n, 0)
		default:
			beep = true
		}
	}
	if beep {
		if _, err := s.agi.deps.Player.Play(s.ch, "beep", prompt.Options{}); prompt.Ended(err) {
			return result("-1 (hangup) endpos=0"), true
		}
	}
	name := a[0]
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.agi.deps.Recordings, name)
	}
	file, err := sound.Record(name, a[1], offset)
	if err != nil {
		s.t.Log().Warn(fmt.Sprintf("RECORD FILE: %v", err))
		return result("-1 (writefile)"), true
	}
	return s.record(file, a[2], limit, silence), true
}

// record writes the caller's voice to a file until one of the keys, the limit or
// so much silence.
func (s *session) record(file *sound.Recorder, keys string, limit, silence time.Duration) reply {
	r, err := prompt.Recording{Keys: keys, Limit: limit, Silence: silence}.Record(s.ch, file)
	samples := file.Samples()
	switch failure := errors.Join(r.Failure, file.Close()); {
	case failure != nil:
		s.t.Log().Warn(fmt.Sprintf("RECORD FILE: %v", failure))
		return result("-1 (writefile) endpos=%d", samples)
	case err != nil:
		return result("-1 (hangup) endpos=%d", samples)
	case r.Digit != 0:
		return result("%d (dtmf) endpos=%d", r.Digit, samples)
	}
	return result("0 (timeout) endpos=%d", samples)
}
