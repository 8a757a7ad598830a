package api

import (
	"net/netip"
	"strings"
	"testing"

	"pbx/config"
	"pbx/config/configtest"
)

const secret = "0123456789abcdef01234567"

func load(t *testing.T, text string) (Settings, []config.Finding) {
	t.Helper()
	s, findings, err := Load(configtest.Loader(t, map[string]string{"api.conf": text}))
	if err != nil {
		t.Fatal(err)
	}
	return s, findings
}

// TestLoad: what a line of api.conf does, and what is said of one that is wrong.
func TestLoad(t *testing.T) {
	const token = "[crm]\nsecret=" + secret + "\npermissions=read\n"
	for name, tt := range map[string]struct {
		text    string
		tokens  int
		finding string
	}{
		"no file":          {"", 0, ""},
		"one token":        {"[general]\nenabled=yes\n" + token, 1, ""},
		"a hash":           {"[crm]\nsha256=" + strings.Repeat("ab", 32) + "\npermissions=all\n", 1, ""},
		"a bad hash":       {"[crm]\nsha256=abc\npermissions=all\n", 0, "api.conf:1: error: [crm] sha256 is not the 64 hex digits"},
		"no secret":        {"[crm]\npermissions=all\n", 0, "api.conf:1: warning: [crm] has neither secret nor sha256"},
		"a short one":      {"[crm]\nsecret=12345\npermissions=all\n", 1, "api.conf:1: warning: [crm] has a secret that can be guessed"},
		"one secret twice": {token + "[two]\nsecret=" + secret + "\npermissions=all\n", 1, "api.conf:4: error: [two] and [crm] have one secret"},
		"one name twice":   {token + "[CRM]\nsecret=another" + secret + "\npermissions=all\n", 1, "api.conf:4: warning: api.conf has two sections [CRM]"},
		"no permission":    {"[crm]\nsecret=" + secret + "\n", 1, "api.conf:1: warning: [crm] has no permissions"},
		"what permission":  {token + "permissions=reed\n", 1, "api.conf:4: warning: permissions = \"reed\": expected some of read, events"},
		"misspelled":       {"[general]\nenabld=yes\n", 0, "api.conf:2: warning: unknown option \"enabld\"; did you mean enabled?"},
		"bad permit":       {"[general]\npermit=here\n", 0, "api.conf:2: error: permit: \"here\" is not an address; until this is mended nobody passes"},
		"bad origin":       {"[general]\norigin=crm.example.com\n", 0, "api.conf:2: error: origin: \"crm.example.com\" is not an origin"},
	} {
		t.Run(name, func(t *testing.T) {
			s, findings := load(t, tt.text)
			if len(s.tokens) != tt.tokens {
				t.Errorf("%d tokens, want %d", len(s.tokens), tt.tokens)
			}
			switch {
			case tt.finding == "" && len(findings) > 0:
				t.Error(findings)
			case tt.finding != "" && (len(findings) == 0 || !strings.HasPrefix(findings[len(findings)-1].String(), tt.finding)):
				t.Errorf("%v, want %s", findings, tt.finding)
			}
		})
	}
}

// TestAllows: programs on this machine pass, others where a line says so.
func TestAllows(t *testing.T) {
	for _, tt := range []struct {
		lines string
		yes   string
		no    string
	}{
		{"", "127.0.0.1 ::1", "192.0.2.1 2001:db8::1"},
		{"permit=192.0.2.0/24\n", "127.0.0.1 192.0.2.9", "198.51.100.1"},
		{"permit=0.0.0.0/0\ndeny=192.0.2.7\n", "192.0.2.8", "192.0.2.7 2001:db8::1"},
		{"deny=127.0.0.1\n", "::1", "127.0.0.1"},
		{"permit=192.0.2.0/24\npermit=oops\n", "", "127.0.0.1 192.0.2.9"},
	} {
		s, _ := load(t, "[general]\n"+tt.lines)
		for want, list := range map[bool]string{true: tt.yes, false: tt.no} {
			for _, a := range strings.Fields(list) {
				if got := s.allows(netip.MustParseAddr(a)); got != want {
					t.Errorf("%q: %s passes: %v", tt.lines, a, got)
				}
			}
		}
	}
	var none Settings
	none, _ = load(t, "")
	if none.allows(netip.Addr{}) {
		t.Error("nobody's address passes")
	}
}
