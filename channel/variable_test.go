package channel

import (
	"testing"

	"pgregory.net/rapid"

	"pbx/decl"
)

// TestSlice: a byte of a slice came from the network if it did in the whole.
func TestSlice(t *testing.T) {
	tainted := func(v Value, i int) bool {
		for _, s := range v.Taint {
			if i >= s.Start && i < s.End {
				return true
			}
		}
		return false
	}
	rapid.Check(t, func(t *rapid.T) {
		v := Value{S: rapid.StringN(0, 100, 200).Draw(t, "text")}
		for at := 0; at < len(v.S); {
			start := at + rapid.IntRange(0, 30).Draw(t, "gap")
			end := min(start+rapid.IntRange(1, 30).Draw(t, "length"), len(v.S))
			if start < end {
				v.Taint = append(v.Taint, decl.Span{Start: start, End: end})
			}
			at = end + 1
			if start >= len(v.S) {
				break
			}
		}
		start := rapid.IntRange(0, len(v.S)).Draw(t, "start")
		end := rapid.IntRange(start, len(v.S)).Draw(t, "end")
		got := v.Slice(start, end)
		if got.S != v.S[start:end] {
			t.Fatalf("%q", got.S)
		}
		before := 0
		for _, s := range got.Taint {
			if s.Start < before || s.End <= s.Start || s.End > len(got.S) {
				t.Fatalf("%v of %d bytes", got.Taint, len(got.S))
			}
			before = s.End
		}
		for i := range len(got.S) {
			if tainted(got, i) != tainted(v, start+i) {
				t.Fatalf("byte %d of [%d:%d]: %v of %v", i, start, end, got.Taint, v.Taint)
			}
		}
	})
}
