package feed

import (
	"fmt"
	"slices"
	"strings"

	"pbx/config"
	"pbx/event"
)

// Selection is what somebody wants to be told: which events, and which fields of them.
type Selection struct {
	kinds  map[event.Kind]bool
	fields map[string]bool // nil for all
	key    string          // of the fields: selections with the same one share the text
}

// Select reads what somebody wants. events are names such as dial.end, channel.* for all
// that begin so, or *; one with "!" before it is left out. "" is all events that do not
// come often. fields are the members that are wanted beside id and event, "" for all.
func (h *Hub) Select(events, fields string) (Selection, error) {
	s := Selection{kinds: make(map[event.Kind]bool)}
	t := h.table
	list := words(events)
	add := slices.IndexFunc(list, func(w string) bool { return !strings.HasPrefix(w, "!") }) >= 0
	for kind, e := range t.byKind {
		s.kinds[kind] = !add && !e.often
	}
	for _, w := range list {
		pattern, not := strings.CutPrefix(w, "!")
		if !t.known(pattern) {
			return s, unknown("event", pattern, t.names)
		}
		for kind, e := range t.byKind {
			if matches(pattern, e.name) {
				s.kinds[kind] = !not
			}
		}
	}
	if list = words(fields); len(list) > 0 {
		s.fields = make(map[string]bool)
		slices.Sort(list)
		for _, w := range list {
			if !slices.Contains(t.fields, w) {
				return s, unknown("field", w, t.fields)
			}
			s.fields[w] = true
		}
		s.key = strings.Join(slices.Compact(list), ",")
	}
	return s, nil
}

func unknown(what, word string, known []string) error {
	if near := config.Nearest(word, known); near != "" {
		return fmt.Errorf("there is no %s %q; did you mean %s?", what, word, near)
	}
	return fmt.Errorf("there is no %s %q; docs/events.md lists them", what, word)
}

func words(list string) (out []string) {
	for w := range strings.SplitSeq(list, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}
