package dialplan

import (
	"slices"
	"testing"
)

func TestChanges(t *testing.T) {
	const base = "[globals]\nA=1\nB=2\n[one]\ninclude => two\nexten => 1,1,NoOp(a)\nexten => 1,2,Hangup()\nexten => _2X,1,NoOp()\nexten => 3/101,1,NoOp()\nexten => 3,hint,SIP/3\n[two]\nexten => s,1,NoOp()\n"
	for _, tt := range []struct {
		name, after string
		want        []string
	}{
		{"nothing", base, nil},
		{"lines elsewhere", "\n\n" + base, nil},
		{"globals", "[globals]\nA=1\nC=3\n" + base[len("[globals]\nA=1\nB=2\n"):], []string{`+ ${C} (f:3): "3"`, "- ${B} (f:3)"}},
		{"a step", "[globals]\nA=1\nB=2\n[one]\ninclude => two\nexten => 1,1,NoOp(b)\nexten => 1,2,Hangup()\nexten => _2X,1,NoOp()\n same => n,Answer()\nexten => 3/101,1,NoOp()\nexten => 3,hint,SIP/4\n[two]\nexten => s,1,NoOp()\n", []string{
			"~ 1 in [one] (f:6): 1,NoOp(b), was 1,NoOp(a)", "~ 3 in [one] (f:11): hint SIP/4, was SIP/3", "~ _2X in [one] (f:8): new 2,Answer()",
		}},
		{"extensions and contexts", "[globals]\nA=1\nB=2\n[one]\nexten => 1,1,NoOp(a)\nexten => 3/102,1,NoOp()\nexten => 3,hint,SIP/3\n[three]\nexten => s,1,NoOp()\n", []string{
			"~ [one] (f:4): include nothing, was two", "~ 1 in [one] (f:5): without 2,Hangup()", "+ 3/102 in [one] (f:6)", "- 3/101 in [one] (f:9)", "- _2X in [one] (f:8)",
			"+ [three] (f:8): 1 extensions", "- [two] (f:11)",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := NewEngine(EngineOptions{})
			parse := func(text string) *Plan {
				p, _, err := e.Parse("f", []byte(text))
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			before, after := parse(base), parse(tt.after)
			var got []string
			for _, c := range Changes(before, after) {
				got = append(got, c.String())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%q\nwant\n%q", got, tt.want)
			}
			if same := Difference(before, after) == ""; same != (len(got) == 0) {
				t.Errorf("Difference says same %v", same)
			}
		})
	}
}
