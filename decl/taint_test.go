package decl

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestPieces: what a caller wrote is found again in a text that is made of it, and
// what the office wrote beside it is left alone where it shares no character.
func TestPieces(t *testing.T) {
	for name, tt := range map[string]struct {
		saw  string
		own  int // bytes at the beginning of saw that are the office's
		text string
		want string // - for what came from the network
	}{
		"a number behind a slash":   {"SIP/109", 4, "SIP/109", "SIP/---"},
		"a slash of the caller's":   {"SIP/1/9", 4, "SIP/1/9", "SIP----"},
		"capital letters":           {"sip/bob", 4, "SIP/BOB", "SIP/---"},
		"the other branch":          {"abc", 0, "hello 5", "hello 5"},
		"characters that both have": {"x100", 1, "SIP/1001&SIP/200", "SIP/----&SIP/2--"},
		"what parts nothing":        {"15", 0, "1-a5.5", "----.-"},
		"nothing seen":              {"SIP/100", 7, "SIP/100", "SIP/100"},
		"no text":                   {"1", 0, "", ""},
		"outside of ASCII":          {"é", 0, "xéx", "x--x"},
	} {
		t.Run(name, func(t *testing.T) {
			a := new(Args)
			if tt.own < len(tt.saw) {
				a.Saw(tt.saw, []Span{{tt.own, len(tt.saw)}})
			}
			a.MarkPieces(tt.text)
			got := []byte(tt.text)
			for _, s := range a.ValueTaint(tt.text) {
				for i := s.Start; i < s.End; i++ {
					got[i] = '-'
				}
			}
			if string(got) != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if a.Tainted != strings.Contains(tt.want, "-") {
				t.Errorf("tainted: %v", a.Tainted)
			}
		})
	}
}

// Whatever is moved, every byte of it that came from the network is marked.
func TestPiecesLoseNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := new(Args)
		var text string
		var foreign []bool
		for range rapid.IntRange(0, 6).Draw(t, "pieces") {
			s, theirs := rapid.StringMatching(`[ab/&1A]{0,4}`).Draw(t, "s"), rapid.Bool().Draw(t, "theirs")
			if theirs {
				a.Saw(s, []Span{{0, len(s)}})
			}
			if rapid.Bool().Draw(t, "upper") {
				s = strings.ToUpper(s)
			}
			text += s
			for range len(s) {
				foreign = append(foreign, theirs)
			}
		}
		end := 0
		for _, s := range a.Pieces(text) {
			if s.Start < end || s.End <= s.Start || s.End > len(text) {
				t.Fatalf("%v of %q", a.Pieces(text), text)
			}
			for end = s.Start; end < s.End; end++ {
				foreign[end] = false
			}
		}
		for i, lost := range foreign {
			if lost {
				t.Fatalf("byte %d of %q came from the network: %v", i, text, a.Pieces(text))
			}
		}
	})
}

// A Read that says nothing speaks of the whole value.
func TestValueTaint(t *testing.T) {
	a := &Args{Tainted: true}
	if got := a.ValueTaint("abc"); len(got) != 1 || got[0] != (Span{0, 3}) {
		t.Errorf("the whole: %v", got)
	}
	a.Tainted = false
	if got := a.ValueTaint("abc"); got != nil {
		t.Errorf("none: %v", got)
	}
	a.Mark([]Span{{1, 2}})
	if got := a.ValueTaint("abc"); !a.Tainted || len(got) != 1 || got[0] != (Span{1, 2}) {
		t.Errorf("part: %v", got)
	}
}
