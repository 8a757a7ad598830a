package sip

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pbx/config"
)

// TestUsers: the entries of users.conf that have a phone or a trunk.
func TestUsers(t *testing.T) {
	cfg, findings := loadText(t, "[general]\ncontext=lost\n", "users.conf", `[general]
userbase=6000
hassip=yes
context=office
fullname=New User
host=dynamic
[phones](!)
callgroup=2
[6001](phones)
secret=JustAnOrdinarySecret3
fullname=Ann
type=peer
macaddress=000000000001
Label=6001
[6002]
secret=JustAnOrdinarySecret4
[6003]
hassip=no
secret=JustAnOrdinarySecret5
[trunk]
host=provider.example:5070
username=office
secret=JustAnOrdinarySecret6
registersip=yes
contact=500
nonsense=1
[nowhere]
registersip=yes
username=x
`)
	var got []string
	for _, p := range cfg.Peers {
		got = append(got, fmt.Sprintf("%s %s %s %q", p.Name, p.Type, p.Context, p.CallerID.Name))
	}
	want := []string{
		`6001 friend office "Ann"`, `6002 friend office "New User"`, `trunk friend office "New User"`, `nowhere friend office "New User"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if r := cfg.General.Registrations; len(r) != 1 || r[0].Peer != "trunk" || r[0].User != "office" || r[0].Host != "provider.example" ||
		r[0].Port != 5070 || r[0].Secret != "JustAnOrdinarySecret6" || r[0].Exten != "500" || r[0].Pos.Line != 24 {
		t.Errorf("registrations: %+v", r)
	}
	for text, times := range map[string]int{
		"users.conf:2: note: userbase does not act: it is for another part of the ancestor": 1,
		"users.conf:13: note: macaddress does not act":                                      1,
		"users.conf:14: note: Label does not act":                                           1,
		"users.conf:26: warning: users.conf has no option nonsense":                         1,
		"users.conf:28: warning: registersip of [nowhere] registers nowhere":                1,
		"users.conf:3:": 0,
	} {
		n := 0
		for _, f := range findings {
			if strings.HasPrefix(f.String(), text) {
				n++
			}
		}
		if n != times {
			t.Errorf("%d of %q in\n%v", n, text, findings)
		}
	}
}

// Options of users.conf alone do nothing in sip.conf, and that is told.
func TestUsersOptionsElsewhere(t *testing.T) {
	_, findings := loadText(t, "[general]\n[101]\ntype=friend\nhost=dynamic\nsecret=JustAnOrdinarySecret3\nregistersip=yes\n")
	if !slices.ContainsFunc(findings, func(f config.Finding) bool { return f.Pos.Line == 6 && f.Rule == "sip-place" }) {
		t.Errorf("%v", findings)
	}
}
