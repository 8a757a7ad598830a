package agi

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/event"
)

// ivrGap is the time between digits that are sent, without another.
const ivrGap = 250 * time.Millisecond

// obey does what a line of the program says: a letter, a comma, and a text. end is
// true for the last one, and err is what the application returns then.
func (i *ivr) obey(line string) (end bool, err error) {
	if line == "" {
		return false, nil
	}
	command, text := line[0], ""
	if len(line) > 2 {
		text = line[2:]
	}
	switch command {
	case 'A', 'S', 'I', 'O':
		if i.ch.State() != channel.Up || i.gone() {
			i.t.Log().Warn(fmt.Sprintf("%s said %c on a call that is not up", i.who(), command))
			i.event('Z')
			return false, nil
		}
		i.play(command, text)
	case 'D':
		i.send(text)
	case 'T':
		if err := i.ch.Answer(); err != nil {
			i.t.Log().Warn(fmt.Sprintf("%s: answering: %v", i.who(), err))
			i.event('Z', "ANSWER_FAILURE")
			return false, nil
		}
		i.list.Start()
	case 'P':
		i.event('P', strings.Join(append([]string{i.name}, i.args...), ","))
	case 'G':
		i.tellVariables(text)
	case 'V':
		i.setVariables(text)
	case 'L':
		i.notice("Log message from EIVR: " + text)
	case 'E', 'X':
		i.notice("Exiting: " + text)
		if command == 'E' {
			i.event('E')
		} else {
			i.t.Log().Warn(i.who() + ": X is the old name of E")
		}
		return true, nil
	case 'H':
		i.notice("Hanging up: " + text)
		i.event('H')
		return true, channel.ErrHangup
	}
	return false, nil
}

func (i *ivr) notice(text string) {
	i.t.Log().Log(context.Background(), event.LevelNotice, i.ch.Name()+": "+text)
}

// play are the commands about the list of sounds.
func (i *ivr) play(command byte, text string) {
	switch command {
	case 'I':
		i.clear()
		return
	case 'O':
		switch strings.ToLower(text) {
		case "autoclear":
			i.autoclear = true
		case "noautoclear":
			i.autoclear = false
		default:
			i.t.Log().Warn(i.who() + ": unknown option " + text)
		}
		return
	}
	if !i.agi.deps.Player.Exists(i.ch, text) {
		i.t.Log().Warn(i.who() + ": unknown sound " + text)
		i.event('Z', text)
		return
	}
	if command == 'S' {
		i.clear()
	}
	i.list.Add(text)
}

// send plays digits to the caller: digits[,gap[,length]].
func (i *ivr) send(text string) {
	digits, rest, _ := strings.Cut(text, ",")
	gap, length, _ := strings.Cut(rest, ",")
	d := prompt.Digits{Text: digits, Gap: span(gap, ivrGap), Length: span(length, 0)}
	if err := d.Send(i.ch, i.ch); err != nil && !prompt.Ended(err) {
		i.t.Log().Warn(fmt.Sprintf("%s: %v", i.who(), err))
	}
}

// span is a time in milliseconds, or with a unit as in 2s; otherwise without one.
func span(text string, otherwise time.Duration) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil && n > 0 {
		return time.Duration(n) * time.Millisecond
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d
	}
	return otherwise
}

// tellVariables answers the names of variables with what they hold.
func (i *ivr) tellVariables(names string) {
	var b strings.Builder
	for name := range strings.SplitSeq(names, ",") {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		v, _ := i.t.Read(name)
		b.WriteString(name + "=" + v.S)
	}
	i.event('G', b.String())
}

// setVariables sets name=value,name=value.
func (i *ivr) setVariables(text string) {
	for pair := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(pair, "=")
		if err := i.t.Set(name, channel.Value{S: value}); err != nil {
			i.t.Log().Warn(fmt.Sprintf("%s: %v", i.who(), err))
		}
	}
}
