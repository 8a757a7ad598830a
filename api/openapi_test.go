package api

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestOpenAPI: the document has every route and no other, each part of a path is told,
// and every schema that is named is there.
func TestOpenAPI(t *testing.T) {
	var doc struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]map[string]any `json:"paths"`
		Parts   struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	text := OpenAPI()
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Error(doc.OpenAPI)
	}
	told := 0
	for _, methods := range doc.Paths {
		told += len(methods)
	}
	if told != len(routes()) {
		t.Errorf("%d operations are told, %d routes are there", told, len(routes()))
	}
	ids := map[string]bool{}
	for _, r := range routes() {
		o := doc.Paths[r.path][strings.ToLower(r.method)]
		if o == nil {
			t.Errorf("%s %s is not told", r.method, r.path)
			continue
		}
		if id, _ := o["operationId"].(string); ids[id] || id == "" {
			t.Errorf("%s %s: operationId %q", r.method, r.path, id)
		} else {
			ids[id] = true
		}
		var names []string
		for _, p := range r.places {
			names = append(names, "{"+p.name+"}")
		}
		if in := regexp.MustCompile(`\{\w+\}`).FindAllString(r.path, -1); !slices.Equal(in, names) {
			t.Errorf("%s: told are %v", r.path, names)
		}
		if r.need == 0 && r.path != "/api/openapi.json" {
			t.Errorf("%s %s needs no permission", r.method, r.path)
		}
		if (r.run == nil) == (r.raw == nil) {
			t.Errorf("%s %s has not one handler", r.method, r.path)
		}
	}
	for _, m := range regexp.MustCompile(`#/components/schemas/(\w+)`).FindAllStringSubmatch(string(text), -1) {
		if doc.Parts.Schemas[m[1]] == nil {
			t.Errorf("the schema %s is not there", m[1])
		}
	}
	if again := OpenAPI(); string(again) != string(text) {
		t.Error("the document comes out otherwise the second time")
	}
}

// TestSchemaMembers: what JSON has of a type is what its schema says, for each type
// that a body has.
func TestSchemaMembers(t *testing.T) {
	all := schemas{}
	var look func(reflect.Type)
	seen := map[reflect.Type]bool{}
	look = func(ty reflect.Type) {
		for ty.Kind() == reflect.Pointer || ty.Kind() == reflect.Slice {
			ty = ty.Elem()
		}
		if ty.Kind() != reflect.Struct || seen[ty] || ty.PkgPath() != reflect.TypeFor[Call]().PkgPath() {
			return
		}
		seen[ty] = true
		all.schema(ty)
		members, _ := all[ty.Name()].get("properties").(*object)
		required, _ := all[ty.Name()].get("required").([]string)
		empty, full := map[string]any{}, map[string]any{}
		for v, to := range map[reflect.Value]*map[string]any{reflect.New(ty): &empty, filled(ty): &full} {
			b, err := json.Marshal(v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(b, to); err != nil {
				t.Fatal(err)
			}
		}
		for name := range full {
			if members.get(name) == nil {
				t.Errorf("%s: the schema lacks %s", ty.Name(), name)
			}
		}
		for _, name := range members.names {
			if _, ok := full[name]; !ok {
				t.Errorf("%s: the schema has %s, JSON has not", ty.Name(), name)
			}
		}
		for _, name := range required {
			if _, ok := empty[name]; !ok {
				t.Errorf("%s: %s is required and left out where it is empty", ty.Name(), name)
			}
		}
		for i := range ty.NumField() {
			look(ty.Field(i).Type)
		}
	}
	for _, r := range routes() {
		for _, v := range []any{r.in, r.out} {
			if v != nil {
				look(reflect.TypeOf(v))
			}
		}
	}
	look(reflect.TypeFor[Problem]())
	if len(seen) < 15 {
		t.Errorf("only %d types were looked at", len(seen))
	}
}

// filled is a value of a struct with something in every member.
func filled(ty reflect.Type) reflect.Value {
	p := reflect.New(ty)
	for i := range ty.NumField() {
		f := p.Elem().Field(i)
		switch f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int, reflect.Int64:
			f.SetInt(1)
		case reflect.Uint64:
			f.SetUint(1)
		case reflect.Float64:
			f.SetFloat(1)
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		case reflect.Map:
			f.Set(reflect.MakeMap(f.Type()))
			f.SetMapIndex(reflect.ValueOf("x"), reflect.Zero(f.Type().Elem()))
		}
	}
	return p
}
