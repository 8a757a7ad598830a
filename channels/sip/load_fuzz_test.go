package sip

import (
	"strings"
	"testing"

	"pbx/config"
)

// FuzzLoad: no text of a sip.conf, users.conf or acl.conf is too strange to read,
// and no finding repeats a secret.
func FuzzLoad(f *testing.F) {
	f.Add("[general]\nudpbindaddr=:5060\nallow=!all,ulaw:20\nnat=yes\n[a](!)\ntype=friend\n[b](a)\nhost=[::1]:1\nsecret=xyzzy12345xyzzy\npermit=!1.2.3.4/0.0.0.0\n", "[b]\nhassip=yes\n", "[x]\ndeny=0.0.0.0/0\n")
	f.Add("[general]\nregister => a?sip://b:c@d:1/e~5\nexternhost=a:b\ntos_sip=0xff\ndomain=,\n[authentication]\nauth=a#b@c\n[p]\ntype=peer\nauth=a:b@c\ncallerid=\"x\" <1\ncallgroup=1-63,5\nsetvar=__=\nheader=:\n", "", "")
	f.Fuzz(func(t *testing.T, sip, users, acl string) {
		var files [3]*config.File
		for i, text := range [...]string{sip, users, acl} {
			var err error
			if files[i], _, err = config.Parse("x.conf", []byte(text)); err != nil {
				return
			}
		}
		c := newConfigLoader()
		c.readACLs(files[2])
		c.read(files[0], files[1])
		for _, p := range c.cfg.Peers {
			if len(p.Secret) < 12 {
				continue
			}
			for _, found := range c.findings {
				if strings.Contains(found.String(), p.Secret) && !strings.Contains(found.Pos.File+p.Name, p.Secret) && strings.Count(sip+users, p.Secret) == 1 {
					t.Fatalf("%s tells the secret of %s", found, p.Name)
				}
			}
		}
	})
}
