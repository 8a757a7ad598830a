package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// OpenAPI is the OpenAPI 3.1 document of the interface, made of the table of routes.
// It is the same on every machine.
func OpenAPI() []byte {
	all := schemas{}
	paths := object{}
	for _, t := range routes() {
		at, _ := paths.get(t.path).(*object)
		if at == nil {
			at = &object{}
			paths.set(t.path, at)
		}
		at.set(strings.ToLower(t.method), t.operation(all))
	}
	all.events()
	doc := obj(
		"openapi", "3.1.0",
		"info", obj(
			"title", "pbx",
			"summary", "Calls, channels, devices and configuration of a telephone exchange",
			"version", "1",
			"license", obj("name", "Apache 2.0", "identifier", "Apache-2.0"),
		),
		"servers", []any{obj("url", "/", "description", "the HTTP server of http.conf, behind its prefix")},
		"security", []any{obj("token", []any{}), obj("device", []any{})},
		"paths", &paths,
		"components", obj(
			"securitySchemes", obj(
				"token", obj("type", "http", "scheme", "bearer", "description", "a secret of api.conf"),
				"device", obj("type", "http", "scheme", "digest", "description", "name and secret of a SIP device, with sipusers=yes in api.conf"),
			),
			"schemas", all.object(),
		),
	)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(doc); err != nil {
		panic(err) // nothing in it is of a type that fails
	}
	return b.Bytes()
}

// always are the problems that every path has.
var always = []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}

// operation describes a route.
func (t *route) operation(all schemas) *object {
	o := obj("operationId", t.id(), "summary", t.summary)
	text := t.help
	switch {
	case t.need != 0 && t.device:
		text += fmt.Sprintf(" Needs the permission %s, or a SIP device.", t.need)
	case t.need != 0:
		text += fmt.Sprintf(" Needs the permission %s.", t.need)
	}
	o.set("description", strings.TrimSpace(text))
	var parameters []any
	for _, list := range []struct {
		in       string
		list     []parameter
		required bool
	}{{"path", t.places, true}, {"query", t.query, false}} {
		for _, p := range list.list {
			schema := obj("type", "string")
			if p.values != nil {
				schema.set("enum", p.values)
			}
			parameters = append(parameters, obj("name", p.name, "in", list.in, "required", list.required, "description", p.help, "schema", schema))
		}
	}
	if parameters != nil {
		o.set("parameters", parameters)
	}
	if t.in != nil {
		o.set("requestBody", obj("required", true, "content", content("application/json", all.of(t.in))))
	}
	responses := obj()
	success := obj("description", "success")
	if t.out != nil {
		success.set("content", content("application/json", all.of(t.out)))
	}
	responses.set(strconv.Itoa(t.status), success)
	if x, ok := t.out.(interface{ status() int }); ok && x.status() != t.status {
		responses.set(strconv.Itoa(x.status()), obj("description", "success, and decided", "content", content("application/json", all.of(t.out))))
	}
	problems := append([]int{}, always...)
	if t.in != nil {
		problems = append(problems, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	} else if t.query != nil {
		problems = append(problems, http.StatusBadRequest)
	}
	for _, status := range append(problems, t.problems...) {
		responses.set(strconv.Itoa(status), obj("description", http.StatusText(status), "content", content("application/problem+json", all.of(Problem{}))))
	}
	o.set("responses", responses.sorted())
	return o
}

// id is the name of an operation in programs: getChannels, postChannelsRedirect.
func (t *route) id() string {
	name := strings.ToLower(t.method)
	for part := range strings.SplitSeq(strings.TrimPrefix(t.path, "/api/"), "/") {
		if part = strings.TrimSuffix(part, ".json"); strings.HasPrefix(part, "{") {
			part = "by-" + strings.Trim(part, "{}")
		}
		for word := range strings.SplitSeq(part, "-") {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return name
}

func content(kind string, schema any) *object { return obj(kind, obj("schema", schema)) }
