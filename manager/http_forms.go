package manager

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"strings"
)

// asText is /rawman.
func asText(w io.Writer, answer string, _ func(string) string) { _, _ = io.WriteString(w, answer) }

// answerLine is a line of an answer: one whose name comes again has a number behind it.
type answerLine struct{ name, number, value string }

// blocks are the messages of an answer, each as its lines. A line without a name begins a
// text that goes on to the end of its message.
func blocks(answer string) (out [][]answerLine) {
	for block := range strings.SplitSeq(strings.Trim(answer, "\r\n"), "\r\n\r\n") {
		var lines []answerLine
		seen := make(map[string]int)
		for block != "" {
			text, rest, _ := strings.Cut(block, "\r\n")
			name, value, ok := strings.Cut(text, ":")
			l := answerLine{name: strings.TrimSpace(name), value: strings.TrimSpace(value)}
			if !ok {
				l.name, l.value, rest = "Opaque-data", strings.ReplaceAll(block, "\r\n", "\n"), ""
			}
			if seen[l.name]++; seen[l.name] > 1 {
				l.number = fmt.Sprintf("-%d", seen[l.name])
			}
			lines = append(lines, l)
			block = rest
		}
		if lines != nil {
			out = append(out, lines)
		}
	}
	return out
}

// escapes are those of a value in XML. The end of a line would be a blank in an attribute.
var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;", "\n", "&#10;")

// asXML is /mxml: a message is an element, of a name that the request may give as
// ajaxobjtype with the id that it gives as ajaxdest, and its lines are attributes.
func asXML(w io.Writer, answer string, value func(name string) string) {
	id, element := cmp.Or(value("ajaxdest"), "unknown"), cmp.Or(value("ajaxobjtype"), "generic")
	var b strings.Builder
	b.WriteString("<ajax-response>\n")
	for _, lines := range blocks(answer) {
		fmt.Fprintf(&b, "<response type='object' id='%s'><%s", escapes.Replace(id), xmlName(element))
		for _, l := range lines {
			fmt.Fprintf(&b, " %s%s='%s'", xmlName(strings.ToLower(l.name)), l.number, escapes.Replace(l.value))
		}
		b.WriteString(" /></response>\n")
	}
	b.WriteString("</ajax-response>\n")
	_, _ = io.WriteString(w, b.String())
}

// xmlName is a name as one of XML.
func xmlName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, s)
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		s = "_" + s
	}
	return s
}

// pageHead is that of /manager, by which somebody can try actions.
const pageHead = `<!DOCTYPE html><html><head><title>Manager interface</title></head><body>
<form method="post">
<label>Action <input name="action" list="actions"></label>
<datalist id="actions"><option value="login"><option value="command"><option value="waitevent"><option value="listcommands"></datalist>
<label>Command <input name="command"></label>
<label>User <input name="username" autocomplete="username"></label>
<label>Secret <input type="password" name="secret" autocomplete="current-password"></label>
<input type="submit">
</form>
<table>
`

// asPage is /manager.
func asPage(w io.Writer, answer string, _ func(string) string) {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, lines := range blocks(answer) {
		for _, l := range lines {
			fmt.Fprintf(&b, "<tr><td>%s</td><td>%s</td></tr>\n", html.EscapeString(l.name+l.number), strings.ReplaceAll(html.EscapeString(l.value), "\n", "<br>\n"))
		}
		b.WriteString("<tr><td colspan=\"2\"><hr></td></tr>\n")
	}
	b.WriteString("</table></body></html>\n")
	_, _ = io.WriteString(w, b.String())
}
