package dialplan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"pbx/decl"
)

// editCommands are the console commands that change the plan of the moment.
func (e *Engine) editCommands() []decl.Command {
	into := decl.Arg{Name: "into context", Help: "the context"}
	from := decl.Arg{Name: "from context", Help: "the context"}
	return []decl.Command{
		{
			Words: "dialplan add extension", Synopsis: "Add a priority to an extension",
			Help:     "dialplan add extension 6123,1,NoOp(hello) into local. With replace behind it, it takes the place of the one that is there. It is there for calls that begin from now on, until the exchange stops.",
			Args:     []decl.Arg{{Name: "exten,priority,application", Help: "with its arguments in parentheses, or behind a comma"}, into, {Name: "replace", Optional: true}},
			Run:      e.addExtension,
			Complete: e.completeInto,
		},
		{
			Words: "dialplan remove extension", Synopsis: "Remove an extension, or a priority of it",
			Args:     []decl.Arg{{Name: "exten[/caller]@context"}, {Name: "priority", Optional: true}},
			Run:      e.removeExtension,
			Complete: e.completeContext,
		},
		{
			Words: "dialplan add include", Synopsis: "Include a context in another one",
			Args: []decl.Arg{{Name: "context"}, into}, Complete: e.completeInto,
			Run: e.changeLine("include", "into", func(text, c string) string {
				return fmt.Sprintf("Context '%s' included in '%s' context", text, c)
			}),
		},
		{
			Words: "dialplan remove include", Synopsis: "Take an include out of a context",
			Args: []decl.Arg{{Name: "context"}, from}, Complete: e.completeInto,
			Run: e.changeLine("include", "from", func(text, c string) string {
				return fmt.Sprintf("We are not including '%s' into '%s' now", text, c)
			}),
		},
		{
			Words: "dialplan add ignorepat", Synopsis: "Keep the dial tone after some digits",
			Args: []decl.Arg{{Name: "pattern"}, into}, Complete: e.completeInto,
			Run: e.changeLine("ignorepat", "into", func(text, c string) string {
				return fmt.Sprintf("Ignore pattern '%s' added into '%s' context", text, c)
			}),
		},
		{
			Words: "dialplan remove ignorepat", Synopsis: "Take a pattern back that kept the dial tone",
			Args: []decl.Arg{{Name: "pattern"}, from}, Complete: e.completeInto,
			Run: e.changeLine("ignorepat", "from", func(text, c string) string {
				return fmt.Sprintf("Ignore pattern '%s' removed from '%s' context", text, c)
			}),
		},
		{
			Words: "dialplan remove context", Synopsis: "Remove a context", Args: []decl.Arg{{Name: "context"}}, Complete: e.completeContext,
			Run: func(_ context.Context, r *decl.Request) error {
				if len(r.Args) != 1 {
					return decl.ErrUsage
				}
				switch err := e.RemoveContext(r.Arg(0)); {
				case errors.Is(err, errNothingLikeIt):
					fmt.Fprintf(r.Out, "There is no such context as '%s'\n", r.Arg(0))
				case err != nil:
					return err
				default:
					fmt.Fprintf(r.Out, "Removing context '%s'\n", r.Arg(0))
				}
				return nil
			},
		},
		{
			Words: "dialplan save", Synopsis: "Write the plan of the moment to a file",
			Help: "Writes what the plan says, without the comments, templates and includes of the files it came from, so the file must not be there.",
			Args: []decl.Arg{{Name: "file", Help: "a whole path with .conf in it, or a directory, for its extensions.conf"}},
			Run:  e.save,
		},
	}
}

// cutWord divides arguments at a word.
func cutWord(args []string, word string) (before, after []string, ok bool) {
	i := len(args) - 1
	for i >= 0 && args[i] != word {
		i--
	}
	if i < 1 || i+1 >= len(args) {
		return nil, nil, false
	}
	return args[:i], args[i+1:], true
}

// tellNew says that a context is not there yet.
func (e *Engine) tellNew(w io.Writer, context, what string) {
	if _, ok := e.Plan().contexts[context]; !ok {
		fmt.Fprintf(w, "Context '%s' did not exist prior to add %s - the context will be created.\n", context, what)
	}
}

