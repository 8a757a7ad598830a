package dial

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/media/sound"
)

// privacyFamily is where the database keeps what was decided about callers, by
// whom they called and their number.
const privacyFamily = "privacy"

// What was decided about a caller.
const (
	allowed  = "allow"
	denied   = "deny"
	killed   = "kill"
	tortured = "torture"
)

// verdicts are the keys that the called party may press, what each decides for
// later calls with option P, and what DIALSTATUS is; "" connects.
var verdicts = map[byte]struct{ remember, status string }{
	'1': {allowed, ""},
	'2': {denied, "NOANSWER"},
	'3': {tortured, "TORTURE"},
	'4': {killed, "DONTCALL"},
	'5': {allowed, "NOANSWER"},
}

const (
	introLength  = 4 * time.Second
	introSilence = 2 * time.Second
	// answerWithin is how long the called party may think, and screenings how often it is
	// asked.
	answerWithin = 6 * time.Second
	screenings   = 2
)

// screening is the options P, p, n and N: the caller says a name, and the called
// party decides what becomes of the call.
type screening struct {
	on       bool
	remember bool   // P
	whose    string // P's argument
	numbered bool   // N: callers with a number are not asked
	forget   bool   // n: the name is not kept
	always   bool   // n(1): nor where nobody answered

	key   string // of the caller in the database, "" for one without a number
	intro string // the file, without its extension; "" without one
}

// readScreening reads the letters.
func (o *options) readScreening(option func(byte) (string, bool)) {
	s := &o.screening
	_, plain := option('p')
	s.whose, s.remember = option('P')
	s.on = plain || s.remember
	_, s.numbered = option('N')
	text, forget := option('n')
	s.forget, s.always = forget, strings.TrimSpace(text) == "1"
}

// introduce asks what is known of the caller, and for its name where nothing is.
// done says that the call is over before it was made.
func (c *call) introduce() (done bool, err error) {
	s := &c.screening
	number := digitsOf(c.caller.Identity().Caller)
	if number != "" && s.numbered {
		s.on = false
		return false, nil
	}
	if s.remember && number != "" {
		whose := s.whose
		if whose == "" {
			whose = c.number
		}
		s.key = whose + "/" + number
		known := ""
		if c.Database != nil {
			v, _ := c.Database.Get(privacyFamily, s.key)
			known = v.S
		}
		c.verbose(3, "Privacy: %s for %s", orUnknown(known), s.key)
		for _, v := range verdicts {
			if v.remember != known {
				continue
			}
			if s.on = false; known == allowed {
				return false, nil
			}
			return true, c.finish(v.status, nil)
		}
	}
	return false, c.recordName(number)
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// digitsOf is a caller's number, "" without one that names a file.
func digitsOf(p channel.Party) string {
	if !p.HasNumber {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, p.Number)
}

// recordName has the caller say a name, unless one of that number is there.
func (c *call) recordName(number string) error {
	s := &c.screening
	if c.Recordings == "" {
		return nil
	}
	name := number
	if name == "" {
		name, s.always = "NOCALLERID_"+c.caller.Uniqueid(), true
	}
	s.intro = filepath.Join(c.Recordings, "priv-callerintros", name)
	if _, err := os.Stat(s.intro + ".sln"); err == nil {
		return nil
	}
	if err := c.caller.Answer(); err != nil {
		return err
	}
	if err := c.play("priv-recordintro"); err != nil {
		return err
	}
	if err := c.play("beep"); err != nil {
		return err
	}
	file, err := sound.Record(s.intro, "sln", 0)
	if err != nil {
		c.log.Warn("Dial: the caller's name is not recorded", "error", err)
		s.intro = ""
		return nil
	}
	r, err := prompt.Recording{Keys: "#", Limit: introLength, Silence: introSilence}.Record(c.caller, file)
	if failure := errors.Join(r.Failure, file.Close()); failure != nil {
		c.log.Warn("Dial: the caller's name is not recorded", "error", failure)
	}
	if err != nil {
		_ = os.Remove(s.intro + ".sln") // there is half a name in it
		return err
	}
	return c.play("vm-dialout")
}

// play plays a sound to the caller; one that cannot be played is left out.
func (c *call) play(name string) error {
	if _, err := c.Player.Play(c.caller, name, prompt.Options{}); prompt.Ended(err) {
		return err
	} else if err != nil {
		c.log.Warn("Dial: " + err.Error())
	}
	return nil
}

// screen asks the called party. proceed is false when it does not take the call;
// DIALSTATUS tells then what it wants.
func (c *call) screen(callee *channel.Channel) (proceed bool, err error) {
	s := &c.screening
	_ = c.Player.Indicate(c.caller, channel.ControlRinging) // silence in place of it
	defer c.Player.StopTone(c.caller)
	keys, options := "1234", "screen-callee-options"
	if s.remember {
		keys, options = "12345", "priv-callee-options"
	}
	digit := byte(0)
	for try := 0; try < screenings && digit == 0; try++ {
		for _, name := range []string{"priv-callpending", s.intro, options} {
			if name == "" || digit != 0 {
				continue
			}
			if digit, err = c.Player.Play(callee, name, prompt.Options{Stops: keys, Watch: c.caller}); prompt.Ended(err) {
				return false, c.partyLeft(err)
			}
		}
		if digit != 0 {
			break
		}
		if digit, err = c.decision(callee, keys); err != nil {
			return false, c.partyLeft(err)
		}
	}
	v, ok := verdicts[digit]
	switch {
	case !ok:
		v.status = "NOANSWER"
	case s.remember && s.key != "" && c.Database != nil:
		if err := c.Database.Put(privacyFamily, s.key, channel.Clean(v.remember)); err != nil {
			c.log.Warn("Dial: " + err.Error())
		}
	}
	if s.forget {
		s.always = true
	}
	if v.status == "" {
		return true, nil
	}
	c.set("DIALSTATUS", v.status)
	return false, nil
}

// decision waits for a key of the called party.
func (c *call) decision(callee *channel.Channel, keys string) (byte, error) {
	for end := c.now().Add(answerWithin); ; {
		i, f, err := channel.WaitAny(max(0, end.Sub(c.now())), callee, c.caller)
		switch {
		case errors.Is(err, channel.ErrTimeout):
			return 0, nil
		case err != nil:
			return 0, err
		case f.Kind == channel.FrameControl && f.Control == channel.ControlRedirect:
			return 0, channel.ErrRedirect
		case i == 0 && f.Kind == channel.FrameDTMFEnd && strings.IndexByte(keys, f.Digit) >= 0:
			return f.Digit, nil
		}
	}
}

// forgetName removes the recorded name where it is not to be kept.
func (c *call) forgetName() {
	if c.options == nil {
		return
	}
	if s := &c.screening; s.always && s.intro != "" {
		if err := os.Remove(s.intro + ".sln"); err != nil && !errors.Is(err, os.ErrNotExist) {
			c.log.Warn("Dial: " + err.Error())
		}
	}
}
