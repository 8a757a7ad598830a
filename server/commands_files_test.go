package server

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// TestConfigFiles: files are listed with the part that reads them, those that are included
// too, and reloading one reloads that part.
func TestConfigFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{
			"extensions.conf": "#include night.conf\n[t]\nexten => 1,1,NoOp()\n", "night.conf": "[night]\nexten => 2,1,NoOp()\n", "timers.conf": "",
			"voicemail.conf": "[general]\n", "cli_aliases.conf": "[general]\ntemplate = mine\n[mine]\nphones = sip show peers\n",
		})
		defer s.stop()
		dir := s.s.opts.ConfigDir
		list := s.show("config list")
		for _, row := range [][2]string{
			{"pbx_config", "extensions.conf"}, {"pbx_config", "night.conf"}, {"chan_sip", "sip.conf"}, {"timers", "timers.conf"}, {"res_clialiases", "cli_aliases.conf"}, {noPart, "voicemail.conf"},
		} {
			if want := fmt.Sprintf("%-20s %-50s\n", row[0], filepath.Join(dir, row[1])); !strings.Contains(list, want) {
				t.Errorf("config list lacks %q:\n%s", want, list)
			}
		}
		if strings.Contains(list, "cdr_pgsql.conf") {
			t.Errorf("config list has a file that is not there:\n%s", list)
		}
		write(t, dir+"/night.conf", "[night]\nexten => 3,1,NoOp()\n")
		write(t, dir+"/cli_aliases.conf", "[general]\n")
		s.play(`
			show "config reload night.conf --dry-run" a dry run
			show "dialplan show 3@night" no existence
			show "config reload night.conf" Module 'pbx_config' reloaded successfully.
			show "dialplan show 3@night" NoOp()
			show "phones" bob
			show "config reload cli_aliases.conf" Module 'res_clialiases' reloaded
			show "phones" No such command
			show "config reload acl.conf" Module 'acl' reloaded
			show "config reload" Usage:
			show "config reload sip.conf now" Usage:
			show "config reload extension.conf" did you mean extensions.conf?
			show "config reload /etc/passwd" nothing reads`)
		if got := s.show("config reload " + dir + "/sip.conf"); !strings.HasSuffix(got, "Module 'chan_sip' reloaded successfully.\n") {
			t.Errorf("by its path: %s", got)
		}
		write(t, dir+"/night.conf", "[night\n")
		write(t, dir+"/extensions.conf", "#include gone.conf\n")
		s.play(`show "config reload extensions.conf" The old configuration goes on.
			show "dialplan show 3@night" NoOp()`)
		for line, want := range map[string]string{"config reload ": "sip.conf", "config reload /": dir + "/sip.conf", "config reload sip.conf ": "--dry-run"} {
			if got := s.s.Commands().Complete(line); !slices.Contains(got, want) {
				t.Errorf("completion of %q: %v lacks %s", line, got, want)
			}
		}
		for _, f := range configFiles {
			if _, ok := reloadable[f.part]; !ok {
				t.Errorf("%s: %s cannot be reloaded", f.name, f.part)
			}
		}
		s.end()
	})
}

