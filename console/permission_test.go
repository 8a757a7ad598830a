package console

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pbx/decl"
)

// holders reads lines such as "user 7: deny all; permit sip show".
func holders(t *testing.T, lines ...string) (list []Holder) {
	t.Helper()
	for i, line := range lines {
		head, rules, _ := strings.Cut(line, ": ")
		h := Holder{Name: head, Group: strings.HasPrefix(head, "@"), ID: uint32(i + 1)}
		for text := range strings.SplitSeq(rules, "; ") {
			verb, command, _ := strings.Cut(text, " ")
			r, err := NewPermissionRule(verb == "permit", command)
			if err != nil && !strings.Contains(command, "(") {
				t.Fatal(err)
			}
			h.Rules = append(h.Rules, r)
		}
		list = append(list, h)
	}
	return list
}

// TestPermissions holds the rules to what the field makes of them, and to what its sample
// file says of them; where an argument would have permitted a command, ours does not.
func TestPermissions(t *testing.T) {
	p := &Permissions{Default: true, Holders: holders(t,
		"eliel: deny all; permit sip show peer; deny sip show peers; permit core set",                   // user 1
		"@adm: deny all; permit sip; permit core",                                                       // group 2
		"tommy: deny all; permit core show application D*; permit channel originate SIP/[0-9]* exten *", // user 3
		"mark: deny all; permit all",                                                                    // user 4
		"anna: deny stop",                                                                               // user 5
		"broken: deny all; permit sip (",                                                                // user 6
		"@none: deny all",                                                                               // group 7
	)}
	other := uint32(99)
	for _, tt := range []struct {
		name     string
		uid, gid uint32
		line     string
		want     bool
	}{
		{"permitted", 1, other, "sip show peer 101", true},
		{"denied again", 1, other, "sip show peers", false},
		{"any case", 1, other, "Core SET verbose 3", true},
		{"not named", 1, other, "core show channels", false},
		{"group", other, 2, "sip show peers", true},
		{"not of the group", other, 2, "dialplan show", false},
		{"user before group", 1, 2, "core show channels", false},
		{"group where the user has no rule", 5, 2, "dialplan show", false},
		{"user before group, the other way", 4, 7, "core stop now", true},
		{"expression", 3, other, "core show application Dial", true},
		{"expression with arguments", 3, other, "channel originate SIP/101 extension 1@x", true},
		{"expression, other argument", 3, other, "channel originate SIP/101 application System", false},
		{"an argument permits nothing", 3, other, "dialplan exec application System core show application D", false},
		{"all", 4, other, "core stop now", true},
		{"denied anywhere", 5, other, "core stop now", false},
		{"default", 5, other, "core show channels", true},
		{"nobody's rule", other, other, "core stop now", true},
		{"beginning of a broken expression", 6, other, "sip (x", true},
		{"broken expression", 6, other, "sip show", false},
	} {
		if got := p.Allows(&Peer{tt.uid, tt.gid}, tt.line); got != tt.want {
			t.Errorf("%s: %q is %v", tt.name, tt.line, got)
		}
	}
	if !p.Allows(nil, "core stop now") {
		t.Error("one that is not known: want the default")
	}
	p.Default = false
	if p.Allows(nil, "core stop now") || p.Allows(&Peer{other, other}, "help") || !p.Allows(&Peer{4, other}, "help") {
		t.Error("default_perm=deny does not act")
	}
	if none := (*Permissions)(nil); !none.Allows(nil, "core stop now") || !none.AllowsRequest(nil, "GET", "/") {
		t.Error("without permissions something is denied")
	}
}

// TestPermissionsOfRequests: the JSON interface is no way around what is denied.
func TestPermissionsOfRequests(t *testing.T) {
	p := &Permissions{Default: true, Holders: holders(t,
		"anna: deny core stop", "bert: deny all; permit ctl GET /api/channels", "carl: permit sip show")}
	for _, tt := range []struct {
		uid            uint32
		method, target string
		want           bool
	}{
		{1, "GET", "/api/channels", false},
		{2, "GET", "/api/channels/1", true},
		{2, "DELETE", "/api/channels/1", false},
		{3, "GET", "/api/channels", true},
		{9, "POST", "/api/calls", true},
	} {
		if got := p.AllowsRequest(&Peer{tt.uid, 99}, tt.method, tt.target); got != tt.want {
			t.Errorf("user %d: %s %s is %v", tt.uid, tt.method, tt.target, got)
		}
	}
}

// TestPermittedSession: whoever connects is known by the system, and cannot run, complete or
// ask what is not permitted, by no other name of it either.
func TestPermittedSession(t *testing.T) {
	dir, err := os.MkdirTemp("", "pbx")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l := NewLogger()
	defer l.Close()
	commands := testCommands()
	commands.Add(decl.Command{Words: "core stop", Run: func(context.Context, *decl.Request) error { return errors.New("stopped") }})
	commands.Alias("halt", "core stop")
	commands.SetAliases([]Alias{{Words: "down", Target: "core stop"}})
	asked := 0
	ask := func(context.Context, string, string, []byte) (int, []byte) { asked++; return 200, []byte("{}\n") }
	s, err := Listen(filepath.Join(dir, "ctl"), 0o600, commands, ask, l)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	me := uint32(os.Getuid())
	rules := holders(t, "me: deny core; permit core show")
	rules[0].ID = me
	commands.SetPermissions(&Permissions{Default: true, Holders: rules})
	c, err := Dial(s.Path(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	run := func(line string) string {
		var out bytes.Buffer
		if err := c.Run(t.Context(), line, &out); err != nil && !errors.Is(err, ErrFailed) {
			t.Fatal(err)
		}
		return out.String()
	}
	for _, line := range []string{"core stop", "CORE  stop now", `"core" stop`, `c\ore stop`, "halt", "down"} {
		if got := run(line); !strings.HasPrefix(got, "You don't have permissions to run 'core stop") {
			t.Errorf("%s: %q", line, got)
		}
	}
	if got := run("sip show peer alice"); got != "alice\n" {
		t.Errorf("permitted: %q", got)
	}
	var out bytes.Buffer
	if err := c.Ask(t.Context(), "GET", "/api/channels", nil, &out); !errors.Is(err, ErrFailed) || asked > 0 || !strings.Contains(out.String(), `"status":403`) {
		t.Errorf("the JSON interface: %v, %s", err, out.String())
	}
	if words, err := c.Complete(t.Context(), "core "); err != nil || slices.Contains(words, "stop") || !slices.Contains(words, "show") {
		t.Errorf("completion: %v, %v", words, err)
	}
	commands.SetPermissions(nil)
	if got := run("halt"); !strings.HasPrefix(got, "stopped") {
		t.Errorf("with no permissions: %q", got)
	}
	if err := c.Ask(t.Context(), "GET", "/api/channels", nil, &out); err != nil || asked != 1 {
		t.Errorf("with no permissions: %v, asked %d times", err, asked)
	}
	if err := commands.Run(t.Context(), "core stop", &out); err == nil || err.Error() != "stopped" {
		t.Errorf("what is no console is asked for permissions: %v", err)
	}
}
