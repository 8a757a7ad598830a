package config

import (
	"slices"
	"strings"
	"testing"
)

func TestUsualSecret(t *testing.T) {
	for secret, usual := range map[string]bool{
		"password": true, "Passw0rd": true, "PASSWORD2024!": true, "letmein.": true, "asterisk": true, "amp111": true, "amp109": true,
		"qwertz": true, "1qaz2wsx": true, "zaq12wsx": true, "123456789": true, "987654321": true, "00000000": true, "121212": true, "1984": true,
		"Susanne": true, "thomas1970": true, "Sommer2025": true, "yealink": true, "trixbox1": true, "iloveyou": true,

		"": false, "Susannexk": false, "thomas19701971197": false, "u7Rq-zz04-kLm1": false, "83920174656": false, "correcthorsebattery": false,
	} {
		if UsualSecret(secret) != usual {
			t.Errorf("UsualSecret(%q) = %t", secret, !usual)
		}
	}
}

// TestUsualSecretsFile: the file is what its head says, and long enough.
func TestUsualSecretsFile(t *testing.T) {
	var words []string
	for line := range strings.Lines(usualSecretsText) {
		if !strings.HasPrefix(line, "#") {
			words = append(words, strings.Fields(line)...)
		}
	}
	if len(words) < 1000 || len(words) != len(usualSecrets()) {
		t.Errorf("%d words, %d different ones", len(words), len(usualSecrets()))
	}
	if i := slices.IndexFunc(words, func(w string) bool { return w != strings.ToLower(w) }); i >= 0 {
		t.Errorf("%q is not in lower case", words[i])
	}
}
