package feed

import (
	"bytes"
	"fmt"
	"strings"
)

// Kind describes the events of one name.
type Kind struct {
	Name, Help string
	// Often tells those that who does not ask for them by name does not get.
	Often  bool
	Fields []Field
}

// Field describes a member of the JSON of an event. Those that are empty are left out.
type Field struct {
	// Type is that of JSON Schema.
	Name, Type, Help string
	// Always tells the members that every event has.
	Always bool
}

// Kinds are all events, in the order of the reference.
func Kinds() (list []Kind) {
	for _, f := range forms() {
		k := Kind{Name: f.name, Help: f.help, Often: f.often}
		for i, x := range f.fields() {
			k.Fields = append(k.Fields, Field{x.name, x.kind, x.help, i < len(base)})
		}
		list = append(list, k)
	}
	return list
}

// Reference is the page of docs/reference about events.
func Reference(head string) []byte {
	b := bytes.NewBufferString("# Events\n\n" + head)
	b.WriteString("What [sinks and WebSockets](../events.md) are told, as JSON. Every event has `id`, `event` and `time`. A member that is empty is left out.\n" +
		"Those marked *often* come many times a call, or may hold what is secret: who does not ask for them by name does not get them.\n\n" +
		"*The channel* stands for these members:\n\n")
	rows(b, channelFields)
	b.WriteString("\nand *the other channel* for these:\n\n")
	rows(b, destFields)
	b.WriteString("\n")
	for _, f := range forms() {
		fmt.Fprintf(b, "## %s\n\n%s", f.name, f.help)
		if f.often {
			b.WriteString(" *Often.*")
		}
		var with []string
		if f.channel {
			with = append(with, "the channel")
		}
		if f.dest {
			with = append(with, "the other channel")
		}
		if len(with) > 0 {
			fmt.Fprintf(b, " With %s.", strings.Join(with, " and "))
		}
		b.WriteString("\n\n")
		if len(f.own) > 0 {
			rows(b, f.own)
			b.WriteString("\n")
		}
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

func rows(b *bytes.Buffer, list []field) {
	b.WriteString("| member | type | |\n|---|---|---|\n")
	for _, f := range list {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", f.name, f.kind, strings.ReplaceAll(f.help, "|", `\|`))
	}
}
