package acl

import (
	"net/netip"
	"testing"

	"pbx/config"
)

func TestList(t *testing.T) {
	for name, tt := range map[string]struct {
		text  string
		allow string
		deny  string
	}{
		"nothing allows all":     {"", "192.0.2.1", ""},
		"the last match decides": {"deny=0.0.0.0/0.0.0.0\npermit=10.0.0.0/8\ndeny=10.1.0.0/255.255.0.0", "10.2.0.1", "10.1.0.1"},
		"mapped counts as IPv4":  {"deny=0.0.0.0/0\npermit=10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.2"},
		"a complement":           {"deny=!10.0.0.0/8", "10.9.9.9", "192.0.2.1"},
		"a bad deny closes":      {"deny=nonsense", "", "10.0.0.1"},
		"a bad permit is left":   {"deny=0.0.0.0/0\npermit=nonsense", "", "10.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			f, _, err := config.Parse("acl.conf", []byte("[Office]\n"+tt.text+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			lists, _ := Named(f)
			list := lists["office"]
			if tt.allow != "" && !list.Allows(netip.MustParseAddr(tt.allow)) {
				t.Errorf("%s may not pass", tt.allow)
			}
			if tt.deny != "" && list.Allows(netip.MustParseAddr(tt.deny)) {
				t.Errorf("%s may pass", tt.deny)
			}
		})
	}
}
