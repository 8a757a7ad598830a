package funcs

import (
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// featureFunctions read and change what features.conf says, for one channel.
func featureFunctions() []channel.Function {
	return []channel.Function{
		featureFunction("general", channel.Function{
			Name: "FEATURE", Synopsis: "How features work on this channel", SeeAlso: []string{"FEATUREMAP"},
			Help: "The options of the section general of features.conf: featuredigittimeout in milliseconds; transferdigittimeout, atxfernoanswertimeout and atxferloopdelay in seconds; " +
				"transferdialattempts, atxfercallbackretries, atxferdropcall; the codes atxferabort, atxfercomplete and atxferswap; pickupexten; the sounds pickupsound and pickupfailsound, xfersound, xferfailsound, " +
				"transferannouncesound, transferretrysound and transferinvalidsound. What is written, and what FEATUREMAP() is given, counts for this channel only; with inherit=yes also for those that it calls.",
			Args: []decl.Arg{arg("option_name", "the option of features.conf")},
		}),
		featureFunction("featuremap", channel.Function{
			Name: "FEATUREMAP", Synopsis: "What is dialled for a feature on this channel", SeeAlso: []string{"FEATURE"},
			Help: "blindxfer, atxfer or disconnect; an empty code switches the feature off. What is written counts for this channel only.",
			Args: []decl.Arg{arg("feature_name", "the name in the section featuremap of features.conf")},
		}),
	}
}

// featureFunction has f read and write the options of a section.
func featureFunction(section string, f channel.Function) channel.Function {
	option := func(a *decl.Args) (channel.FeatureOption, error) {
		name := strings.ToLower(strings.TrimSpace(a.Arg(0)))
		o, ok := channel.FindFeatureOption(section, name)
		if !ok && section == "general" {
			o, ok = channel.FindFeatureOption("channel", name)
		}
		if !ok && section == "general" {
			return o, fmt.Errorf("unknown feature option '%s'", name)
		} else if !ok {
			return o, fmt.Errorf("unknown feature '%s'", name)
		}
		return o, nil
	}
	f.Read = func(t channel.Thread, a *decl.Args) (string, error) {
		o, err := option(a)
		if err != nil {
			return "", err
		}
		return o.Value(t.Channel().Features()), nil
	}
	f.Write = func(t channel.Thread, a *decl.Args, v string) error {
		o, err := option(a)
		if err != nil {
			return err
		}
		features := t.Channel().Features()
		if err := o.Set(&features, v); err != nil {
			return err
		}
		t.Channel().SetFeatures(features)
		return nil
	}
	return f
}
