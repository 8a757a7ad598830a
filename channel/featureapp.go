package channel

import (
	"errors"
	"slices"
	"strings"
)

// FeatureApplication is a line of the section applicationmap of features.conf: an
// application that a party of a call runs by dialling a code, where its channel's
// DYNAMIC_FEATURES names it.
type FeatureApplication struct {
	Name, Digits string
	// Peer has it run on the other party's channel.
	Peer      bool
	App, Args string
	// Music is the class of hold music that the one hears who waits, "" for none.
	Music string
}

// ParseFeatureApplication reads CODE,self|peer[/caller|callee|both],APP[,ARGS[,MUSIC]],
// where ARGS may be in quotes, and APP(ARGS)[,MUSIC]. Who may dial it is what
// DYNAMIC_FEATURES of each channel says; the word after the slash is the field's of old.
func ParseFeatureApplication(name, value string) (FeatureApplication, error) {
	f := FeatureApplication{Name: name}
	code, rest, _ := strings.Cut(value, ",")
	on, rest, _ := strings.Cut(rest, ",")
	if f.Digits = strings.TrimSpace(code); f.Digits == "" {
		return f, errors.New("there is no code")
	}
	if strings.Trim(f.Digits, "0123456789*#ABCD") != "" {
		return f, errors.New("the code has characters that are no keys")
	}
	on, who, _ := strings.Cut(strings.ToLower(strings.TrimSpace(on)), "/")
	switch strings.TrimSpace(on) {
	case "self", "caller": // caller and callee are from before there was peer
	case "peer", "callee":
		f.Peer = true
	default:
		return f, errors.New("it runs on self or on peer")
	}
	if who = strings.TrimSpace(who); !slices.Contains([]string{"", "caller", "callee", "both"}, who) {
		return f, errors.New("who dials it is caller, callee or both")
	}
	rest = strings.TrimSpace(rest)
	app, inside, call := strings.Cut(rest, "(")
	if end := strings.LastIndexByte(inside, ')'); call && end >= 0 && !strings.Contains(app, ",") {
		f.App, f.Args = app, inside[:end]
		f.Music = strings.TrimPrefix(strings.TrimSpace(inside[end+1:]), ",")
	} else {
		f.App, rest, _ = strings.Cut(rest, ",")
		rest = strings.TrimSpace(rest)
		if quoted, after, ok := strings.Cut(strings.TrimPrefix(rest, `"`), `"`); ok && strings.HasPrefix(rest, `"`) {
			f.Args, f.Music = quoted, strings.TrimPrefix(strings.TrimSpace(after), ",")
		} else {
			f.Args, f.Music, _ = strings.Cut(rest, ",")
		}
	}
	f.App, f.Args, f.Music = strings.TrimSpace(f.App), strings.TrimSpace(f.Args), strings.TrimSpace(f.Music)
	if f.App == "" {
		return f, errors.New("there is no application")
	}
	return f, nil
}

// Named are the applications that names, divided by #, stand for: features, and groups
// of them. What is not there is left out.
func (f *Features) Named(names string) (all []FeatureApplication) {
	for name := range strings.SplitSeq(names, "#") {
		name = strings.TrimSpace(name)
		for _, a := range f.Applications {
			if strings.EqualFold(a.Name, name) {
				all = append(all, a)
			}
		}
		all = append(all, f.Groups[strings.ToLower(name)]...)
	}
	return all
}
