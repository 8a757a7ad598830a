package devstate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// Commands are the console commands of the table.
func (t *Table) Commands() []decl.Command {
	box := []decl.Arg{{Name: "mailbox", Help: "box@context; the context is default without one"}}
	return []decl.Command{
		{Words: "devstate list", Synopsis: "List the custom device states", Run: t.listDevices},
		{
			Words: "devstate change", Synopsis: "Change a custom device state", Run: t.changeDevice, Complete: t.completeDevice,
			Help: "States: UNKNOWN, NOT_INUSE, INUSE, BUSY, INVALID, UNAVAILABLE, RINGING, RINGINUSE, ONHOLD.",
			Args: []decl.Arg{{Name: "device", Help: "such as Custom:lamp"}, {Name: "state"}},
		},
		{Words: "presencestate list", Synopsis: "List the custom presence states", Run: t.listPresence},
		{
			Words: "presencestate change", Synopsis: "Change a custom presence state", Run: t.changePresence, Complete: t.completePresence,
			Help: "A state is not_set, unavailable, available, away, xa, chat or dnd, with [,subtype[,message]].",
			Args: []decl.Arg{{Name: "provider", Help: "such as CustomPresence:anna"}, {Name: "state", Repeat: true}},
		},
		{Words: "mwi list", Synopsis: "List the mailboxes that somebody has told of", Run: t.listMailboxes, Args: []decl.Arg{{Name: "all|like pattern", Optional: true, Repeat: true}}},
		{Words: "mwi show mailbox", Synopsis: "Show the messages that wait in a mailbox", Args: box, Run: t.showMailbox, Complete: t.completeMailbox},
		{
			Words: "mwi update mailbox", Synopsis: "Set the messages that wait in a mailbox", Run: t.updateMailbox, Complete: t.completeMailbox,
			Help: "The counts hold until they are set anew, over a restart too; without numbers they are 0.",
			Args: append(slices.Clone(box), decl.Arg{Name: "new", Optional: true}, decl.Arg{Name: "old", Optional: true}),
		},
		{Words: "mwi delete mailbox", Synopsis: "Forget a mailbox", Args: box, Run: t.deleteMailbox, Complete: t.completeMailbox},
	}
}

const ruler = "---------------------------------------------------------------------\n"

func (t *Table) listDevices(_ context.Context, r *decl.Request) error {
	names, states := t.DevicesByName()
	fmt.Fprint(r.Out, "\n"+ruler+"--- Custom Device States --------------------------------------------\n"+ruler+"---\n")
	for _, name := range names {
		fmt.Fprintf(r.Out, "--- Name: 'Custom:%s'  State: '%s'\n---\n", name, states[name])
	}
	fmt.Fprint(r.Out, ruler+ruler+"\n")
	return nil
}

// cutPrefix takes PREFIX: off, in any case.
func cutPrefix(s, prefix string) (name string, ok bool) {
	p, name, ok := strings.Cut(s, ":")
	return name, ok && strings.EqualFold(p, prefix) && name != ""
}

func (t *Table) changeDevice(_ context.Context, r *decl.Request) error {
	name, ok := cutPrefix(r.Arg(0), Custom)
	if !ok {
		return errors.New("The devstate command can only be used to set 'Custom:' device states.")
	}
	state, ok := channel.ParseDeviceState(r.Arg(1))
	if !ok {
		return fmt.Errorf("%q is not one of %s", r.Arg(1), strings.Join(deviceStates(), ", "))
	}
	fmt.Fprintf(r.Out, "Changing %s to %s\n", r.Arg(0), r.Arg(1))
	t.SetDevice(name, state)
	return nil
}

func deviceStates() (words []string) {
	for s := channel.DeviceUnknown; s <= channel.DeviceOnHold; s++ {
		words = append(words, s.String())
	}
	return words
}

func (t *Table) completeDevice(args []string, _ string) []string {
	switch len(args) {
	case 0:
		names, _ := t.DevicesByName()
		for i := range names {
			names[i] = Custom + ":" + names[i]
		}
		return names
	case 1:
		return deviceStates()
	}
	return nil
}

