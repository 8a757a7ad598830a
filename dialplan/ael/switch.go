package ael

import (
	"fmt"
	"strings"

	"pbx/config"
)

// switches is switch (value) { case VALUE: … pattern PATTERN: … default: … }. The
// value is looked up as an extension sw_N_VALUE, so that patterns and their order
// are those of the plan.
func (c *compiler) switches(pos config.Pos) {
	value := c.parens("switch")
	c.parser.switches++
	prefix := fmt.Sprintf("sw_%d_", c.parser.switches)
	if c.out == c.main {
		c.save(pos)
	}
	c.emit(pos, "Goto", "%s%s,%d", prefix, value, firstCase)
	back := c.out
	end := c.out.next()
	c.emit(pos, "NoOp", "Finish switch")
	c.expect("{", "behind switch")
	l := &loop{in: back, isSwitch: true}
	c.loops = append(c.loops, l)
	var last *code
	others := false
	for !c.accept("}") {
		if c.peek() == 0 {
			panic(&syntax{pos, "the switch is not closed"})
		}
		word, at := c.word(":{};"), c.pos()
		if word == "" {
			c.fail("case, pattern or default is expected, not %s", c.found())
		}
		exten := ""
		switch word {
		case "case":
			exten = prefix + strings.TrimSpace(c.upTo(":"))
		case "pattern":
			exten = "_" + prefix + strings.TrimPrefix(strings.TrimSpace(c.upTo(":")), "_")
		case "default":
			exten = "_" + prefix + "."
			others = true
		default:
			c.fail("case, pattern or default is expected, not %q", word)
		}
		c.expect(":", "behind "+word)
		k := &code{exten: exten, first: firstCase}
		c.cases = append(c.cases, k)
		if last != nil { // it goes on in the next one
			c.out = last
			c.emit(at, "Goto", "%s,%d", k.exten, firstCase)
		}
		c.out, last = k, k
		for !c.caseEnds() {
			c.statement()
		}
	}
	c.loops = c.loops[:len(c.loops)-1]
	if last != nil {
		c.out = last
		c.emit(pos, "Goto", "%s", c.place(back, end))
	}
	if !others { // a value that is none of them, and no value at all
		c.otherwise(pos, "_"+prefix+".", back, end)
	}
	c.otherwise(pos, prefix, back, end)
	c.out = back
	c.send(l.breaks, back, end)
}

// save keeps the extension for what runs in those of a switch. A macro has one of its
// own: the case that called it goes on with its caller's.
func (c *compiler) save(pos config.Pos) {
	if c.exten == macroExten {
		c.emit(pos, "Set", "LOCAL(%s)=${EXTEN}", savedExten)
		return
	}
	c.emit(pos, "Set", "%s=${EXTEN}", savedExten)
}

// otherwise makes an extension that goes on behind the switch, or to its default
// where there is one.
func (c *compiler) otherwise(pos config.Pos, exten string, back *code, end int) {
	k := &code{exten: exten, first: firstCase}
	c.cases = append(c.cases, k)
	c.out = k
	for _, other := range c.cases {
		if other.exten == "_"+exten+"." {
			c.emit(pos, "Goto", "%s,%d", other.exten, firstCase)
			return
		}
	}
	c.emit(pos, "Goto", "%s", c.place(back, end))
}

// caseEnds reports whether the statements of a case are over.
func (c *compiler) caseEnds() bool {
	if b := c.peek(); b == '}' || b == 0 {
		return true
	}
	at, line := c.at, c.line
	word := c.word(":{};(=")
	c.at, c.line = at, line
	return word == "case" || word == "pattern" || word == "default"
}
