package server

import (
	"fmt"
	"strconv"
	"strings"

	"pbx/config"
	"pbx/media/tone"
)

// toneZones are the tones of indications.conf, by country and name.
type toneZones struct {
	country string
	lists   map[string]map[string]tone.List
}

// builtinTones is the country that is there without indications.conf (North
// America, as in ITU-T E.180 supplement 2).
var builtinTones = map[string]string{
	"dial":        "350+440",
	"busy":        "480+620/500,0/500",
	"ring":        "440+480/2000,0/4000",
	"congestion":  "480+620/250,0/250",
	"callwaiting": "440/300,0/10000",
	"dialrecall":  "!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,350+440",
	"record":      "1400/500,0/15000",
	"info":        "!950/330,!1400/330,!1800/330,0",
	"stutter":     "!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,350+440",
}

// toneNames are the tones a country has; ringcadence and description are not
// tones.
var toneNames = []string{"dial", "busy", "ring", "congestion", "callwaiting", "dialrecall", "record", "info", "stutter"}

// readTones reads indications.conf, which may be absent.
func readTones(l *config.Loader) (*toneZones, []config.Finding, error) {
	z := &toneZones{country: "us", lists: map[string]map[string]tone.List{"us": {}}}
	for name, text := range builtinTones {
		list, err := tone.Parse(text)
		if err != nil {
			return nil, nil, fmt.Errorf("built-in tone %s: %w", name, err)
		}
		z.lists["us"][name] = list
	}
	file, findings, err := loadOptional(l, "indications.conf")
	if err != nil || file == nil {
		return z, findings, err
	}
	find := func(pos config.Pos, rule, format string, args ...any) {
		findings = append(findings, config.Finding{Pos: pos, Severity: config.Warning, Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
	var country config.Variable
	for _, sec := range file.Sections {
		if strings.EqualFold(sec.Name, "general") {
			for _, v := range sec.Vars {
				if !strings.EqualFold(v.Name, "country") {
					findings = append(findings, unknownKey(v, "indications.conf [general]", []string{"country"}))
					continue
				}
				country = v
				z.country = strings.ToLower(strings.TrimSpace(v.Value))
			}
			continue
		}
		if sec.Template {
			continue
		}
		lists := make(map[string]tone.List)
		for _, v := range sec.Vars {
			switch name := strings.ToLower(v.Name); name {
			case "description":
			case "alias":
				find(v.Pos, "obsolete", "alias is obsolete; the section is read as it stands")
			case "ringcadence":
				for part := range strings.SplitSeq(v.Value, ",") {
					if _, err := strconv.Atoi(strings.TrimSpace(part)); err != nil {
						find(v.Pos, "bad-value", "ringcadence %q is not a list of milliseconds", v.Value)
						break
					}
				}
			default:
				list, err := tone.Parse(v.Value)
				if err != nil {
					find(v.Pos, "bad-tone", "%s of [%s]: %v; it is left out", v.Name, sec.Name, err)
					break
				}
				lists[name] = list
				if !contains(toneNames, name) {
					if near := config.Nearest(name, toneNames); near != "" {
						find(v.Pos, "unknown-tone", "no application asks for a tone %s; did you mean %s?", v.Name, near)
					}
				}
			}
		}
		z.lists[strings.ToLower(sec.Name)] = lists
	}
	if _, ok := z.lists[z.country]; !ok {
		var known []string
		for name := range z.lists {
			known = append(known, name)
		}
		f := config.Finding{Pos: country.Pos, Severity: config.Warning, Rule: "unknown-country",
			Message: fmt.Sprintf("country = %s has no section; the tones of us are used", z.country)}
		if near := config.Nearest(z.country, known); near != "" {
			f.Hint = "did you mean " + near + "?"
		}
		findings = append(findings, f)
		z.country = "us"
	}
	return z, findings, nil
}

// list returns the tone of a name in a country, "" for the default; a tone that
// the country lacks is that of us.
func (z *toneZones) list(country, name string) (tone.List, bool) {
	if country == "" {
		country = z.country
	}
	for _, c := range []string{strings.ToLower(country), z.country, "us"} {
		if list, ok := z.lists[c][strings.ToLower(name)]; ok {
			return list, true
		}
	}
	return nil, false
}
