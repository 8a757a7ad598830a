package dialplan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pbx/channel"
)

// naive answers as the specification words it: it walks the extensions of a
// context in their order, holds each against the number, and looks for the
// priority; then it goes into the includes.
type naive struct {
	plan     *Plan
	priority int
	caller   string
	visited  []*Context
}

// ordered sorts the extensions of a context without its tree.
func (n *naive) ordered(c *Context) []*Extension {
	all := c.Extensions()
	all = slices.DeleteFunc(all, func(e *Extension) bool { return slices.Contains(c.broken, e) })
	slices.Reverse(all) // so that the order is not that of the tree already
	slices.SortStableFunc(all, func(a, b *Extension) int {
		if c := compareNames(a.Name, b.Name); c != 0 {
			return c
		}
		switch {
		case a.AnyCaller && b.AnyCaller:
			return 0
		case a.AnyCaller:
			return 1
		case b.AnyCaller:
			return -1
		}
		return compareNames(a.Caller, b.Caller)
	})
	return all
}

func (n *naive) has(e *Extension) bool {
	return slices.ContainsFunc(e.Priorities, func(p *Priority) bool { return p.Number == n.priority })
}

func (n *naive) find(c *Context, number string) *Extension {
	if slices.Contains(n.visited, c) {
		return nil
	}
	n.visited = append(n.visited, c)
	for _, e := range n.ordered(c) {
		if matchMode(e.Name, number, false) != 0 && e.matches(n.caller) && n.has(e) {
			return e
		}
	}
	for _, i := range c.Includes {
		if inner := n.plan.contexts[i.Context]; inner != nil {
			if e := n.find(inner, number); e != nil {
				return e
			}
		}
	}
	return nil
}

func (n *naive) more(c *Context, number string) bool {
	if slices.Contains(n.visited, c) {
		return false
	}
	n.visited = append(n.visited, c)
	for _, e := range n.ordered(c) {
		switch matchMode(e.Name, number, true) {
		case 0:
			continue
		case 2:
			if e.matches(n.caller) {
				return false
			}
		default:
			if e.matches(n.caller) && n.has(e) {
				return true
			}
		}
	}
	for _, i := range c.Includes {
		if inner := n.plan.contexts[i.Context]; inner != nil && n.more(inner, number) {
			return true
		}
	}
	return false
}