func (e *Engine) addExtension(_ context.Context, r *decl.Request) error {
	words, rest, ok := cutWord(r.Args, "into")
	if !ok || len(rest) > 2 || len(rest) == 2 && rest[1] != "replace" {
		return decl.ErrUsage
	}
	exten, line, ok := cutOutside(strings.Join(words, " "))
	priority, app, more := strings.Cut(line, ",")
	if _, number := LeadingNumber(priority); ok && !number && strings.TrimSpace(priority) != "hint" {
		fmt.Fprintf(r.Out, "'%s' is not a valid priority\n", priority)
		return decl.ErrUsage
	}
	if !ok || !more {
		return decl.ErrUsage
	}
	if !strings.Contains(app, "(") { // App,data
		name, data, _ := strings.Cut(app, ",")
		app = name + "(" + data + ")"
	}
	step := app
	if strings.TrimSpace(priority) == "hint" {
		step = strings.TrimSuffix(app, "()")
	}
	into, again := rest[0], len(rest) == 2
	e.tellNew(r.Out, into, "extension")
	if !again && e.HasExtension(into, exten, priority) {
		return fmt.Errorf("Extension %s@%s with priority %s already exists", exten, into, priority)
	}
	if err := e.AddLine(into, "exten", exten+","+priority+","+step, again); err != nil {
		return err
	}
	if again {
		fmt.Fprintf(r.Out, "Extension %s@%s (%s) replace by '%s,%s,%s'\n", exten, into, priority, exten, priority, app)
	} else {
		fmt.Fprintf(r.Out, "Extension '%s,%s,%s' added into '%s' context\n", exten, priority, app, into)
	}
	return nil
}

func (e *Engine) removeExtension(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 1 && len(r.Args) != 2 {
		return decl.ErrUsage
	}
	priority, err := removedPriority(r.Arg(1))
	if err != nil {
		return err
	}
	exten, name, _ := strings.Cut(r.Arg(0), "@")
	if exten == "" || name == "" {
		return fmt.Errorf("Missing extension or context name in third argument '%s'", r.Arg(0))
	}
	if e.RemoveExtension(name, exten, priority) != nil {
		return fmt.Errorf("Failed to remove extension %s", r.Arg(0))
	}
	exten, _, _ = splitCaller(exten)
	if priority == 0 {
		fmt.Fprintf(r.Out, "Whole extension %s@%s removed\n", exten, name)
	} else {
		fmt.Fprintf(r.Out, "Extension %s@%s with priority %s removed\n", exten, name, r.Arg(1))
	}
	return nil
}

// removedPriority reads the priority that is to be removed; 0 is the whole extension.
func removedPriority(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	if strings.Trim(text, "0") == "" {
		return 0, errors.New("If you want to remove whole extension, please omit priority argument")
	}
	n, err := editedPriority(text)
	if err != nil {
		return 0, fmt.Errorf("Invalid priority '%s'", text)
	}
	return n, nil
}

// changeLine adds ("into") or removes ("from") a line of one value.
func (e *Engine) changeLine(key, word string, told func(text, c string) string) func(context.Context, *decl.Request) error {
	return func(_ context.Context, r *decl.Request) error {
		words, rest, ok := cutWord(r.Args, word)
		if !ok || len(rest) != 1 {
			return decl.ErrUsage
		}
		text, into := strings.Join(words, " "), rest[0]
		var err error
		if word == "into" {
			err = e.addLine(r.Out, key, text, into)
		} else {
			err = e.removeLine(key, text, into)
		}
		if err == nil {
			fmt.Fprintln(r.Out, told(text, into))
		}
		return err
	}
}

// addLine adds an include, whose context is made where it is not there, or a pattern of
// digits to ignore.
func (e *Engine) addLine(w io.Writer, key, text, into string) error {
	there := e.hasLine(into, key, text)
	switch {
	case key == "include":
		e.tellNew(w, into, key)
		if there {
			return fmt.Errorf("Context '%s' already included in '%s' context", text, into)
		}
	case !e.HasContext(into):
		return noContextNamed(into)
	case there:
		return fmt.Errorf("Ignore pattern '%s' already included in '%s' context", text, into)
	}
	return e.AddLine(into, key, text, false)
}

