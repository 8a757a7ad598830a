package dial

import (
	"strings"

	"pbx/channel"
)

// party reads a caller ID as it is written: `"Name" <number>`, or a number.
func party(s string) channel.Party {
	name, number := "", strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		name = strings.Trim(strings.TrimSpace(s[:i]), `"`)
		number, _, _ = strings.Cut(s[i+1:], ">")
	}
	return channel.Party{Name: name, Number: number, HasNumber: number != ""}
}
