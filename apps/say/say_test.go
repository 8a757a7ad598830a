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

func TestLanguages(t *testing.T) {
	for _, tt := range []struct {
		language, gender string
		n                int64
		want             string
	}{
		{"en_GB", "", 101, "1 hundred and 1"},
		{"en_GB", "", 2034, "2 thousand and 30 4"},
		{"en_GB", "", 1_000_200, "1 million 2 hundred"},
		{"de", "", 1, "1"},
		{"de", "f", 1, "1F"},
		{"de_AT", "", 21, "1-and 20"},
		{"de", "", 40, "40"},
		{"de", "", 100, "hundred"},
		{"de", "", 101, "1N hundred 1"},
		{"de", "", 1000, "thousand"},
		{"de", "", 1136, "1N thousand 1N hundred 6-and 30"},
		{"de", "", 100_100, "hundred thousand 1N hundred"},
		{"de", "", 1_000_000, "1F million"},
		{"de", "", 2_001_000, "2 millions 1N thousand"},
		{"de", "", -7, "minus 7"},
		{"de", "", 0, "0"},
		{"default", "", 21, "20 1"},
		{"es", "", 1, "1"},
		{"es", "f", 21, "21"},
		{"es", "f", 31, "30 and 1F"},
		{"es", "m", 101, "100-and 1M"},
		{"es", "", 100, "100"},
		{"es", "", 1500, "thousand 500"},
		{"es", "", 45_040, "40 and 5 thousand 40"},
		{"es", "", 1_000_001, "1M million 1"},
		{"es", "", 3_000_000, "3 millions"},
		{"fr", "", 21, "20 et 1"},
		{"fr", "f", 61, "60 et 1F"},
		{"fr", "", 22, "20 2"},
		{"fr", "", 70, "60 10"},
		{"fr", "", 71, "60 et 11"},
		{"fr", "", 80, "80"},
		{"fr", "", 81, "80 1"},
		{"fr", "", 99, "80 19"},
		{"fr", "", 199, "hundred 80 19"},
		{"fr", "", 1999, "thousand 9 hundred 80 19"},
		{"fr", "", 2_000_020, "2 million 20"},
		{"it", "", 21, "21"},
		{"it", "", 29, "20 9"},
		{"it", "", 100, "hundred"},
		{"it", "", 238, "2 hundred 38"},
		{"it", "", 1000, "thousand"},
		{"it", "", 2020, "2 thousands 20"},
		{"it", "", 1_000_000, "million"},
		{"da", "", 68, "8-and 60"},
		{"da", "n", 1, "1N"},
		{"da", "", 101, "1N hundred and 1"},
		{"da", "", 2034, "2 thousand and 4-and 30"},
		{"da", "", 1_000_012, "1 million and 12"},
		{"hu", "", 15, "10en 5"},
		{"hu", "", 20, "20"},
		{"hu", "", 29, "20on 9"},
		{"hu", "", 110, "1 hundred 10"},
	} {
		got, err := Number(tt.language, tt.n, tt.gender)
		if s := strings.ReplaceAll(strings.Join(got, " "), "digits/", ""); err != nil || s != tt.want {
			t.Errorf("%s %d %s: %q, %v; want %q", tt.language, tt.n, tt.gender, s, err, tt.want)
		}
	}
	if _, err := Number("de", 1000*billion, ""); !errors.Is(err, ErrTooBig) {
		t.Error("de says too big a number")
	}
	got, _ := Spoken("de", 21, "", func(file string) bool { return file != "digits/1-and" })
	if strings.Join(got, " ") != "digits/20 digits/1" {
		t.Errorf("without the German words: %q", got)
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
