package server

import (
	"strings"

	"pbx/config"
)

// loadUsers makes the extensions of the entries of users.conf, in the context that
// plan, extensions.conf, names: a hint on the entry's devices, and a call to them. nil
// is that there are none.
func (c *configuration) loadUsers(plan *config.File) (*config.Section, error) {
	users, _, err := c.loader().Load("users.conf")
	if err != nil {
		return nil, err
	}
	section := &config.Section{Name: "default"}
	for _, s := range plan.All("general") {
		if v, ok := s.Get("userscontext"); ok {
			section.Name = v
		}
	}
	general := users.Section("general")
	for _, s := range users.Sections {
		if s.Template || strings.EqualFold(s.Name, "general") {
			continue
		}
		get := func(name string) (string, bool) {
			v, ok := s.Get(name)
			if !ok && general != nil {
				v, ok = general.Get(name)
			}
			return v, ok
		}
		is := func(name string) bool {
			v, _ := get(name)
			yes, _ := config.Bool(v)
			return yes
		}
		if _, said := get("hasexten"); said && !is("hasexten") || !is("hassip") {
			continue
		}
		add := func(exten, rest string) {
			section.Vars = append(section.Vars, config.Variable{Name: "exten", Value: exten + "," + rest, Object: true, Pos: s.Pos})
		}
		device := "SIP/" + s.Name
		add(s.Name, "hint,"+device)
		switch {
		case !is("hasvoicemail"):
			add(s.Name, "1,Dial(${HINT})")
		case c.core.StdextenMacro:
			add(s.Name, "1,Macro(stdexten,"+s.Name+",${HINT})")
		default:
			add(s.Name, "1,Gosub("+s.Name+",stdexten(${HINT}))")
		}
		more, _ := get("alternateexts")
		for exten := range strings.SplitSeq(more, ",") {
			if exten = strings.TrimSpace(exten); exten != "" {
				add(exten, "1,Goto("+s.Name+",1)")
			}
		}
		if section.Pos.File == "" {
			section.Pos = s.Pos
		}
	}
	if section.Vars == nil {
		return nil, nil
	}
	return section, nil
}
