package manager

import (
	"net/http/httptest"
	"strings"
	"testing"

	"pbx/decl"
)

func TestForms(t *testing.T) {
	const answer = "Response: Success\r\nActionID: 7\r\nOutput: a <b>\r\nOutput:   it's \r\nCause-txt: x\r\nLine-000000-000001: k=v\r\n\r\n" +
		"Response: Success\r\nNo categories found\r\nmore: 1\r\n\r\n"
	none := func(string) string { return "" }
	for name, tt := range map[string]struct {
		form  form
		value func(string) string
		want  string
	}{
		"text": {form{write: asText}, none, answer},
		"xml": {form{write: asXML}, none, "<ajax-response>\n" +
			"<response type='object' id='unknown'><generic response='Success' actionid='7' output='a &lt;b&gt;' output-2='it&apos;s' cause_txt='x' line_000000_000001='k=v' /></response>\n" +
			"<response type='object' id='unknown'><generic response='Success' opaque_data='No categories found&#10;more: 1' /></response>\n</ajax-response>\n"},
		"xml with names": {form{write: asXML}, func(name string) string {
			return map[string]string{"ajaxdest": "a'><b", "ajaxobjtype": "My-type>"}[name]
		}, "<ajax-response>\n" +
			"<response type='object' id='a&apos;&gt;&lt;b'><My_type_ response='Success' actionid='7' output='a &lt;b&gt;' output-2='it&apos;s' cause_txt='x' line_000000_000001='k=v' /></response>\n" +
			"<response type='object' id='a&apos;&gt;&lt;b'><My_type_ response='Success' opaque_data='No categories found&#10;more: 1' /></response>\n</ajax-response>\n"},
		"page": {form{write: asPage}, none, pageHead + "<tr><td>Response</td><td>Success</td></tr>\n<tr><td>ActionID</td><td>7</td></tr>\n<tr><td>Output</td><td>a &lt;b&gt;</td></tr>\n" +
			"<tr><td>Output-2</td><td>it&#39;s</td></tr>\n<tr><td>Cause-txt</td><td>x</td></tr>\n<tr><td>Line-000000-000001</td><td>k=v</td></tr>\n<tr><td colspan=\"2\"><hr></td></tr>\n" +
			"<tr><td>Response</td><td>Success</td></tr>\n<tr><td>Opaque-data</td><td>No categories found<br>\nmore: 1</td></tr>\n<tr><td colspan=\"2\"><hr></td></tr>\n</table></body></html>\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			tt.form.write(&b, answer, tt.value)
			if b.String() != tt.want {
				t.Errorf("got\n%s\nwant\n%s", b.String(), tt.want)
			}
		})
	}
}

// TestFormHeaders: a form is an action in its own order, and the query beside it is none.
func TestFormHeaders(t *testing.T) {
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	for name, tt := range map[string]struct{ method, url, kind, body, want string }{
		"query":          {"GET", "/rawman?Action=UserEvent&b=2&a=1+1&a=%26&x%0a=1&=no&%zz", "", "", "Action=UserEvent|b=2|a=1 1|a=&"},
		"form":           {"POST", "/rawman?action=ping", form, "Action=UserEvent&z=1&b=2&a=3", "Action=UserEvent|z=1|b=2|a=3"},
		"another body":   {"POST", "/rawman?action=ping", "text/plain", "Action=UserEvent", "action=ping"},
		"nothing at all": {"GET", "/rawman", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.url, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.kind)
			list, err := headers(r.Body, r)
			if err != nil {
				t.Fatal(err)
			}
			if got := joined(list); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func joined(list []decl.Header) string {
	var parts []string
	for _, h := range list {
		parts = append(parts, h.Name+"="+h.Value)
	}
	return strings.Join(parts, "|")
}
