package agi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/media"
	"pbx/media/sound"
)

// silenceLevel is the mean of the samples below which a caller is silent.
const silenceLevel = 256

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
	var rec recording
	stop := rec.start(s.ch, file, silence)
	digit, err := s.untilKey(keys, limit, &rec.silent)
	failure := stop()
	samples := file.Samples()
	if e := file.Close(); failure == nil {
		failure = e
	}
	switch {
	case failure != nil:
		s.t.Log().Warn(fmt.Sprintf("RECORD FILE: %v", failure))
		return result("-1 (writefile) endpos=%d", samples)
	case err != nil:
		return result("-1 (hangup) endpos=%d", samples)
	case digit != 0:
		return result("%d (dtmf) endpos=%d", digit, samples)
	}
	return result("0 (timeout) endpos=%d", samples)
}

// untilKey waits for one of the keys, for the limit, or for over to become true,
// which a FrameWake tells.
func (s *session) untilKey(keys string, limit time.Duration, over *atomic.Bool) (byte, error) {
	now := s.ch.Registry().Now
	for end := now().Add(limit); !over.Load(); {
		left := time.Duration(-1)
		if limit >= 0 {
			left = max(0, end.Sub(now()))
		}
		f, err := s.ch.Wait(left)
		switch {
		case errors.Is(err, channel.ErrTimeout):
			return 0, nil
		case err != nil:
			return 0, err
		case s.ch.Redirected():
			return 0, channel.ErrRedirect
		case f.Kind == channel.FrameDTMFEnd && strings.IndexByte(keys, f.Digit) >= 0:
			return f.Digit, nil
		}
	}
	return 0, nil
}

// recording takes the caller's voice to a file on a goroutine of its own.
type recording struct {
	silent atomic.Bool // there was as much silence as was asked for
}

// start begins it; stop ends it and returns what went wrong with the file.
func (r *recording) start(ch *channel.Channel, file *sound.Recorder, silence time.Duration) (stop func() error) {
	from := ch.Media()
	if from == nil {
		return func() error { return nil }
	}
	capture, done := media.NewCapture(true), make(chan error, 1)
	from.SetTap(capture)
	go func() {
		var block [320]byte
		quiet := time.Duration(0)
		for {
			n, err := capture.Read(block[:])
			if err != nil {
				done <- nil
				return
			}
			if _, err := file.Write(block[:n]); err != nil {
				done <- err
				return
			}
			if quiet += time.Duration(n/2) * sample; !isQuiet(block[:n]) {
				quiet = 0
			}
			if silence > 0 && quiet >= silence && r.silent.CompareAndSwap(false, true) {
				ch.Queue(channel.Frame{Kind: channel.FrameWake})
			}
		}
	}()
	return func() error {
		from.RemoveTap(capture)
		capture.Close()
		return <-done
	}
}

func isQuiet(b []byte) bool {
	sum := 0
	for i := 0; i+1 < len(b); i += 2 {
		v := int(int16(binary.LittleEndian.Uint16(b[i:])))
		sum += max(v, -v)
	}
	return sum < silenceLevel*len(b)/2
}