// matchMode holds one name against a number, character by character: 0 is no
// match, 2 one that "!" settles.
func matchMode(name, number string, more bool) int {
	number = strings.ReplaceAll(number, "-", "")
	pattern, ok := strings.CutPrefix(name, "_")
	if !ok {
		name = strings.ReplaceAll(name, "-", "")
		if more {
			return bit(len(name) > len(number) && strings.HasPrefix(name, number))
		}
		return bit(name == number)
	}
	for {
		pattern = strings.TrimLeft(pattern, "-")
		if number == "" || pattern == "" {
			break
		}
		c := number[0]
		switch p := pattern[0]; p {
		case '.':
			return 1
		case '!':
			return 2
		case '[':
			set, rest, closed := strings.Cut(pattern[1:], "]")
			if !closed {
				return 0
			}
			pattern = rest
			if set == "" {
				continue
			}
			in := false
			for i := 0; i < len(set); i++ {
				if i+2 < len(set) && set[i+1] == '-' {
					in = in || c >= set[i] && c <= set[i+2]
					i += 2
				} else {
					in = in || c == set[i]
				}
			}
			if !in {
				return 0
			}
			number = number[1:]
			continue
		case 'x', 'X', 'z', 'Z', 'n', 'N':
			low := map[byte]byte{'x': '0', 'z': '1', 'n': '2'}[p|0x20]
			if c < low || c > '9' {
				return 0
			}
		default:
			if c != p {
				return 0
			}
		}
		number, pattern = number[1:], pattern[1:]
	}
	switch {
	case number != "":
		return 0
	case pattern == "":
		return bit(!more)
	case pattern[0] == '!':
		return 2
	}
	return bit(more)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func genName(t *rapid.T) string {
	if rapid.IntRange(0, 3).Draw(t, "literal") == 0 {
		return rapid.StringMatching(`[0-9*#ahit-]{1,5}`).Draw(t, "name")
	}
	body := rapid.StringMatching(`([0-59XNZxnza-c-]|\[([0-5]-[4-9]|[0-9]{1,3}|[a-c][0-4]-[2-6]|-[0-9])\]){0,4}`).Draw(t, "body")
	return "_" + body + rapid.SampledFrom([]string{"", "", ".", "!", "X"}).Draw(t, "end")
}

// TestMatchProperty holds the compiled search against the naive one on random
// plans.
func TestMatchProperty(t *testing.T) {
	rounds := 100 // of a hundred plans each
	if testing.Short() {
		rounds = 10
	}
	for range rounds {
		rapid.Check(t, matches)
	}
}

func FuzzMatch(f *testing.F) { f.Fuzz(rapid.MakeFuzz(matches)) }

func matches(t *rapid.T) {
	var text strings.Builder
	contexts := []string{"a", "b", "c"}
	for i, c := range contexts {
		fmt.Fprintf(&text, "[%s]\n", c)
		for range rapid.IntRange(0, 12).Draw(t, "extensions") {
			name := genName(t)
			if name == "_" {
				continue
			}
			if rapid.IntRange(0, 5).Draw(t, "callers") == 0 {
				name += "/" + rapid.SampledFrom([]string{"", "100", "_1XX", "_1.", "_[1-2]00"}).Draw(t, "caller")
			}
			fmt.Fprintf(&text, "exten => %s,%d,NoOp(%s)\n", name, rapid.IntRange(1, 3).Draw(t, "priority"), name)
		}
		for j := range contexts {
			if j != i && rapid.Bool().Draw(t, "include") {
				fmt.Fprintf(&text, "include => %s\n", contexts[j])
			}
		}
	}
	plan, _, err := Parse("extensions.conf", []byte(text.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		number := rapid.StringMatching(`[0-9*#a-chit-]{1,6}`).Draw(t, "number")
		caller := rapid.SampledFrom([]string{"", "100", "150", "200"}).Draw(t, "from")
		priority := rapid.IntRange(1, 3).Draw(t, "at")
		c := plan.contexts["a"]
		want := (&naive{plan: plan, priority: priority, caller: caller}).find(c, number)
		got, _ := plan.Find("a", number, priority, caller, time.Time{})
		if (got == nil) != (want == nil) || got != nil && got.extension != want {
			t.Fatalf("%s/%d from %q: got %v, want %v in\n%s", number, priority, caller, describe(got), want, text.String())
		}
		m := plan.Match("a", number, priority, caller, time.Time{})
		if m.Exists() != (want != nil) {
			t.Fatalf("%s/%d: Match says %v", number, priority, m)
		}
		longer := (&naive{plan: plan, priority: priority, caller: caller}).more(c, number)
		if m.Partial() != longer {
			t.Fatalf("%s/%d from %q: more digits: got %v, want %v in\n%s", number, priority, caller, m.Partial(), longer, text.String())
		}
	}
}

func describe(p *Priority) string {
	if p == nil {
		return "nothing"
	}
	return p.extension.Name
}

func TestIncludeLoops(t *testing.T) {
	plan, _, err := Parse("extensions.conf", []byte(`
[a]
include => b
[b]
include => a
include => c
exten => 1,1,NoOp()
[c]
exten => 2,1,NoOp()
include => c
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	for exten, want := range map[string]string{"1": "b", "2": "c", "3": ""} {
		_, c := plan.Find("a", exten, 1, "", time.Time{})
		if c == nil && want != "" || c != nil && c.Name != want {
			t.Errorf("%s is in %v, want %q", exten, c, want)
		}
	}
}

func TestTimedInclude(t *testing.T) {
	plan, findings, err := Parse("extensions.conf", []byte(`
[a]
include => day,9:00-17:00,mon-fri,*,*
include => winter,*,*,*,nov-feb
include => bad,25:00,*,*,*
exten => _X.,2,NoOp()
[day]
exten => 100,1,NoOp()
[winter]
exten => 200,1,NoOp()
[bad]
exten => 300,1,NoOp()
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) != 1 || findings[0].Rule != "bad-time" {
		t.Errorf("findings %v", findings)
	}
	monday := time.Date(2026, 11, 23, 17, 0, 59, 0, time.UTC)
	for _, c := range []struct {
		exten string
		at    time.Time
		there bool
	}{
		{"100", monday, true},
		{"100", monday.Add(time.Minute), false},
		{"100", monday.AddDate(0, 0, 5), false},
		{"200", monday, true},
		{"200", monday.AddDate(0, 4, 0), false},
		{"300", monday, false},
	} {
		p, _ := plan.Find("a", c.exten, 1, "", c.at)
		if (p != nil) != c.there {
			t.Errorf("%s at %v: %v", c.exten, c.at, p)
		}
	}
}

func TestMatchPartial(t *testing.T) {
	plan, _, err := Parse("extensions.conf", []byte(`
[a]
exten => 123,1,NoOp()
exten => _45X,1,NoOp()
exten => _6.,1,NoOp()
exten => _7!,1,NoOp()
ignorepat => 9
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	const exists, partial, ignore = channel.MatchExists, channel.MatchPartial, channel.MatchIgnore
	for exten, want := range map[string]channel.Match{
		"12": partial, "123": exists, "1234": 0, "4": partial, "45": partial, "451": exists, "6": partial,
		"61": exists | partial, "7": exists, "71": exists, "9": ignore, "": partial,
	} {
		if got := plan.Match("a", exten, 1, "", time.Time{}); got != want {
			t.Errorf("%q: %b, want %b", exten, got, want)
		}
	}
}