// TestConfigFilesWhole: whatever file the sources name is one of those that are listed, so
// that 'config list' and 'config reload' forget none that a new part reads.
func TestConfigFilesWhole(t *testing.T) {
	known := slices.Clone(futureFiles)
	for _, f := range configFiles {
		known = append(known, f.name)
	}
	name := regexp.MustCompile(`^"([a-z0-9_]+\.(?:conf|ael|lua))"$`)
	found := make(map[string]bool)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "e2e" || d.Name() == "bench" || d.Name() == "tools"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "/commands_files.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				if m := name.FindStringSubmatch(lit.Value); m != nil {
					found[m[1]] = true
					if !slices.Contains(known, m[1]) {
						t.Errorf("%s names %s, which is not among the files that are listed", path, m[1])
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range configFiles {
		if !found[f.name] {
			t.Errorf("%s is listed, and nothing reads it", f.name)
		}
	}
}

// TestPermissionsFile: cli_permissions.conf in the form of the field's sample.
func TestPermissionsFile(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"extensions.conf": transferPlan, "cli_permissions.conf": `[general]
default_perm=deny
[support](!)
deny=all
permit=sip show ; and what begins so
permit=core show
[` + me.Username + `](support)
permit=channel originate SIP/[0-9]* extension *
[@` + group.Name + `]
permit=help
permit=(
permit=ctl GET /api
deny=topp
deny=hangup
permit=hangup
permit=stop now
permit=core show channel SIP/[0-9]*
permit=shwo
[nobody-of-that-name]
permit=all
`})
		defer s.stop()
		want := fmt.Sprintf("default_perm: deny\n\nuser: %s [uid=%s]\nPermissions:\n\tdeny -> all\n\tpermit -> sip show\n\tpermit -> core show\n\tpermit -> channel originate SIP/[0-9]* extension *\n\n"+
			"group: %s [gid=%s]\nPermissions:\n\tpermit -> help\n\tpermit -> (\n\tpermit -> ctl GET /api\n\tdeny -> topp\n\tdeny -> hangup\n\tpermit -> hangup\n\tpermit -> stop now\n\tpermit -> core show channel SIP/[0-9]*\n\tpermit -> shwo\n\n", me.Username, me.Uid, group.Name, me.Gid)
		if got := s.show("cli show permissions"); got != want {
			t.Errorf("cli show permissions:\n%s\nwant:\n%s", got, want)
		}
		var missed []string
		s.s.logger.Flush()
		s.logged.mu.Lock()
		lines := slices.Clone(s.logged.lines)
		s.logged.mu.Unlock()
		for _, line := range lines {
			line, _, _ = strings.Cut(line, ": no command")
			if _, rule, ok := strings.Cut(line, "cli_permissions.conf: [@"+group.Name+"] "); ok {
				missed = append(missed, strings.TrimSpace(rule))
			}
		}
		if got := strings.Join(missed, "; "); got != "deny = topp; permit = hangup; permit = stop now; permit = shwo" {
			t.Errorf("rules about nothing: %s", got)
		}
		for line, want := range map[string]string{
			me.Username + " sip show peers":                      "User '" + me.Username + "' is allowed to run command: 'sip show peers'\n",
			me.Username + " core stop now":                       "User '" + me.Username + "' is not allowed to run command: 'core stop now'\n",
			me.Username + " stop now":                            "is not allowed",
			me.Username + " show channels":                       "is allowed",
			me.Username + " channel originate SIP/1 extension 2": "is allowed",
			me.Username:                  "core show channels Show the channels",
			"@" + group.Name + " help":   "Group '@" + group.Name + "' is allowed to run command: 'help'",
			"@" + group.Name + " nosuch": "Invalid command: nosuch",
			"nobody-of-that-name":        "Unknown user 'nobody-of-that-name'",
			"@nobody-of-that-name":       "Unknown group",
			"@":                          "Usage:",
		} {
			if got := s.show("cli check permissions " + line); !strings.Contains(got, want) {
				t.Errorf("%s: %s\nwant %s", line, got, want)
			}
		}
		var rules []string
		for _, f := range s.s.configuration().findings {
			if strings.HasPrefix(f.Pos.File, "cli_permissions") {
				rules = append(rules, f.String())
			}
		}
		if got := strings.Join(rules, "\n"); len(rules) != 2 || !strings.Contains(got, `permit = "(" is no regular expression`) || !strings.Contains(got, "Unknown user") {
			t.Errorf("findings: %s", got)
		}
		if got := s.s.Commands().Complete("cli check permissions "); !slices.Contains(got, "@"+group.Name) {
			t.Errorf("completion: %v", got)
		}
		write(t, s.s.opts.ConfigDir+"/cli_permissions.conf", "[general]\ndefault_perm=never\n")
		s.play(`show "cli reload permissions"
			show "cli show permissions" default_perm: deny
			show "cli reload permissions" is not permit or deny`)
		if err := os.Remove(s.s.opts.ConfigDir + "/cli_permissions.conf"); err != nil {
			t.Fatal(err)
		}
		s.play(`show "config reload cli_permissions.conf" Module 'permissions' reloaded
			show "cli show permissions" There is no cli_permissions.conf`)
		s.end()
	})
}
