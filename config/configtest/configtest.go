// Package configtest makes configuration directories for the tests of packages that read
// one: it owns nothing but what a test gave it.
package configtest

import (
	"os"
	"path/filepath"
	"testing"

	"pbx/config"
)

// Loader reads a directory of the test's own that has these files, by name. A file
// whose text is empty is not there.
func Loader(t testing.TB, files map[string]string) *config.Loader {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &config.Loader{Dir: dir}
}
