package messagetest

import (
	"strings"
	"testing"
)

func TestAccepts(t *testing.T) {
	for _, c := range []struct {
		want   string
		status int
		ok     bool
	}{
		{"400", 400, true},
		{"400", 200, false},
		{"400", 0, false},
		{"400 or drop", 0, true},
		{"drop", 400, false},
		{"any-but-400", 404, true},
		{"any-but-400", 400, false},
		{"any-but-400", 0, false},
		{"any", 0, true},
		{"200 (OPTIONS)", 401, true},
		{"200/401", 404, true},
		{"501 or 405", 401, false},
		{"(response)", 0, true},
		{"(response)", 200, false},
	} {
		if got := (Case{Want: c.want}).Accepts(c.status); got != c.ok {
			t.Errorf("%q accepts %d: %v, want %v", c.want, c.status, got, c.ok)
		}
	}
}

// TestEdits holds each edit against the text it edits, so that a slip does not
// turn a case into the base message.
func TestEdits(t *testing.T) {
	names := map[string]bool{}
	check := func(text string, edits []edit) {
		for _, e := range edits {
			if !strings.Contains(text, e.old) || e.old == e.new {
				t.Errorf("%s changes nothing", e.name)
			}
			if names[e.name] {
				t.Errorf("%s stands twice", e.name)
			}
			names[e.name] = true
		}
	}
	check(base, requestEdits)
	check(response, responseEdits)
	if _, body, _ := strings.Cut(base, "\r\n\r\n"); len(body) != 106 {
		t.Errorf("the body of the base message has %d octets", len(body))
	}
}
