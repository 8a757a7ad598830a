package dial

import (
	"time"

	"pbx/apps/prompt"
	"pbx/apps/say"
	"pbx/bridge"
	"pbx/channel"
)

// talk joins the parties until one of them, a code or a limit ends the call.
func (c *call) talk(callee *channel.Channel) bridge.Result {
	o := bridge.Options{Limit: bridge.Limit{Duration: c.limit, WarnAt: c.warnAt, WarnEvery: c.warnEvery}}
	o.Features, o.DigitTimeout = c.codes(callee), c.caller.Features().DigitTimeout
	if c.limit == 0 {
		return bridge.Run(c.caller, callee, o)
	}
	a := c.announcements(callee)
	o.Warn = a.warn
	a.play(c.t.Get("LIMIT_CONNECT_FILE").S)
	r := bridge.Run(c.caller, callee, o)
	if r.Reason == bridge.TimeUp {
		a.play(c.t.Get("LIMIT_TIMEOUT_FILE").S)
	}
	return r
}

// announcements are what the parties of a limited call hear of its limit.
type announcements struct {
	*call
	to []*channel.Channel
	// file is the sound of a warning; without it the time left is said.
	file string
}

func (c *call) announcements(callee *channel.Channel) *announcements {
	a := &announcements{call: c, file: c.t.Get("LIMIT_WARNING_FILE").S}
	if yes(c.t.Get("LIMIT_PLAYAUDIO_CALLER").S, true) {
		a.to = append(a.to, c.caller)
	}
	if yes(c.t.Get("LIMIT_PLAYAUDIO_CALLEE").S, false) {
		a.to = append(a.to, callee)
	}
	return a
}

// play plays a file to its end to everyone who hears announcements.
func (a *announcements) play(file string) {
	if file == "" {
		return
	}
	for _, ch := range a.to {
		if ch.HungUp() {
			continue
		}
		if _, err := a.Player.Play(ch, file, prompt.Options{}); err != nil && !prompt.Ended(err) {
			a.log.Warn("Dial: announcement of the limit", "error", err)
		}
	}
}

// warn starts the warning and does not wait for its end: the bridge goes on.
func (a *announcements) warn(left time.Duration) {
	files := []string{a.file}
	if a.file == "" {
		files = timeLeft(left)
	}
	for _, ch := range a.to {
		if err := a.Player.Start(ch, files); err != nil {
			a.log.Warn("Dial: warning of the limit", "error", err)
		}
	}
}

// timeLeft says "you have one minute, thirty seconds".
func timeLeft(left time.Duration) []string {
	total := int64((left + time.Second/2) / time.Second)
	files := []string{"vm-youhave"}
	for _, part := range [...]struct {
		n         int64
		one, many string
	}{{total / 60, "minute", "minutes"}, {total % 60, "second", "seconds"}} {
		if part.n == 0 {
			continue
		}
		number, err := say.Number("en", part.n, "")
		if err != nil {
			continue
		}
		files = append(files, number...)
		if part.n == 1 {
			files = append(files, part.one)
		} else {
			files = append(files, part.many)
		}
	}
	return files
}
