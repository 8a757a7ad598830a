package registry

import (
	"strings"
	"testing"
	"time"
)

func TestParseLine(t *testing.T) {
	for text, want := range map[string]Line{
		// Of real files.
		"coldline:coldline01@192.168.178.1":          {User: "coldline", Secret: "coldline01", Host: "192.168.178.1"},
		"alarmanruf:ppppp@192.168.1.1/alarmanruf":    {User: "alarmanruf", Secret: "ppppp", Host: "192.168.1.1", Exten: "alarmanruf"},
		"1020:supersecret@sip.flagonc.com:5600/9999": {User: "1020", Secret: "supersecret", Host: "sip.flagonc.com", Port: 5600, Exten: "9999"},
		"number@ISP:PW:auth@ISP/extension":           {User: "number", Domain: "ISP", Secret: "PW", AuthUser: "auth", Host: "ISP", Exten: "extension"},
		"VONO_USER:VONO_PASSWORD@vono.net.br/VONO":   {User: "VONO_USER", Secret: "VONO_PASSWORD", Host: "vono.net.br", Exten: "VONO"},
		// Of the field's documents.
		"1234:password@mysipprovider.com":           {User: "1234", Secret: "password", Host: "mysipprovider.com"},
		"2345:password@sip_proxy/1234":              {User: "2345", Secret: "password", Host: "sip_proxy", Exten: "1234"},
		"3456@mydomain:5082::@mysipprovider.com":    {User: "3456", Domain: "mydomain", DomainPort: 5082, Host: "mysipprovider.com"},
		"tls://username:xxxxxx@sip-tls.example.org": {Transport: "tls", User: "username", Secret: "xxxxxx", Host: "sip-tls.example.org"},
		"tls://u:x@sip-tls.example.org:5061":        {Transport: "tls", User: "u", Secret: "x", Host: "sip-tls.example.org", Port: 5061},
		"trunk?TCP://u@d:s:a@host:5070/exten~120":   {Peer: "trunk", Transport: "tcp", User: "u", Domain: "d", Secret: "s", AuthUser: "a", Host: "host", Port: 5070, Exten: "exten", Expiry: 2 * time.Minute},
		"u@d:5070:s:a@host":                         {User: "u", Domain: "d", DomainPort: 5070, Secret: "s", AuthUser: "a", Host: "host"},
		"u:s@host~90":                               {User: "u", Secret: "s", Host: "host", Expiry: 90 * time.Second},
		"u@host":                                    {User: "u", Host: "host"},
		"u::auth@host":                              {User: "u", AuthUser: "auth", Host: "host"},
		"u:p?s@host":                                {User: "u", Secret: "p?s", Host: "host"},
		"u:p@ss/w@host":                             {User: "u", Secret: "p@ss/w", Host: "host"},
		"u:s:a:b@host":                              {User: "u", Secret: "s", AuthUser: "a:b", Host: "host"},
		"u:5082:s:a@host":                           {User: "u", DomainPort: 5082, Secret: "s", AuthUser: "a", Host: "host"},
		`"u":"s":"a"@"host"/"7"`:                    {User: "u", Secret: "s", AuthUser: "a", Host: "host", Exten: "7"},
		`"u":s"@"host":5070`:                        {User: "u", Secret: `s"`, Host: "host", Port: 5070},
		"u:s@[2001:db8::1]:5070/7":                  {User: "u", Secret: "s", Host: "2001:db8::1", Port: 5070, Exten: "7"},
		"u:s@[2001:db8::1]":                         {User: "u", Secret: "s", Host: "2001:db8::1"},
		"u:s@2001:db8::1":                           {User: "u", Secret: "s", Host: "2001:db8::1"},
		" u : s @ host / 7 ":                        {User: "u", Secret: " s ", Host: "host", Exten: "7"},
		"u:s@host/":                                 {User: "u", Secret: "s", Host: "host"},
	} {
		if want.Exten == "" {
			want.Exten = "s"
		}
		if got, err := ParseLine(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v\nwant %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                  "a registration is",
		"host":              "a registration is",
		"@host":             "no user",
		":secret@host":      "no user",
		"u:secret@":         "no host",
		"u:secret@/7":       "no host",
		"u:secret@a b":      "no host",
		"u:secret@[::1":     "no host",
		"u:secret@[::1]:x":  "no host",
		"u:secret@h:0":      "port",
		"u:secret@h:65536":  "port",
		"u@d:x:secret:a@h":  "port",
		"u:secret@h~":       "expiry",
		"u:secret@h~soon":   "expiry",
		"u:secret@h/7~0":    "expiry",
		"sctp://u:secret@h": "not one of udp",
	} {
		_, err := ParseLine(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		} else if strings.Contains(strings.TrimPrefix(err.Error(), errForm.Error()), "secret") {
			t.Errorf("%q: the error shows the secret: %v", text, err)
		}
	}
}

func TestBinding(t *testing.T) {
	parse := func(s string) Line {
		l, err := ParseLine(s)
		if err != nil {
			t.Fatal(err)
		}
		return l.Binding()
	}
	base := parse("u:s@h/7")
	for text, same := range map[string]bool{
		"u:other@h/7": true, "u:s:auth@h/7": true, "u:s@h/7~60": true, "p?u:s@h/7": true,
		"v:s@h/7": false, "u:s@g/7": false, "u:s@h:5070/7": false, "u:s@h/8": false, "u@d:s@h/7": false, "tcp://u:s@h/7": false,
	} {
		if (parse(text) == base) != same {
			t.Errorf("%s: same binding %v", text, !same)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add("trunk?tcp://u@d:s:a@host:5070/exten~120")
	f.Add("u@d:5070:s:a@[::1]:5060")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLine(s)
		if err == nil && (l.User == "" || l.Host == "" || l.Exten == "" || strings.ContainsAny(l.Host, " @/")) {
			t.Fatalf("%q: %+v", s, l)
		}
	})
}
