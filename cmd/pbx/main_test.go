package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pbx/config"
	"pbx/configs"
	"pbx/server"
)

// pbx runs a command line in this process.
func pbx(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(args, os.Stdin, &o, &e)
	return code, o.String(), e.String()
}

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name      string
		args      []string
		code      int
		out, errs string // what is in them
	}{
		{"nothing", nil, exitUsage, "", "usage:"},
		{"help", []string{"help"}, exitOK, "exit codes:", ""},
		{"version", []string{"version"}, exitOK, "pbx " + version, ""},
		{"unknown", []string{"walk"}, exitUsage, "", `unknown command "walk"`},
		{"unknown flag", []string{"check", "--fast"}, exitUsage, "", "flag provided but not defined: -fast"},
		{"unknown flag, and what there is", []string{"run", "--stat", "x"}, exitUsage, "", "not defined: -stat\n  pbx run [--config DIR]"},
		{"help of a command", []string{"check", "-h"}, exitOK, "", "  pbx check [--config DIR]"},
		{"something left over", []string{"check", "now"}, exitUsage, "", `unexpected "now"`},
		{"no such directory", []string{"run", "--config", filepath.Join(dir, "none")}, exitFailed, "", "no such directory"},
		{"nobody there", []string{"console", "--state", dir, "-x", "help"}, exitFailed, "", "no exchange answers on " + filepath.Join(dir, "pbx.ctl")},
		{"nobody there, the field's way", []string{"-rx", "help", "--state", dir}, exitFailed, "", "no exchange answers"},
		{"the field's way, wrong", []string{"-rz"}, exitFailed, "", `unknown option "-rz"`},
		{"a daemon, the field's way", []string{"-g", "-f", "-p", "-U", "asterisk"}, exitFailed, "", "`pbx run` starts an exchange"},
		{"version, the field's way", []string{"-V"}, exitOK, "Asterisk 20.0.0-pbx", ""},
		{"another socket", []string{"console", "--state", dir, "--socket", filepath.Join(dir, "a.ctl"), "-x", "help"}, exitFailed, "", "no exchange answers on " + filepath.Join(dir, "a.ctl")},
		{"reach without a place", []string{"reach"}, exitUsage, "", "--from CONTEXT"},
		{"reach from nowhere", []string{"reach", "--state", dir, "--from", "ofice"}, exitFailed, "", "did you mean office?"},
		{"reach", []string{"reach", "--state", dir, "--from", "menu"}, exitOK, "phone   SIP/101\n        extensions.conf:", ""},
		{"reach as JSON", []string{"reach", "--state", dir, "--from", "101", "--json"}, exitOK, `"class": "phone"`, ""},
		{"reach of nothing", []string{"reach", "--state", dir, "--from", "nobody"}, exitOK, "gets to no device", ""},
		{"graph", []string{"graph", "--state", dir}, exitOK, "[unanswered]</text>", ""},
		{"graph for Graphviz", []string{"graph", "--state", dir, "--dot"}, exitOK, "digraph dialplan {", ""},
		{"graph, both", []string{"graph", "--state", dir, "--dot", "--svg"}, exitUsage, "", "either"},
		{"check of the office that would be", []string{"check", "--state", dir, "--strict"}, exitOK, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := pbx(t, tt.args...)
			if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.errs) {
				t.Errorf("code %d, want %d\nout: %s\nerrors: %s", code, tt.code, out, errs)
			}
			if tt.out == "" && out != "" {
				t.Errorf("unexpected output: %s", out)
			}
		})
	}
}

