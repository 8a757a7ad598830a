package apps

import (
	"fmt"
	"strconv"
	"strings"

	"pbx/apps/say"
)

// Speech finds the sound files that speak a value as one of the Say applications
// does: kind is alpha, digits, money, number, ordinal or phonetic.
func Speech(kind, language, value string) ([]string, error) {
	switch kind {
	case "alpha":
		return say.Alpha(value), nil
	case "digits":
		return say.Digits(value), nil
	case "phonetic":
		return say.Phonetic(value), nil
	case "money":
		return say.Money(language, value)
	case "number", "ordinal":
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("'%s' is not a number", value)
		}
		if kind == "ordinal" {
			return say.Ordinal(language, n)
		}
		return say.Number(language, n, "")
	}
	return nil, fmt.Errorf("'%s' is not a way to speak", kind)
}
