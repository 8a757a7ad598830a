package server

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFileConvert: names are those of the sounds' directory, or paths.
func TestFileConvert(t *testing.T) {
	s := idleServer(t)
	dir := t.TempDir()
	s.conf.Store(&configuration{dirs: Directories{Data: dir}})
	s.commands.Add(s.soundCommands()...)
	sounds := filepath.Join(dir, "sounds", "en")
	if err := os.MkdirAll(sounds, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(sounds, "hello.sln"), strings.Repeat("\x00\x10", 80))
	write(t, filepath.Join(sounds, "note.txt"), "no sound")
	if got := output(t, s, "file convert en/hello.sln en/hello.ulaw"); !regexp.MustCompile(`^Converted en/hello.sln to en/hello.ulaw in \d+ms\n$`).MatchString(got) {
		t.Error(got)
	}
	out := filepath.Join(dir, "out.wav")
	if got := output(t, s, "file convert en/hello.ulaw "+out); !strings.HasPrefix(got, "Converted") {
		t.Error(got)
	}
	if info, err := os.Stat(out); err != nil || info.Size() != 44+160 {
		t.Errorf("%v, %v", info, err)
	}
	for line, want := range map[string]string{
		"en/hello.sln":                "Usage: file convert <from> <to>",
		"../x.sln en/x.ulaw":          "'../x.sln' is an invalid filename!",
		"en/hello.sln ../../x.wav":    "'../../x.wav' is an invalid filename!",
		"en/none.sln en/x.wav":        "no such sound",
		"en/note.txt en/x.wav":        "not a kind of sound file",
		"en/hello.sln en/hello.g729":  "not a format of recordings",
		"en/hello.sln fr/hello.wav":   "no such file",
		"en/hello.sln /etc/shadow":    "not a format of recordings",
		"en/hello.sln en/hello.sln x": "Usage:",
	} {
		if got := output(t, s, "file convert "+line); !strings.Contains(got, want) || strings.HasSuffix(got, "failed.\n") == strings.HasPrefix(got, "Usage:") {
			t.Errorf("%s: %s", line, got)
		}
	}
	for line, want := range map[string][]string{
		"file convert ":                    {"en/"},
		"file convert en/h":                {"en/hello.sln", "en/hello.ulaw"},
		"file convert en/hello.sln " + dir: {dir + "/"},
		"file convert x " + dir + "/o":     {out},
		"file convert ../":                 {},
	} {
		if got := s.commands.Complete(line); !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("completion of %q: %q, want %q", line, got, want)
		}
	}
}
