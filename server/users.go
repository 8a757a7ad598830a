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
	for _, u := range config.Users(users) {
		if _, said := u.Lookup("hasexten"); said && !u.Is("hasexten") || !u.Is("hassip") {
			continue
		}
		add := func(exten, rest string) {
			section.Vars = append(section.Vars, config.Variable{Name: "exten", Value: exten + "," + rest, Object: true, Pos: u.Pos})
		}
		device := "SIP/" + u.Name
		add(u.Name, "hint,"+device)
		switch {
		case !u.Is("hasvoicemail"):
			add(u.Name, "1,Dial(${HINT})")
		case c.core.StdextenMacro:
			add(u.Name, "1,Macro(stdexten,"+u.Name+",${HINT})")
		default:
			add(u.Name, "1,Gosub("+u.Name+",stdexten(${HINT}))")
		}
		for exten := range strings.SplitSeq(u.Value("alternateexts"), ",") {
			if exten = strings.TrimSpace(exten); exten != "" {
				add(exten, "1,Goto("+u.Name+",1)")
			}
		}
		if section.Pos.File == "" {
			section.Pos = u.Pos
		}
	}
	if section.Vars == nil {
		return nil, nil
	}
	return section, nil
}
