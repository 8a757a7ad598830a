package missed

import (
	"html"
	"strconv"
	"strings"
	"time"
)

// variables are what a template may name.
var variables = []string{"USER", "NAME", "DEVICE", "CALLER", "CALLERNUM", "CALLERNAME", "DIALED", "REASON", "RINGTIME", "ATTEMPTS", "DATE", "TIME", "LINKEDID"}

// The texts of who does not write any.
const (
	defaultSubject = "Missed call from ${CALLER}"
	defaultBody    = "${NAME},\n\n${CALLER} called ${DIALED} on ${DATE} at ${TIME}.\nThe call was not answered: ${REASON}.\n"
	defaultText    = "Missed call from ${CALLER} on ${DATE} at ${TIME} (${REASON})"
)

// value is that of a variable.
func (r *Record) value(name string, zone *time.Location) string {
	switch name {
	case "USER":
		return r.User
	case "NAME":
		if r.Name == "" {
			return r.User
		}
		return r.Name
	case "DEVICE":
		return r.Device
	case "CALLER":
		return r.Caller()
	case "CALLERNUM":
		return oneLine(r.CallerNum)
	case "CALLERNAME":
		return oneLine(r.CallerName)
	case "DIALED":
		return oneLine(r.Dialled)
	case "REASON":
		return string(r.Reason)
	case "RINGTIME":
		return strconv.Itoa(r.Rang)
	case "ATTEMPTS":
		return strconv.Itoa(r.Attempts)
	case "DATE":
		return r.Time.In(zone).Format("2006-01-02")
	case "TIME":
		return r.Time.In(zone).Format("15:04")
	case "LINKEDID":
		return r.Linkedid
	}
	return ""
}

// expand puts the values into a template; quote makes each fit for its place.
func (r *Record) expand(template string, zone *time.Location, quote func(string) string) string {
	var b strings.Builder
	for _, part := range parts(template) {
		if part.variable {
			b.WriteString(quote(r.value(part.text, zone)))
		} else {
			b.WriteString(part.text)
		}
	}
	return b.String()
}

func plain(s string) string { return s }

var escapeHTML = html.EscapeString

// part is a piece of a template.
type part struct {
	text     string
	variable bool
}

// parts takes a template apart.
func parts(template string) (list []part) {
	for {
		before, rest, ok := strings.Cut(template, "${")
		name, after, closed := strings.Cut(rest, "}")
		if before != "" {
			list = append(list, part{text: before})
		}
		if !ok {
			return list
		}
		if !closed {
			return append(list, part{text: "${" + rest})
		}
		list = append(list, part{name, true})
		template = after
	}
}

// unescape reads \n, \t and \\ of a template in one line.
var unescape = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t")
