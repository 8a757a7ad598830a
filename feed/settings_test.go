package feed

import (
	"strings"
	"testing"

	"pbx/config"
	"pbx/config/configtest"
)

func load(t *testing.T, text string) (Settings, []config.Finding) {
	t.Helper()
	s, findings, err := Load(configtest.Loader(t, map[string]string{"events.conf": text}))
	if err != nil {
		t.Fatal(err)
	}
	return s, findings
}

// TestLoad: which sections make a sink, and what is said of the others.
func TestLoad(t *testing.T) {
	for name, tt := range map[string]struct {
		text    string
		sinks   int
		finding string
	}{
		"no file":                      {"", 0, ""},
		"unix":                         {"[a]\ntype=unix\npath=/run/pbx/events.sock\nmode=0660\nevents=dial.*\nfields=channel,status\n", 1, ""},
		"no path":                      {"[a]\ntype=unix\n", 0, "events.conf:1: error: [a] path is missing"},
		"a relative path":              {"[a]\ntype=unix\npath=x\n", 0, `events.conf:3: error: [a] path = "x" does not begin with /`},
		"for everybody":                {"[a]\ntype=unix\npath=/x\nmode=0666\n", 1, "events.conf:4: warning: [a] mode lets everybody"},
		"tcp":                          {"[a]\ntype=tcp\nbind=127.0.0.1:5090\n", 1, ""},
		"to a collector":               {"[a]\ntype=tcp\nconnect=127.0.0.1:5170\n", 1, ""},
		"both":                         {"[a]\ntype=tcp\nbind=127.0.0.1:1\nconnect=127.0.0.1:2\n", 0, "events.conf:3: error: [a] has either bind or connect"},
		"open to the world":            {"[a]\ntype=tcp\nbind=0.0.0.0:5090\n", 0, "events.conf:3: error: [a] listens on 0.0.0.0:5090 without secret"},
		"with a secret":                {"[a]\ntype=tcp\nbind=0.0.0.0:5090\nsecret=d81bb2b5f7c1\npermit=192.0.2.0/24\n", 1, ""},
		"TLS without a certificate":    {"[a]\ntype=tcp\nbind=127.0.0.1:5090\ntls=yes\n", 1, "events.conf:1: error: [a] tlscertfile: "},
		"no authorities":               {"[a]\ntype=tcp\nconnect=192.0.2.1:5170\ntls=yes\ntlscafile=ca.pem\n", 1, "events.conf:5: error: [a] tlscafile: "},
		"TLS of a socket":              {"[a]\ntype=unix\npath=/x\ntls=yes\n", 1, "events.conf:4: warning: [a] tls has no effect on a sink of type unix"},
		"in clear text to a collector": {"[a]\ntype=tcp\nconnect=192.0.2.1:5170\n", 1, "events.conf:3: note: [a] events go to 192.0.2.1:5170 in clear text"},
		"an odd permit":                {"[a]\ntype=tcp\nbind=127.0.0.1:5090\npermit=x\n", 0, "events.conf:4: error: [a] permit:"},
		"webhook":                      {"[a]\ntype=webhook\nurl=https://crm.example.com/hook\nsecret=s\nbatch=10\n", 1, ""},
		"in clear text":                {"[a]\ntype=webhook\nurl=http://crm.example.com/hook\n", 1, "events.conf:3: note: [a] events go to crm.example.com in clear text"},
		"no url":                       {"[a]\ntype=webhook\n", 0, "events.conf:1: error: [a] url:"},
		"an odd batch":                 {"[a]\ntype=webhook\nurl=https://x/\nbatch=0\n", 1, "events.conf:4: error: [a] batch is from 1 to 1000"},
		"an odd queue":                 {"[a]\ntype=webhook\nurl=https://x/\nqueue=0\n", 1, "events.conf:4: error: [a] queue is from 1"},
		"nats":                         {"[a]\ntype=nats\nserver=nats://127.0.0.1:4222\nsubject=office.{event}\njetstream=yes\n", 1, ""},
		"an odd subject":               {"[a]\ntype=nats\nsubject=office.*\n", 0, `events.conf:3: error: [a] subject = "office.*"`},
		"an odd server":                {"[a]\ntype=nats\nserver=127.0.0.1\n", 0, "events.conf:3: error: [a] server:"},
		"no type":                      {"[a]\npath=/x\n", 0, "events.conf:1: error: [a] type is one of"},
		"another's option":             {"[a]\ntype=unix\npath=/x\nurl=https://x/\n", 1, "events.conf:4: warning: [a] url has no effect on a sink of type unix"},
		"an unknown option":            {"[a]\ntype=unix\npath=/x\npaht=/y\n", 1, `events.conf:4: warning: unknown option "paht"; did you mean path?`},
		"an unknown event":             {"[a]\ntype=unix\npath=/x\nevents=dial.ende\n", 0, `events.conf:4: error: [a] events: there is no event "dial.ende"; did you mean dial.end?`},
		"an unknown field":             {"[a]\ntype=unix\npath=/x\nfields=chan\n", 0, `events.conf:4: error: [a] fields: there is no field "chan"`},
		"twice":                        {"[a]\ntype=unix\npath=/x\n[A]\ntype=unix\npath=/y\n", 1, "events.conf:4: warning: [A] stands twice"},
	} {
		t.Run(name, func(t *testing.T) {
			s, findings := load(t, tt.text)
			if len(s.sinks) != tt.sinks {
				t.Errorf("%d sinks, want %d", len(s.sinks), tt.sinks)
			}
			switch {
			case tt.finding == "" && len(findings) > 0:
				t.Error(findings)
			case tt.finding != "" && (len(findings) != 1 || !strings.HasPrefix(findings[0].String(), tt.finding)):
				t.Errorf("%v, want %s", findings, tt.finding)
			}
		})
	}
}
