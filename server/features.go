package server

import (
	"strconv"
	"strings"
	"time"

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
			known, ok := setFeature(&f, strings.ToLower(sec.Name), strings.ToLower(v.Name), strings.TrimSpace(v.Value))
			switch {
			case !known:
				findings = append(findings, config.Finding{
					Pos: v.Pos, Severity: config.Note, Rule: "not-read",
					Message: "[" + sec.Name + "] " + v.Name + " does not act yet",
				})
			case !ok:
				findings = append(findings, config.Finding{
					Pos: v.Pos, Severity: config.Warning, Rule: "bad-value", Message: v.Name + " = \"" + v.Value + "\" is not a number; the default stays",
				})
			}
		}
	}
	return f, findings, nil
}

// setFeature takes one line. ok is false for a value that cannot be used.
func setFeature(f *channel.Features, section, name, value string) (known, ok bool) {
	number := func(p *int) bool {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > 1<<20 {
			return false
		}
		*p = n
		return true
	}
	n := 0
	switch section + " " + name {
	case "general pickupexten":
		f.PickupExten = value
	case "featuremap blindxfer":
		f.BlindTransfer = value
	case "featuremap disconnect":
		f.Disconnect = value
	case "general featuredigittimeout":
		if !number(&n) {
			return true, false
		}
		f.DigitTimeout = time.Duration(n) * time.Millisecond
	case "general transferdigittimeout":
		if !number(&n) {
			return true, false
		}
		f.TransferDigitTimeout = time.Duration(n) * time.Second
	case "general transferdialattempts":
		return true, number(&f.TransferAttempts)
	default:
		return false, false
	}
	return true, true
}
