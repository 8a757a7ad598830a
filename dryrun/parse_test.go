package dryrun

import (
	"strings"
	"testing"
	"time"
)

func TestParseBehaviour(t *testing.T) {
	for text, want := range map[string]Behaviour{
		"answers":                     {Kind: Answers},
		"no":                          {Kind: Rings},
		"does not answer":             {Kind: Rings},
		"is busy":                     {Kind: IsBusy},
		"busy after 2s":               {Kind: IsBusy, After: 2 * time.Second},
		"after:3s":                    {Kind: Answers, After: 3 * time.Second},
		"answers after 1.5 for 10":    {Kind: Answers, After: 1500 * time.Millisecond, Hangup: 10 * time.Second},
		"refuses":                     {Kind: Refuses},
		"congestion":                  {Kind: Congested},
		"unavailable":                 {Kind: Unavailable},
		"forward:103":                 {Kind: Forwards, Forward: "103"},
		"forwards to 103 after 500ms": {Kind: Forwards, Forward: "103", After: 500 * time.Millisecond},
	} {
		if got, err := ParseBehaviour(text); got != want || err != nil {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "maybe", "answers after soon", "forward"} {
		if got, err := ParseBehaviour(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func TestParseMoment(t *testing.T) {
	now := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC) // a Saturday
	for text, want := range map[string]string{
		"now": "2026-11-28 10:00:00", "18:05": "2026-11-28 18:05:00", "Mon 18:05": "2026-11-30 18:05:00", "saturday 9:00": "2026-11-28 09:00:00",
		"24 Dec 18:05": "2026-12-24 18:05:00", "1 Jan 0:00": "2027-01-01 00:00:00", "2027-03-04 05:06": "2027-03-04 05:06:00",
		"2027-03-04 05:06:07": "2027-03-04 05:06:07",
	} {
		got, err := ParseMoment(text, now)
		if s := got.Format(time.DateTime); s != want || err != nil {
			t.Errorf("%s: %s, %v; want %s", text, s, err, want)
		}
	}
	if _, err := ParseMoment("teatime", now); err == nil {
		t.Error("teatime was read")
	}
}

func TestParseTestsMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"dial 5":                                               `f:1: a file of tests begins with "test NAME"`,
		"test a\n from 101\n expect answered":                  `f:1: test "a" dials nothing`,
		"test a\n dial 5\n expect answered":                    `f:1: test "a" does not say who calls`,
		"test a\n from 101\n dial 5":                           `f:1: test "a" expects nothing, so it cannot fail`,
		"test a\n frm 101":                                     `f:2: a test has no line "frm"; did you mean from?`,
		"test a\n from":                                        `f:2: from needs something behind it`,
		"test a\n\n; x\n at teatime":                           `f:4: "teatime" is not a moment`,
		"test a\n press 5x":                                    `f:2: "5x" are not keys`,
		"test a\n device SIP/1 sings":                          `f:2: "sings" is not answers`,
		"test a\n state SIP/1 HAPPY":                           `f:2: "HAPPY" is not a state`,
		"test a\n expect nonsense":                             `f:2: expect nonsense: known are app`,
		"test a\n expect variable X":                           `f:2: expect variable X: a variable is NAME = VALUE`,
		"test a\n from 1\n dial 2\n expect answered\ntest b\n": `f:5: test "b" dials nothing`,
	} {
		if _, err := ParseTests("f", strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v\nwant: %s", text, err, want)
		}
	}
}

func FuzzParseTests(f *testing.F) {
	f.Add("test a\n from 101\n at Mon 18:05\n device SIP/1 busy after 2s\n press 1@3s\n dial 5\n expect app Dial(SIP/...)\n expect not answered\n")
	f.Fuzz(func(t *testing.T, text string) {
		tests, err := ParseTests("f", strings.NewReader(text))
		if err == nil {
			for _, x := range tests {
				if x.Call.Exten == "" || len(x.Expects) == 0 {
					t.Errorf("%q: test %q is not whole", text, x.Name)
				}
			}
		}
	})
}

func TestLike(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"a,b", "a,b", true},
		{"a", "a,b", false},
		{"...", "", true},
		{"a,...", "a,b", true},
		{"...,b", "a,b", true},
		{"a...c", "abc", true},
		{"a...b...c", "a1b2c", true},
		{"a...b...c", "a1c2b", false},
		{"a...a", "a", false},
	} {
		if got := like(tt.pattern, tt.text); got != tt.want {
			t.Errorf("%q, %q: %v", tt.pattern, tt.text, got)
		}
	}
}
