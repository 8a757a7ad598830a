package program

import (
	"fmt"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// The variables of the applications that run programs.
var (
	StatusVariable = decl.Variable{Name: "PROGRAM_EXIT", Help: "The exit status of the program, 128 and more for one that a signal ended."}
	ReplyVariable  = decl.Variable{
		Name: "PROGRAM_REPLY",
		Help: "Read: how an exit status refuses a call that was not answered, such as 1=403,2=486,3-9=503,*=500: status or range, and the SIP response. A status that is not named goes on.",
	}
	StdinVariable = decl.Variable{Name: "PROGRAM_STDIN", Help: "Read: request gives the command the SIP request on its standard input."}
)

// Reply keeps the exit status of a program in PROGRAM_EXIT and does what
// PROGRAM_REPLY says of it. The error ends a call that was refused.
func Reply(t channel.Thread, status int) error {
	ch := t.Channel()
	ch.SetVar(StatusVariable.Name, channel.Value{S: strconv.Itoa(status)})
	table, ok := ch.Var(ReplyVariable.Name)
	if !ok || table.S == "" {
		return nil
	}
	if len(table.Taint) > 0 {
		t.Log().Warn(ReplyVariable.Name + " came from a caller and is not used")
		return nil
	}
	response, err := response(table.S, status)
	if err != nil {
		t.Log().Warn(fmt.Sprintf("%s: %v", ReplyVariable.Name, err))
		return nil
	}
	leg, can := ch.Leg().(channel.Refuser)
	if response == 0 || !can || ch.State() == channel.Up || ch.HungUp() {
		return nil
	}
	if err := leg.Refuse(response); err != nil {
		t.Log().Warn(fmt.Sprintf("%s: %v", ReplyVariable.Name, err))
		return nil
	}
	return channel.ErrHangup
}

// response finds the response of an exit status, 0 for none.
func response(table string, status int) (int, error) {
	for entry := range strings.SplitSeq(table, ",") {
		of, code, ok := strings.Cut(strings.TrimSpace(entry), "=")
		n, err := strconv.Atoi(strings.TrimSpace(code))
		if !ok || err != nil || n < 400 || n > 699 {
			return 0, fmt.Errorf("%q is not status=response, such as 2=486", entry)
		}
		of = strings.TrimSpace(of)
		if of == "*" && status != 0 {
			return n, nil
		}
		from, to, ranged := strings.Cut(of, "-")
		if !ranged {
			to = from
		}
		low, err1 := strconv.Atoi(strings.TrimSpace(from))
		high, err2 := strconv.Atoi(strings.TrimSpace(to))
		if of != "*" && (err1 != nil || err2 != nil) {
			return 0, fmt.Errorf("%q is not status=response, such as 2=486", entry)
		}
		if of != "*" && low <= status && status <= high {
			return n, nil
		}
	}
	return 0, nil
}
