package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"pbx/decl"
)

func testCommands() *Commands {
	c := NewCommands()
	echo := func(_ context.Context, r *decl.Request) error {
		_, err := io.WriteString(r.Out, strings.Join(r.Args, "|")+"\n")
		return err
	}
	c.Add(
		decl.Command{Words: "sip show peer", Synopsis: "One peer", Args: []decl.Arg{{Name: "peer"}}, Run: echo, Complete: func(args []string, _ string) []string {
			if len(args) > 0 {
				return nil
			}
			return []string{"alice", "albert", "bob"}
		}},
		decl.Command{Words: "sip show peers", Synopsis: "All peers", Args: []decl.Arg{{Name: "like", Optional: true}}, Run: echo},
		decl.Command{Words: "sip show", Args: []decl.Arg{{Name: "what", Repeat: true}}, Run: echo},
		decl.Command{Words: "core show version", Synopsis: "The version", Run: echo},
		decl.Command{
			Words: "long", Args: []decl.Arg{{Name: "[[exten@]context]", Optional: true}, {Name: "what", Help: "more than a line of help that tells what it may be, where it comes from and what it is for", Optional: true}}, Run: echo,
			Help: "More than a line of help is broken where a line would be longer than eighty characters.\nA line of its own stays one.",
		},
		decl.Command{Words: "fail", Run: func(context.Context, *decl.Request) error { return errors.New("no\x1b[2J way") }},
		decl.Command{Words: "fail twice", Run: func(context.Context, *decl.Request) error {
			return errors.Join(errors.New("one"), errors.New("two\x07"))
		}},
		decl.Command{Words: "misuse", Args: []decl.Arg{{Name: "what", Optional: true}}, Run: func(context.Context, *decl.Request) error { return decl.ErrUsage }},
		decl.Command{Words: "burst", Run: func(context.Context, *decl.Request) error { panic("gone") }},
	)
	c.Alias("peers", "sip show peers")
	c.Alias("show version", "core show version")
	return c
}

func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name, line, out string
		fails           bool
	}{
		{"longest words win", "sip show peer alice", "alice\n", false},
		{"shorter words", "sip show other", "other\n", false},
		{"case", "SIP Show Peers", "\n", false},
		{"quotes and backslash", `sip show "a b" c\ d ""`, "a b|c d|\n", false},
		{"alias", "peers now", "now\n", false},
		{"words that are not taken", "core show version 2", "Usage: core show version\n       The version\n", true},
		{"old name", "show version", "\n", false},
		{"old name with more behind it", "show version files pbx.c", "No such command 'show version files pbx.c' (type 'core show help show version files pbx.c' for other possible commands)\n", true},
		{"blanks", "   ", "", false},
		{"unknown", "sap show", "No such command 'sap show' (type 'core show help sap show' for other possible commands)\n", true},
		{"escape", "a\x1bb", `No such command 'a\x1bb' (type 'core show help a\x1bb' for other possible commands)` + "\n", true},
		{"failure", "fail", `no\x1b[2J way` + "\nCommand 'fail' failed.\n", true},
		{"two failures", "fail twice", `one` + "\n" + `two\x07` + "\nCommand 'fail twice' failed.\n", true},
		{"usage", "misuse", "Usage: misuse [what]\n       \n", true},
		{"what is needed is missing", "sip show peer", "Usage: sip show peer <peer>\n       One peer\n", true},
		{"panic", "burst", "burst: gone\nCommand 'burst' failed.\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			err := testCommands().Run(context.Background(), tt.line, &out)
			if (err != nil) != tt.fails {
				t.Errorf("error %v, want one: %v", err, tt.fails)
			}
			if out.String() != tt.out {
				t.Errorf("got  %q\nwant %q", out.String(), tt.out)
			}
		})
	}
}

func TestComplete(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []string
	}{
		{"s", []string{"show", "sip"}},
		{"sip ", []string{"show"}},
		{"sip show pe", []string{"peer", "peers"}},
		{"sip show peer a", []string{"albert", "alice"}},
		{"sip show peer ", []string{"albert", "alice", "bob"}},
		{"sip show peer alice ", nil},
		{"core s", []string{"show"}},
		{"core show ", []string{"help", "version"}},
		{"nothing", nil},
	} {
		if got := testCommands().Complete(tt.line); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.line, got, tt.want)
		}
	}
}

func TestHelp(t *testing.T) {
	var out bytes.Buffer
	c := testCommands()
	if err := c.Run(context.Background(), "core show help sip show", &out); err != nil {
		t.Fatal(err)
	}
	if want := "Usage: sip show <what ...>\n       \n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	out.Reset()
	if err := c.Run(context.Background(), "help", &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "sip show peers                 -- All peers\n") {
		t.Errorf("help does not list sip show peers:\n%s", out.String())
	}
	for _, tt := range [][2]string{
		{"help sip show pe", "sip show peer                  -- One peer\nsip show peers                 -- All peers\n"},
		{"help long", "Usage: long [[exten@]context] [what]\n       \n" +
			"       More than a line of help is broken where a line would be longer than\n       eighty characters.\n       A line of its own stays one.\n" +
			"       what         more than a line of help that tells what it may be, where\n                    it comes from and what it is for\n"},
		{"help nothing", "No such command 'nothing'.\n"},
		{"help SIP Show Peers", "Usage: sip show peers [like]\n       All peers\n"},
	} {
		out.Reset()
		if err := c.Run(context.Background(), tt[0], &out); err != nil || out.String() != tt[1] {
			t.Errorf("%s: %q, want %q (%v)", tt[0], out.String(), tt[1], err)
		}
	}
}

func FuzzRun(f *testing.F) {
	for _, s := range []string{"sip show peer alice", `"`, `\`, "help \x00", "a\xff\x1b", "core show help core show"} {
		f.Add(s)
	}
	c := testCommands()
	f.Fuzz(func(t *testing.T, line string) {
		var out bytes.Buffer
		_ = c.Run(context.Background(), line, &out)
		c.Complete(line)
		for _, r := range out.String() {
			if r < 0x20 && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 {
				if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "sip show") && !strings.Contains(line, "peers") {
					t.Fatalf("control character %q in the answer to %q: %q", r, line, out.String())
				}
			}
		}
	})
}