func (e *Engine) removeLine(key, text, from string) error {
	switch err := e.RemoveLine(from, key, text); {
	case err == nil:
		return nil
	case key == "include":
		return fmt.Errorf("Failed to remove '%s' include from '%s' context", text, from)
	case !e.HasContext(from):
		return noContextNamed(from)
	case errors.Is(err, errNothingLikeIt):
		return fmt.Errorf("There is no existence of '%s' ignore pattern in '%s' context", text, from)
	default:
		return err
	}
}

func noContextNamed(name string) error {
	return fmt.Errorf("There is no existence of '%s' context", name)
}

// completeInto offers contexts, and the words between them.
func (e *Engine) completeInto(args []string, _ string) []string {
	var names []string
	if len(args) == 1 {
		return []string{"into", "from"}
	}
	for _, c := range e.Plan().Contexts() {
		names = append(names, c.Name)
	}
	return names
}

// save writes the plan to a file that is not there yet: extensions.conf of a directory,
// or a name with .conf in it.
func (e *Engine) save(_ context.Context, r *decl.Request) (err error) {
	if len(r.Args) > 1 {
		return decl.ErrUsage
	}
	name := r.Arg(0)
	if !filepath.IsAbs(name) {
		return errors.New("name a file or a directory by its whole path; a file that is there stays as it is")
	}
	if !strings.Contains(name, ".conf") {
		name = filepath.Join(name, "extensions.conf")
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	if _, err = f.WriteString(e.Plan().Text()); err != nil {
		err = errors.Join(err, os.Remove(name))
	}
	if err = errors.Join(err, f.Close()); err == nil {
		fmt.Fprintf(r.Out, "Dialplan successfully saved into '%s'\n", name)
	}
	return err
}

// Text is the plan as extensions.conf. Read again it is the same plan, but for
// what stood in the file as a variable that was substituted while it was read.
func (p *Plan) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "[general]\nstatic=%s\nwriteprotect=%s\nautofallthrough=%s\nclearglobalvars=%s\n",
		yesNo(p.Settings.Static), yesNo(p.Settings.WriteProtect), yesNo(p.Settings.AutoFallthrough), yesNo(p.Settings.ClearGlobals))
	if len(p.Globals) > 0 {
		b.WriteString("\n[globals]\n")
		for _, g := range p.Globals {
			fmt.Fprintf(&b, "%s=%s\n", g.Name, escape(g.Value))
		}
	}
	for _, c := range p.order {
		fmt.Fprintf(&b, "\n[%s]\n", c.Name)
		for _, i := range c.Includes {
			fmt.Fprintf(&b, "include => %s\n", i.Text)
		}
		for _, s := range c.Switches {
			key := "lswitch"
			if s.Each {
				key = "eswitch"
			}
			fmt.Fprintf(&b, "%s => %s/%s\n", key, s.Name, escape(s.Args))
		}
		if c.AutoHints {
			b.WriteString("autohints = yes\n")
		}
		for _, i := range c.IgnorePatterns {
			fmt.Fprintf(&b, "ignorepat => %s\n", i.Pattern)
		}
		for _, e := range c.Extensions() {
			e.text(&b)
		}
	}
	return b.String()
}

func (e *Extension) text(b *strings.Builder) {
	name := e.Name
	if !e.AnyCaller {
		name += "/" + e.Caller
	}
	if e.Hint != nil {
		fmt.Fprintf(b, "exten => %s,hint,%s\n", name, escape(e.Hint.App))
	}
	for _, p := range e.Priorities {
		label := ""
		if p.Label != "" {
			label = "(" + p.Label + ")"
		}
		fmt.Fprintf(b, "exten => %s,%d%s,%s(%s)\n", name, p.Number, label, p.App, escape(p.Args))
	}
}

// escape protects the semicolons of a text.
func escape(s string) string { return strings.ReplaceAll(s, ";", `\;`) }

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
