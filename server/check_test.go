package server

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pbx/config"
	"pbx/configs"
)

func writeOffice(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "config")
	if _, err := configs.Write(dir, rand.Reader); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCheckDefaultOffice(t *testing.T) {
	r := Check(Options{ConfigDir: writeOffice(t), StateDir: t.TempDir(), Strict: true})
	for _, f := range r.Findings {
		t.Errorf("the default office is found fault with: %s", f)
	}
	if r.Failed {
		t.Error("the check failed")
	}
}

// TestCheckRegContext: priority 1 of what stands in a regcontext comes with the phone.
func TestCheckRegContext(t *testing.T) {
	for context, want := range map[string]bool{"desks": false, "desk": true} {
		dir := writeOffice(t)
		for name, more := range map[string]string{
			"sip.conf":        "\n[general](+)\nregcontext=desks\n",
			"extensions.conf": "\n[" + context + "]\nexten => 101,2,Dial(SIP/101)\nexten => 102,3,Dial(SIP/102)\n",
			"extensions.ael":  "context " + context + " { regexten 103 => Dial(SIP/103); }\n",
		} {
			f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(more); err != nil || f.Close() != nil {
				t.Fatal(err)
			}
		}
		r := Check(Options{ConfigDir: dir, StateDir: t.TempDir()})
		for exten, want := range map[string]bool{"101": want, "102": true, "103": want} {
			if got := slices.ContainsFunc(r.Findings, func(f config.Finding) bool {
				return f.Rule == "priority-gap" && strings.HasPrefix(f.Message, "extension "+exten+" ")
			}); got != want {
				t.Errorf("[%s] %s: %t, want %t", context, exten, got, want)
			}
		}
	}
}

