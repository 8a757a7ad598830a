package apps

import (
	"bufio"
	"os"
	"strings"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

// disaReorder is how long DISA plays the tone of a failure.
const disaReorder = 10 * time.Second

func disa(s *set) channel.Application {
	letters := []decl.Option{
		{Letter: 'n', Help: "Do not answer the call."},
		{Letter: 'p', Help: "The number is over with #, as it is in any case."},
	}
	return channel.Application{
		Name:     "DISA",
		Synopsis: "Give a caller from outside a dial tone",
		Help: `Plays a dial tone, takes a passcode and #, and when it is right another dial tone and a number, which is dialled in the context. ` +
			`The passcode no-password asks for none. A wrong one, or a number that is not there where the context has no extension i, is answered by the congestion tone, and the call ends. ` +
			`Whoever knows the passcode may call what the context reaches, on the account of the office.`,
		Args: []decl.Arg{
			{Name: "passcode", Help: "The passcode, no-password, or the full name of a file of lines passcode,context,callerid."},
			{Name: "context", Help: "Where the number is dialled, disa if not given.", Optional: true, Target: decl.ContextRef},
			{Name: "cid", Help: `The caller ID of the new call, as "Name" <number>.`, Optional: true},
			{Name: "mailbox", Help: "Not used.", Optional: true},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
		},
		Options: letters,
		SeeAlso: []string{"Authenticate", "WaitExten"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) {
				warn(t, "DISA requires an argument (passcode/passcode file)")
				return channel.ErrHangup
			}
			options(t, "DISA", args, args.Arg(4), letters)
			ch := t.Channel()
			if !given(args, 'n') {
				if err := ch.Answer(); err != nil {
					return err
				}
			}
			d := &directAccess{set: s, t: t, entries: []disaEntry{{args.Arg(0), args.Arg(1), args.Arg(2)}}}
			if strings.HasPrefix(args.Arg(0), "/") {
				entries, err := readDISA(args.Arg(0), d.entries[0])
				if err != nil {
					warn(t, "DISA: %v", err)
					return channel.ErrHangup
				}
				d.entries = entries
			}
			return d.run()
		},
	}
}

// disaEntry is a passcode and what it opens.
type disaEntry struct{ code, context, caller string }

// readDISA reads a file of passcodes. What a line leaves out is as in standard.
func readDISA(path string, standard disaEntry) ([]disaEntry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var entries []disaEntry
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		e := standard
		parts := strings.SplitN(line, ",", 4)
		e.code = strings.TrimSpace(parts[0])
		if len(parts) > 1 && strings.TrimSpace(parts[1]) != "" {
			e.context = strings.TrimSpace(parts[1])
		}
		if len(parts) > 2 && strings.TrimSpace(parts[2]) != "" {
			e.caller = strings.TrimSpace(parts[2])
		}
		entries = append(entries, e)
	}
	return entries, lines.Err()
}

// directAccess is one run of DISA.
type directAccess struct {
	*set
	t       channel.Thread
	entries []disaEntry
	asked   bool // for a passcode
}

func (d *directAccess) run() error {
	ch := d.t.Channel()
	e, err := d.enter()
	if err != nil || e == nil {
		return d.reorder(err)
	}
	context := e.context
	if context == "" {
		context = "disa"
	}
	number, _, err := d.collect(func(digits string) (over, quiet bool) {
		m := d.t.Match(context, digits, 1)
		return !m.Partial(), m&channel.MatchIgnore == 0
	})
	if err != nil || number == "" && !d.asked {
		return d.reorder(err)
	}
	if e.caller != "" {
		ch.UpdateIdentity(func(id *channel.Identity) { id.Caller = channel.ParseParty(e.caller) })
	}
	switch {
	case number != "" && d.t.Match(context, number, 1).Exists():
	case d.t.Match(context, "i", 1).Exists():
		ch.SetVar("INVALID_EXTEN", channel.Tainted(number))
		number = "i"
	default:
		return d.reorder(nil)
	}
	d.t.GotoLocation(channel.Location{Context: context, Exten: number, Priority: 1})
	return nil
}

// enter takes the passcode, nil for a wrong one.
func (d *directAccess) enter() (*disaEntry, error) {
	for i := range d.entries {
		if strings.EqualFold(d.entries[i].code, "no-password") {
			return &d.entries[i], nil
		}
	}
	d.asked = true
	entered, finished, err := d.collect(func(string) (bool, bool) { return false, true })
	if err != nil || !finished {
		return nil, err
	}
	for i := range d.entries {
		if entered != "" && same(d.entries[i].code, entered) {
			d.t.Channel().SetSettings(func(s *channel.Settings) { s.Account = entered })
			return &d.entries[i], nil
		}
	}
	warn(d.t, "DISA on chan %s got bad password", d.t.Channel().Name())
	return nil, nil
}

// collect plays the dial tone and takes digits until #, which finished tells, until
// none comes, or until each says that they are over; quiet stops the tone.
func (d *directAccess) collect(each func(digits string) (over, quiet bool)) (digits string, finished bool, err error) {
	ch := d.t.Channel()
	if err := d.player.StartTone(ch, "dial", ""); err != nil {
		return "", false, err
	}
	defer d.player.StopTone(ch)
	wait := d.t.Timeouts().Response
	for len(digits) < maxPassword {
		digit, err := prompt.WaitDigit(ch, wait)
		if err != nil {
			return "", false, err
		}
		if digit == 0 || digit == '#' {
			return digits, digit == '#', nil
		}
		digits, wait = digits+string(rune(digit)), d.t.Timeouts().Digit
		over, quiet := each(digits)
		if quiet {
			d.player.StopTone(ch)
		}
		if over {
			break
		}
	}
	return digits, false, nil
}

// reorder ends in the congestion tone, unless the call is over.
func (d *directAccess) reorder(err error) error {
	if err != nil {
		return forgive(d.t, "DISA", err)
	}
	ch := d.t.Channel()
	if err := d.player.Indicate(ch, channel.ControlCongestion); err != nil {
		return forgive(d.t, "DISA", err)
	}
	defer d.player.StopTone(ch)
	if err := ch.Sleep(disaReorder); err != nil {
		return err
	}
	return channel.ErrHangup
}
