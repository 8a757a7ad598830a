package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"pbx/feed"
)

// object is a JSON object whose members keep their order.
type object struct {
	names  []string
	values []any
}

// obj makes one of names and values in turn.
func obj(pairs ...any) *object {
	o := &object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.set(pairs[i].(string), pairs[i+1])
	}
	return o
}

func (o *object) set(name string, value any) {
	if i := slices.Index(o.names, name); i >= 0 {
		o.values[i] = value
		return
	}
	o.names, o.values = append(o.names, name), append(o.values, value)
}

func (o *object) get(name string) any {
	if i := slices.Index(o.names, name); i >= 0 {
		return o.values[i]
	}
	return nil
}

// sorted is the object in the order of its names.
func (o *object) sorted() *object {
	out := &object{}
	for _, name := range slices.Sorted(slices.Values(o.names)) {
		out.set(name, o.get(name))
	}
	return out
}

// MarshalJSON implements json.Marshaler.
func (o *object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, name := range o.names {
		if i > 0 {
			b = append(b, ',')
		}
		n, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(o.values[i])
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, n...), ':'), v...)
	}
	return append(b, '}'), nil
}

// schemas are the JSON Schemas (2020-12, as OpenAPI 3.1 has them) of the types that
// bodies have, by name.
type schemas map[string]*object

func (s schemas) object() *object {
	o := &object{}
	for name, schema := range s {
		o.set(name, schema)
	}
	return o.sorted()
}

// of is the schema of the type of v.
func (s schemas) of(v any) any { return s.schema(reflect.TypeOf(v)) }

func (s schemas) schema(t reflect.Type) *object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return obj("type", "string", "format", "date-time")
	case t.Kind() == reflect.Pointer:
		return s.schema(t.Elem())
	case t.Kind() == reflect.Slice:
		return obj("type", "array", "items", s.schema(t.Elem()))
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Interface:
		return obj("type", "object")
	case t.Kind() == reflect.Map:
		return obj("type", "object", "additionalProperties", s.schema(t.Elem()))
	case t.Kind() == reflect.Struct:
		if s[t.Name()] == nil {
			s[t.Name()] = obj() // a type that holds itself
			*s[t.Name()] = *s.structure(t)
		}
		return obj("$ref", "#/components/schemas/"+t.Name())
	}
	switch t.Kind() {
	case reflect.String:
		return obj("type", "string")
	case reflect.Bool:
		return obj("type", "boolean")
	case reflect.Int, reflect.Int64:
		return obj("type", "integer")
	case reflect.Uint64:
		return obj("type", "integer", "minimum", 0)
	case reflect.Float64:
		return obj("type", "number")
	}
	panic(fmt.Sprintf("a body holds a %v", t)) // a test makes the document
}

// structure is the schema of a struct: its members by the names that JSON has, with
// their doc and enum tags.
func (s schemas) structure(t reflect.Type) *object {
	members, required := obj(), []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		member := s.schema(f.Type)
		if words := f.Tag.Get("enum"); words != "" {
			member.set("enum", strings.Split(words, ","))
		}
		if text := f.Tag.Get("doc"); text != "" {
			member.set("description", text)
		}
		members.set(name, member)
		if options != "omitempty" {
			required = append(required, name)
		}
	}
	o := obj("type", "object", "properties", members)
	if len(required) > 0 {
		o.set("required", required)
	}
	o.set("additionalProperties", false)
	return o
}

// events adds the schemas of events: Event, which is one of those of its names.
func (s schemas) events() {
	var list []any
	for _, k := range feed.Kinds() {
		members, required := obj(), []string{}
		for _, f := range k.Fields {
			m := obj("type", f.Type)
			switch f.Name {
			case "event":
				m.set("const", k.Name)
			case "time":
				m.set("format", "date-time")
			}
			if f.Help != "" {
				m.set("description", f.Help)
			}
			members.set(f.Name, m)
			if f.Always {
				required = append(required, f.Name)
			}
		}
		var name string
		for word := range strings.FieldsFuncSeq(k.Name, func(r rune) bool { return r == '.' || r == '_' }) {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
		s["Event"+name] = obj("type", "object", "description", k.Help, "properties", members, "required", required)
		list = append(list, obj("$ref", "#/components/schemas/Event"+name))
	}
	s["Event"] = obj("oneOf", list)
}
