package dialplan_test

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/event"
)

// command runs a console command of the engine and returns what it prints.
func command(t *testing.T, e *dialplan.Engine, words string, args ...string) string {
	t.Helper()
	for _, c := range e.Commands() {
		if c.Words != words {
			continue
		}
		var out bytes.Buffer
		if err := c.Run(context.Background(), &decl.Request{Args: args, Out: &out}); err != nil {
			out.WriteString(err.Error() + "\n")
		}
		return out.String()
	}
	t.Fatalf("no command %q", words)
	return ""
}

// TestPatterns runs calls through a plan of patterns that overlap in every way
// and compares each priority that is run with what the field runs.
func TestPatterns(t *testing.T) {
	plan, err := os.ReadFile("testdata/patterns.conf")
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.Open("testdata/patterns.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		place, want, ok := strings.Cut(lines.Text(), "->")
		if !ok {
			continue
		}
		want, _, _ = strings.Cut(want, "[SIP")
		f := strings.Fields(place)
		from, caller, exten := f[0], "", f[len(f)-1]
		for _, word := range f[1 : len(f)-1] {
			if c, ok := strings.CutPrefix(word, "cid="); ok && c != "-" {
				caller = c
			}
		}
		t.Run(strings.Join(f, " "), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log notices
				o := newOffice(t, slog.New(&log))
				o.load(t, string(plan))
				l := o.tech.Inbound(channel.Options{
					Name: "x", State: channel.Ring, Location: channel.Location{Context: from, Exten: exten, Priority: 1},
					Identity: channel.Identity{Caller: channel.Party{Number: caller, HasNumber: caller != ""}},
				})
				o.engine.Start(l.Channel())
				<-l.Gone()
				var got []string
				for _, n := range log.texts {
					_, step, _ := strings.Cut(strings.TrimPrefix(n, "PAT "), " ")
					got = append(got, strings.TrimPrefix(step, "bang "))
				}
				want = strings.ReplaceAll(strings.ReplaceAll(want, "bang ", ""), "(no such extension)", "")
				want = strings.Join(strings.Fields(strings.ReplaceAll(want, " , ", " ")), " , ")
				if g := strings.Join(got, " , "); g != want {
					t.Errorf("ran %q, want %q", g, want)
				}
			})
		})
	}
}

// notices keeps what is logged at NOTICE.
type notices struct {
	slog.Handler
	texts []string
}

func (n *notices) Enabled(_ context.Context, l slog.Level) bool { return l == event.LevelNotice }

func (n *notices) Handle(_ context.Context, r slog.Record) error {
	n.texts = append(n.texts, r.Message[strings.Index(r.Message, "PAT"):])
	return nil
}

// TestShow compares dialplan show with what the field prints for the same file,
// whose lines begin at 123.
func TestShow(t *testing.T) {
	o := newOffice(t, slog.New(slog.DiscardHandler))
	for _, name := range []string{"patterns", "parser"} {
		plan, err := os.ReadFile("testdata/" + name + ".conf")
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile("testdata/" + name + ".show")
		if err != nil {
			t.Fatal(err)
		}
		o.load(t, string(plan))
		var got strings.Builder
		for line := range strings.Lines(string(want)) {
			if c, ok := strings.CutPrefix(line, "[ Context '"); ok {
				c, _, _ = strings.Cut(c, "'")
				got.WriteString(command(t, o.engine, "dialplan show", c))
			}
		}
		// Empty lines between the parts of the transcript do not count.
		squeeze := func(s string) string { return strings.ReplaceAll(s, "\n\n", "\n") }
		if g, w := squeeze(got.String()), squeeze(string(want)); g != w {
			t.Errorf("%s:\n%s", name, firstDifference(g, w))
		}
	}
}

// TestShowExtension is dialplan show with an extension: its context, then those that it
// includes, what digits it ignores, and its switches.
func TestShowExtension(t *testing.T) {
	o := newOffice(t, slog.New(slog.DiscardHandler))
	o.load(t, `[a]
autohints = yes
exten => 91,1,NoOp(a)
include => b
ignorepat => 9
switch => Loopback/x@b
[b]
exten => _9X,1,NoOp(b)
ignorepat => 91
ignorepat => 8
include => a
`)
	const own = `[ Context 'a' created by 'pbx_config' ]
Autohints support enabled
  '91' =>           1. NoOp(a)                                    [extensions.conf:3]
`
	const ignored = "  Ignore pattern => '9'                                           [pbx_config]\n"
	const alternative = "  Alt. Switch =>    'Loopback/x@b'                                [pbx_config]\n"
	const other = `  '_9X' =>          1. NoOp(b)                                    [extensions.conf:8]
`
	for what, want := range map[string]string{
		"91@a": own + "[ Included context 'b' created by 'pbx_config' ]\n" + other + "\n" + ignored + alternative + "\n-= 2 extensions (2 priorities) in 2 contexts. =-\n",
		"92@a": "[ Included context 'b' created by 'pbx_config' ]\n" + other + "\n" + ignored + alternative + "-= 1 extension (1 priority) in 1 context. =-\n",
		"92@": "[ Included context 'b' created by 'pbx_config' ]\n" + other + "\n" + ignored + alternative +
			"[ Context 'b' created by 'pbx_config' ]\n" + other + ignored + "\n-= 2 extensions (2 priorities) in 2 contexts. =-\n",
		"@a":  own + "  Include =>        'b'                                           [pbx_config]\n" + ignored + alternative + "\n-= 1 extension (1 priority) in 1 context. =-\n",
		"1@":  alternative + "There is no existence of '1' extension in all contexts\n",
		"1@a": alternative + "There is no existence of 1@a extension\n",
	} {
		if got := command(t, o.engine, "dialplan show", what); got != want {
			t.Errorf("%s:\n%swant:\n%s", what, got, want)
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got  " + g[i] + "\nwant " + w[i]
		}
	}
	return "the lengths differ"
}
