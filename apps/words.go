package apps

import (
	"strings"

	"pbx/apps/field"
	"pbx/channel"
)

// words are the options of an application that names them by whole words.
type words []string

// readWords divides "skip&noanswer", which may also be written with commas or in
// quotes. What came from the network is not an option.
func readWords(v channel.Value) words {
	v = field.Unquote(v)
	if len(v.Taint) > 0 {
		return nil
	}
	return strings.FieldsFunc(strings.ToLower(v.S), func(r rune) bool {
		return strings.ContainsRune("&,| ", r)
	})
}

func (w words) has(word string) bool {
	for _, s := range w {
		if s == word {
			return true
		}
	}
	return false
}
