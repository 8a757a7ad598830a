package dryrun

import (
	"fmt"
	"strings"

	"pbx/channel"
)

// Behave reads "WHAT" for every device, or "DEVICE=WHAT" for one.
func (c *Call) Behave(text string) error {
	device, what, one := strings.Cut(text, "=")
	if !one {
		device, what = "", text
	}
	b, err := ParseBehaviour(what)
	if err != nil {
		return err
	}
	if c.Devices == nil {
		c.Devices = make(map[string]Behaviour)
	}
	c.Devices[strings.TrimSpace(device)] = b
	return nil
}

// Press reads digits that the caller presses when the plan asks for some, or
// DIGITS@TIME for a moment of the call.
func (c *Call) Press(text string) error {
	digits, when, timed := strings.Cut(text, "@")
	k := Keys{Digits: strings.TrimSpace(digits), At: -1}
	if k.Digits == "" || strings.Trim(k.Digits, "0123456789*#ABCDabcd") != "" {
		return fmt.Errorf("%q are not keys of a phone", digits)
	}
	if timed {
		d, err := ParseDuration(when)
		if err != nil {
			return err
		}
		k.At = d
	}
	c.Keys = append(c.Keys, k)
	return nil
}

// SetVariable reads NAME=VALUE.
func (c *Call) SetVariable(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return fmt.Errorf("%q is not NAME=VALUE", text)
	}
	name, inherit := channel.SplitInherit(name)
	c.Variables = append(c.Variables, channel.Variable{Name: name, Value: channel.Clean(value), Inherit: inherit})
	return nil
}

// Give reads FUNCTION(arguments)=VALUE, or FUNCTION=VALUE for any arguments.
func (c *Call) Give(text string) error {
	i := strings.IndexByte(text, '=')
	if j := strings.LastIndex(text, ")="); j > 0 {
		i = j + 1
	}
	if i <= 0 {
		return fmt.Errorf("%q is not FUNCTION(arguments)=VALUE", text)
	}
	if c.Answers == nil {
		c.Answers = make(map[string]string)
	}
	c.Answers[strings.TrimSpace(text[:i])] = text[i+1:]
	return nil
}

// SetCaller reads "Name <number>", or a number. What a caller says of himself came
// from the network.
func (c *Call) SetCaller(text string) {
	name, number, ok := strings.Cut(text, "<")
	if !ok {
		name, number = "", text
	}
	c.Caller.Name = strings.Trim(strings.TrimSpace(name), `"`)
	c.Caller.Number = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(number), ">"))
	c.Caller.HasNumber = c.Caller.Number != ""
}
