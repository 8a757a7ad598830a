package manager

import (
	"strconv"
	"strings"
)

// Class is a set of the classes that events belong to and that actions need.
type Class uint32

// The classes, with the ancestor's numbers.
const (
	ClassSystem Class = 1 << iota
	ClassCall
	ClassLog
	ClassVerbose
	ClassCommand
	ClassAgent
	ClassUser
	ClassConfig
	ClassDTMF
	ClassReporting
	ClassCDR
	ClassDialplan
	ClassOriginate
	ClassAGI
	ClassHookResponse
	ClassCC
	ClassAOC
	ClassTest
	ClassSecurity
	ClassMessage

	// ClassAll is every class.
	ClassAll = ClassMessage<<1 - 1
)

var classNames = [...]string{
	"system", "call", "log", "verbose", "command", "agent", "user", "config", "dtmf", "reporting", "cdr", "dialplan", "originate", "agi",
	"hookresponse", "cc", "aoc", "test", "security", "message",
}

// String lists the classes as Privilege shows them; "" for none.
func (c Class) String() string {
	var words []string
	for i, name := range classNames {
		if c>>i&1 != 0 {
			words = append(words, name)
		}
	}
	return strings.Join(words, ",")
}

// privilege is the value of a Privilege header.
func (c Class) privilege() string {
	if c == 0 {
		return "<none>"
	}
	return c.String() + ",all"
}

// className is the class of a word.
func className(word string) (Class, bool) {
	for i, name := range classNames {
		if strings.EqualFold(name, word) {
			return 1 << i, true
		}
	}
	return 0, false
}

// ParseClasses reads a list such as "system,call" or "all". Words that are no
// class are returned.
func ParseClasses(s string) (c Class, unknown []string) {
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		switch one, ok := className(word); {
		case ok:
			c |= one
		case strings.EqualFold(word, "all"):
			c |= ClassAll
		case word != "" && !strings.EqualFold(word, "none"):
			unknown = append(unknown, word)
		}
	}
	return c, unknown
}

// eventMask reads an EventMask: on, off, a number or a list of classes. ok is false
// where there is nothing to read.
func eventMask(s string) (c Class, ok bool) {
	s = strings.TrimSpace(s)
	switch strings.ToLower(s) {
	case "":
		return 0, false
	case "on", "yes", "true", "y", "t":
		return ClassAll, true
	case "off", "no", "false", "n", "f":
		return 0, true
	}
	if n, err := strconv.ParseUint(s, 10, 32); err == nil {
		return Class(n) & ClassAll, true
	}
	c, _ = ParseClasses(s)
	return c, true
}

// classes is the set of the words that an action declares.
func classes(words []string) (c Class) {
	for _, w := range words {
		one, _ := className(w)
		c |= one
	}
	return c
}
