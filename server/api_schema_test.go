package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// apiDocument is docs/reference/openapi.json as far as answers are compared with it.
type apiDocument struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Content map[string]struct{ Schema map[string]any }
		}
	}
	Components struct{ Schemas map[string]map[string]any }
}

var readDocument = sync.OnceValues(func() (d apiDocument, err error) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "reference", "openapi.json"))
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	return d, err
})

// conforms holds that an answer is one that the document tells.
func conforms(t *testing.T, method, path string, status int, h http.Header, body string) {
	t.Helper()
	d, err := readDocument()
	if err != nil {
		t.Fatal(err)
	}
	path, _, _ = strings.Cut(path, "?")
	for template, methods := range d.Paths {
		pattern := "^" + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(template), `[^/]+`) + "$"
		o, ok := methods[strings.ToLower(method)]
		if !ok || !regexp.MustCompile(pattern).MatchString(path) {
			continue
		}
		r, ok := o.Responses[fmt.Sprint(status)]
		if !ok {
			t.Errorf("%s %s: %d is not told: %s", method, path, status, body)
			return
		}
		if len(r.Content) == 0 {
			if body != "" {
				t.Errorf("%s %s: %d has a body: %s", method, path, status, body)
			}
			return
		}
		c, ok := r.Content[h.Get("Content-Type")]
		if !ok {
			t.Errorf("%s %s: %d is of type %q", method, path, status, h.Get("Content-Type"))
			return
		}
		var v any
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Errorf("%s %s: %v in %s", method, path, err, body)
			return
		}
		for _, what := range d.lacks(c.Schema, v, "") {
			t.Errorf("%s %s: %d: %s", method, path, status, what)
		}
		return
	}
}

// lacks says what is wrong with v by a schema, as far as ours use JSON Schema.
func (d *apiDocument) lacks(schema map[string]any, v any, at string) (wrong []string) {
	if ref, ok := schema["$ref"].(string); ok {
		return d.lacks(d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")], v, at)
	}
	bad := func(format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }
	kind, _ := schema["type"].(string)
	if words, ok := schema["enum"].([]any); ok && !slices.Contains(words, v) {
		bad("%v is none of %v", v, words)
	}
	switch x := v.(type) {
	case map[string]any:
		if kind != "object" {
			bad("an object, not a %s", kind)
		}
		members, _ := schema["properties"].(map[string]any)
		for name, value := range x {
			if m, ok := members[name].(map[string]any); ok {
				wrong = append(wrong, d.lacks(m, value, at+"."+name)...)
			} else if schema["additionalProperties"] == false {
				bad("%s is not told", name)
			}
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := x[name.(string)]; !ok {
				bad("%s is missing", name)
			}
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		if kind != "array" {
			bad("an array, not a %s", kind)
		}
		for i, value := range x {
			wrong = append(wrong, d.lacks(items, value, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case string:
		if kind != "string" {
			bad("a string, not a %s", kind)
		}
	case bool:
		if kind != "boolean" {
			bad("a boolean, not a %s", kind)
		}
	case float64:
		if kind != "number" && (kind != "integer" || x != float64(int64(x))) {
			bad("%v, not a %s", x, kind)
		}
	default:
		bad("%v", v)
	}
	return wrong
}
