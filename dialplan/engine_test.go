package dialplan_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/decl"
)

// records keeps every log record as "LEVEL text".
type records struct {
	slog.Handler
	mu    sync.Mutex
	lines []string
}

func (r *records) Enabled(context.Context, slog.Level) bool { return true }

func (r *records) Handle(_ context.Context, rec slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf("%d %s", rec.Level, rec.Message))
	return nil
}

func (r *records) has(part string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		if strings.Contains(l, part) {
			return true
		}
	}
	return false
}

func TestThread(t *testing.T) {
	tests := []struct {
		name, plan string
		steps      []channeltest.Step
		// heard is what the leg was told; logged is part of a log line.
		heard, logged string
	}{
		{
			name: "answer and fall off", plan: "exten => 1,1,Answer()",
			heard: "answer hangup(16)", logged: "Auto fallthrough, channel 'SIP/x-00000000' status is 'UNKNOWN'",
		},
		{
			name: "verbose line", plan: "exten => 1,1,NoOp(a b)",
			heard: "hangup(0)", logged: `-3 Executing [1@t:1] NoOp("SIP/x-00000000", "a b") in new stack`,
		},
		{name: "busy", plan: "exten => 1,1,Set(DIALSTATUS=BUSY)", heard: "busy hangup(17)"},
		{name: "chanunavail", plan: "exten => 1,1,Set(DIALSTATUS=CHANUNAVAIL)", heard: "congestion hangup(34)"},
		{name: "noanswer", plan: "exten => 1,1,Set(DIALSTATUS=NOANSWER)", heard: "hangup(0)"},
		{
			name: "digits that are no extension", plan: "exten => 1,1,Answer()\n[general]\nautofallthrough=no",
			steps: []channeltest.Step{channeltest.Digit(time.Second, '9')},
			heard: "answer hangup(16)", logged: "4 Invalid extension '9', but no rule 'i' or 'e' in context 't'",
		},
		{
			name: "digits that are no extension, with i", plan: "exten => 1,1,Answer()\nexten => i,1,Log(NOTICE,i ${INVALID_EXTEN})\n[general]\nautofallthrough=no",
			steps: []channeltest.Step{channeltest.Digit(time.Second, '9'), channeltest.Hangup(2*time.Second, 16)},
			heard: "answer hangup(16)", logged: "-3 Invalid extension '9' in context 't' on SIP/x-00000000",
		},
		{
			name: "no digits", plan: "exten => 1,1,Answer()\nexten => t,1,Hangup(3)\n[general]\nautofallthrough=no",
			heard: "answer hangup(3)", logged: "-3 Timeout on SIP/x-00000000",
		},
		{
			name: "unknown application", plan: "exten => 1,1,NoSuchApp(x)\nexten => 1,2,Answer()",
			heard: "hangup(0)", logged: "4 No application 'NoSuchApp' for extension (t, 1, 1)",
		},
		{name: "what fails ends it, with e too", plan: "exten => 1,1,NoSuchApp(x)\nexten => e,1,Answer()", heard: "hangup(0)"},
		{name: "a gap ends it", plan: "exten => 1,1,NoOp()\nexten => 1,3,Answer()", heard: "hangup(0)"},
		{
			name: "panic ends the call only", plan: "exten => 1,1,Panic()\nexten => h,1,Answer()",
			heard: "hangup(38)", logged: "panic at t,1,1: thrown by the test",
		},
		{
			name: "endless loop", plan: "exten => 1,1(top),NoOp()\n same => n,Goto(top)",
			heard: "hangup(0)", logged: "8 SIP/x-00000000 ran 20000 priorities without a pause and is ended: an endless loop at t,1,",
		},
		{
			name: "a loop that waits goes on", plan: "exten => 1,1(top),Wait(0.001)\n same => n,Goto(top)",
			steps: []channeltest.Step{channeltest.Hangup(2*time.Second, channel.CauseNormalClearing)}, heard: "hangup(16)",
		},
		{
			name: "digits after autofallthrough=no", plan: "exten => 1,1,Answer()\nexten => 234,1,Hangup(21)\nexten => t,1,Progress()\n[general]\nautofallthrough=no",
			steps: []channeltest.Step{channeltest.Digit(time.Second, '2'), channeltest.Digit(2*time.Second, '3'), channeltest.Digit(3*time.Second, '4')},
			heard: "answer hangup(21)",
		},
		{
			name: "time-out after autofallthrough=no", plan: "exten => 1,1,Answer()\nexten => 234,1,Busy(1)\nexten => t,1,Hangup(19)\n[general]\nautofallthrough=no",
			heard: "answer hangup(19)",
		},
		{
			name: "invalid digits", plan: "exten => 1,1,Answer()\nexten => 234,1,Busy(1)\nexten => i,1,Hangup(${INVALID_EXTEN})\n[general]\nautofallthrough=no",
			steps: []channeltest.Step{channeltest.Digit(time.Second, '2'), channeltest.Digit(2*time.Second, '1')},
			heard: "answer hangup(21)",
		},
		{
			name: "missing label", plan: "exten => 1,1,Goto(nosuch)\nexten => i,1,Answer()",
			heard: "hangup(0)", logged: "priority 'nosuch' must be a number > 0, or valid label",
		},
		{
			name: "h knows the cause", plan: "exten => 1,1,Answer()\n same => n,Wait(60)\nexten => h,1,Log(NOTICE,cause ${HANGUPCAUSE})",
			steps: []channeltest.Step{channeltest.Hangup(time.Second, channel.CauseUserBusy)},
			heard: "answer hangup(17)", logged: "cause 17",
		},
		{
			name: "subroutines without end", plan: "exten => 1,1,Gosub(1,1)",
			heard: "hangup(0)", logged: "subroutines call each other more than 2000 deep",
		},
		{
			name: "substitution without end", plan: "exten => 1,1,Set(d=$)\n same => n,Set(x=${d}{EVAL(${d}{x})})\n same => n,NoOp(${EVAL(${x})})\n same => n,Hangup(21)",
			heard: "hangup(21)", logged: "substitution goes round in circles",
		},
		{
			name: "values that double", plan: "exten => 1,1,Set(x=0123456789)\n same => n(top),Set(x=${x}${x})\n same => n,Set(i=$[0${i} + 1])\n same => n,GotoIf($[${i} < 40]?top)\n same => n,Log(NOTICE,len ${LEN(${x})})",
			heard: "hangup(0)", logged: "len 8189",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := new(records)
				o := newOffice(t, slog.New(log))
				o.engine.AddApplications([]channel.Application{{
					Name: "Panic", Run: func(channel.Thread, *decl.Args) error { panic("thrown by the test") },
				}})
				o.load(t, "[t]\n"+tt.plan+"\n")
				sip := channeltest.New("SIP", o.registry)
				l := sip.Inbound(channel.Options{Name: "x", State: channel.Ring, Location: channel.Location{Context: "t", Exten: "1", Priority: 1}}, tt.steps...)
				o.engine.Start(l.Channel())
				<-l.Gone()
				if l.Heard() != tt.heard {
					t.Errorf("the leg heard %q, want %q", l.Heard(), tt.heard)
				}
				if tt.logged != "" && !log.has(tt.logged) {
					t.Errorf("%q was not logged:\n%s", tt.logged, strings.Join(log.lines[max(0, len(log.lines)-8):], "\n"))
				}
			})
		})
	}
}

