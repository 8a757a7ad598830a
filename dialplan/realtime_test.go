package dialplan

import (
	"testing"
	"time"

	"pbx/config"
)

func TestRealtimeSwitch(t *testing.T) {
	parse := func(text string) *Plan {
		t.Helper()
		p, findings, err := Parse("x", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			if f.Severity > config.Note {
				t.Error(f)
			}
		}
		return p
	}
	families := map[string]*Plan{
		"extensions": parse("[office]\nexten => 100,1,NoOp(table)\nexten => 100,2,NoOp(table)\nexten => _2XX,1,NoOp(table)\n[other]\nexten => 300,1,NoOp(other)\n"),
		"more":       parse("[office]\nexten => 400,1,NoOp(more)\n"),
	}
	p := parse("[office]\nexten => 100,1,NoOp(file)\nswitch => Realtime/@\nswitch => Realtime/office@more\n" +
		"[named]\nswitch => Realtime/other@extensions\n[literal]\nswitch => Realtime/office@extensions/p\n[none]\nswitch => Realtime/office@nothing\n[inc]\ninclude => office\n" +
		"[each]\neswitch => Realtime/office@${IF($[1]?more:x)}more\n")
	p.tables = func(family string) *Plan { return families[family] }
	for _, tc := range []struct {
		context, exten string
		priority       int
		want           string
	}{
		{"office", "100", 1, "file"},
		{"office", "100", 2, "table"},
		{"office", "234", 1, "table"},
		{"office", "400", 1, "more"},
		{"office", "300", 1, ""},
		{"named", "300", 1, "other"},
		{"named", "100", 1, ""},
		{"literal", "100", 2, "table"},
		{"literal", "234", 1, ""},
		{"none", "100", 1, ""},
		{"inc", "234", 1, "table"},
		{"each", "400", 1, "more"},
	} {
		got := ""
		if step, _ := p.Find(tc.context, tc.exten, tc.priority, "", time.Time{}); step != nil {
			got = step.Args
		}
		if got != tc.want {
			t.Errorf("%s@%s,%d: %q, want %q", tc.exten, tc.context, tc.priority, got, tc.want)
		}
	}
	if m := p.Match("office", "2", 1, "", time.Time{}); m.Exists() || !m.Partial() {
		t.Errorf("2: %v", m)
	}
	if got := p.Families(); len(got) < 3 {
		t.Errorf("families %q", got)
	}
}
