package missed

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLoad(t *testing.T) {
	set, findings := load(t, `[general]
server=mail.example.com
from="Telephone" <pbx@example.com>
body=One\nTwo ${NAME}
[everyone](!)
mail=all@example.com
[101](everyone)
name=Anna
device=SIP/101&SIP/1011
message=yes
reasons=busy, no answer
[102]
webhook=https://example.com/hook
`, nil)
	for _, f := range findings {
		t.Error(f)
	}
	if !set.Active() || set.Mail.Host != "mail.example.com" || set.Mail.Port != 587 || set.Mail.Security != StartTLS || set.Body != "One\nTwo ${NAME}" || set.Keep != 24*time.Hour {
		t.Errorf("%+v", set)
	}
	a, b := set.Users[0], set.Users[1]
	if a.Name != "Anna" || !slices.Equal(a.Devices, []string{"SIP/101", "SIP/1011"}) || !slices.Equal(a.Mail, []string{"<all@example.com>"}) || a.Message != "sip:101" ||
		!slices.Equal(a.Reasons, []Reason{Busy, NoAnswer}) {
		t.Errorf("%+v", a)
	}
	if !slices.Equal(b.Devices, []string{"SIP/102"}) || b.Webhook != "https://example.com/hook" || b.Message != "" {
		t.Errorf("%+v", b)
	}
	if none := (*Settings)(nil); none.Active() {
		t.Error("nothing is active")
	}
}

func TestLoadRefuses(t *testing.T) {
	const general = "[general]\nserver=mail.example.com\nfrom=pbx@example.com\n"
	for _, c := range []struct{ name, text, want string }{
		{"no server", "[101]\nmail=a@example.com\n", "[general] lacks server or from"},
		{"an address", general + "[101]\nmail=a@\n", `mail = "a@": expected addresses such as`},
		{"an address for posts", "[101]\nwebhook=example.com\n", "expected an address such as https"},
		{"nothing", "[101]\nname=A\n", "[101] is told of nothing"},
		{"a reason", "[101]\nmessage=yes\nreasons=bussy\n", `reasons = "bussy": expected some of`},
		{"a text", "[101]\nmessage=maybe\n", "expected yes, no, or an address such as sip:101"},
		{"a variable", "[general]\nsubject=${CALER}\n", "there is no variable ${CALER}: it is empty; did you mean ${CALLER}?"},
		{"a file", "[general]\nbodyfile=none.txt\n", "none.txt"},
		{"a port", "[general]\nserver=mail:smtp\n", "expected a host, or host:port"},
		{"security", "[general]\nsecurity=ssl\n", "expected starttls, tls, opportunistic or no"},
		{"a password in the clear", general + "security=no\npassword=x\n", "may send the mail account's password unencrypted"},
		{"a token that there is not", general + "auth=xoauth2\n", "auth = xoauth2 needs"},
		{"a sender", "[general]\nfrom=me\n", "expected an address such as \"Telephone\""},
		{"a zone", "[general]\ntimezone=Wien\n", "expected a time zone"},
		{"certificates", "[general]\ncafile=none.pem\n", "cafile: "},
		{"misspelled", "[101]\nwebhok=x\nmessage=yes\n", "did you mean webhook?"},
	} {
		_, findings := load(t, c.text, nil)
		var all []string
		for _, f := range findings {
			all = append(all, f.String())
		}
		if got := strings.Join(all, "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// FuzzTemplate: whatever a template is, what is no variable stays as it is.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{defaultBody, "${", "}${NAME", "$${NAME}}", "${${NAME}}", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b strings.Builder
		for _, p := range parts(text) {
			if p.variable {
				b.WriteString("${" + p.text + "}")
			} else {
				b.WriteString(p.text)
			}
		}
		if b.String() != text {
			t.Errorf("%q became %q", text, b.String())
		}
		_ = aRecord.expand(text, time.UTC, escapeHTML)
	})
}
