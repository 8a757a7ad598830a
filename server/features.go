package server

import (
	"strings"

	"pbx/channel"
	"pbx/config"
)

// readFeatures reads features.conf, which may be absent: the number that picks up
// a call of one's groups. The rest of the file has nothing to act on yet, and a
// note says so for each line.
func readFeatures(l *config.Loader) (channel.Features, []config.Finding, error) {
	f := channel.Features{PickupExten: "*8"}
	file, findings, err := loadOptional(l, "features.conf")
	if err != nil || file == nil {
		return f, findings, err
	}
	for _, sec := range file.Sections {
		for _, v := range sec.Vars {
			if strings.EqualFold(sec.Name, "general") && strings.EqualFold(v.Name, "pickupexten") {
				f.PickupExten = v.Value
				continue
			}
			findings = append(findings, config.Finding{
				Pos: v.Pos, Severity: config.Note, Rule: "not-read",
				Message: "[" + sec.Name + "] " + v.Name + " does not act: of features.conf only pickupexten is read yet",
			})
		}
	}
	return f, findings, nil
}