// The tools for authors, on files of an office.
func TestAuthorsTools(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"sip.conf":        "[general]\n[101]\ntype=friend\nhost=dynamic\ncontext=a\nsecret=Zq8rTn2vKx7wLm4s\ncallerid=\"Ann\" <101>\n",
		"extensions.conf": "[a]\nexten => _1XX,1,Dial(SIP/${EXTEN},20)\n same => n,Hangup(17)\nexten => 9,1,Answer()\n",
		"ugly.conf":       "[a]\nexten=>1,1,NoOp()\n",
		"good.test":       "test busy\n from 101\n devices busy\n dial 101\n expect busy\n",
		"bad.test":        "test busy\n from 101\n dial 101\n expect busy\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	page := filepath.Join(dir, "page.html")
	for _, tt := range []struct {
		args      []string
		code      int
		out, errs string
	}{
		{[]string{"dial"}, exitUsage, "", "--to EXTENSION"},
		{[]string{"dial", "--from", "1O1", "--to", "5"}, exitFailed, "", "did you mean 101?"},
		{[]string{"dial", "--context", "a", "--to", "9", "--at", "teatime"}, exitFailed, "", `"teatime" is not a moment`},
		{[]string{"dial", "--context", "b", "--to", "9"}, exitFailed, "", "no context [b]"},
		{[]string{"dial", "--from", "101", "--to", "101", "--answer", "sings"}, exitUsage, "", `"sings" is not answers`},
		{[]string{"dial", "--from", "101", "--to", "101", "--answer", "busy"}, exitOK, "SIP/101: BUSY", ""},
		{[]string{"dial", "--from", "101", "--to", "101", "--json"}, exitOK, `"app": "Dial"`, ""},
		{[]string{"fmt"}, exitOK, "exten => _1XX,1,Dial(SIP/${EXTEN},20)\n same => n,Hangup(17)\n", ""},
		{[]string{"fmt", "-l"}, exitOK, "", ""},
		{[]string{"fmt", "-l", filepath.Join(dir, "ugly.conf")}, exitFailed, "ugly.conf\n", ""},
		{[]string{"fmt", "-w", filepath.Join(dir, "ugly.conf")}, exitOK, "", ""},
		{[]string{"fmt", "-l", filepath.Join(dir, "ugly.conf")}, exitOK, "", ""},
		{[]string{"eval"}, exitUsage, "", "one TEXT"},
		{[]string{"eval", "--set", "X=2", "--from", "101", "$[${X} + 1] ${CALLERID(name)}"}, exitOK, "3 Ann\n", ""},
		{[]string{"eval", "${NOPE(1)}"}, exitOK, "\n", "Function NOPE not registered"},
		{[]string{"test", filepath.Join(dir, "good.test")}, exitOK, "ok    busy\n1 passed, 0 failed\n", ""},
		{[]string{"test", "--coverage", "--html", page, filepath.Join(dir, "good.test")}, exitOK, "never  extensions.conf:4  9,1  Answer()", ""},
		{[]string{"test", filepath.Join(dir, "bad.test")}, exitFailed, "bad.test:4: expect busy: connected to SIP/101", ""},
		{[]string{"test"}, exitFailed, "1 passed, 1 failed", ""},
		{[]string{"test", filepath.Join(dir, "none.test")}, exitFailed, "", "no such file"},
	} {
		args := append([]string{tt.args[0], "--config", dir, "--state", t.TempDir()}, tt.args[1:]...)
		code, out, errs := pbx(t, args...)
		if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.errs) {
			t.Errorf("%q: code %d, want %d\nout: %s\nerrors: %s", tt.args, code, tt.code, out, errs)
		}
	}
	if html, err := os.ReadFile(page); err != nil || !strings.Contains(string(html), "Hangup(17)") {
		t.Errorf("the page: %v", err)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"sip.conf":        "[general]\nallowguest=no\nrtptimeout=60\ncontext=a\n[b]\ntype=friend\nhost=dynamic\nsecret=Zq8rTn2vKx7wLm4s\ncontext=a\nqualifi=yes\n",
		"extensions.conf": "[a]\nexten => 1,1,Hangup()\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, _ := pbx(t, "check", "--config", dir)
	if code != exitOK || !strings.HasPrefix(out, "sip.conf:10: warning: ") || !strings.Contains(out, "qualify") {
		t.Errorf("code %d: %s", code, out)
	}
	if code, _, _ = pbx(t, "check", "--config", dir, "--strict"); code != exitFailed {
		t.Errorf("a warning with --strict: code %d", code)
	}
	code, out, _ = pbx(t, "check", "--config", dir, "--json")
	var findings []finding
	if err := json.Unmarshal([]byte(out), &findings); err != nil || code != exitOK {
		t.Fatalf("code %d, %v: %s", code, err, out)
	}
	if !slices.ContainsFunc(findings, func(f finding) bool {
		return f.File == "sip.conf" && f.Line == 10 && f.Severity == "warning" && f.Rule == "unknown-option"
	}) {
		t.Errorf("findings: %+v", findings)
	}
	if err := os.Remove(filepath.Join(dir, "extensions.conf")); err != nil {
		t.Fatal(err)
	}
	if code, out, _ = pbx(t, "check", "--config", dir); code != exitFailed || !strings.Contains(out, "extensions.conf: error: ") {
		t.Errorf("without extensions.conf: code %d: %s", code, out)
	}
}

func TestFindingsAsJSON(t *testing.T) {
	got := asFindings([]config.Finding{{Pos: config.Pos{File: "a", Line: 2, Template: "t"}, Column: 3, Severity: config.Error, Rule: "r", Message: "m", Hint: "h"}})
	want := finding{"a", 2, 3, "t", "error", "r", "m", "h"}
	if len(got) != 1 || got[0] != want {
		t.Errorf("%+v", got)
	}
	if b, err := json.Marshal(asFindings(nil)); err != nil || string(b) != "[]" {
		t.Errorf("no findings are %s", b)
	}
}

