package agi

import (
	"fmt"
	"strings"

	"pbx/channel"
)

// reply is what a command comes to.
type reply struct {
	code int
	body string // after the code, a whole line or several
}

// text is the reply as a program reads it.
func (r reply) text() string {
	if r.code == codeUsage {
		return r.body
	}
	return fmt.Sprintf("%d %s\n", r.code, r.body)
}

// The codes of replies.
const (
	codeOK      = 200
	codeUnknown = 510
	codeDead    = 511
	codeUsage   = 520
)

// meaning is the word for a reply in AGIExecEnd.
func (r reply) meaning() string {
	switch r.code {
	case codeUnknown, codeDead:
		return r.body
	case codeUsage:
		return "Usage"
	}
	return "Success"
}

// result is "200 result=…" with whatever follows.
func result(format string, args ...any) reply {
	return reply{code: codeOK, body: clean("result=" + fmt.Sprintf(format, args...))}
}

// digitOr is the value of a key that was pressed, what error there was, or 0.
func digitOr(digit byte, err error) int {
	if err != nil {
		return -1
	}
	return int(digit)
}

// usage is the reply to a command that was not understood.
func (c *command) usage() reply {
	var b strings.Builder
	b.WriteString("520-Invalid command syntax.  Proper usage follows:\n")
	b.WriteString(c.help)
	b.WriteString("\n520 End of proper usage.\n")
	return reply{code: codeUsage, body: b.String()}
}

// value shows a variable's value between parentheses.
func value(v channel.Value) reply { return result("1 (%s)", v.S) }
