package prompt

import (
	"encoding/binary"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"pbx/channel"
	"pbx/media"
	"pbx/media/sound"
)

// silenceLevel is the mean of the samples below which a caller is silent.
const silenceLevel = 256

// Recording says how long a recording lasts.
type Recording struct {
	// Keys end it.
	Keys string
	// Limit is its longest, negative for none, and Silence how much silence ends it,
	// 0 for none.
	Limit, Silence time.Duration
}

// Recorded is how a recording ended.
type Recorded struct {
	Digit  byte // the key, 0 without one
	Silent bool // there was silence
	// Failure is what went wrong with the file.
	Failure error
}

// Record writes what the far end says to a file until a key, the limit or silence
// ends it. The error is the end of the call. The file is the caller's to close.
func (r Recording) Record(ch *channel.Channel, file *sound.Recorder) (Recorded, error) {
	var c capture
	stop := c.start(ch, file, r.Silence)
	digit, err := r.untilOver(ch, &c.silent)
	return Recorded{digit, c.silent.Load(), stop()}, err
}

// untilOver waits for one of the keys, for the limit, or for over to become true,
// which a FrameWake tells.
func (r Recording) untilOver(ch *channel.Channel, over *atomic.Bool) (byte, error) {
	now := ch.Registry().Now
	for end := now().Add(r.Limit); !over.Load(); {
		left := time.Duration(-1)
		if r.Limit >= 0 {
			left = max(0, end.Sub(now()))
		}
		f, err := ch.Wait(left)
		switch {
		case errors.Is(err, channel.ErrTimeout):
			return 0, nil
		case err != nil:
			return 0, err
		case ch.Redirected():
			return 0, channel.ErrRedirect
		case f.Kind == channel.FrameDTMFEnd && strings.IndexByte(r.Keys, f.Digit) >= 0:
			return f.Digit, nil
		}
	}
	return 0, nil
}

// capture takes the far end's voice to a file on a goroutine of its own.
type capture struct {
	silent atomic.Bool // there was as much silence as was asked for
}

// start begins it; stop ends it and returns what went wrong with the file.
func (c *capture) start(ch *channel.Channel, file *sound.Recorder, silence time.Duration) (stop func() error) {
	from := ch.Media()
	if from == nil {
		return func() error { return nil }
	}
	voice, done := media.NewCapture(true), make(chan error, 1)
	from.SetTap(voice)
	go func() {
		const sample = time.Second / 8000
		var block [320]byte
		quiet := time.Duration(0)
		for {
			n, err := voice.Read(block[:])
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
			if silence > 0 && quiet >= silence && c.silent.CompareAndSwap(false, true) {
				ch.Queue(channel.Frame{Kind: channel.FrameWake})
			}
		}
	}()
	return func() error {
		from.RemoveTap(voice)
		voice.Close()
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