// faults are mistakes that people make, each planted alone into the default
// office: from is replaced by to, once, and a finding of the rule has to name the
// line on which to stands.
var faults = []struct{ name, file, from, to, rule string }{
	{"misspelled option", "sip.conf", "host=dynamic", "hsot=dynamic", "unknown-option"},
	{"misspelled type", "sip.conf", "type=friend", "type=frend", "sip-type"},
	{"neither yes, no nor milliseconds", "sip.conf", "qualify=yes", "qualify=maybe", "sip-value"},
	{"unknown nat word", "sip.conf", "nat=force_rport,comedia", "nat=sometimes", "sip-value"},
	{"unknown DTMF mode", "sip.conf", "dtmfmode=rfc2833", "dtmfmode=rfc2388", "sip-value"},
	{"unknown codec", "sip.conf", "allow=ulaw", "allow=ullaw", "sip-value"},
	{"port out of range", "sip.conf", "udpbindaddr=0.0.0.0:5060", "udpbindaddr=0.0.0.0:99999", "sip-value"},
	{"context that is not there", "sip.conf", "context=office", "context=ofice", "unknown-context"},
	{"template that is not there", "sip.conf", "[101](phone)", "[101](phones)", "template"},
	{"section twice", "sip.conf", "[102](phone)\ncallerid=\"Phone 102\"", "[101](phone)\ncallerid=\"Phone 102\"", "sip-duplicate"},
	{"file that is not there", "sip.conf", "; A trunk:", "#include trunks.conf\n; A trunk:", "include"},
	{"no equals sign", "sip.conf", "directmedia=no", "directmedia no", "no-equal-sign"},
	{"guests", "sip.conf", "allowguest=no", "allowguest=yes", "guests"},
	{"misspelled application", "extensions.conf", "Dial(SIP/${EXTEN}", "Dail(SIP/${EXTEN}", "unknown-application"},
	{"device that is not there", "extensions.conf", "Dial(SIP/102&SIP/103", "Dial(SIP/112&SIP/103", "unknown-device"},
	{"technology that is not there", "extensions.conf", "Dial(SIP/102&SIP/103", "Dial(DAHDI/1&SIP/103", "unknown-technology"},
	{"hint for no device", "extensions.conf", "hint,SIP/103", "hint,SIP/130", "unknown-device"},
	{"context of a Goto", "extensions.conf", "Goto(menu,s,1)", "Goto(manu,s,1)", "unknown-context"},
	{"label of a Goto", "extensions.conf", "Goto(s,ask)", "Goto(s,aks)", "unknown-place"},
	{"extension of a Goto", "extensions.conf", "Goto(again,1)", "Goto(agane,1)", "unknown-place"},
	{"blank before an extension of a Goto", "extensions.conf", "Goto(menu,s,1)", "Goto(menu, s,1)", "unknown-place"},
	{"blank before a day of a week", "extensions.conf", "Playback(goodbye)", "GotoIfTime(9:00-17:30, mon-fri,*,*?1)", "bad-time"},
	{"place of a GotoIf", "extensions.conf", "?s,ask)", "?s,4711)", "unknown-place"},
	{"GotoIf without a question mark", "extensions.conf", "< 3]?s,ask)", "< 3])", "argument-count"},
	{"ExecIf of old", "extensions.conf", "Playback(goodbye)", "ExecIf(1,Playback,goodbye)", "argument-count"},
	{"sound that is not there", "extensions.conf", "Playback(goodbye)", "Playback(godbye)", "missing-sound"},
	{"context of an include", "extensions.conf", ";include => outside", "include => outside", "include-missing"},
	{"misspelled function", "extensions.conf", "${CALLERID(num)}", "${CALERID(num)}", "unknown-function"},
	{"open parenthesis", "extensions.conf", "Echo()", "Echo(", "unbalanced"},
	{"open brace", "extensions.conf", "SIP/104,${RINGTIME})", "SIP/104,${RINGTIME)", "unbalanced"},
	{"open bracket in a pattern", "extensions.conf", "exten => _10[1-4],1", "exten => _10[1-4,1", "no-application"},
	{"priority twice", "extensions.conf", " same => 2,Goto", " same => 1,Goto", "duplicate-priority"},
	{"unknown option letter", "extensions.conf", "Dial(SIP/${EXTEN},${RINGTIME})", "Dial(SIP/${EXTEN},${RINGTIME},q)", "unknown-option"},
	{"argument that is missing", "extensions.conf", "SayDigits(${CALLERID(num)})", "SayDigits()", "argument-count"},
	{"priority that is no number", "extensions.conf", "exten => 600,1,", "exten => 600,one,", "bad-priority"},
	{"unknown line", "extensions.conf", "exten => 600,1,", "extn => 600,1,", "unknown-directive"},
	{"same without exten", "extensions.conf", "[menu]\nexten => s,1,Answer()\n", "[menu]\n same => n,Answer()\nexten => s,1,Answer()\n", "same-without-exten"},
	{"port that is no number", "rtp.conf", "rtpstart=10000", "rtpstart=ten", "bad-value"},
	{"empty range of ports", "rtp.conf", "rtpend=20000", "rtpend=9000", "bad-value"},
	{"misspelled RTP option", "rtp.conf", "strictrtp=yes", "stritrtp=yes", "unknown-option"},
	{"unsafe RTP", "rtp.conf", "strictrtp=yes", "strictrtp=no", "unsafe"},
	{"misspelled core option", "asterisk.conf", ";verbose=3", "verbos=3", "unknown-option"},
	{"relative directory", "asterisk.conf", ";astspooldir => /var/spool/asterisk", "astspooldir => spool", "bad-value"},
	{"number that is none", "asterisk.conf", ";maxcalls=50", "maxcalls=lots", "bad-value"},
	{"misspelled section", "asterisk.conf", "[options]", "[optoins]", "unknown-section"},
	{"broken tone", "indications.conf", "busy = 480+620/500,0/500", "busy = 480+/500", "tone-list"},
	{"country without tones", "indications.conf", "country=us", "country=uk", "tone-zone"},
	{"misspelled tone", "indications.conf", "congestion = ", "congestoin = ", "tone-name"},
	{"misspelled log level", "logger.conf", "console => notice,", "console => notcie,", "bad-value"},
	{"misspelled date", "logger.conf", ";dateformat=%F %T.%3q ", "dateformat=%Q ;", "bad-value"},
}

