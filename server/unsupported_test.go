package server

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pbx/dialplan"
	"pbx/dialplan/flow"
)

// subsystems are applications and functions, by the beginning of their names, that
// come with parts of an exchange which are counted by themselves.
var subsystems = []struct {
	what  string
	names string
}{
	{"voicemail", "VoiceMail VoiceMailMain VMAuthenticate VMSayName VoiceMailPlayMsg VM_INFO VMCOUNT MINIVM Directory Minivm MailboxExists"},
	{"queues", "Queue QUEUE_ AddQueueMember RemoveQueueMember PauseQueueMember UnpauseQueueMember QueueLog AgentLogin AgentCallbackLogin AgentMonitorOutgoing AGENT"},
	{"conferences", "ConfBridge CONFBRIDGE MeetMe MEETME Conference ConfKick Page"},
	{"parking", "Park ParkedCall ParkAndAnnounce"},
	{"fax", "SendFAX ReceiveFAX FAXOPT RxFAX TxFAX NVFaxDetect"},
	{"speech", "Speech SPEECH Festival Flite Swift"},
	{"other drivers", "DAHDI PJSIP IAX Skel DUNDi DUNDI ENUM SLA SMS Jabber JABBER ODBC_ OSP ADSIProg GetCPEID Dongle DONGLE"},
}

func subsystem(name string) string {
	for _, s := range subsystems {
		for _, n := range strings.Fields(s.names) {
			if len(name) >= len(n) && strings.EqualFold(name[:len(n)], n) {
				return s.what
			}
		}
	}
	return ""
}

// TestUnsupported counts, over the plans of all offices of the corpus, the lines
// that name an application or a function which is not here, and holds that they are
// few. `go test ./server -run TestUnsupported -v` prints the table.
func TestUnsupported(t *testing.T) {
	corpus := os.Getenv("PBX_CORPUS")
	if corpus == "" {
		t.Skip("PBX_CORPUS is not set")
	}
	dirs, err := filepath.Glob(filepath.Join(corpus, "configs", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no configurations in %s", corpus)
	}
	missing, apart := make(map[string]int), make(map[string]int)
	lines, bad, elsewhere := 0, 0, 0
	for _, dir := range dirs {
		r, err := ReadRoutes(Options{ConfigDir: dir, StateDir: t.TempDir()})
		if err != nil {
			continue // no plan, or one that refuses to be read: TestCheckCorpus
		}
		r.flow.Steps(func(p *dialplan.Priority) {
			lines++
			var names, others []string
			for _, name := range unknownNames(r, p) {
				if what := subsystem(strings.TrimSuffix(name, "()")); what != "" {
					others = append(others, what)
				} else {
					names = append(names, name)
				}
			}
			switch {
			case len(names) > 0:
				bad++
				for _, n := range names {
					missing[n]++
				}
			case len(others) > 0:
				elsewhere++
				apart[others[0]]++
			}
		})
	}
	share := 100 * float64(lines-elsewhere-bad) / float64(lines-elsewhere)
	t.Logf("%d lines, %d of other subsystems, %d name what is not here: %.1f %% of the rest are whole", lines, elsewhere, bad, share)
	t.Logf("by subsystem:\n%s", counts(apart))
	t.Logf("not here:\n%s", counts(missing))
	if lines < 1000 || share < 97 {
		t.Errorf("of %d lines only %.1f %% name what is here", lines, share)
	}
}

// unknownNames are the applications and functions of a step that are not here.
func unknownNames(r *Routes, p *dialplan.Priority) (names []string) {
	for _, c := range r.flow.Calls(p) {
		if c.App == nil {
			names = append(names, c.Name)
		}
	}
	var functions func(string)
	functions = func(text string) {
		for _, ref := range dialplan.References(text) {
			if ref.Function && !flow.Dynamic(ref.Name) {
				if _, ok := r.flow.Catalog().Function(ref.Name); !ok {
					names = append(names, ref.Name+"()")
				}
			}
			functions(ref.Inner)
		}
	}
	functions(p.Args)
	return names
}

// counts is a table, the most frequent first.
func counts(m map[string]int) string {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "%6d  %s\n", m[n], n)
	}
	return b.String()
}

// TestCheckAEL holds that extensions.ael is checked by the same rules, on its own
// lines.
func TestCheckAEL(t *testing.T) {
	office := examined(t)
	for _, tt := range []struct{ rule, text string }{
		{"unknown-application", "context a {\n 1 => {\n  Answer();\n  Dail(SIP/101); //!\n };\n};\n"},
		{"unknown-function", "context a {\n 1 => NoOp(${TOUPPR(x)}); //!\n};\n"},
		{"unknown-device", "context a {\n 1 => {\n  Dial(SIP/101);\n  Dial(SIP/1O1,20); //!\n };\n};\n"},
		{"unknown-place", "context a {\n 1 => {\n  goto office,599,1; //!\n };\n};\n"},
		{"unknown-context", "context a {\n 1 => {\n  &nothing(1); //!\n };\n};\n"},
		{"include-missing", "context a {\n includes {\n  nowhere; //!\n };\n};\n"},
		{"unreachable", "context a {\n 1 => {\n  jump 1@menu;\n  Playback(beep); //!\n };\n};\n"},
		{"never-set", "context a {\n 1 => {\n  COUNT=1;\n  NoOp(${CUONT}); //!\n };\n};\n"},
		{"unquoted", "context a {\n 1 => {\n  Read(X,beep);\n  if (${X} = 1) { //!\n   Hangup();\n  };\n };\n};\n"},
		{"tainted-shell", "context a {\n _X. => System(logger ${EXTEN}); //!\n};\n"},
		{"missing-mailbox", "context a {\n 1 => VoiceMail(199,u); //!\n};\n"},
		{"unused-context", "context a { //!\n 1 => Hangup();\n};\n"},
		{"endless-loop", "context a {\n 1 => {\n  here:\n  NoOp();\n  goto here; //!\n };\n};\n"},
		{"", "macro ring(dev) {\n Dial(${dev},20);\n switch (${DIALSTATUS}) {\n case BUSY:\n  Playback(beep);\n  break;\n default:\n  Hangup();\n };\n};\ncontext office {\n 1 => {\n  for (i=0; ${i} < 3; i=${i} + 1) { Wait(1); };\n  if (\"${i}\" = \"3\" & !${LEN(x)}) { Wait(1); };\n  &ring(SIP/101);\n };\n 2 => Dial(SIP/199); // pbx: ignore unknown-device\n};\n"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			dir, _ := plant(t, office, example{File: "asterisk.conf"})
			write(t, filepath.Join(dir, "extensions.ael"), strings.ReplaceAll(tt.text, " //!", ""))
			want := 0
			if before, _, ok := strings.Cut(tt.text, "//!"); ok {
				want = strings.Count(before, "\n") + 1
			}
			r := Check(Options{ConfigDir: dir, StateDir: t.TempDir()})
			got := 0
			for _, f := range r.Findings {
				if f.Pos.File == "extensions.ael" && f.Rule == tt.rule {
					got = f.Pos.Line
				}
				if tt.rule == "" && f.Pos.File == "extensions.ael" {
					t.Error(f)
				}
			}
			if got != want {
				t.Errorf("found on line %d, want %d:\n%s", got, want, show(r.Findings))
			}
		})
	}
}
