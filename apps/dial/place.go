package dial

import (
	"strconv"
	"strings"

	"pbx/channel"
)

// location reads [[context,]extension,]priority with what is left out from at.
// Labels are not places here: a thread that begins needs a number.
func location(text string, at channel.Location) (channel.Location, bool) {
	parts := strings.Split(text, ",")
	switch len(parts) {
	case 3:
		at.Context, at.Exten = parts[0], parts[1]
	case 2:
		at.Exten = parts[0]
	case 1:
	default:
		return at, false
	}
	n, err := strconv.Atoi(parts[len(parts)-1])
	if err != nil || n < 1 {
		return at, false
	}
	at.Priority = n
	return at, true
}

// yes reads a truth word of a variable, or is otherwise when there is none.
func yes(s string, otherwise bool) bool {
	switch strings.ToLower(s) {
	case "":
		return otherwise
	case "yes", "true", "y", "t", "1", "on":
		return true
	}
	return false
}
