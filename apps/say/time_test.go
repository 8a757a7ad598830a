package say

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"pbx/sounds"
)

func TestTime(t *testing.T) {
	now := time.Date(2026, 11, 28, 18, 5, 0, 0, time.UTC) // a Saturday
	for _, tt := range []struct {
		at     string
		format string
		want   string
	}{
		{"2026-11-03 18:05:09", DefaultTime, "day-2 mon-10 h-3 2 thousand 20 6 at 6 oh 5 p-m"},
		{"2026-11-21 00:00:00", "dIMp", "20 h-1 12 oclock a-m"},
		{"1999-01-30 09:30:00", "BdYHMS", "mon-0 h-30 19 90 9 oh 9 30 0"},
		{"1905-12-20 13:10:00", "Yk", "19 oh 5 13"},
		{"2026-11-21 00:00:00", "HNS", "oh hundred 0"},
		{"2026-11-21 00:07:00", "kN", "oh oh 7"},
		{"2026-11-21 09:15:00", "kN", "9 15"},
		{"2026-11-21 20:00:00", "HN", "20 hundred"},
		{"2026-11-21 21:00:59", "HMS", "20 1 oclock 50 9"},
		{"1900-12-31 13:10:00", "dYm", "30 h-1 19 hundred h-12"},
		{"2026-11-28 10:00:00", "Q", "today"},
		{"2026-11-28 10:00:00", "q", ""},
		{"2026-11-27 23:59:00", "Q", "yesterday"},
		{"2026-11-24 10:00:00", "Q", "day-2"},
		{"2026-11-22 00:00:00", "q", "day-0"},
		{"2026-11-21 10:00:00", "Q", "day-6 mon-10 20 h-1"},
		{"2026-11-01 10:00:00", "Q", "day-0 mon-10 h-1"},
		{"2026-10-01 10:00:00", "Q", "mon-9 h-1"},
		{"2026-06-01 10:00:00", "q", "mon-5 h-1"},
		{"2026-05-01 10:00:00", "Q", "mon-4 h-1 2 thousand 20 6"},
		{"2026-12-01 10:00:00", "Q", "day-2 mon-11 h-1 2 thousand 20 6"},
		{"2026-11-28 10:07:03", "T", "10 oh 7 oh 3"},
		{"2026-11-28 10:07:03", "'vm-and'R'", "vm-and 10 oh 7"},
	} {
		at, err := time.Parse(time.DateTime, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(strings.Join(Time("en", at, now, tt.format), " "), "digits/", ""); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.at, tt.format, got, tt.want)
		}
	}
}

func TestOrdinal(t *testing.T) {
	for n, want := range map[int64]string{
		1: "h-1", 12: "h-12", 20: "h-20", 21: "20 h-1", 30: "h-30", 99: "90 h-9", 100: "1 h-hundred", 101: "1 hundred h-1",
		1000: "1 h-thousand", 2026: "2 thousand 20 h-6",
	} {
		got, err := Ordinal("en", n)
		if s := strings.ReplaceAll(strings.Join(got, " "), "digits/", ""); s != want || err != nil {
			t.Errorf("%d: %s, %v; want %s", n, s, err, want)
		}
	}
}

func TestOtherWays(t *testing.T) {
	money := func(s string) []string {
		files, err := Money("en", s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		}
		return files
	}
	for want, got := range map[string][]string{
		"phonetic/a_p digits/1 phonetic/z_p letters/dash":            Phonetic("A1z-"),
		"uppercase letters/a lowercase letters/b digits/1":           AlphaCase("Ab1", CaseAll),
		"uppercase letters/a letters/b":                              AlphaCase("Ab", CaseUpper),
		"digits/1 dollar and digits/20 digits/5 cents":               money("1.25"),
		"digits/2 dollars":                                           money("2"),
		"digits/1 cent":                                              money("0.01"),
		"digits/0 dollars":                                           money("0"),
		"digits/1 digits/hundred digits/5 dollars and digits/1 cent": money("105.01"),
	} {
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s, want %s", s, want)
		}
	}
	if _, err := Money("en", "much"); err == nil {
		t.Error("an amount that is none")
	}
}

// What is said of times is in the prompts that come with the exchange.
func TestTimePromptsExist(t *testing.T) {
	now := time.Date(2026, 11, 28, 18, 5, 0, 0, time.UTC)
	var names []string
	for d := range 800 {
		names = append(names, Time("en", now.Add(-time.Duration(d)*25*time.Hour), now, "ABdYmIMpHNSQT'digits/at'")...)
	}
	for n := int64(1); n < 1100; n++ {
		names = append(names, ordinal(n)...)
	}
	names = append(append(names, Phonetic("abcdefghijklmnopqrstuvwxyz")...), AlphaCase("aA", CaseAll)...)
	names = append(names, "dollar", "dollars", "cent", "cents", "and", "agent-pass", "auth-incorrect", "auth-thankyou")
	for _, name := range names {
		if _, err := fs.Stat(sounds.FS(), "en/"+name+".ulaw"); err != nil {
			t.Error(err)
		}
	}
}
