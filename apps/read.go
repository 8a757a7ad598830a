package apps

import (
	"fmt"
	"strings"
	"time"

	"pbx/apps/field"
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

// maxRead is the most digits that Read takes.
const maxRead = 255

// betweenPrompts is how long the first digit is waited for when another prompt
// follows.
const betweenPrompts = 50 * time.Millisecond

func read(s *set) channel.Application {
	letters := []decl.Option{
		{Letter: 's', Help: "Read nothing if the call is not up."},
		{Letter: 'i', Help: "The file is the name of a tone, such as dial, or a tone list."},
		{Letter: 'n', Help: "Do not answer the call."},
		{Letter: 't', Args: []string{"terminators"}, Help: "The keys that end the entry instead of #; none with empty parentheses."},
		{Letter: 'e', Help: "A key that ends the entry is the value when it is the only one pressed."},
	}
	return channel.Application{
		Name:     "Read",
		Synopsis: "Read digits from the caller into a variable",
		Help: `Answers the call unless it was, plays the sounds and takes digits until # is pressed, enough came, or no more come in time. ` +
			`The first digit stops the sounds. The variable is empty when nothing was pressed in any attempt.`,
		Args: []decl.Arg{
			{Name: "variable", Help: "Where the digits go.", Target: decl.VarName},
			{Name: "filenames", Help: "Sounds to play first, joined by &.", Optional: true, Separator: "&", Target: decl.Sound},
			{Name: "maxdigits", Help: "Enough digits: the entry ends without #. 255 if not given.", Optional: true},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
			{Name: "attempts", Help: "How often to play and wait again when nothing was pressed; 1 if not given.", Optional: true},
			{Name: "timeout", Help: "Seconds to wait for each digit; TIMEOUT(response) and TIMEOUT(digit) if not given.", Optional: true},
		},
		Options: letters,
		Variables: []decl.Variable{
			{Name: "READSTATUS", Help: "How it went.", Values: []string{"OK", "ERROR", "HANGUP", "INTERRUPTED", "SKIPPED", "TIMEOUT"}},
		},
		SeeAlso: []string{"Background", "WaitExten"},
		Raw:     true,
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			parts := field.Split(field.Of(args), ',', 6)
			for len(parts) < 6 {
				parts = append(parts, channel.Value{})
			}
			if parts[0].S == "" {
				warn(t, "Invalid! Usage: Read(variable[,filename][,maxdigits][,option][,attempts][,timeout])")
				t.Channel().SetVar("READSTATUS", channel.Clean("ERROR"))
				return nil
			}
			options(t, "Read", args, parts[3].S, letters)
			r := &reader{set: s, t: t, ch: t.Channel(), files: parts[1], ends: "#"}
			r.tone, r.keepEnd = given(args, 'i'), given(args, 'e')
			if ends, ok := args.Option('t'); ok {
				r.ends = ends
			}
			r.max = int(wholeNumber(parts[2].S))
			if r.max < 1 || r.max > maxRead {
				r.max = maxRead
			} else {
				tell(t, 3, "Accepting a maximum of %d digits.", r.max)
			}
			r.limit, _ = duration(parts[5].S)
			status, err := r.run(parts[0].S, given(args, 's'), given(args, 'n'), int(max(1, wholeNumber(parts[4].S))))
			if err != nil {
				status = "HANGUP"
			}
			r.ch.SetVar("READSTATUS", channel.Clean(status))
			return err
		},
	}
}

// reader is one run of Read.
type reader struct {
	*set
	t       channel.Thread
	ch      *channel.Channel
	files   channel.Value
	tone    bool
	ends    string
	keepEnd bool
	max     int
	limit   time.Duration // 0: as TIMEOUT() says
}

func (r *reader) run(variable string, skipIfDown, noAnswer bool, attempts int) (status string, err error) {
	skip, err := pickUp(r.ch, skipIfDown, noAnswer)
	if err != nil {
		return "", err
	}
	if skip {
		return "SKIPPED", r.store(variable, "")
	}
	for left := attempts - 1; ; left-- {
		digits, status, err := r.attempt()
		if e := r.store(variable, digits); e != nil {
			return "ERROR", e
		}
		if err != nil {
			tell(r.t, 3, "User disconnected")
			return "", err
		}
		if status == "ERROR" {
			return status, nil
		}
		if digits != "" {
			tell(r.t, 3, "User entered '%s'", digits)
			return status, nil
		}
		if left == 0 {
			tell(r.t, 3, "User entered nothing.")
			return status, nil
		}
		plural := "s"
		if left == 1 {
			plural = ""
		}
		tell(r.t, 3, "User entered nothing, %d chance%s left", left, plural)
	}
}

func (r *reader) store(variable, digits string) error {
	if err := r.t.Set(variable, channel.Tainted(digits)); err != nil {
		return fmt.Errorf("variable %s: %w", variable, err)
	}
	return nil
}

// attempt plays the prompts and reads one entry.
func (r *reader) attempt() (digits, status string, err error) {
	if r.tone {
		if err := forgive(r.t, "Read", r.player.StartTone(r.ch, r.files.S, "")); err != nil {
			return "", "", err
		}
		defer r.player.StopTone(r.ch)
		return r.entry(0, r.first())
	}
	files := field.Split(r.files, '&', 0)
	if len(files) == 0 {
		return r.entry(0, r.first())
	}
	for i, f := range files {
		f = field.Trim(f)
		digit, err := byte(0), error(nil)
		if f.S != "" {
			digit, err = r.player.Play(r.ch, f.S, prompt.Options{Stops: prompt.AnyDigit, Untrusted: len(f.Taint) > 0})
		}
		if prompt.Ended(err) {
			return "", "", err
		}
		if err != nil {
			warn(r.t, "Read: %v", err)
			if digits, status = "", "ERROR"; i < len(files)-1 {
				continue
			}
			return "", "ERROR", nil // there is nothing to answer
		}
		wait := r.first()
		if i < len(files)-1 {
			wait = betweenPrompts
		}
		digits, status, err = r.entry(digit, wait)
		if err != nil || digits != "" || status == "OK" {
			return digits, status, err
		}
	}
	return digits, status, nil
}

func (r *reader) first() time.Duration {
	if r.limit > 0 {
		return r.limit
	}
	return r.t.Timeouts().Response
}

// entry reads digits, of which one may be there already, until the entry ends.
func (r *reader) entry(digit byte, wait time.Duration) (digits, status string, err error) {
	next := r.limit
	if next <= 0 {
		next = r.t.Timeouts().Digit
	}
	for {
		if digit == 0 {
			if digit, err = prompt.WaitDigit(r.ch, wait); err != nil {
				return digits, "", err
			}
		}
		r.player.StopTone(r.ch)
		switch {
		case digit == 0:
			return digits, "TIMEOUT", nil
		case strings.IndexByte(r.ends, digit) >= 0:
			if digits == "" && r.keepEnd {
				digits = string(rune(digit))
			}
			return digits, "OK", nil
		}
		if digits += string(rune(digit)); len(digits) >= r.max {
			return digits, "OK", nil
		}
		digit, wait = 0, next
	}
}
