package cel

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"pbx/cdr"
	"pbx/config"
)

// Config is what cel.conf and the files of its backends say.
type Config struct {
	Settings
	Custom   []cdr.Custom
	Postgres *Postgres // nil without cel_pgsql.conf
}

// later are events that nothing here makes.
var later = []string{"STREAM_BEGIN", "STREAM_END", "PARK_START", "PARK_END"}

// Load reads them; each may be absent. layout makes a Go layout of dateformat.
func Load(l *config.Loader, logDir string, layout func(string) (string, error)) (*Config, []config.Finding, error) {
	c := &Config{Settings: Settings{Events: map[string]bool{}, Apps: map[string]bool{}}}
	var all []config.Finding
	for _, file := range []struct {
		name string
		read func(*config.File) []config.Finding
	}{
		{"cel.conf", func(f *config.File) []config.Finding { return c.main(f, layout) }},
		{"cel_custom.conf", func(f *config.File) []config.Finding {
			list, found := cdr.LoadMappings(f, "cel_custom.conf", filepath.Join(logDir, "cel-custom"), Known)
			c.Custom = list
			return found
		}},
		{"cel_pgsql.conf", c.postgres},
	} {
		f, findings, err := l.Optional(file.name)
		all = append(all, findings...)
		if err != nil {
			return c, all, err
		}
		if f != nil {
			all = append(all, file.read(f)...)
		}
	}
	return c, all, nil
}

func (c *Config) main(f *config.File, layout func(string) (string, error)) (out []config.Finding) {
	finding := func(pos config.Pos, severity config.Severity, rule, format string, args ...any) {
		out = append(out, config.Finding{Pos: pos, Severity: severity, Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
	for _, sec := range f.Sections {
		switch strings.ToLower(sec.Name) {
		case "general":
			var s struct {
				Enable bool              `conf:"enable"`
				Apps   []config.Variable `conf:"apps"`
				Events []config.Variable `conf:"events"`
				Format string            `conf:"dateformat"`
			}
			out = append(out, config.Decode(sec, &s)...)
			c.Enable = s.Enable
			for _, v := range s.Apps {
				for name := range strings.SplitSeq(v.Value, ",") {
					c.Apps[strings.ToLower(strings.TrimSpace(name))] = true
				}
			}
			for _, v := range s.Events {
				for name := range strings.SplitSeq(v.Value, ",") {
					name = strings.ToUpper(strings.TrimSpace(name))
					switch {
					case name == "ALL":
						c.All = true
					case numbers[name] == 0:
						finding(v.Pos, config.Error, "bad-value", "events: there is no event %q", name)
					default:
						if c.Events[name] = true; slices.Contains(later, name) {
							finding(v.Pos, config.Note, "no-effect", "events: %s is not written yet", name)
						}
					}
				}
			}
			if s.Format != "" {
				text, err := layout(s.Format)
				if err != nil {
					finding(sec.Pos, config.Warning, "bad-value", "%v", err)
				}
				c.TimeLayout = text
			}
		case "manager": // package manager reads it
		case "radius":
			finding(sec.Pos, config.Note, "no-effect", "[radius] does not act: that backend is not here")
		default:
			finding(sec.Pos, config.Warning, "unknown-section", "cel.conf has no section [%s]", sec.Name)
		}
	}
	return out
}