// TestBegin is where a call begins whose place is not there: a call file's, say, whose
// phone has answered. Only one without any extension begins at s.
func TestBegin(t *testing.T) {
	const menu = "[t]\nexten => s,1,Log(NOTICE,at ${EXTEN})\n[default]\nexten => s,1,Log(NOTICE,default)\n"
	for _, tt := range []struct{ exten, plan, want string }{
		{"", menu, "1 at s"},
		{"7", menu, "sent to invalid extension but no invalid handler: context,exten,priority=t,7,1"},
		{"7", menu + "[t]\nexten => i,1,Log(NOTICE,i ${INVALID_EXTEN})\n", "1 i 7"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := new(records)
				o := newOffice(t, slog.New(log))
				o.load(t, tt.plan)
				l := o.tech.Inbound(channel.Options{Name: "x", Location: channel.Location{Context: "t", Exten: tt.exten, Priority: 1}})
				o.engine.Start(l.Channel())
				<-l.Gone()
				if !log.has(tt.want) || log.has("1 at s") != (tt.exten == "") || log.has("1 default") {
					t.Errorf("%q was not logged:\n%s", tt.want, strings.Join(log.lines, "\n"))
				}
			})
		})
	}
}

// TestPinned tells that a call keeps the plan that it began with.
func TestPinned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(records)
		o := newOffice(t, slog.New(log))
		o.load(t, "[t]\nexten => 1,1,Wait(2)\n same => n,Log(NOTICE,first plan)\n")
		l := o.tech.Inbound(channel.Options{Name: "x", Location: channel.Location{Context: "t", Exten: "1", Priority: 1}})
		o.engine.Start(l.Channel())
		time.Sleep(time.Second)
		o.load(t, "[t]\nexten => 1,1,Log(NOTICE,second plan)\n")
		<-l.Gone()
		if !log.has("first plan") || log.has("second plan") {
			t.Error("the call did not keep its plan")
		}
		o.call("t", "1")
		if !log.has("second plan") {
			t.Error("the next call has the old plan")
		}
	})
}

