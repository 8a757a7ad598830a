package funcs

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/decl"
)

// featureFunctions read and change what features.conf says, for one channel.
func featureFunctions() []channel.Function {
	return []channel.Function{
		{
			Name: "FEATURE", Synopsis: "How features work on this channel", SeeAlso: []string{"FEATUREMAP"},
			Help: "featuredigittimeout in milliseconds; transferdigittimeout in seconds, and transferdialattempts. What is written counts for this channel only.",
			Args: []decl.Arg{arg("option_name", "the option of features.conf")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				f := t.Channel().Features()
				switch name := strings.ToLower(a.Arg(0)); name {
				case "featuredigittimeout":
					return strconv.FormatInt(f.DigitTimeout.Milliseconds(), 10), nil
				case "transferdigittimeout":
					return strconv.FormatInt(int64(f.TransferDigitTimeout/time.Second), 10), nil
				case "transferdialattempts":
					return strconv.Itoa(f.TransferAttempts), nil
				default:
					return "", fmt.Errorf("unknown feature option '%s'", name)
				}
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				f := t.Channel().Features()
				n, err := strconv.Atoi(strings.TrimSpace(v))
				if err != nil || n < 1 || n > 1<<20 {
					return fmt.Errorf("'%s' is not a number", v)
				}
				switch name := strings.ToLower(a.Arg(0)); name {
				case "featuredigittimeout":
					f.DigitTimeout = time.Duration(n) * time.Millisecond
				case "transferdigittimeout":
					f.TransferDigitTimeout = time.Duration(n) * time.Second
				case "transferdialattempts":
					f.TransferAttempts = n
				default:
					return fmt.Errorf("unknown feature option '%s'", name)
				}
				t.Channel().SetFeatures(f)
				return nil
			},
		},
		{
			Name: "FEATUREMAP", Synopsis: "What is dialled for a feature on this channel", SeeAlso: []string{"FEATURE"},
			Help: "blindxfer or disconnect; an empty code switches the feature off. What is written counts for this channel only.",
			Args: []decl.Arg{arg("feature_name", "the name in the section featuremap of features.conf")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				f := t.Channel().Features()
				code, err := featureCode(&f, a.Arg(0))
				if err != nil {
					return "", err
				}
				return *code, nil
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				f := t.Channel().Features()
				code, err := featureCode(&f, a.Arg(0))
				if err != nil {
					return err
				}
				*code = strings.TrimSpace(v)
				t.Channel().SetFeatures(f)
				return nil
			},
		},
	}
}

func featureCode(f *channel.Features, name string) (*string, error) {
	switch strings.ToLower(name) {
	case "blindxfer":
		return &f.BlindTransfer, nil
	case "disconnect":
		return &f.Disconnect, nil
	}
	return nil, fmt.Errorf("unknown feature '%s'", name)
}