func TestFieldStyle(t *testing.T) {
	for _, tt := range []struct {
		args, want []string
	}{
		{[]string{"-r"}, nil},
		{[]string{"-rvv"}, []string{"-v", "-v"}},
		{[]string{"-rx", "core show channels"}, []string{"-x", "core show channels"}},
		{[]string{"-rvx", "help", "--state", "/s"}, []string{"-v", "-x", "help", "--state", "/s"}},
		{[]string{"-vvrx", "sip show peers"}, []string{"-v", "-v", "-x", "sip show peers"}},
		{[]string{"-r", "-x", "core show uptime"}, []string{"-x", "core show uptime"}},
		{[]string{"-rnx", "help"}, []string{"-x", "help"}},
		{[]string{"-rxcore show uptime"}, []string{"-x", "core show uptime"}},
		{[]string{"-x", "help", "-r"}, []string{"-x", "help"}},
		{[]string{"-r", "-s", "/var/run/asterisk/asterisk.ctl", "-x", "-help"}, []string{"--socket", "/var/run/asterisk/asterisk.ctl", "-x", "-help"}},
		{[]string{"-C", "/etc/asterisk/asterisk.conf", "-rx", "help"}, []string{"--config", "/etc/asterisk", "-x", "help"}},
		{[]string{"-U", "asterisk", "-rx", "help"}, []string{"-x", "help"}},
	} {
		if got, err := fieldStyle(tt.args); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, %v", tt.args, got, err)
		}
	}
	for _, args := range [][]string{{"-rz"}, {"-rx"}, {"-r", "-C"}, {"-f", "-U", "asterisk"}, {"-vvvg"}} {
		if got, err := fieldStyle(args); err == nil {
			t.Errorf("%q: %q, want an error", args, got)
		}
	}
}

// TestUsageOf: what is told of one command.
func TestUsageOf(t *testing.T) {
	for _, name := range []string{"run", "check", "console", "ctl", "top", "doc", "version"} {
		got := usageOf(name)
		if !strings.HasPrefix(got, "  pbx "+name) || strings.Count("\n"+got, "\n  pbx ") != 1 {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := usageOf("ru"); got != "" {
		t.Errorf("no command: %q", got)
	}
}

// TestFirstStartThatFails: with the port taken, the error is all that is said, and
// the next start is the first again.
func TestFirstStartThatFails(t *testing.T) {
	c, err := net.ListenPacket("udp4", ":5060")
	if err != nil {
		// Somebody else has it: that serves as well.
		t.Log(err)
	} else {
		defer c.Close()
	}
	state := t.TempDir()
	var out, errs bytes.Buffer
	if code := run([]string{"run", "--state", state}, nil, &out, &errs); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	if out.Len() > 0 || !strings.Contains(errs.String(), "address already in use") {
		t.Errorf("said %q and %q", out.String(), errs.String())
	}
	if dir := server.DefaultConfig(state); configs.Written(dir) {
		t.Errorf("an office is left in %s", dir)
	}
}

// TestSARIF holds what a reader of SARIF 2.1.0 counts on: every result names a rule
// of the driver by its place in the list, a known level, and a region from line 1.
func TestSARIF(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"sip.conf":        "[general]\nallowguest=no\n[101]\ntype=friend\nhost=dynamic\nsecret=101\ncontext=office\n",
		"extensions.conf": "[office]\nexten => 1,1,Dail(SIP/101)\n same => n,Goto(2,1) ; pbx: ignore unknown-place\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := pbx(t, "check", "--sarif", "--config", dir, "--state", t.TempDir())
	if code != exitFailed || errs != "" {
		t.Errorf("code %d, %s", code, errs)
	}
	var log sarif
	if err := json.Unmarshal([]byte(out), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 {
		t.Fatalf("version %q, %d runs", log.Version, len(log.Runs))
	}
	run := log.Runs[0]
	seen := map[string]sarifResult{}
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.Index].ID != r.Rule || !slices.Contains([]string{"note", "warning", "error"}, r.Level) || r.Message.Text == "" {
			t.Errorf("%+v", r)
		}
		seen[r.Rule] = r
	}
	at := seen["unknown-application"].Locations[0].Physical
	if at.Artifact.URI != "extensions.conf" || *at.Region != (sarifRegion{2, 14, 18}) {
		t.Errorf("%+v %+v", at, at.Region)
	}
	if _, told := seen["unknown-place"]; told {
		t.Error("the silenced rule is told")
	}
	if _, told := seen["weak-secret"]; !told {
		t.Errorf("no weak-secret in %s", out)
	}
	if base := run.Bases["CONFIG"].URI; !strings.HasPrefix(base, "file:///") || !strings.HasSuffix(base, "/") {
		t.Errorf("base %q", base)
	}
}
