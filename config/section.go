package config

import "strings"

// Variable is one line of a section.
type Variable struct {
	Name, Value string
	// Object tells a line written with "=>". It means the same as "=".
	Object bool
	Pos    Pos
}

// Section is one [name] with its lines.
type Section struct {
	Name string
	// Template tells a section that is there only for others to inherit from.
	Template bool
	// Bases are the sections it inherits from.
	Bases []string
	// Vars are its lines in order, those inherited from each base first.
	Vars []Variable
	Pos  Pos
}

// Lookup returns the last variable of a name, whose case does not matter.
func (s *Section) Lookup(name string) (Variable, bool) {
	for i := len(s.Vars) - 1; i >= 0; i-- {
		if strings.EqualFold(s.Vars[i].Name, name) {
			return s.Vars[i], true
		}
	}
	return Variable{}, false
}

// Get returns the last value of a name, whose case does not matter.
func (s *Section) Get(name string) (string, bool) {
	v, ok := s.Lookup(name)
	return v.Value, ok
}

// All returns every variable of a name in order.
func (s *Section) All(name string) []Variable {
	var all []Variable
	for _, v := range s.Vars {
		if strings.EqualFold(v.Name, name) {
			all = append(all, v)
		}
	}
	return all
}

// File is a configuration file with everything it includes.
type File struct {
	Name string
	// Sections are in order; a name may occur several times. Templates are among
	// them.
	Sections []*Section
	// Read are the files that were read, each once.
	Read []string
}

// Section returns the first section of a name that is no template, nil when
// there is none. The case of the name does not matter.
func (f *File) Section(name string) *Section {
	for _, s := range f.Sections {
		if !s.Template && strings.EqualFold(s.Name, name) {
			return s
		}
	}
	return nil
}

// All returns every section of a name that is no template, in order.
func (f *File) All(name string) []*Section {
	var all []*Section
	for _, s := range f.Sections {
		if !s.Template && strings.EqualFold(s.Name, name) {
			all = append(all, s)
		}
	}
	return all
}
