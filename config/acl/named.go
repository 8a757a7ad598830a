package acl

import (
	"fmt"
	"strings"

	"pbx/config"
)

// Named reads the sections of acl.conf, by their names in lower case.
func Named(f *config.File) (map[string]List, []config.Finding) {
	lists := make(map[string]List)
	var findings []config.Finding
	if f == nil {
		return lists, nil
	}
	warn := func(v config.Variable, rule, message, hint string) {
		findings = append(findings, config.Finding{Pos: v.Pos, Severity: config.Warning, Rule: rule, Message: message, Hint: hint})
	}
	for _, s := range f.Sections {
		if s.Template || strings.EqualFold(s.Name, "general") {
			continue
		}
		name := strings.ToLower(s.Name)
		list := lists[name]
		for _, v := range s.Vars {
			permit := strings.EqualFold(v.Name, "permit")
			if !permit && !strings.EqualFold(v.Name, "deny") {
				warn(v, "unknown-option", "acl.conf has no option "+v.Name, "permit or deny")
				continue
			}
			rule, err := ParseRule(v.Value, permit)
			if err != nil && permit {
				warn(v, "bad-value", v.Name+": "+err.Error(), "")
				continue
			}
			if err != nil {
				warn(v, "bad-value", fmt.Sprintf("%s: %v; until this is mended nobody passes", v.Name, err), "")
				rule = DenyAll()
			}
			list = append(list, rule)
		}
		lists[name] = list
	}
	return lists, findings
}
