package manager

import (
	"strings"
	"testing"

	"pbx/config"
	"pbx/config/configtest"
)

func loadText(t *testing.T, files map[string]string) (Settings, []config.Finding) {
	t.Helper()
	s, findings, err := Load(configtest.Loader(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return s, findings
}

func TestLoad(t *testing.T) {
	const user = "\n[crm]\nsecret=correct horse\nread=call\nwrite=originate\n"
	for name, tt := range map[string]struct {
		text    string
		finding string // a part of the only one
	}{
		"no file":            {"", ""},
		"off":                {"[general]\nenabled=no\nbindaddr=0.0.0.0\n" + user, ""},
		"loopback by itself": {"[general]\nenabled=yes\n" + user, "listens on 127.0.0.1 only"},
		"loopback":           {"[general]\nenabled=yes\nbindaddr=127.0.0.1\n" + user, ""},
		"open":               {"[general]\nenabled=yes\nbindaddr=0.0.0.0\n" + user, "[crm] may log in from everywhere"},
		"fenced":             {"[general]\nenabled=yes\nbindaddr=0.0.0.0\n" + user + "deny=0.0.0.0/0\npermit=10.0.0.0/8\n", ""},
		"weak":               {"[general]\nenabled=yes\nbindaddr=::1\n[admin]\nsecret=amp111\n", "a secret that is guessed first"},
		"no secret":          {"[general]\n[admin]\nread=all\n", "has no secret"},
		"misspelled":         {"[general]\nenabeld=yes\n", "did you mean enabled?"},
		"misspelled user":    {"[general]\n" + user + "wirte=all\n", "did you mean write?"},
		"class":              {"[general]\n" + user + "read=call,dialpan\n", "did you mean dialplan?"},
		"bad deny":           {"[general]\n" + user + "deny=everybody\n", "nobody passes"},
		"unknown acl":        {"[general]\n" + user + "acl=nosuch\n", "acl.conf has no section [nosuch]"},
		"bad filter":         {"[general]\n" + user + "eventfilter=[\n", "did not compile"},
		"newer filter":       {"[general]\n" + user + "eventfilter(action(exclude),name(VarSet)) =\n", ""},
		"certificate":        {"[general]\nenabled=yes\nbindaddr=127.0.0.1\ntlsenable=yes\n", "asterisk.pem: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			if tt.text != "" {
				files["manager.conf"] = tt.text
			}
			_, findings := loadText(t, files)
			switch {
			case tt.finding == "" && len(findings) > 0:
				t.Error(findings)
			case tt.finding != "" && (len(findings) != 1 || !strings.Contains(findings[0].String(), tt.finding)):
				t.Errorf("%v, want %s", findings, tt.finding)
			}
		})
	}
}

func TestUser(t *testing.T) {
	s, _ := loadText(t, map[string]string{
		"manager.conf": "[general]\nchannelvars=A, B\n[crm](!)\nread=call\n[front](crm)\nsecret=x\nwrite=system,originate\nacl=office\nsetvar=WHO=crm\nwritetimeout=500\n",
		"acl.conf":     "[office]\ndeny=0.0.0.0/0\npermit=10.0.0.0/8\n",
	})
	u := s.user("FRONT")
	if u == nil || len(s.Users) != 1 {
		t.Fatalf("users: %v", s.Users)
	}
	if u.Read != ClassCall || u.Write != ClassSystem|ClassOriginate || len(u.ACL) != 2 || len(u.Variables) != 1 || u.WriteTimeout.Milliseconds() != 500 {
		t.Errorf("%+v", u)
	}
	if got := strings.Join(s.ChannelVars, "|"); got != "A|B" {
		t.Errorf("channelvars %q", got)
	}
}

func TestClasses(t *testing.T) {
	for text, want := range map[string]string{
		"all": ClassAll.String(), "": "", "none": "", "call, system": "system,call", "CALL": "call",
	} {
		if c, unknown := ParseClasses(text); c.String() != want || len(unknown) > 0 {
			t.Errorf("%q: %s, %v", text, c, unknown)
		}
	}
	if c, ok := eventMask("bogus"); c != 0 || !ok {
		t.Errorf("bogus is %v, %v", c, ok)
	}
}
