package config

import "strings"

// User is an entry of users.conf, the file that sets up people for all parts of an
// exchange at once. What the entry does not say, [general] of that file says.
type User struct {
	*Section
	General *Section // nil without one
}

// Users are the entries of a users.conf.
func Users(f *File) (all []User) {
	general := f.Section("general")
	for _, s := range f.Sections {
		if !s.Template && !strings.EqualFold(s.Name, "general") {
			all = append(all, User{s, general})
		}
	}
	return all
}

// Lookup is the last line of a name.
func (u User) Lookup(name string) (Variable, bool) {
	v, ok := u.Section.Lookup(name)
	if !ok && u.General != nil {
		return u.General.Lookup(name)
	}
	return v, ok
}

// Value is what the last line of a name says, without blanks around it, "" where there is
// none.
func (u User) Value(name string) string {
	v, _ := u.Lookup(name)
	return strings.TrimSpace(v.Value)
}

// Is reports whether the last line of a name says yes.
func (u User) Is(name string) bool {
	yes, _ := Bool(u.Value(name))
	return yes
}
