package callfile

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pbx/channel"
)

func TestParse(t *testing.T) {
	const head = "Channel: SIP/a\nExtension: 1\n"
	base := func(change func(*File)) *File {
		f := &File{
			Dest: "SIP/a", Context: "default", Exten: "1", Priority: "1", RetryTime: defaultRetry, WaitTime: defaultWait, AlwaysDelete: true,
		}
		change(f)
		return f
	}
	for text, want := range map[string]*File{
		"":                              base(func(*File) {}),
		"Data: a\\;b ; c":               base(func(f *File) { f.Data = "a;b" }),
		"Data: a#b # c":                 base(func(f *File) { f.Data = "a#b" }),
		"Data: http://x/y":              base(func(f *File) { f.Data = "http://x/y" }),
		"\tPRIORITY :lbl\r":             base(func(f *File) { f.Priority = "lbl" }),
		"Early_Media: yes\narchive: on": base(func(f *File) { f.EarlyMedia, f.Archive = true, true }),
		"WaitTime: 30s\nMaxRetries: +2 times\nRetryTime:60": base(func(f *File) {
			f.WaitTime, f.MaxRetries, f.RetryTime = 30*time.Second, 2, time.Minute
		}),
		"Codecs: ulaw, alaw":                 base(func(f *File) { f.Formats = []string{"ulaw", "alaw"} }),
		"StartRetry: 1 1 (5)\nEndRetry: x\n": base(func(f *File) { f.Attempts = 1 }),
		"Set: _A=x,y\nSetVar: CALLERID(num)=5": base(func(f *File) {
			f.Variables = []channel.Variable{
				{Name: "A", Value: channel.Clean("x,y"), Inherit: channel.Children}, {Name: "CALLERID(num)", Value: channel.Clean("5")},
			}
		}),
	} {
		got, problems, err := Parse(head + text)
		if err != nil || len(problems) > 0 {
			t.Errorf("%q: %v %v", text, problems, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: -want +got\n%s", text, d)
		}
	}
	for text, want := range map[string]string{
		"a%d: x":             "Unknown keyword 'a%d' at line 3",
		"WaitTime: 0":        "Invalid wait time at line 3",
		"RetryTime: 9999999": "Invalid retry time at line 3",
		"MaxRetries: -1":     "Invalid max retries at line 3",
		"\n word":            "Syntax error at line 4",
		"Set: A":             "Malformed variable, should be variable=value, at line 3",
		"MaxRetries: x":      "Invalid max retries at line 3",
	} {
		if _, problems, err := Parse(head + text); err != nil || len(problems) != 1 || problems[0] != want {
			t.Errorf("%q: %q %v, want %q", text, problems, err, want)
		}
	}
	for _, text := range []string{"", "Channel: SIP/a", "Channel: SIP\nExtension: 1", "Extension: 1", "Channel: /a\nApplication: Wait"} {
		if f, _, err := Parse(text); err == nil {
			t.Errorf("%q is %+v", text, f)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Channel: SIP/a\nExtension: 1\nSet: A=\\;;\n# x\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, _, err := Parse(text)
		if err == nil && (file.WaitTime <= 0 || file.RetryTime <= 0 || file.MaxRetries < 0 || file.Dest == "") {
			t.Errorf("%+v", file)
		}
	})
}
