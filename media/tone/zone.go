package tone

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pbx/config"
)

// Zone is the set of tones of one country.
type Zone struct {
	Country, Description string
	// Cadence is how a bell rings there: milliseconds on, off, …
	Cadence string
	// Playlists are the tones as they are written, in the order of the file.
	Playlists []Playlist
	tones     map[string]List
}

// Playlist is a tone as it is written, such as 480+620/500,0/500.
type Playlist struct{ Name, List string }

// Zones are the tone zones of one configuration. They do not change: every
// goroutine may use them.
type Zones struct {
	country string
	pos     config.Pos // of the line that names it
	zones   map[string]*Zone
}

// names are the tones that a zone may define, each with the other names it goes
// by.
var names = map[string]string{
	"dial": "dial", "busy": "busy", "ring": "ring", "congestion": "congestion", "callwaiting": "callwaiting",
	"dialrecall": "dialrecall", "record": "record", "info": "info", "stutter": "stutter",
	"ringing": "ring", "ringtone": "ring", "dialtone": "dial", "reorder": "congestion", "unavailable": "info",
}

// builtin is the zone of the United States, for a system without
// indications.conf.
var builtin = []struct{ name, list string }{
	{"dial", "350+440"},
	{"busy", "480+620/500,0/500"},
	{"ring", "440+480/2000,0/4000"},
	{"congestion", "480+620/250,0/250"},
	{"callwaiting", "440/300,0/10000"},
	{"dialrecall", "!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,350+440"},
	{"record", "1400/500,0/15000"},
	{"info", "!950/330,!1400/330,!1800/330,0"},
	{"stutter", "!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,350+440"},
}

// Builtin returns zones with the tones of the United States alone.
func Builtin() *Zones {
	us := &Zone{Country: "us", Description: "United States / North America", Cadence: "2000,4000", tones: make(map[string]List)}
	for _, b := range builtin {
		list, err := Parse(b.list)
		if err != nil {
			panic(fmt.Sprintf("tone: built-in %s: %v", b.name, err)) // the table above is wrong
		}
		us.tones[b.name], us.Playlists = list, append(us.Playlists, Playlist{b.name, b.list})
	}
	return &Zones{country: "us", zones: map[string]*Zone{"us": us}}
}

// Load reads indications.conf; where there is none, the built-in zone is all
// there is. The built-in zone also serves where the file has no us.
func Load(l *config.Loader) (*Zones, []config.Finding, error) {
	z := Builtin()
	f, findings, err := l.Optional("indications.conf")
	if err != nil {
		return nil, findings, err
	}
	if f == nil {
		return z, nil, nil
	}
	for _, s := range f.Sections {
		if s.Template {
			continue
		}
		if strings.EqualFold(s.Name, "general") {
			findings = append(findings, z.general(s)...)
			continue
		}
		zone, found := readZone(s)
		findings = append(findings, found...)
		for key := range strings.SplitSeq(strings.ToLower(s.Name), ",") {
			z.zones[strings.TrimSpace(key)] = zone
		}
	}
	if z.zones[z.country] == nil {
		findings = append(findings, config.Finding{
			Pos: z.pos, Severity: config.Warning, Rule: "tone-zone",
			Message: fmt.Sprintf("country %q has no section; us is used", z.country), Hint: meant(z.country, z.Countries()),
		})
		z.country = "us"
	}
	return z, findings, nil
}

func (z *Zones) general(s *config.Section) (findings []config.Finding) {
	for _, v := range s.Vars {
		if strings.EqualFold(v.Name, "country") {
			z.country, z.pos = strings.ToLower(v.Value), v.Pos
			continue
		}
		findings = append(findings, config.Finding{
			Pos: v.Pos, Severity: config.Warning, Rule: "unknown-option",
			Message: fmt.Sprintf("[general] of indications.conf has no option %q", v.Name), Hint: meant(v.Name, []string{"country"}),
		})
	}
	return findings
}

func meant(word string, known []string) string {
	if near := config.Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

func readZone(s *config.Section) (*Zone, []config.Finding) {
	zone := &Zone{Country: strings.ToLower(s.Name), tones: make(map[string]List)}
	var findings []config.Finding
	for _, v := range s.Vars {
		switch name := strings.ToLower(v.Name); name {
		case "description":
			zone.Description = v.Value
		case "ringcadence", "ringcadance": // the second is how old files spell it
			zone.Cadence = v.Value
		case "alias":
			// An older way to name a zone twice; today the names stand in the section.
		default:
			list, err := Parse(v.Value)
			if err != nil {
				findings = append(findings, config.Finding{
					Pos: v.Pos, Severity: config.Warning, Rule: "tone-list",
					Message: fmt.Sprintf("%s of zone %s: %v", v.Name, s.Name, err),
				})
			}
			if list == nil {
				continue
			}
			if known, ok := names[name]; ok {
				name = known
			} else if hint := meant(name, slices.Sorted(maps.Values(names))); hint != "" {
				findings = append(findings, config.Finding{
					Pos: v.Pos, Severity: config.Warning, Rule: "tone-name",
					Message: fmt.Sprintf("nothing asks for a tone %q", v.Name), Hint: hint,
				})
			}
			zone.tones[name], zone.Playlists = list, append(zone.Playlists, Playlist{name, v.Value})
		}
	}
	return zone, findings
}

// Countries are the names of the zones.
func (z *Zones) Countries() []string {
	out := make([]string, 0, len(z.zones))
	for name := range z.zones {
		out = append(out, name)
	}
	return out
}

// Zone finds the zone of a country.
func (z *Zones) Zone(country string) (*Zone, bool) {
	zone, ok := z.zones[strings.ToLower(country)]
	return zone, ok
}

// Default is the country that is used where none is named.
func (z *Zones) Default() string { return z.country }

// Tone finds a tone by name: dial, busy, ring, congestion, callwaiting,
// dialrecall, record, info, stutter, or another that the zone defines. An empty
// or unknown zone means the default one; a tone that the zone lacks is taken
// from the default and then from the built-in us.
func (z *Zones) Tone(zone, name string) (List, bool) {
	name = strings.ToLower(name)
	if known, ok := names[name]; ok {
		name = known
	}
	for _, country := range [...]string{strings.ToLower(zone), z.country, "us"} {
		if zone := z.zones[country]; zone != nil {
			if list, ok := zone.tones[name]; ok {
				return list, true
			}
		}
	}
	return nil, false
}