func TestAsyncGoto(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(records)
		o := newOffice(t, slog.New(log))
		o.load(t, "[t]\nexten => 1,1,Wait(60)\nexten => 2,1,Log(NOTICE,came to ${EXTEN})\n")
		l := o.tech.Inbound(channel.Options{Name: "x", Location: channel.Location{Context: "t", Exten: "1", Priority: 1}})
		o.engine.Start(l.Channel())
		time.Sleep(time.Second)
		l.Channel().AsyncGoto(channel.Location{Context: "t", Exten: "2", Priority: 1})
		<-l.Gone()
		if !log.has("came to 2") {
			t.Error("the channel did not go there")
		}
	})
}

func TestGlobalsSurviveReload(t *testing.T) {
	o := newOffice(t, slog.New(slog.DiscardHandler))
	o.load(t, "[globals]\nA=1\nB=${A}2\n")
	o.engine.SetGlobal("C", "3")
	o.engine.SetGlobal("A", "changed")
	o.load(t, "[globals]\nB=${C}x\n")
	if got, want := command(t, o.engine, "dialplan show globals"), "   B=3x\n   A=changed\n   C=3\n\n    -- 3 variable(s)\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	o.load(t, "[general]\nclearglobalvars=yes\n[globals]\nD=4\n")
	if _, ok := o.engine.Global("C"); ok {
		t.Error("clearglobalvars left a variable")
	}
}

func TestHints(t *testing.T) {
	o := newOffice(t, slog.New(slog.DiscardHandler))
	o.load(t, "[t]\nexten => 201,hint,Local/1&Custom:x,name\nexten => 202,hint,Local/1 & Custom:x,CustomPresence:p\nexten => _3XX,hint,Nosuch/${EXTEN}\n")
	if got := o.engine.Hint("t", "305"); got != "Nosuch/305" {
		t.Errorf("hint %q", got)
	}
	if got := o.engine.HintName("t", "201"); got != "name" {
		t.Errorf("name %q", got)
	}
	if devices, presence := o.engine.HintParts("t", "202"); !slices.Equal(devices, []string{"Local/1", "Custom:x"}) || presence != "CustomPresence:p" {
		t.Errorf("devices %q, presence %q", devices, presence)
	}
	if s, ok := o.engine.ExtensionState("t", "305"); s != channel.ExtensionGone || !ok {
		t.Errorf("state %v %v", s, ok)
	}
}

