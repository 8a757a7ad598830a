package agi

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"

	"pbx/decl"
)

// Commands declares the console commands.
func (a *AGI) Commands() []decl.Command {
	topics := func(args []string, prefix string) (out []string) {
		for _, c := range a.table {
			if rest, ok := strings.CutPrefix(c.words, strings.Join(append(args, prefix), " ")); ok {
				word, _, _ := strings.Cut(prefix+rest, " ")
				out = append(out, word)
			}
		}
		return out
	}
	return []decl.Command{
		{Words: "agi show commands", Synopsis: "List the commands that programs have", Run: a.list},
		{
			Words: "agi show commands topic", Synopsis: "Explain a command that programs have", Run: a.explain, Complete: topics,
			Args: []decl.Arg{{Name: "command", Help: "its words"}},
		},
		{
			Words: "agi set debug", Synopsis: "Show what programs and the exchange say to each other", Run: a.setDebug,
			Args: []decl.Arg{{Name: "on|off"}},
			Complete: func(args []string, _ string) []string {
				if len(args) > 0 {
					return nil
				}
				return []string{"on", "off"}
			},
		},
		{
			Words: "agi exec", Synopsis: "Queue a command for a channel in AGI(agi:async)", Run: a.queue, Complete: a.completeChannel,
			Args: []decl.Arg{{Name: "channel"}, {Name: "command", Help: "in quotes where it has blanks"}, {Name: "id", Optional: true}},
		},
		{
			Words: "agi dump html", Synopsis: "Write the list of commands to a file, as HTML", Run: a.dump,
			Args: []decl.Arg{{Name: "filename", Help: "an absolute path"}},
		},
	}
}

func yes(b bool) string {
	if b {
		return "Yes"
	}
	return "No"
}

func (a *AGI) list(_ context.Context, r *decl.Request) error {
	fmt.Fprintf(r.Out, "%5s%30s   %s\n", "Dead", "Command", "Description")
	for _, c := range a.table {
		fmt.Fprintf(r.Out, "%5s%31s   %s\n", yes(c.dead), c.words, c.synopsis)
	}
	return nil
}

func (a *AGI) explain(_ context.Context, r *decl.Request) error {
	shown := false
	for i := range a.table {
		c := &a.table[i]
		if !strings.EqualFold(c.words, strings.Join(r.Args, " ")) {
			continue
		}
		shown = true
		fmt.Fprintf(r.Out, "\n  -= Info about AGI '%s' =- \n\n[Synopsis]\n%s\n\n[Description]\n%s\n\n[Syntax]\n%s\n\n[Arguments]\nNot available\n\n[Runs Dead]\n%s\n\n[See Also]\nAGI()\n\n\n",
			c.words, c.synopsis, c.help, strings.TrimSpace(c.words+" "+c.args), yes(c.dead))
	}
	if !shown {
		return errors.New("No registered AGI command: " + strings.Join(r.Args, " "))
	}
	return nil
}

func (a *AGI) setDebug(_ context.Context, r *decl.Request) error {
	switch r.Arg(0) {
	case "on":
		a.debug.Store(true)
		fmt.Fprintln(r.Out, "AGI Debugging Enabled")
	case "off":
		a.debug.Store(false)
		fmt.Fprintln(r.Out, "AGI Debugging Disabled")
	default:
		return errors.New("Usage: agi set debug <on|off>")
	}
	return nil
}

func (a *AGI) queue(_ context.Context, r *decl.Request) error {
	if len(r.Args) < 2 {
		return errors.New("Usage: agi exec <channel> <command> [id]")
	}
	ch, ok := a.deps.Engine.Channels().Find(r.Arg(0))
	if !ok {
		return fmt.Errorf("Channel %s does not exist.", r.Arg(0))
	}
	if err := a.Command(ch, r.Arg(1), r.Arg(2)); err != nil {
		return fmt.Errorf("Failed to add AGI command to channel %s queue", ch.Name())
	}
	fmt.Fprintf(r.Out, "Added AGI command to channel %s queue\n", ch.Name())
	return nil
}

func (a *AGI) completeChannel(args []string, _ string) (out []string) {
	if len(args) > 0 {
		return nil
	}
	for _, ch := range a.deps.Engine.Channels().Channels() {
		out = append(out, ch.Name())
	}
	return out
}

func (a *AGI) dump(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 1 || !filepath.IsAbs(r.Arg(0)) {
		return errors.New("Usage: agi dump html <filename>, an absolute path")
	}
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html>\n<head><title>AGI commands</title></head>\n<body>\n<table>\n<tr><th>Command</th><th>Runs dead</th><th>Description</th></tr>\n")
	for _, c := range a.table {
		fmt.Fprintf(&b, "<tr><td>%s</td><td>%s</td><td>%s</td></tr>\n", html.EscapeString(strings.TrimSpace(c.words+" "+c.args)), yes(c.dead), html.EscapeString(c.help))
	}
	b.WriteString("</table>\n</body>\n</html>\n")
	if err := os.WriteFile(r.Arg(0), []byte(b.String()), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "AGI HTML commands dumped to: %s\n", r.Arg(0))
	return nil
}
