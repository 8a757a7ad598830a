package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pbx/config"
)

// TestOptional: a file that is not there is none; one that cannot be used is an error that
// names it, and so is one whose include is missing.
func TestOptional(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"there.conf": "[a]\nb=c\n", "bad.conf": "[a\n", "half.conf": "[a]\n#include gone.conf\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l := &config.Loader{Dir: dir}
	if f, found, err := l.Optional("none.conf"); f != nil || len(found) > 0 || err != nil {
		t.Errorf("absent: %v, %v, %v", f, found, err)
	}
	if f, _, err := l.Optional("there.conf"); err != nil || f == nil || f.Section("a") == nil {
		t.Errorf("there: %v, %v", f, err)
	}
	for _, name := range []string{"bad.conf", "half.conf"} {
		f, _, err := l.Optional(name)
		var refused *config.Refusal
		if f != nil || !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.conf"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Optional("folder.conf"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder: %v", err)
	}
}
