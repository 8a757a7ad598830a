package say

import (
	"errors"
	"io/fs"
	"math"
	"strings"
	"testing"

	"pbx/sounds"
)

func TestNumber(t *testing.T) {
	tests := []struct {
		n    int64
		want string
	}{
		{0, "0"},
		{7, "7"},
		{13, "13"},
		{20, "20"},
		{42, "40 2"},
		{100, "1 hundred"},
		{305, "3 hundred 5"},
		{999, "9 hundred 90 9"},
		{1000, "1 thousand"},
		{12345, "12 thousand 3 hundred 40 5"},
		{-1, "minus 1"},
		{1000001, "1 million 1"},
		{2_000_000_000, "2 billion"},
		{999_999_999_999, "9 hundred 90 9 billion 9 hundred 90 9 million 9 hundred 90 9 thousand 9 hundred 90 9"},
	}
	for _, tt := range tests {
		got, err := Number("en", tt.n, "")
		if s := strings.ReplaceAll(strings.Join(got, " "), "digits/", ""); err != nil || s != tt.want {
			t.Errorf("%d: %q, %v; want %q", tt.n, s, err, tt.want)
		}
	}
	for _, n := range []int64{1000 * billion, -1000 * billion, math.MinInt64} {
		if got, err := Number("en", n, ""); !errors.Is(err, ErrTooBig) {
			t.Errorf("%d: %q, %v; want ErrTooBig", n, got, err)
		}
	}
}

func TestSpelling(t *testing.T) {
	tests := []struct {
		name string
		got  []string
		want string
	}{
		{"digits", Digits("1*0#-x9"), "digits/1 digits/star digits/0 digits/pound digits/minus digits/9"},
		{"alpha", Alpha("Ab 1.?\n"), "letters/a letters/b letters/space digits/1 letters/dot letters/ascii63"},
	}
	for _, tt := range tests {
		if s := strings.Join(tt.got, " "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, s, tt.want)
		}
	}
}

// What can be said in English is in the prompts that come with the exchange.
func TestPromptsExist(t *testing.T) {
	names := Alpha("abcdefghijklmnopqrstuvwxyz0123456789*#!@$-.=+/ \"%&'(),:;<>?[]_")
	for _, n := range []int64{-1, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 30, 40, 50, 60, 70, 80, 90, 10, 100, 1000, 1e6, 1e9} {
		files, err := Number("en", n, "")
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, files...)
	}
	for _, name := range names {
		if _, err := fs.Stat(sounds.FS(), "en/"+name+".ulaw"); err != nil {
			t.Error(err)
		}
	}
}
