package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pbx/dryrun"
)

// rehearsal is an office whose files are given as name and text.
func rehearsal(t *testing.T, files ...string) *Rehearsal {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Rehearse(Options{ConfigDir: dir, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The default office comes with tests of its plan, which pass and run most of it.
func TestDefaultOfficeTests(t *testing.T) {
	dir := writeOffice(t)
	r, err := Rehearse(Options{ConfigDir: dir, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "office.test"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tests, err := dryrun.ParseTests("office.test", f)
	if err != nil {
		t.Fatal(err)
	}
	var ran dryrun.Coverage
	for _, res := range r.Test(tests, &ran) {
		if res.Err != nil {
			t.Errorf("%v", res.Err)
		}
	}
	run, all := 0, 0
	for _, s := range ran.Of(r.Plan()) {
		run, all = run+s.Ran, all+s.Total
	}
	if len(tests) < 10 || run*3 < all*2 {
		t.Errorf("%d tests, %d of %d priorities ran", len(tests), run, all)
	}
	var page strings.Builder
	if err := ran.WriteHTML(&page, r.Plan(), dir); err != nil || !strings.Contains(page.String(), `<tr class="ran">`) || !strings.Contains(page.String(), `<tr class="never">`) {
		t.Errorf("the page: %v, %d bytes", err, page.Len())
	}
}

const dryPlan = `[phones]
include => common
exten => _1XX,1,NoOp(${CALLERID(all)})
 same => n,Set(DEST=${EXTEN})
 same => n,GotoIfTime(18:00-8:00,*,*,*?night)
 same => n,Dial(SIP/${EXTEN},20)
 same => n,GotoIf($["${DIALSTATUS}" = "BUSY"]?busy)
 same => n,Hangup()
 same => n(busy),Playback(sorry)
 same => n,Hangup(17)
 same => n(night),Answer()
 same => n,Background(office-menu)
 same => n,WaitExten(5)
exten => 5,1,Set(X=${SHELL(date)})
 same => n,System(rm -rf /)
 same => n,Dial(SIP/102&SIP/999,30)
exten => 77,1,Set(DB(a/b)=1)
 same => n,NoOp(${DB(a/b)}${DB(given/x)}${SIP_HEADER(To)})
 same => n,Dial(Local/102@phones,10)
exten => 78,1,Goto(78,1)
exten => h,1,NoOp(bye)
[common]
exten => _X.,1,Hangup()
exten => t,1,Congestion()
`

const drySIP = `[general]
context=phones
[phone](!)
type=friend
host=dynamic
context=phones
secret=abcdefghijkl
[101](phone)
callerid="Ann" <101>
setvar=COLOUR=blue
[102](phone)
callerid="Bob" <102>
`

// What is printed is the story of a call; testdata holds one of each kind.
func TestDryRun(t *testing.T) {
	r := rehearsal(t, "sip.conf", drySIP, "extensions.conf", dryPlan)
	day := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		at   time.Time
		to   string
		call func(*dryrun.Call) error
	}{
		"answered": {day, "102", func(c *dryrun.Call) error { return c.Behave("SIP/102=after:3s") }},
		"busy":     {day, "102", func(c *dryrun.Call) error { return c.Behave("busy") }},
		"night": {day.Add(10 * time.Hour), "102", func(c *dryrun.Call) error {
			c.Devices[""] = dryrun.Behaviour{Kind: dryrun.Rings}
			return c.Press("5")
		}},
		"silent": {day.Add(10 * time.Hour), "102", nil},
		"given":  {day, "77", func(c *dryrun.Call) error { return c.Give("DB(given/x)=y") }},
		"forward": {day, "102", func(c *dryrun.Call) error {
			c.Devices[""] = dryrun.Behaviour{Kind: dryrun.Rings}
			return c.Behave("SIP/102=forward:101")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := &dryrun.Call{Exten: tt.to, Devices: map[string]dryrun.Behaviour{}}
			if err := r.From(c, "101"); err != nil {
				t.Fatal(err)
			}
			if tt.call != nil {
				if err := tt.call(c); err != nil {
					t.Fatal(err)
				}
			}
			trace, err := r.Call(tt.at, c)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			if err := trace.Write(&got); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "dryrun", name+".txt"), got.String())
		})
	}
}

// A loop without a pause ends, and so does a call that nobody ends.
func TestDryRunOfALoop(t *testing.T) {
	r := rehearsal(t, "sip.conf", drySIP, "extensions.conf", dryPlan)
	c := &dryrun.Call{Exten: "78"}
	if err := r.From(c, "101"); err != nil {
		t.Fatal(err)
	}
	trace, err := r.Call(time.Now(), c)
	if err != nil || len(trace.Steps) < 1000 {
		t.Errorf("%v, %d steps", err, len(trace.Steps))
	}
}

// A menu that begins again when nobody presses a key, and one whose sound is not
// there, would go on for ever.
func TestDryRunOfARound(t *testing.T) {
	for name, tt := range map[string]struct{ plan, note string }{
		"a menu": {
			"[a]\nexten => s,1,Answer()\n same => n,WaitExten(5)\nexten => t,1,Goto(s,1)\n",
			"has waited 1000 times and is ended: it goes on like this at a,",
		},
		"without autofallthrough": {
			"[general]\nautofallthrough=no\n[a]\nexten => s,1,NoOp()\nexten => t,1,NoOp()\n",
			"has waited 1000 times and is ended: it goes on like this at a,t,1",
		},
		"a sound that is not there": {
			"[a]\nexten => s,1(top),Playback(not-there)\n same => n,Goto(top)\n",
			"ran 20000 priorities without a pause and is ended: an endless loop at a,s,",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rehearsal(t, "sip.conf", drySIP, "extensions.conf", tt.plan)
			trace, err := r.Call(time.Now(), &dryrun.Call{Context: "a", Exten: "s"})
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			trace.Write(&b)
			if text := b.String(); !strings.Contains(text, tt.note) {
				t.Errorf("no %q in the last of\n%s", tt.note, text[max(0, len(text)-600):])
			}
		})
	}
}

// A call that ends in a macro of AEL goes on at the extension h of who called it, unless
// the macro catches h; a macro may include contexts.
func TestDryRunOfAELMacros(t *testing.T) {
	const plan = `context phones {
  101 => &outer(1);
  102 => { &catches(); Hangup(); }
  103 => { switch (3) { case 3: seen = "3"; pattern [4-6]: seen = "${seen}p${EXTEN}"; } Hangup(); }
  104 => &included();
  105 => { switch (1) { case 1: &chooses(x); seen = "${seen}${EXTEN}"; } Hangup(); }
  107 => { X = BUSY; switch ("${X}") { case "BUSY": seen = "busy"; break; default: seen = "other"; } Hangup(); }
  106 => { again: n = "${n}1"; switch (${n}) { case 1: Goto(again); default: seen = "${n}n${EXTEN}"; } Hangup(); }
  h => { ended = "${ended}phones<${v}>"; }
}
macro outer(v) { &inner(2); }
macro inner(v) { Hangup(); }
macro catches() { Hangup(); catch h { ended = "macro"; } }
macro chooses(v) { switch (${v}) { case x: seen = "x"; } }
macro included() { includes { more; } Goto(7,1); }
context more { 7 => { ended = "more "; Hangup(); } }
`
	r := rehearsal(t, "sip.conf", drySIP, "extensions.ael", plan)
	for exten, want := range map[string]string{"101": "ended = phones<>", "102": "ended = macro", "103": "seen = 3p103", "104": "ended = more phones<>", "105": "seen = x105", "106": "seen = 11n106", "107": "seen = busy"} {
		tests, err := dryrun.ParseTests("t", strings.NewReader("test t\n from 101\n dial "+exten+"\n expect variable "+want+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if res := r.Test(tests, nil)[0]; res.Err != nil {
			var story strings.Builder
			if res.Trace != nil {
				_ = res.Trace.Write(&story)
			}
			t.Errorf("%v\n%s", res.Err, story.String())
		}
	}
}

// Two calls of a plan come together without a moment of real time.
func TestDryRunOfABridge(t *testing.T) {
	r := rehearsal(t, "sip.conf", drySIP, "extensions.conf", `[phones]
exten => 80,1,Answer()
 same => n,Originate(Local/81@phones,exten,phones,82,1,5,a)
 same => n,Wait(1)
 same => n,Bridge(Local/81@phones-00000000\;1,S(20))
 same => n,Set(TALKED=${BRIDGERESULT} ${EPOCH})
 same => n,Hangup()
exten => 81,1,Answer()
 same => n,Wait(3600)
exten => 82,1,Wait(3600)
`)
	tests, err := dryrun.ParseTests("t", strings.NewReader("test bridge\n from 101\n at 2026-11-30 10:00\n dial 80\n expect variable TALKED = SUCCESS 1796032821\n"))
	if err != nil {
		t.Fatal(err)
	}
	res := r.Test(tests, nil)[0]
	if res.Err != nil {
		var story strings.Builder
		if res.Trace != nil {
			_ = res.Trace.Write(&story)
		}
		t.Errorf("%v\n%s", res.Err, story.String())
	}
}

// A party transfers by digits, leaves the other two to each other, and the run ends.
func TestDryRunOfATransfer(t *testing.T) {
	r := rehearsal(t, "sip.conf", drySIP, "features.conf", "[featuremap]\natxfer=*2\n", "extensions.conf", `[phones]
exten => 80,1,Dial(SIP/102,20,T)
exten => 81,1,Set(GLOBAL(ASKED)=by ${TRANSFERERNAME})
 same => n,Answer()
 same => n,Wait(600)
exten => 82,1,Set(GLOBAL(SENT)=by ${BLINDTRANSFER})
`)
	for keys, want := range map[string]string{"*281": "SIP/101 leaves the other to Local/81@phones", "#82": "SIP/101 transfers SIP/102 to 82@phones"} {
		tests, err := dryrun.ParseTests("t", strings.NewReader("test transfer\n from 101\n at 2026-11-30 10:00\n devices answer\n press "+keys+"@5s\n hangup 20s\n dial 80\n expect answered\n"))
		if err != nil {
			t.Fatal(err)
		}
		res := r.Test(tests, nil)[0]
		var story strings.Builder
		if res.Trace != nil {
			_ = res.Trace.Write(&story)
		}
		if res.Err != nil || !strings.Contains(story.String(), want) {
			t.Errorf("%s: %v\n%s", keys, res.Err, story.String())
		}
	}
}

func TestDryRunMistakes(t *testing.T) {
	r := rehearsal(t, "sip.conf", drySIP, "extensions.conf", dryPlan)
	if err := r.From(&dryrun.Call{}, "1O1"); err == nil || !strings.Contains(err.Error(), "did you mean 101?") {
		t.Errorf("%v", err)
	}
	if _, err := r.Call(time.Now(), &dryrun.Call{Context: "none", Exten: "1"}); err == nil || !strings.Contains(err.Error(), "no context [none]") {
		t.Errorf("%v", err)
	}
}

// golden compares a text with a file, which -update writes.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", path, got, want)
	}
}

// extensions.ael is the same plan in another language, beside extensions.conf or
// by itself.
func TestDryRunOfAEL(t *testing.T) {
	const plan = `globals { RING=20; }
context phones {
  includes { common; }
  _1XX => {
    n = 0;
    while (${n} < 3) {
      n = ${n} + 1;
      if (${n} = 2) continue;
      seen = "${seen}${n}";
    }
    for (i = 0; ${i} < 2; i = ${i} + 1)
      list = "${list}${i}";
    switch (${EXTEN}) {
      case 101:
        what = one;
        break;
      case 102:
        what = two;
      pattern 10[3-4]:
        more = "${EXTEN}";
        break;
      default:
        what = other;
    }
    after = "${EXTEN}";
    &ring(${EXTEN}, ${RING});
    Hangup(17);
  }
}
macro ring(device, seconds) {
  Dial(SIP/${device},${seconds});
  if ("${DIALSTATUS}" = "BUSY") {
    result = busy;
    return;
  }
  result = none;
}
`
	for _, files := range [][]string{
		{"sip.conf", drySIP, "extensions.ael", plan},
		{"sip.conf", drySIP, "extensions.ael", plan, "extensions.conf", "[common]\nexten => 9,1,Answer()\n"},
	} {
		r := rehearsal(t, files...)
		for exten, want := range map[string]string{
			"101": "what = one", "102": "what = two", "103": "more = 103", "109": "what = other",
		} {
			text := "test " + exten + "\n from 101\n devices busy\n dial " + exten + "\n expect variable seen = 13\n expect variable list = 01\n" +
				" expect variable " + want + "\n expect variable after = " + exten + "\n expect app Hangup(17)\n"
			if exten == "101" || exten == "102" {
				text += " expect app Dial(SIP/" + exten + ",...)\n"
			}
			tests, err := dryrun.ParseTests("t", strings.NewReader(strings.Replace(text, " expect app Hangup(17)\n", "", 1)+" expect cause 17\n"))
			if err != nil {
				t.Fatal(err)
			}
			if res := r.Test(tests, nil)[0]; res.Err != nil {
				var story strings.Builder
				if res.Trace != nil {
					_ = res.Trace.Write(&story)
				}
				t.Errorf("%v\n%s", res.Err, story.String())
			}
		}
	}
}
