// Package console is the operator's way in: the table of console commands, the
// unix socket on which they are typed, its client with history and completion,
// and the logger whose lines consoles and log files show.
//
// A Commands table is filled while the exchange is built and read by every
// session. Each connection to the Server has one goroutine that reads requests
// and runs commands, and one that writes; a client that does not read loses log
// lines, never holds anybody up. Logger.Handler may be used from any goroutine,
// loops included: it formats the text of a line, and a goroutine of its own
// writes it.
package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"pbx/decl"
)

// Commands is the table of everything that can be typed. It is safe for use by
// many goroutines.
type Commands struct {
	mu      sync.RWMutex
	entries []entry // in the order of their words
	aliases []Alias

	permissions atomic.Pointer[Permissions]
}

type entry struct {
	decl.Command
	words []string
	// name is what permissions know the command by: the words that Alias was given as
	// the target.
	name string
}

// NewCommands makes a table that knows `help` and `core show help`.
func NewCommands() *Commands {
	c := &Commands{}
	help := decl.Command{
		Words: "core show help", Synopsis: "List commands, or explain one",
		Args: []decl.Arg{{Name: "command", Help: "words of a command", Optional: true, Repeat: true}},
		Help: "Without words every command is listed with a line about it. With words the commands that begin with them are, and one that is matched whole is explained.",
		Run:  c.help,
	}
	help.Complete = func(args []string, prefix string) []string {
		return c.Complete(strings.Join(append(slices.Clone(args), prefix), " "))
	}
	c.Add(help)
	for _, words := range []string{"help", "?"} {
		help.Words = words
		c.Add(help)
	}
	return c
}

// Add puts commands into the table. One with the same words replaces the
// earlier.
func (c *Commands) Add(cmds ...decl.Command) {
	for _, cmd := range cmds {
		c.add(cmd, cmd.Words)
	}
}

func (c *Commands) add(cmd decl.Command, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := entry{cmd, strings.Fields(cmd.Words), name}
	i, found := slices.BinarySearchFunc(c.entries, e, compareEntries)
	if found {
		c.entries[i] = e
		return
	}
	c.entries = slices.Insert(c.entries, i, e)
}

// Alias makes the words of an old or short name run the command named target,
// which must be there.
func (c *Commands) Alias(words, target string) {
	for _, e := range c.list() {
		if e.Words == target {
			cmd := e.Command
			cmd.Words = words
			c.add(cmd, target)
			return
		}
	}
	panic("console: alias of unknown command " + target)
}

func compareEntries(a, b entry) int { return slices.Compare(a.words, b.words) }

func (c *Commands) list() []entry {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.Clone(c.entries)
}

// All returns every command in the order of their words.
func (c *Commands) All() []decl.Command {
	list := c.list()
	out := make([]decl.Command, len(list))
	for i := range list {
		out[i] = list[i].Command
	}
	return out
}

// find returns the command whose words are the longest beginning of words, in
// any case of letters.
func (c *Commands) find(words []string) (entry, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	best, found := entry{}, false
	for _, e := range c.entries {
		if len(e.words) > len(best.words) && hasPrefix(words, e.words) {
			best, found = e, true
		}
	}
	return best, found
}

func hasPrefix(words, prefix []string) bool {
	return len(words) >= len(prefix) &&
		slices.EqualFunc(words[:len(prefix)], prefix, strings.EqualFold)
}

// parse divides a line into a command, under whatever name it was typed, and its arguments.
func (c *Commands) parse(line string) (e entry, args []string, ok bool) {
	words := c.resolve(Split(line))
	if e, ok = c.find(words); ok {
		args = words[len(e.words):]
	}
	return e, args, ok
}

// line is the command with arguments as permissions see it.
func (e *entry) line(args []string) string {
	return strings.Join(append([]string{e.name}, args...), " ")
}

// Name is a line with the name of its command, where it was typed by an alias, as the
// rules of permissions are held against it. It is false for no command.
func (c *Commands) Name(line string) (string, bool) {
	e, args, ok := c.parse(line)
	return e.line(args), ok
}

// Run runs one line and writes its answer to out. The error, if any, was also
// shown there, as the ancestor's console shows it.
func (c *Commands) Run(ctx context.Context, line string, out io.Writer) error {
	e, args, ok := c.parse(line)
	if ok && len(args) > 0 && len(e.Args) == 0 && e.name != e.Words {
		ok = false // an old name with more behind it was another command: `show version files`
	}
	if !ok {
		words := c.resolve(Split(line))
		if len(words) == 0 {
			return nil
		}
		fmt.Fprintf(out, "No such command '%s' (type 'core show help %s' for other possible commands)\n",
			Escape(strings.Join(words, " ")), Escape(strings.Join(words, " ")))
		return fmt.Errorf("no such command %q", line)
	}
	if err := c.permit(ctx, e.line(args)); err != nil {
		fmt.Fprintf(out, "%s\n", Escape(err.Error()))
		return err
	}
	err := decl.ErrUsage
	if len(args) >= needed(e.Command) && (len(args) == 0 || len(e.Args) > 0) {
		err = run(ctx, e, &decl.Request{Args: args, Line: line, Out: out})
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, decl.ErrUsage):
		fmt.Fprint(out, usage(e.Command)) // and no more, as in the field
	default:
		for text := range strings.SplitSeq(err.Error(), "\n") { // such as of two files that cannot be read
			fmt.Fprintln(out, Escape(text))
		}
		fmt.Fprintf(out, "Command '%s' failed.\n", Escape(strings.TrimSpace(line)))
	}
	return err
}

