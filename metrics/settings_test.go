package metrics

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pbx/config"
)

func TestLoad(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "{false /metrics   pbx} []",
		"[general]\nuri=a/b\n": "{false /a/b   pbx} []",
		"[general]\nenabled=yes\nauth_username=u\nauth_password=p\nauth_realm=R\ncore_metrics_enabled=no\n": "{true /metrics u p R} []",
		"[general]\nenabled=yes\n": "{true /metrics   pbx} [no-proof]",
		"[general]\nenable=yes\n":  "{false /metrics   pbx} [unknown-option]",
		"[gneral]\n":               "{false /metrics   pbx} [unknown-section]",
	} {
		dir := t.TempDir()
		if text != "" {
			if err := os.WriteFile(filepath.Join(dir, "prometheus.conf"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, findings, err := Load(&config.Loader{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		var rules []string
		for _, f := range findings {
			rules = append(rules, f.Rule)
		}
		if got := fmt.Sprintf("%v [%s]", s, strings.Join(rules, " ")); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
