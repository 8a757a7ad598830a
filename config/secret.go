package config

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed usual_secrets.txt
var usualSecretsText string

// usualSecrets are the words of usual_secrets.txt.
var usualSecrets = sync.OnceValue(func() map[string]struct{} {
	words := make(map[string]struct{}, 2048)
	for line := range strings.Lines(usualSecretsText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for word := range strings.FieldsSeq(line) {
			words[word] = struct{}{}
		}
	}
	return words
})

// maxSuffix is how many digits after a word make it no better: a year, or a date.
const maxSuffix = 8

// UsualSecret reports whether programs that guess passwords begin with s, or with s
// without some digits or punctuation at its end. Case makes no difference.
func UsualSecret(s string) bool {
	s = strings.ToLower(s)
	usual := usualSecrets()
	if _, ok := usual[s]; ok {
		return true
	}
	word := strings.TrimRight(s, "!.?#*-_1234567890")
	_, ok := usual[word]
	return ok && len(s)-len(word) <= maxSuffix
}
