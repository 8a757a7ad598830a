package dialplan

import (
	"math/rand/v2"
	"testing"
)

func TestCouldBe(t *testing.T) {
	exten := func(name string) func(string) (Shape, bool) {
		return func(v string) (Shape, bool) {
			if v == "EXTEN" {
				return PatternShape(name), true
			}
			return nil, false
		}
	}
	for _, tt := range []struct {
		text, exten, name string
		want              bool
	}{
		{"100", "s", "100", true},
		{"100", "s", "_1XX", true},
		{"100", "s", "_2XX", false},
		{"1-00", "s", "100", true},
		{"${X}", "s", "100", true},
		{"sw_1_${X}", "s", "_sw_1_3.", true},
		{"sw_1_${X}", "s", "_sw_2_.", false},
		{"sw_1_${X}", "s", "sw_1_", true},
		{"${X}-end", "s", "the-end", true},
		{"${X}end", "s", "the-start", false},
		{"${EXTEN}", "_10[1-4]", "_10X", true},
		{"${EXTEN}", "_10[1-4]", "105", false},
		{"${EXTEN:1}", "_9NXX", "_NXX", true},
		{"${EXTEN:1}", "_9NXX", "_1XX", false},
		{"${EXTEN:1:2}", "_9NXX.", "_NX", true},
		{"${EXTEN:1:2}", "_9NXX.", "_NXX", false},
		{"${EXTEN:-2}", "_9N55", "55", true},
		{"${EXTEN:-2}", "_9N55", "56", false},
		{"${EXTEN:${N}}", "_9N55", "56", true},
		{"${LEN(${EXTEN})}", "_9", "56", true},
		{"a$[1+2]", "s", "b3", false},
	} {
		if got := ShapeOf(tt.text, exten(tt.exten)).CouldBe(tt.name); got != tt.want {
			t.Errorf("%s of %s, %s: %v", tt.text, tt.exten, tt.name, got)
		}
	}
}

func TestCovered(t *testing.T) {
	for _, tt := range []struct {
		name   string
		others []string
		want   bool
	}{
		{"_XXX", []string{"_[0-4]XX", "_[5-9]XX"}, true},
		{"_XXX", []string{"_[0-4]XX", "_[6-9]XX"}, false},
		{"100", []string{"_X."}, true},
		{"1", []string{"_X."}, false},
		{"1", []string{"_X!"}, true},
		{"_1X.", []string{"_X."}, true},
		{"_X.", []string{"_XX", "_XXX"}, false},
		{"_X.", []string{"_XX", "_XXX", "_XXX."}, false}, // 1a
		{"_X.", []string{"_[0-4].", "_[5-9]."}, true},
		{"_X!", []string{"_X.", "_X"}, true},
		{"_X!", []string{"_X."}, false},
		{"_.", []string{"_!"}, true},
		{"s", []string{"_X."}, false},
		{"_NXX", []string{"_ZXX"}, true},
		{"_ZXX", []string{"_NXX", "_1XX"}, true},
	} {
		if got := Covered(tt.name, tt.others); got != tt.want {
			t.Errorf("%s by %v: %v", tt.name, tt.others, got)
		}
	}
}

// TestShapesAgreeWithMatching holds, on random patterns and numbers, that a
// number which two patterns match is one that their shapes share, and that a
// covered pattern has no number of its own.
func TestShapesAgreeWithMatching(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(parts []string, n int) (s string) {
		for range n {
			s += parts[r.IntN(len(parts))]
		}
		return s
	}
	tokens := []string{"X", "Z", "N", "1", "2", "[1-3]", "[29]"}
	met, hidden := 0, 0
	for range 20000 {
		a, b, c := "_"+pick(tokens, 1+r.IntN(3)), "_"+pick(tokens, 1+r.IntN(3)), "_"+pick(tokens, 1+r.IntN(2))
		b, c = b+pick([]string{"", ".", "!"}, 1), c+pick([]string{"", ".", "!"}, 1)
		number := pick([]string{"0", "1", "2", "3", "9"}, 1+r.IntN(4))
		if Matches(a, number) && Matches(b, number) {
			met++
			if !PatternShape(a).CouldBe(b) {
				t.Fatalf("%s and %s both match %s", a, b, number)
			}
		}
		if Matches(a, number) && !Matches(b, number) && !Matches(c, number) {
			hidden++
			if Covered(a, []string{b, c}) {
				t.Fatalf("%s is covered by %s and %s, and only it matches %s", a, b, c, number)
			}
		}
	}
	if met < 100 || hidden < 100 {
		t.Errorf("only %d and %d cases", met, hidden)
	}
}

func TestReferences(t *testing.T) {
	got := References("a${B:1:2}c$[${D} + 1]${E(${F},x):3}${G${H}}")
	if len(got) != 4 {
		t.Fatalf("%+v", got)
	}
	if r := got[0]; r.Name != "B" || r.Offset != 1 || r.Length != 2 || r.Start != 1 || r.End != 9 {
		t.Errorf("%+v", r)
	}
	if r := got[1]; !r.Expression || r.Inner != "${D} + 1" {
		t.Errorf("%+v", r)
	}
	if r := got[2]; !r.Function || r.Name != "E" || r.Args != "${F},x" || r.Offset != 3 {
		t.Errorf("%+v", r)
	}
	if r := got[3]; r.Name != "G${H}" || r.Function {
		t.Errorf("%+v", r)
	}
}