// TestAfterHint: what counts on from a hint is no step, until a line has a number.
func TestAfterHint(t *testing.T) {
	o := newOffice(t, slog.New(slog.DiscardHandler))
	o.load(t, "[t]\nexten => 1,hint,SIP/1\nsame => n,NoOp(a)\nsame => n,NoOp(b)\nexten => 2,n,NoOp()\nexten => 3,1,NoOp()\nsame => n,NoOp()\nexten => _[1\\,]4,1,NoOp()\n")
	var got []string
	c, _ := o.engine.Plan().Context("t")
	for _, e := range c.Extensions() {
		for _, p := range e.Priorities {
			got = append(got, fmt.Sprintf("%s:%d", e.Name, p.Number))
		}
	}
	if want := []string{"3:1", "3:2", "_[1\\,]4:1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestBlanksInNames: people write numbers in groups.
func TestBlanksInNames(t *testing.T) {
	o := newOffice(t, slog.New(slog.DiscardHandler))
	o.load(t, "[t]\nexten => 0800 12 [3],1,NoOp()\n same => n,NoOp()\nexten => _00 N[3 4]X / 49 30,1,NoOp()\n")
	var got []string
	c, _ := o.engine.Plan().Context("t")
	for _, e := range c.Extensions() {
		got = append(got, fmt.Sprintf("%s/%s:%d", e.Name, e.Caller, len(e.Priorities)))
	}
	if want := []string{"080012[3]/:2", "_00N[3 4]X/4930:1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if m := o.engine.Match("t", "00231", 1, "4930"); !m.Exists() {
		t.Error("the pattern does not match")
	}
}

func TestFindings(t *testing.T) {
	o := newOffice(t, slog.New(slog.DiscardHandler))
	for line, rule := range map[string]string{
		"exten => 1,n,NoOp()":                          "n-without-start",
		"same => n,NoOp()":                             "same-without-exten",
		"exten => 1,1,NoOp()\nexten => 1,1,NoOp(x)":    "duplicate-priority",
		"exten => 1,1(a),NoOp()\nsame => n(a),NoOp(x)": "duplicate-label",
		"exten => 1,1,NoOp(x":                          "unbalanced",
		"exten => 1,1,NoOp(x) y":                       "trailing-text",
		"exten => 1,1,NoOp(${x)":                       "unbalanced",
		"exten => 1,1,NoOp,x":                          "old-arguments",
		"exten => 1,0,NoOp()":                          "bad-priority",
		"exten => 1,nolabel,NoOp()":                    "bad-priority",
		"exten => 1,1(lab,NoOp()":                      "unbalanced",
		"exten => _.,1,NoOp()":                         "pattern-dot",
		"exten => _[5-4]X,1,NoOp()":                    "unbalanced",
		"exten => 1,1,Answr()":                         "unknown-application",
		"exten => 1,1":                                 "no-application",
		"exten => 1":                                   "no-application",
		"include => nowhere":                           "include-missing",
		"include => t,9-10,*,*,*":                      "bad-time",
		"extem => 1,1,NoOp()":                          "unknown-directive",
		"switch => DUNDi/x":                            "unknown-switch",
		"switch => Loopback/x\nswitch => loopback/X":   "duplicate-include",
		"ignorepat => 9\nignorepat => 9":               "duplicate-include",
		"exten => 1,hint,SIP/1\nsame => n,NoOp()":      "n-after-hint",
		"[general]\nautofalthrough=no":                 "unknown-option",
	} {
		found := o.load(t, "[t]\n"+line+"\n")
		if len(found) == 0 || !strings.Contains(strings.Join(found, "\n"), "["+rule+"]") || !strings.HasPrefix(found[0], "extensions.conf:") {
			t.Errorf("%q: %q, want rule %s", line, found, rule)
		}
	}
	if found := o.load(t, kit); len(found) > 0 {
		t.Errorf("findings in a good plan: %q", found)
	}
}
