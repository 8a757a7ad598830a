package ael

import (
	"strings"

	"pbx/config"
)

// leave is break and continue.
func (c *compiler) leave(pos config.Pos, word string) {
	for i := len(c.loops) - 1; i >= 0; i-- {
		l := c.loops[i]
		x := exit{c.emit(pos, "Goto", ""), c.out}
		if word == "break" {
			l.breaks = append(l.breaks, x)
		} else if !l.isSwitch {
			l.continues = append(l.continues, x)
		} else {
			c.out.ops = c.out.ops[:len(c.out.ops)-1]
			continue
		}
		c.end(word)
		return
	}
	panic(&syntax{pos, word + " stands outside of a loop"})
}

// gotoStatement is goto label, extension,label or context,extension,label; the
// parts may be divided by bars.
func (c *compiler) gotoStatement(pos config.Pos) {
	c.gotoPlace(pos, c.upTo(";"))
	c.end("goto")
}

// gotoPlace goes to a place as goto names it.
func (c *compiler) gotoPlace(pos config.Pos, place string) {
	place = trimmed(strings.ReplaceAll(place, "|", ","))
	o := c.emit(pos, "Goto", "%s", place)
	if !strings.Contains(place, ",") {
		o.target = place
	}
}

// jump is jump extension[@context][,priority] or extension[,priority][@context].
func (c *compiler) jump(pos config.Pos) {
	exten, priority, _ := strings.Cut(strings.ReplaceAll(c.upTo(";"), "|", ","), ",")
	exten, context, there := strings.Cut(strings.TrimSpace(exten), "@")
	if !there {
		priority, context, _ = strings.Cut(priority, "@")
	}
	if priority = strings.TrimSpace(priority); priority == "" {
		priority = "1"
	}
	exten = strings.TrimSpace(exten)
	if context != "" {
		exten = strings.TrimSpace(context) + "," + exten
	}
	c.emit(pos, "Goto", "%s,%s", exten, priority)
	c.end("jump")
}
