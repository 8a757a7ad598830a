package sip

import "testing"

func TestDialStrings(t *testing.T) {
	tests := map[string]dialString{
		"bob":                           {Peer: "bob"},
		"trunk/5551212":                 {Peer: "trunk", Exten: "5551212"},
		"5551212@trunk":                 {Peer: "trunk", Exten: "5551212"},
		"bob@192.0.2.1:5070":            {Peer: "192.0.2.1", Port: 5070, Exten: "bob"},
		"bob@[2001:db8::1]:5070":        {Peer: "2001:db8::1", Port: 5070, Exten: "bob"},
		"bob:pw@host":                   {Peer: "host", Exten: "bob", Secret: "pw"},
		"bob:pw:md5:auth:udp@host:5061": {Peer: "host", Port: 5061, Exten: "bob", Secret: "pw", MD5: "md5", AuthName: "auth", Transport: "udp"},
		"trunk/100/example.com":         {Peer: "trunk", Exten: "100", Next: "example.com"},
		"100@trunk//example.com:5070":   {Peer: "trunk", Exten: "100", Next: "example.com:5070"},
		"bob@example.com//192.0.2.9":    {Peer: "example.com", Exten: "bob", Next: "192.0.2.9"},
		"bob@a.example//tcp://b":        {Peer: "a.example", Exten: "bob", Next: "tcp://b"},
		"trunk/bob@example.com":         {Peer: "trunk", Exten: "bob@example.com"},
		"trunk/*72#5:3":                 {Peer: "trunk", Exten: "*72#5:3"},
		"bob!200@to.example":            {Peer: "bob", To: "200@to.example"},
		"bob!200@to!me@from.example":    {Peer: "bob", To: "200@to", From: "me@from.example"},
		"192.0.2.1":                     {Peer: "192.0.2.1"},
		"192.0.2.1:99999":               {Peer: "192.0.2.1"},
		"":                              {},
		"a@b@c":                         {Peer: "c", Exten: "a@b"},
	}
	for in, want := range tests {
		if got := parseDialString(in); got != want {
			t.Errorf("%q is %+v, want %+v", in, got, want)
		}
	}
}

func FuzzDialString(f *testing.F) {
	for _, s := range []string{"bob", "a/b/c", "u:p:m:a:t@h:1//n", "x!y!z", "[::1", "@", "//"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d := parseDialString(s); d.Port < 0 || d.Port > 65535 {
			t.Errorf("%q has port %d", s, d.Port)
		}
	})
}
