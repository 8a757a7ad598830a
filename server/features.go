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
	file, findings, err := loadOptional(l, "features.conf")
	if err != nil || file == nil {
		return f, findings, err
	}
	for _, sec := range file.Sections {
		for _, v := range sec.Vars {
			o, known := channel.FindFeatureOption(sec.Name, v.Name)
			if !known {
				why := " does not act yet"
				if strings.EqualFold(v.Name, "atxferthreeway") {
					why = " does not act yet: three in a call need their audio mixed, which is not there"
				}
				findings = append(findings, config.Finding{
					Pos: v.Pos, Severity: config.Note, Rule: "not-read", Message: "[" + sec.Name + "] " + v.Name + why,
				})
			} else if o.Set(&f, v.Value) != nil {
				findings = append(findings, config.Finding{
					Pos: v.Pos, Severity: config.Warning, Rule: "bad-value", Message: v.Name + " = \"" + v.Value + "\" is not a number; the default stays",
				})
			}
		}
	}
	return f, findings, nil
}