// needed is how many arguments a command cannot do without.
func needed(cmd decl.Command) (n int) {
	for _, a := range cmd.Args {
		if !a.Optional {
			n++
		}
	}
	return n
}

// run contains a panic: one command's failure is that command's.
func run(ctx context.Context, e entry, r *decl.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %v", e.Words, p)
		}
	}()
	return e.Run(ctx, r)
}

// Complete returns the words that may stand where the line ends: a line that
// ends in a blank asks for the next word, any other for the rest of its last.
func (c *Commands) Complete(line string) []string { return c.CompleteFor(context.Background(), line) }

// CompleteFor is Complete without the commands that the console of ctx may not run.
func (c *Commands) CompleteFor(ctx context.Context, line string) []string {
	words := Split(line)
	prefix := ""
	if len(words) > 0 && !strings.HasSuffix(line, " ") {
		prefix, words = words[len(words)-1], words[:len(words)-1]
	}
	out := c.completeAlias(words, prefix)
	words = c.resolve(words)
	for _, e := range c.list() {
		switch {
		case c.permit(ctx, e.name) != nil:
		case len(words) < len(e.words):
			if hasPrefix(e.words, words) && hasFold(e.words[len(words)], prefix) {
				out = append(out, e.words[len(words)])
			}
		case e.Complete != nil && hasPrefix(words, e.words):
			for _, w := range e.Complete(words[len(e.words):], prefix) {
				if hasFold(w, prefix) {
					out = append(out, w)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func hasFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func (c *Commands) help(ctx context.Context, r *decl.Request) error {
	begins := strings.Join(c.resolve(r.Args), " ")
	shown := 0
	for _, e := range c.list() {
		switch {
		case strings.EqualFold(e.Words, begins):
			fmt.Fprint(r.Out, usage(e.Command))
			return nil
		case hasFold(e.Words, begins) && c.permit(ctx, e.name) == nil:
			fmt.Fprintf(r.Out, "%-30s -- %s\n", e.Words, cmp.Or(e.Synopsis, "-"))
			shown++
		}
	}
	if shown == 0 {
		fmt.Fprintf(r.Out, "No such command '%s'.\n", Escape(begins))
	}
	return nil
}

// Usage is how a command is written: what is needed in angle brackets, what may be left
// out in square ones. A name that has brackets of its own is shown as it is.
func Usage(cmd decl.Command) string {
	words := []string{cmd.Words}
	for _, a := range cmd.Args {
		name := a.Name
		if a.Repeat {
			name += " ..."
		}
		switch {
		case strings.ContainsAny(a.Name, "<["):
		case a.Optional:
			name = "[" + name + "]"
		default:
			name = "<" + name + ">"
		}
		words = append(words, name)
	}
	return strings.Join(words, " ")
}

// usage is how a command is written and what it does.
func usage(cmd decl.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: %s\n       %s\n", Usage(cmd), cmd.Synopsis)
	const indent = "       "
	if cmd.Help != "" {
		b.WriteString(decl.Wrap(strings.TrimSpace(cmd.Help), indent) + "\n")
	}
	for _, a := range cmd.Args {
		if a.Help != "" {
			name := strings.NewReplacer("<", "", ">", "", "[", "", "]", "").Replace(a.Name)
			help := decl.Wrap(a.Help, strings.Repeat(" ", len(indent)+13))
			fmt.Fprintf(&b, "%s%-12s %s\n", indent, name, strings.TrimLeft(help, " "))
		}
	}
	return b.String()
}

// Split divides a line into words at blanks. Double quotes keep blanks, a
// backslash keeps the next character.
func Split(line string) []string {
	var words []string
	var b strings.Builder
	in, quoted := false, false
	for i := 0; i < len(line); i++ {
		switch ch := line[i]; {
		case ch == '\\' && i+1 < len(line):
			i++
			b.WriteByte(line[i])
			in = true
		case ch == '"':
			quoted, in = !quoted, true
		case (ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n') && !quoted:
			if in {
				words = append(words, b.String())
				b.Reset()
			}
			in = false
		default:
			b.WriteByte(ch)
			in = true
		}
	}
	if in {
		words = append(words, b.String())
	}
	return words
}
