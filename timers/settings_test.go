package timers

import (
	"strings"
	"testing"
	"time"

	"pbx/config"
	"pbx/config/configtest"
)

func load(t *testing.T, text string) ([]*Timer, []config.Finding) {
	t.Helper()
	list, findings, err := Load(configtest.Loader(t, map[string]string{FileName: text}))
	if err != nil {
		t.Fatal(err)
	}
	return list, findings
}

func TestLoad(t *testing.T) {
	list, findings := load(t, `[general]
timezone=Europe/Vienna
missed=1h
[base](!)
context=c
waittime=20
[a](base)
at=2026-12-24 08:00
every=1d
channel=SIP/101
extension=e
set=__V=a=b
set=CALLERID(name)=x
[b](base)
cron=@daily
timezone=UTC
missed=no
exten=e
priority=label
[off](base)
enabled=no
`)
	for _, f := range findings {
		t.Error(f)
	}
	if len(list) != 2 {
		t.Fatalf("%d timers", len(list))
	}
	a, b := list[0], list[1]
	if a.Zone.String() != "Europe/Vienna" || a.Missed != time.Hour || a.File.Dest != "SIP/101" || a.File.WaitTime != 20*time.Second || a.File.Context != "c" ||
		a.File.Priority != "1" || a.Text != "at 2026-12-24 08:00; every 1d" {
		t.Errorf("%+v %+v", a, a.File)
	}
	if v := a.File.Variables; len(v) != 2 || v[0].Name != "V" || v[0].Value.S != "a=b" || v[0].Inherit == 0 || v[1].Name != "CALLERID(name)" {
		t.Errorf("%+v", v)
	}
	if b.Zone != time.UTC || b.Missed != 0 || b.File.Priority != "label" || b.File.Dest != "" {
		t.Errorf("%+v %+v", b, b.File)
	}
}

func TestLoadRefuses(t *testing.T) {
	const good = "at=08:00\nextension=1\n"
	for _, c := range []struct{ name, text, want string }{
		{"no time", "[a]\nextension=1\n", "no at, every or cron"},
		{"a time that is none", "[a]\nat=noon\nat=08:00\nextension=1\n", `timers.conf:2: error: at = "noon": expected a time such as`},
		{"an hour that is none", "[a]\ncron=0 25 * * *\nextension=1\n", "expected a number from 0 to 23 for the hour"},
		{"no place", "[a]\nat=08:00\n", "neither extension nor application"},
		{"an application and no device", "[a]\nat=08:00\napplication=Wait\n", "no channel that it could run on"},
		{"no device", "[a]\nchannel=101\n" + good, `channel = "101" is not Technology/resource`},
		{"no zone", "[a]\ntimezone=Wien\n" + good, `timezone = "Wien" is not a time zone`},
		{"a name", "[a b]\n" + good, "is not a name of letters"},
		{"twice", "[a]\n" + good + "[a]\n" + good, "there is a timer [a] already"},
		{"too long missed", "[a]\nmissed=8d\n" + good, "expected no, or a time of at most 7d"},
		{"misspelled", "[a]\ncorn=0 0 * * *\n" + good, "did you mean cron?"},
	} {
		_, findings := load(t, c.text)
		var all []string
		for _, f := range findings {
			all = append(all, f.String())
		}
		if got := strings.Join(all, "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
