package sip

import (
	"reflect"
	"slices"
	"strings"

	"pbx/config"
)

// Changes lists in what a configuration differs from one before it: [general], and
// the device sections. It names options, not their values: some are secret.
func Changes(before, after *Config) (list []config.Change) {
	if names := differentOptions(&before.General, &after.General); len(names) > 0 {
		list = append(list, config.Change{How: config.Changed, Name: "[general]", Section: "general", Detail: strings.Join(names, ", ")})
	}
	was := make(map[string]*PeerConfig, len(before.Peers))
	for _, p := range before.Peers {
		was[strings.ToLower(p.Name)] = p
	}
	for _, p := range after.Peers {
		name := strings.ToLower(p.Name)
		old := was[name]
		delete(was, name)
		if old == nil {
			list = append(list, config.Change{How: config.Added, Name: "[" + p.Name + "]", Section: p.Name, Pos: p.Pos})
			continue
		}
		if names := differentOptions(old, p); len(names) > 0 {
			list = append(list, config.Change{How: config.Changed, Name: "[" + p.Name + "]", Section: p.Name, Pos: p.Pos, Detail: strings.Join(names, ", ")})
		}
	}
	for _, p := range before.Peers {
		if was[strings.ToLower(p.Name)] != nil {
			list = append(list, config.Change{How: config.Gone, Name: "[" + p.Name + "]", Section: p.Name, Pos: p.Pos})
		}
	}
	return list
}

// differentOptions names the options in which two structures of settings differ, by
// their conf tag or the name of their field.
func differentOptions(a, b any) (names []string) {
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range x.NumField() {
		f := x.Type().Field(i)
		switch {
		case !f.IsExported() || f.Name == "Pos":
		case f.Anonymous || f.Name == "Defaults":
			names = append(names, differentOptions(x.Field(i).Addr().Interface(), y.Field(i).Addr().Interface())...)
		case !sameOption(x.Field(i), y.Field(i)):
			name, _, _ := strings.Cut(f.Tag.Get("conf"), ",")
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sameOption compares two values; where they stand in the file does not matter.
func sameOption(a, b reflect.Value) bool {
	if a.Type() == reflect.TypeFor[config.Pos]() {
		return true
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if !sameOption(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameOption(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Func, reflect.Chan:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() && b.IsNil()
		}
		if a.Kind() == reflect.Pointer {
			return a.Pointer() == b.Pointer() || sameOption(a.Elem(), b.Elem())
		}
		return a.CanInterface() && b.CanInterface() && reflect.DeepEqual(a.Interface(), b.Interface())
	}
	return a.Equal(b)
}
