package decl

import (
	"context"
	"fmt"
	"strings"
)

// Action declares an action of the manager interface (AMI), such as SIPpeers.
type Action struct {
	Name     string
	Synopsis string // as ListCommands tells it
	Help     string
	// Classes are the write classes any of which a user needs; nil is none.
	Classes []string
	// Args are the headers.
	Args []Arg
	// Run answers the request. An error that is not nil is the answer, with
	// what was written so far thrown away.
	Run func(ctx context.Context, r *ActionRequest) error
}

// Header is one line of a message of the manager interface.
type Header struct{ Name, Value string }

// ActionRequest is one action as a program sent it, and the answer to it.
type ActionRequest struct {
	// Headers are the lines in their order.
	Headers []Header
	// User is who asks; May reports whether its write classes have one of those
	// given.
	User string
	May  func(class ...string) bool
	// Fenced says that dangerous functions are refused (live_dangerously).
	Fenced bool
	// Plain says that the program wants the output of a command as Asterisk 13 and those
	// before it sent it.
	Plain bool
	// Then is called when the answer is on its way; an action sets it to what is to
	// be heard of after it.
	Then func()

	id    string
	list  string // the ActionID line of what belongs to the answer
	out   strings.Builder
	count int
}

// NewActionRequest is the request of a message.
func NewActionRequest(headers []Header) *ActionRequest {
	r := &ActionRequest{Headers: headers}
	if r.id = r.Get("ActionID"); r.id != "" {
		r.list = "ActionID: " + oneLine(r.id) + "\r\n"
	}
	return r
}

// Get is the value of the first header of a name, in any case; "" without one.
func (r *ActionRequest) Get(name string) string {
	v, _ := r.Lookup(name)
	return v
}

// Lookup is Get that tells an empty header from none. Blanks before a value are none of it.
func (r *ActionRequest) Lookup(name string) (string, bool) {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return strings.TrimLeft(h.Value, " \t"), true
		}
	}
	return "", false
}

// All are the values of every header of a name.
func (r *ActionRequest) All(name string) []string {
	var all []string
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			all = append(all, strings.TrimLeft(h.Value, " \t"))
		}
	}
	return all
}

// True reports whether a header says yes.
func (r *ActionRequest) True(name string) bool {
	switch strings.ToLower(r.Get(name)) {
	case "yes", "true", "y", "t", "1", "on":
		return true
	}
	return false
}

// False reports whether a header says no.
func (r *ActionRequest) False(name string) bool {
	switch strings.ToLower(r.Get(name)) {
	case "no", "false", "n", "f", "0", "off":
		return true
	}
	return false
}

// ID is the ActionID, "" without one.
func (r *ActionRequest) ID() string { return r.id }

// oneLine keeps a value from becoming more than one.
func oneLine(s string) string {
	if strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.Map(func(c rune) rune {
		if c == '\r' || c == '\n' {
			return ' '
		}
		return c
	}, s)
}

// Field adds a line to the answer.
func (r *ActionRequest) Field(name string, value any) {
	r.out.WriteString(name)
	r.out.WriteString(": ")
	if s, ok := value.(string); ok {
		r.out.WriteString(oneLine(s))
	} else {
		r.out.WriteString(oneLine(fmt.Sprint(value)))
	}
	r.out.WriteString("\r\n")
}

// Text adds a line that has no name.
func (r *ActionRequest) Text(line string) { r.out.WriteString(oneLine(line) + "\r\n") }

// End ends a block of the answer.
func (r *ActionRequest) End() { r.out.WriteString("\r\n") }

// Response begins the answer: Success, Error or another word. The ActionID
// follows, then whatever Field adds, until End.
func (r *ActionRequest) Response(word string) {
	r.out.Reset()
	r.out.WriteString("Response: " + word + "\r\n" + r.list)
}

// Follows answers with a text as it is, its lines ended by LF alone, and the line that
// programs of the time of Asterisk 13 and before wait for.
func (r *ActionRequest) Follows(text string) {
	r.out.Reset()
	r.out.WriteString("Response: Follows\r\nPrivilege: Command\r\n" + r.list)
	if text = strings.ReplaceAll(text, "\r", ""); text != "" {
		r.out.WriteString(strings.TrimSuffix(text, "\n") + "\n")
	}
	r.out.WriteString("--END COMMAND--\r\n")
	r.End()
}

// OK answers with Success and a message, which may be "".
func (r *ActionRequest) OK(message string) error {
	r.Response("Success")
	if message != "" {
		r.Field("Message", message)
	}
	r.End()
	return nil
}

// Fail answers with Error and a message.
func (r *ActionRequest) Fail(message string) {
	r.Response("Error")
	r.Field("Message", message)
	r.End()
}

// List begins a list: entries by Entry, and Done in the end.
func (r *ActionRequest) List(message string) {
	r.Response("Success")
	r.Field("EventList", "start")
	r.Field("Message", message)
	r.End()
}

// Entry adds an entry to the list, whose lines are told by fields as names and
// values in turn.
func (r *ActionRequest) Entry(event string, fields ...any) {
	r.count++
	r.out.WriteString("Event: " + event + "\r\n" + r.list)
	r.fields(fields)
	r.End()
}

// EntryLast is Entry with the ActionID after the fields, as some lists of the
// ancestor have it.
func (r *ActionRequest) EntryLast(event string, fields ...any) {
	r.count++
	r.out.WriteString("Event: " + event + "\r\n")
	r.fields(fields)
	r.out.WriteString(r.list)
	r.End()
}

// Done ends the list with an event of that name, and what else it has to tell.
func (r *ActionRequest) Done(event string, more ...any) error {
	r.out.WriteString("Event: " + event + "\r\n" + r.list)
	r.Field("EventList", "Complete")
	r.Field("ListItems", r.count)
	r.fields(more)
	r.End()
	return nil
}

func (r *ActionRequest) fields(pairs []any) {
	for i := 0; i+1 < len(pairs); i += 2 {
		r.Field(pairs[i].(string), pairs[i+1])
	}
}

// Event adds an event that is no entry of a list.
func (r *ActionRequest) Event(event string, fields ...any) {
	r.out.WriteString("Event: " + event + "\r\n" + r.list)
	r.fields(fields)
	r.End()
}

// Count is how many entries the list has.
func (r *ActionRequest) Count() int { return r.count }

// Answer is what was answered, as it goes on the wire.
func (r *ActionRequest) Answer() string { return r.out.String() }

// Reset throws the answer away.
func (r *ActionRequest) Reset() {
	r.out.Reset()
	r.count = 0
}
