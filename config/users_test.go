package config

import (
	"slices"
	"testing"
)

// TestUsers: entries are people, templates and [general] are none, and what an entry does
// not say [general] says.
func TestUsers(t *testing.T) {
	f, _, err := Parse("users.conf", []byte("[general]\nhassip = yes\ncontext= office\n[t](!)\nhasvoicemail=yes\n[101](t)\ncontext=own\n[102]\nhassip=no\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range Users(f) {
		line := u.Name + " " + u.Value("context") + u.Value("nothing")
		for _, name := range []string{"hassip", "hasvoicemail", "nothing"} {
			if u.Is(name) {
				line += " " + name
			}
		}
		got = append(got, line)
	}
	if want := []string{"101 own hassip hasvoicemail", "102 office"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
