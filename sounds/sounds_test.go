package sounds_test

import (
	"bufio"
	"io/fs"
	"os"
	"strings"
	"testing"

	"pbx/sounds"
)

// limit keeps the binary small; what must be said at length belongs into a
// directory of sounds.
const limit = 2_500_000

func TestEveryPromptIsThere(t *testing.T) {
	f, err := os.Open("prompts.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := map[string]bool{}
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, text, ok := strings.Cut(line, "\t")
		if !ok || text == "" {
			t.Errorf("line %q has no text", line)
		}
		if want[name] {
			t.Errorf("%s is there twice", name)
		}
		want[name] = true
	}
	total := 0
	err = fs.WalkDir(sounds.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, "en/"), ".ulaw")
		if !want[name] {
			t.Errorf("%s is not in prompts.txt", path)
		}
		delete(want, name)
		b, err := fs.ReadFile(sounds.FS(), path)
		if len(b) < 800 {
			t.Errorf("%s: %d bytes are less than a tenth of a second", path, len(b))
		}
		total += len(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		t.Errorf("%s was not made: run make.sh", name)
	}
	if total > limit {
		t.Errorf("%d bytes of prompts, the limit is %d", total, limit)
	}
}