func (t *Table) listPresence(_ context.Context, r *decl.Request) error {
	names, states := t.PresenceByName()
	fmt.Fprint(r.Out, "\n"+ruler+"--- Custom Presence States ------------------------------------------\n"+ruler+"---\n")
	for _, name := range names {
		fmt.Fprintf(r.Out, "--- Name: 'CustomPresence:%s'  State: '%s'\n---\n", name, FormatPresence(states[name]))
	}
	fmt.Fprint(r.Out, ruler+ruler+"\n")
	return nil
}

func (t *Table) changePresence(_ context.Context, r *decl.Request) error {
	name, ok := cutPrefix(r.Arg(0), CustomPresence)
	if !ok {
		return errors.New("The presencestate command can only be used to set 'CustomPresence:' presence states.")
	}
	p, err := ParsePresence(strings.Join(r.Args[1:], " "))
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "Changing %s to %s\n", r.Arg(0), FormatPresence(p))
	t.SetPresence(name, p)
	return nil
}

func (t *Table) completePresence(args []string, _ string) []string {
	var words []string
	switch len(args) {
	case 0:
		words, _ = t.PresenceByName()
		for i := range words {
			words[i] = CustomPresence + ":" + words[i]
		}
	case 1:
		for s := channel.PresenceNotSet; s <= channel.PresenceDND; s++ {
			words = append(words, s.String())
		}
	}
	return words
}

func (t *Table) mailboxNames() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Sorted(maps.Keys(t.boxes))
}

func (t *Table) completeMailbox(args []string, _ string) []string {
	if len(args) > 0 {
		return nil
	}
	return t.mailboxNames()
}

const mailboxFormat = "%6s %6s %s\n"

func (t *Table) listMailboxes(_ context.Context, r *decl.Request) error {
	pattern := regexp.MustCompile("")
	switch r.Arg(0) {
	case "", "all":
	case "like":
		var err error
		if pattern, err = regexp.Compile(r.Arg(1)); err != nil {
			return err
		}
	default:
		return errors.New("say all, or like and a regular expression")
	}
	fmt.Fprintf(r.Out, mailboxFormat, "New", "Old", "Mailbox")
	for _, box := range t.mailboxNames() {
		if m, ok := t.Messages(box); ok && pattern.MatchString(box) {
			fmt.Fprintf(r.Out, mailboxFormat, strconv.Itoa(m.New), strconv.Itoa(m.Old), box)
		}
	}
	return nil
}

func (t *Table) showMailbox(_ context.Context, r *decl.Request) error {
	m, ok := t.Messages(r.Arg(0))
	if !ok {
		return fmt.Errorf("Mailbox %s is not known", Box(r.Arg(0)))
	}
	fmt.Fprintf(r.Out, "Mailbox: %s\nNew Messages: %d\nOld Messages: %d\n", Box(r.Arg(0)), m.New, m.Old)
	if m.UrgentNew > 0 || m.UrgentOld > 0 {
		fmt.Fprintf(r.Out, "Urgent: %d new, %d old\n", m.UrgentNew, m.UrgentOld)
	}
	return nil
}

func (t *Table) updateMailbox(_ context.Context, r *decl.Request) error {
	var m channel.Messages
	for i, n := range [...]*int{&m.New, &m.Old} {
		text := r.Arg(i + 1)
		if text == "" {
			continue
		}
		v, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return fmt.Errorf("%q is not a number of messages", text)
		}
		*n = int(v)
	}
	t.UpdateMailbox(r.Arg(0), m)
	fmt.Fprintf(r.Out, "Updated mailbox %s.\n", Box(r.Arg(0)))
	return nil
}

func (t *Table) deleteMailbox(_ context.Context, r *decl.Request) error {
	if !t.DeleteMailbox(r.Arg(0)) {
		return fmt.Errorf("Mailbox %s is not known", Box(r.Arg(0)))
	}
	fmt.Fprintf(r.Out, "Deleted mailbox %s.\n", Box(r.Arg(0)))
	return nil
}
