package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// What the letters of the field's command line want: an argument, or none. Those that are
// ignored say how a daemon starts or what a terminal looks like.
const (
	fieldArguments = "xsCeGLMU"
	fieldIgnored   = "dnqgicfFpmItTWBX"
)

// fieldStyle turns the options of the field, such as those of `asterisk -rvvvx COMMAND` in
// scripts, into flags of `pbx console`. Long flags stay as they are.
func fieldStyle(args []string) (flags []string, err error) {
	talks := false
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		if !strings.HasPrefix(word, "-") || strings.HasPrefix(word, "--") || word == "-" {
			flags = append(flags, word)
			continue
		}
		for i := 1; i < len(word); i++ {
			switch c := word[i]; {
			case c == 'v':
				flags = append(flags, "-v")
			case c == 'r' || c == 'R':
				talks = true
			case strings.IndexByte(fieldIgnored, c) >= 0:
			case strings.IndexByte(fieldArguments, c) >= 0:
				value := word[i+1:] // `-xCOMMAND`
				if value == "" {
					if len(args) == 0 {
						return nil, fmt.Errorf("option -%c wants something behind it", c)
					}
					value, args = args[0], args[1:]
				}
				switch c {
				case 'x':
					talks = true
					flags = append(flags, "-x", value)
				case 's':
					flags = append(flags, "--socket", value)
				case 'C':
					flags = append(flags, "--config", filepath.Dir(value))
				}
				i = len(word)
			default:
				return nil, fmt.Errorf("unknown option %q; `pbx help` lists them", word)
			}
		}
	}
	if !talks { // as a daemon is started there
		return nil, errors.New("`pbx run` starts an exchange, in the foreground; -r and -x talk to one that runs")
	}
	return flags, nil
}
