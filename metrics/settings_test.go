package metrics

import (
	"fmt"
	"strings"
	"testing"

	"pbx/config/configtest"
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
		s, findings, err := Load(configtest.Loader(t, map[string]string{"prometheus.conf": text}))
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
