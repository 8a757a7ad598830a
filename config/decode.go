package config

import (
	"encoding"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/ini.v1"
)

// Decode sets the fields of the struct that dst points to from the last value
// of each name in s. What is not in the section stays as it is, so that defaults
// are set before. A field is tagged with its names in lower case, any of which
// sets it:
//
//	AllowGuest bool          `conf:"allowguest"`
//	Port       int           `conf:"bindport,port"`
//	Expiry     time.Duration `conf:"defaultexpiry"`
//	T1         time.Duration `conf:"t1" unit:"ms"`
//	Permit     []Variable    `conf:"permit,deny"`
//
// Fields are strings, booleans as the field writes them, numbers, durations (in
// seconds, or the unit of the tag), anything that unmarshals text, and slices
// of string or Variable, which take every line of the names in order. Embedded
// structs are part of the struct that they are in.
//
// A value that does not fit is reported and leaves the field alone. A name that
// is neither tagged nor among known is reported with the nearest one that is.
func Decode(s *Section, dst any, known ...string) []Finding {
	d := decoder{section: s, values: values(s), lines: make(map[string]*lines, len(s.Vars))}
	for i, v := range s.Vars {
		name := strings.ToLower(v.Name)
		if d.lines[name] == nil {
			d.lines[name] = new(lines)
		}
		d.lines[name].last = i
	}
	v := reflect.ValueOf(dst).Elem()
	d.structure(v)
	for _, name := range known {
		if l := d.lines[strings.ToLower(name)]; l != nil {
			l.known = true
		}
	}
	for _, line := range s.Vars {
		if !d.lines[strings.ToLower(line.Name)].known {
			d.findings = append(d.findings, unknown(line, append(tags(v.Type()), known...)))
		}
	}
	return d.findings
}

// tags are the names of all fields of a struct.
func tags(t reflect.Type) (names []string) {
	for f := range fields(t) {
		if tag, ok := f.Tag.Lookup("conf"); ok {
			names = append(names, strings.Split(tag, ",")...)
		} else {
			names = append(names, tags(f.Type)...)
		}
	}
	return names
}

// fields are the fields of a struct that are tagged, or structs embedded in it.
func fields(t reflect.Type) iter.Seq[reflect.StructField] {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			_, tagged := f.Tag.Lookup("conf")
			if (tagged || f.Anonymous && f.Type.Kind() == reflect.Struct) && !yield(f) {
				return
			}
		}
	}
}

// unknown is the finding of an option that there is not.
func unknown(v Variable, names []string) Finding {
	f := Finding{
		Pos: v.Pos, Severity: Warning, Rule: "unknown-option",
		Message: fmt.Sprintf("unknown option %q", v.Name),
	}
	if near := Nearest(v.Name, names); near != "" {
		f.Hint = "did you mean " + near + "?"
	}
	return f
}

// values puts a section into one of ini, where names have no case and the last
// value is the one.
func values(s *Section) *ini.Section {
	section := ini.Empty(ini.LoadOptions{InsensitiveKeys: true}).Section("s")
	for _, v := range s.Vars {
		// The only error is an empty name, which the dialect does not let through.
		_, _ = section.NewKey(v.Name, v.Value)
	}
	return section
}

type decoder struct {
	section  *Section
	values   *ini.Section
	lines    map[string]*lines // by name in lower case
	findings []Finding
}

// lines are those of one name.
type lines struct {
	last  int // index of the last one
	known bool
}

func (d *decoder) structure(v reflect.Value) {
	for f := range fields(v.Type()) {
		tag, ok := f.Tag.Lookup("conf")
		if !ok {
			d.structure(v.FieldByIndex(f.Index))
			continue
		}
		// Of several names for one field the line that comes last counts.
		last := -1
		for name := range strings.SplitSeq(tag, ",") {
			if l := d.lines[name]; l != nil {
				l.known = true
				last = max(last, l.last)
			}
		}
		if last >= 0 {
			d.field(v.FieldByIndex(f.Index), strings.Split(tag, ","), d.section.Vars[last], f.Tag.Get("unit"))
		}
	}
}

// field sets one field from the last line of any of its names, or from all of
// them.
func (d *decoder) field(v reflect.Value, names []string, last Variable, unit string) {
	switch list := v.Addr().Interface().(type) {
	case *[]Variable:
		*list = append(*list, d.all(names)...)
		return
	case *[]string:
		for _, line := range d.all(names) {
			*list = append(*list, line.Value)
		}
		return
	}
	// Value, not String: that one would expand %(name)s, in a secret say.
	text := d.values.Key(last.Name).Value()
	if want := set(v, text, unit); want != "" {
		d.findings = append(d.findings, Finding{
			Pos: last.Pos, Severity: Warning, Rule: "bad-value",
			Message: fmt.Sprintf("%s = %q: expected %s; the default stays", last.Name, text, want),
		})
	}
}

func (d *decoder) all(names []string) (all []Variable) {
	for _, v := range d.section.Vars {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, v.Name) }) {
			all = append(all, v)
		}
	}
	return all
}

// set stores text in a field, or says what it expected instead.
func set(v reflect.Value, text, unit string) (want string) {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		old := reflect.New(v.Type()).Elem()
		old.Set(v)
		if err := u.UnmarshalText([]byte(text)); err != nil {
			v.Set(old)
			return err.Error()
		}
		return ""
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		n, err := strconv.ParseFloat(text, 64)
		size, name := unitOf(unit)
		if err != nil || !(n > -1e9 && n < 1e9) {
			return "a number of " + name
		}
		v.SetInt(int64(n * float64(size)))
		return ""
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, ok := Bool(text)
		if !ok {
			return "yes or no"
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return "a number"
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return "a number of 0 or more"
		}
		v.SetUint(n)
	case reflect.Float32, reflect.Float64:
		n, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			return "a number"
		}
		v.SetFloat(n)
	default:
		panic("config: Decode cannot set a " + v.Type().String())
	}
	return ""
}

// unitOf is the unit of a tag and its name.
func unitOf(tag string) (time.Duration, string) {
	switch tag {
	case "ms":
		return time.Millisecond, "milliseconds"
	case "m":
		return time.Minute, "minutes"
	}
	return time.Second, "seconds"
}
