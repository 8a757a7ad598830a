package agi

import (
	"slices"
	"strings"

	"pbx/event"
)

// command is one command of the protocol. The table drives parsing, the usage that
// programs are told, and `agi show commands`.
type command struct {
	words    string
	args     string // as a usage line shows them
	synopsis string
	help     string // lines; the usage of 520
	dead     bool   // it runs on a call that is over
	least    int    // arguments
	most     int    // -1: any number
	// run answers it; ok is false for arguments that make no sense.
	run func(s *session, a []string) (r reply, ok bool)
}

// commands is the table.
func commands() []command {
	var all []command
	add := func(list ...command) { all = append(all, list...) }
	add(callCommands()...)
	add(databaseCommands()...)
	add(executeCommand())
	add(promptCommands()...)
	add(variableCommands()...)
	add(textCommands()...)
	add(recordCommand())
	add(sayCommands()...)
	add(settingCommands()...)
	add(speechCommands()...)
	slices.SortStableFunc(all, func(a, b command) int {
		return slices.Index(order, a.words) - slices.Index(order, b.words)
	})
	return all
}

// order is that of the field's table, which `agi show commands` shows.
var order = []string{
	"answer", "asyncagi break", "channel status", "database del", "database deltree", "database get", "database put", "exec",
	"get data", "get full variable", "get option", "get variable", "hangup", "noop", "receive char", "receive text", "record file",
	"say alpha", "say digits", "say number", "say phonetic", "say date", "say time", "say datetime", "send image", "send text",
	"set autohangup", "set callerid", "set context", "set extension", "set music", "set priority", "set variable",
	"stream file", "control stream file", "tdd mode", "verbose", "wait for digit",
	"speech create", "speech set", "speech destroy", "speech load grammar", "speech unload grammar", "speech activate grammar",
	"speech deactivate grammar", "speech recognize", "gosub",
}

// find is the command with the most words that line begins with, and its
// arguments.
func (a *AGI) find(line []string) (c *command, args []string) {
	for i := range a.table {
		w := strings.Fields(a.table[i].words)
		if len(w) > len(line) || c != nil && len(strings.Fields(c.words)) >= len(w) {
			continue
		}
		same := true
		for k := range w {
			same = same && strings.EqualFold(w[k], line[k])
		}
		if same {
			c, args = &a.table[i], line[len(w):]
		}
	}
	return c, args
}

// answer runs one line of the program and returns the reply.
func (s *session) answer(line string) reply {
	bus := s.ch.Registry().Bus()
	told := bus.Wants(event.AGIExecStart) || bus.Wants(event.AGIExecEnd)
	id := ""
	if told {
		id = s.agi.number()
		s.publish(event.Event{Kind: event.AGIExecStart, Name: id, Value: line})
	}
	r := s.execute(line)
	if told {
		s.publish(event.Event{Kind: event.AGIExecEnd, Name: id, Value: line, Cause: r.code, CauseText: r.meaning()})
	}
	return r
}

func (s *session) execute(line string) reply {
	c, args := s.agi.find(words(line))
	switch {
	case c == nil:
		return reply{code: codeUnknown, body: "Invalid or unknown command"}
	case !c.dead && s.gone():
		return reply{code: codeDead, body: "Command Not Permitted on a dead channel or intercept routine"}
	case len(args) < c.least || c.most >= 0 && len(args) > c.most:
		return c.usage()
	}
	r, ok := c.run(s, args)
	if !ok {
		return c.usage()
	}
	return r
}
