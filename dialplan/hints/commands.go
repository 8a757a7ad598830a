package hints

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// Commands are the console commands that show hints.
func (k *Keeper) Commands() []decl.Command {
	return []decl.Command{
		{Words: "core show hints", Synopsis: "List the hints and what their devices do", Run: k.showHints},
		{
			Words: "core show hint", Synopsis: "Show the hints of an extension", Run: k.showHint,
			Args: []decl.Arg{{Name: "extension", Help: "the extension, or its beginning"}}, Complete: k.complete,
		},
	}
}

// row is a line of the list.
type row struct {
	place
	text     string
	state    string
	presence string
	watchers int
}

func (r *row) print(w io.Writer) {
	fmt.Fprintf(w, "%-30.30s: %-60.60s  State:%-15.15s Presence:%-15.15s Watchers %2d\n", r.exten+"@"+r.context, r.text, r.state, r.presence, r.watchers)
}

// Hint is a hint of the plan with what its devices do.
type Hint struct {
	Exten, Context, Text string
	State                channel.ExtensionState
}

// List returns the hints by name. Any goroutine may call it.
func (k *Keeper) List() (list []Hint, err error) {
	err = k.call(func() {
		k.settle()
		for at, h := range k.hints {
			if !h.status.Removed {
				list = append(list, Hint{at.exten, at.context, h.text, h.status.State})
			}
		}
		for at, text := range k.patterns {
			list = append(list, Hint{at.exten, at.context, text, channel.ExtensionGone})
		}
	})
	slices.SortFunc(list, func(a, b Hint) int { return compare(place{a.Exten, a.Context}, place{b.Exten, b.Context}) })
	return list, err
}

// rows lists the hints by name. A pattern stands for none that is there yet, and
// is shown as out of reach.
func (k *Keeper) rows() (rows []row, err error) {
	err = k.call(func() {
		k.settle()
		for at, h := range k.hints {
			rows = append(rows, row{at, h.text, h.status.State.String(), h.status.Presence.State.String(), len(h.watchers)})
		}
		for at, text := range k.patterns {
			rows = append(rows, row{at, text, "Unavailable", "not_set", 0})
		}
	})
	slices.SortFunc(rows, func(a, b row) int { return compare(a.place, b.place) })
	return rows, err
}

func (k *Keeper) showHints(_ context.Context, r *decl.Request) error {
	rows, err := k.rows()
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		fmt.Fprint(r.Out, "There are no registered dialplan hints\n")
		return nil
	}
	fmt.Fprint(r.Out, "\n    -= Registered Asterisk Dial Plan Hints =-\n")
	for i := range rows {
		rows[i].print(r.Out)
	}
	fmt.Fprintf(r.Out, "----------------\n- %d hints registered\n", len(rows))
	return nil
}

func (k *Keeper) showHint(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 1 {
		return decl.ErrUsage
	}
	rows, err := k.rows()
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		fmt.Fprint(r.Out, "There are no registered dialplan hints\n")
		return nil
	}
	rows = slices.DeleteFunc(rows, func(x row) bool {
		return len(x.exten) < len(r.Arg(0)) || !strings.EqualFold(x.exten[:len(r.Arg(0))], r.Arg(0))
	})
	for i := range rows {
		rows[i].print(r.Out)
	}
	if len(rows) == 0 {
		fmt.Fprintf(r.Out, "No hints matching extension %s\n", r.Arg(0))
		return nil
	}
	fmt.Fprintf(r.Out, "%d hint%s matching extension %s\n", len(rows), plural(len(rows)), r.Arg(0))
	return nil
}

func (k *Keeper) complete(args []string, _ string) []string {
	rows, err := k.rows()
	if err != nil || len(args) > 0 {
		return nil
	}
	var words []string
	for i := range rows {
		words = append(words, rows[i].exten)
	}
	return words
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}