func TestCheckFindsFaults(t *testing.T) {
	if len(faults) < 30 {
		t.Fatalf("only %d faults", len(faults))
	}
	for _, tt := range faults {
		t.Run(tt.name, func(t *testing.T) {
			dir := writeOffice(t)
			path := filepath.Join(dir, tt.file)
			edit(t, path, tt.from, tt.to)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			before, _, _ := strings.Cut(string(text), tt.to)
			// The line on which the planted text begins; [menu] is the line before.
			line := strings.Count(before, "\n") + 1
			if strings.HasPrefix(tt.to, "[menu]") {
				line++
			}
			r := Check(Options{ConfigDir: dir, StateDir: t.TempDir()})
			if !slices.ContainsFunc(r.Findings, func(f config.Finding) bool {
				return f.Pos.File == tt.file && f.Pos.Line == line && f.Rule == tt.rule && f.Severity >= config.Warning
			}) {
				t.Errorf("no %s at %s:%d among:\n%s", tt.rule, tt.file, line, show(r.Findings))
			}
		})
	}
}

func show(findings []config.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

// TestCheckForgives holds that what is only known when a call runs, or means
// something else than it seems to, is not found fault with.
func TestCheckForgives(t *testing.T) {
	for _, line := range []string{
		"Dial(${IF($[${A} & ${B}]?SIP/101:SIP/102)},30)",
		"Dial(SIP/${ARG1}&SIP/101@192.0.2.9,,gr)",
		"Dial(SIP/+4930123@host.example.com)",
		"Dial(SIP/${EXTEN:1}@101)",
		"Goto(+1)",
		"Goto(${CONTEXT},101,1)",
		"Goto(${WHERE},s,1)",
		"Goto(menu,${EXTEN},1)",
		"GotoIf($[\"${A}\" = \"x:y?z\"]?menu,s,1:again)",
		"GotoIf(${A}?:again)",
		"Gosub(menu,s,1(a,b,${EXTEN}))",
		"ExecIf($[${A} > 1]?Set(B=${LEN(${A})}):NoOp(a:b?c))",
		"Playback(${FILE}&beep)",
		"Playback(beep,${OPTIONS})",
		"Set(CALLERID(name)=x)",
		"Set(__VAR=a,b)",
		"NoOp(anything (goes, \"here)",
		"Read(PIN,beep,4,,2,10)",
	} {
		dir := writeOffice(t)
		edit(t, filepath.Join(dir, "extensions.conf"), "exten => 600,1,Answer()", "exten => _10X,1(again),Wait(1)\n same => n,"+line+"\n same => n,NoOp()\nexten => 600,1,Answer()")
		for _, f := range Check(Options{ConfigDir: dir, StateDir: t.TempDir()}).Findings {
			if f.Severity >= config.Warning && f.Rule != "unbalanced" {
				t.Errorf("%s: %s", line, f)
			}
		}
	}
}

// TestCheckCorpus reads the files of offices that were found in the wild: each
// comes to an end, and every finding has a place.
func TestCheckCorpus(t *testing.T) {
	corpus := os.Getenv("PBX_CORPUS")
	if corpus == "" {
		t.Skip("PBX_CORPUS is not set")
	}
	dirs, err := filepath.Glob(filepath.Join(corpus, "configs", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no configurations in %s", corpus)
	}
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			continue
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			for _, f := range Check(Options{ConfigDir: dir, StateDir: t.TempDir()}).Findings {
				if f.Pos.File == "" || f.Rule == "" || f.Message == "" {
					t.Errorf("a finding without a place, rule or message: %+v", f)
				}
				if strings.ContainsAny(f.String(), "\n\r") {
					t.Errorf("a finding of several lines: %q", f)
				}
			}
		})
	}
}

// What one line of a template causes in many sections is said once.
func TestCondense(t *testing.T) {
	at := config.Pos{File: "sip.conf", Line: 3, Template: "phone"}
	find := func(message string, pos config.Pos) config.Finding {
		return config.Finding{Pos: pos, Rule: "unsafe", Message: message}
	}
	own := config.Pos{File: "sip.conf", Line: 9}
	got := condense([]config.Finding{find("[a] is open", at), find("[b] is open", at), find("[c] is open", at), find("[d] is shut", at), find("nothing", own), find("nothing", own)})
	var lines []string
	for _, f := range got {
		lines = append(lines, f.Message)
	}
	if text := strings.Join(lines, " | "); text != "[a] is open, and so for 2 other sections | [d] is shut | nothing | nothing" {
		t.Error(text)
	}
}
