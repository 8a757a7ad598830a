package server

import (
	"strings"

	"pbx/channel"
	"pbx/config"
)

// readFeatures reads features.conf, which may be absent. What has nothing to act on
// yet is told by a note for each line.
func readFeatures(l *config.Loader) (channel.Features, []config.Finding, error) {
	f := channel.DefaultFeatures()
	file, findings, err := l.Optional("features.conf")
	if err != nil || file == nil {
		return f, findings, err
	}
	found := func(v config.Variable, severity config.Severity, rule, message string) {
		findings = append(findings, config.Finding{Pos: v.Pos, Severity: severity, Rule: rule, Message: message})
	}
	for _, sec := range file.Sections {
		for _, v := range sec.Vars {
			o, known := channel.FindFeatureOption(sec.Name, v.Name)
			switch {
			case known:
				if o.Set(&f, v.Value) != nil {
					found(v, config.Warning, "bad-value", v.Name+" = \""+v.Value+"\" is not a number; the default stays")
				}
			case strings.EqualFold(sec.Name, "applicationmap"):
				a, err := channel.ParseFeatureApplication(v.Name, v.Value)
				if err != nil {
					found(v, config.Warning, "bad-value", v.Name+" = \""+v.Value+"\": "+err.Error()+"; the line does not count")
					continue
				}
				f.Applications = append(f.Applications, a)
			case strings.EqualFold(sec.Name, "general"), strings.EqualFold(sec.Name, "featuremap"):
				why := " does not act yet"
				if strings.EqualFold(v.Name, "atxferthreeway") {
					why = " does not act yet: three in a call need their audio mixed, which is not there"
				}
				found(v, config.Note, "not-read", "["+sec.Name+"] "+v.Name+why)
			}
		}
	}
	for _, sec := range file.Sections { // groups name what is anywhere in applicationmap
		switch strings.ToLower(sec.Name) {
		case "general", "featuremap", "applicationmap":
			continue
		}
		for _, v := range sec.Vars {
			named := f.Named(v.Name)
			if len(named) == 0 {
				found(v, config.Note, "not-read", "["+sec.Name+"] "+v.Name+" does not act: it is not in [applicationmap]")
				continue
			}
			a, code := named[0], strings.TrimSpace(v.Value)
			if code != "" {
				a.Digits = code
			}
			if f.Groups == nil {
				f.Groups = make(map[string][]channel.FeatureApplication)
			}
			name := strings.ToLower(sec.Name)
			f.Groups[name] = append(f.Groups[name], a)
		}
	}
	return f, findings, nil
}
