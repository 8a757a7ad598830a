package server

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pbx/channel"
	"pbx/decl"
)

var update = flag.Bool("update", false, "write docs/ anew")

// TestReference holds that the reference in docs/ is what the declarations in the
// code say; `make docs` writes it.
func TestReference(t *testing.T) {
	s, err := New(Options{ConfigDir: loopbackOffice(t), StateDir: t.TempDir(), Version: "test", NoConsole: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	for name, text := range map[string][]byte{
		"applications.md": applicationPages(s.engine.Catalog().Applications()),
		"functions.md":    functionPages(s.engine.Catalog().Functions()),
		"console.md":      commandPages(s.Commands().All()),
	} {
		path := filepath.Join("..", "docs", name)
		if *update {
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(have, text) {
			t.Errorf("%s is stale: run `make docs`", path)
		}
	}
}

const generated = "<!-- Made from the declarations in the code by `make docs`; edit those. -->\n\n"

// loopbackOffice is the default office on ports of its own.
func loopbackOffice(t *testing.T) (dir string) {
	dir = writeOffice(t)
	edit(t, filepath.Join(dir, "sip.conf"), "udpbindaddr=0.0.0.0:5060", "udpbindaddr=127.0.0.1:0")
	return dir
}

func usageText(name string, args []decl.Arg) string {
	var b strings.Builder
	b.WriteString(name + "(")
	for i, a := range args {
		text := a.Name
		if i > 0 {
			text = "," + text
		}
		if a.Repeat {
			text += "[,…]"
		}
		if a.Optional {
			text = "[" + text + "]"
		}
		b.WriteString(text)
	}
	return b.String() + ")"
}

func argumentList(b *bytes.Buffer, args []decl.Arg) {
	for _, a := range args {
		if a.Help == "" {
			continue
		}
		fmt.Fprintf(b, "- `%s`", a.Name)
		if a.Optional {
			b.WriteString(" (optional)")
		}
		fmt.Fprintf(b, ": %s\n", a.Help)
	}
	if len(args) > 0 {
		b.WriteString("\n")
	}
}

func paragraphs(b *bytes.Buffer, help string) {
	if help = strings.TrimSpace(help); help != "" {
		b.WriteString(help + "\n\n")
	}
}

func seeAlso(b *bytes.Buffer, names []string) {
	if len(names) > 0 {
		fmt.Fprintf(b, "See also: %s.\n\n", strings.Join(names, ", "))
	}
}

func applicationPages(apps []*channel.Application) []byte {
	b := bytes.NewBufferString("# Dialplan applications\n\n" + generated)
	for _, a := range apps {
		fmt.Fprintf(b, "## %s\n\n`%s`\n\n%s.\n\n", a.Name, usageText(a.Name, a.Args), strings.TrimSuffix(a.Synopsis, "."))
		paragraphs(b, a.Help)
		argumentList(b, a.Args)
		if len(a.Options) > 0 {
			b.WriteString("| option | what it does |\n|---|---|\n")
			for _, o := range a.Options {
				letter := string(o.Letter)
				if len(o.Args) > 0 {
					letter += "(" + strings.Join(o.Args, ":") + ")"
				}
				help := o.Help
				if o.Absent != "" {
					help += " *Accepted, not acted on yet: " + o.Absent + ".*"
				}
				fmt.Fprintf(b, "| `%s` | %s |\n", letter, strings.ReplaceAll(help, "|", `\|`))
			}
			b.WriteString("\n")
		}
		if len(a.Variables) > 0 {
			b.WriteString("| variable | what it holds |\n|---|---|\n")
			for _, v := range a.Variables {
				help := v.Help
				if len(v.Values) > 0 {
					help += " One of " + strings.Join(v.Values, ", ") + "."
				}
				fmt.Fprintf(b, "| `%s` | %s |\n", v.Name, strings.ReplaceAll(help, "|", `\|`))
			}
			b.WriteString("\n")
		}
		seeAlso(b, a.SeeAlso)
	}
	return b.Bytes()
}

func functionPages(funcs []*channel.Function) []byte {
	b := bytes.NewBufferString("# Dialplan functions\n\n" + generated)
	for _, f := range funcs {
		how := "read"
		switch {
		case f.Read != nil && f.Write != nil:
			how = "read and write"
		case f.Write != nil:
			how = "write"
		}
		fmt.Fprintf(b, "## %s\n\n`%s` (%s)\n\n%s.\n\n", f.Name, usageText(f.Name, f.Args), how, strings.TrimSuffix(f.Synopsis, "."))
		paragraphs(b, f.Help)
		argumentList(b, f.Args)
		seeAlso(b, f.SeeAlso)
	}
	return b.Bytes()
}

func commandPages(commands []decl.Command) []byte {
	b := bytes.NewBufferString("# Console commands\n\n" + generated)
	for _, c := range commands {
		line := c.Words
		for _, a := range c.Args {
			name := "<" + a.Name + ">"
			if a.Optional {
				name = "[" + name + "]"
			}
			line += " " + name
		}
		fmt.Fprintf(b, "## %s\n\n`%s`\n\n%s.\n\n", c.Words, line, strings.TrimSuffix(c.Synopsis, "."))
		paragraphs(b, c.Help)
		argumentList(b, c.Args)
	}
	return b.Bytes()
}
