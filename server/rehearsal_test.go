package server

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"

	"pbx/channel"
	"pbx/dialplan/trace"
	"pbx/dryrun"
	"pbx/event"
)

// TestRehearsalIsTheCall makes every call of testdata/flows twice: as a dry run,
// and through the whole exchange with phones that speak SIP and do what the script
// says of them. Both go through the same steps with the same arguments and
// variables at the same moments, end with the same cause, and meet what the
// script expects.
func TestRehearsalIsTheCall(t *testing.T) {
	archives, err := filepath.Glob("testdata/flows/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no flows: %v", err)
	}
	n := 0
	for _, path := range archives {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == "flows.test" })
		tests, err := dryrun.ParseTests(path, strings.NewReader(string(a.Files[i].Data)))
		if err != nil {
			t.Fatal(err)
		}
		n += len(tests)
		for _, test := range tests {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+test.Name, func(t *testing.T) {
				var real, dry *dryrun.Trace
				synctest.Test(t, func(t *testing.T) {
					start := dryrun.DefaultMoment
					if test.At != "" {
						start, _ = dryrun.ParseMoment(test.At, start)
					}
					time.Sleep(time.Until(start) - time.Minute)
					x := newExchange(t, func(dir string) {
						for _, f := range append(a.Files, txtar.File{Name: "sip.conf", Data: []byte(flowPhones)}) {
							if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
								t.Fatal(err)
							}
						}
					})
					defer x.stop()
					r, err := Rehearse(Options{ConfigDir: x.dir, StateDir: t.TempDir()})
					if err != nil {
						t.Fatal(err)
					}
					c := test.Call
					if err := r.From(&c, "101"); err != nil {
						t.Fatal(err)
					}
					if dry, err = r.Call(start, &c); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Until(start))
					real = x.flow(&test.Call)
				})
				if t.Failed() {
					return
				}
				if want, got := steps(dry), steps(real); want != got {
					t.Errorf("the dry run:\n%s\nthe call:\n%s", want, got)
				}
				for what, made := range map[string]*dryrun.Trace{"the dry run": dry, "the call": real} {
					if f := test.Compare(made); f != nil {
						t.Errorf("%s: %v\n%s", what, f, steps(made))
					}
				}
			})
		}
	}
	if n < 50 {
		t.Errorf("%d flows, want 50", n)
	}
}

// flowPhones is the sip.conf of the flows: 101 calls, 109 is nowhere.
const flowPhones = `[general]
udpbindaddr=127.0.0.1:5060
allowguest=no
disallow=all
allow=ulaw
rtptimeout=0
[phone](!)
type=friend
context=phones
qualify=no
[101](phone)
host=127.0.0.101
callerid="Ann" <101>
setvar=OWNER=ann
[102](phone)
host=127.0.0.102
callerid="Bob" <102>
[103](phone)
host=127.0.0.103
callerid="Carol" <103>
[104](phone)
host=127.0.0.104
[109](phone)
host=dynamic
`

// steps is a trace to compare: the steps of each channel with what they set.
func steps(t *dryrun.Trace) string {
	of := map[string][]string{}
	for _, s := range t.Steps {
		line := fmt.Sprintf("  %6.2fs  %s,%s,%d  %s(%s)", s.At.Seconds(), s.Context, s.Exten, s.Priority, s.App, s.Args)
		for _, v := range s.Sets {
			if !driversOwn.MatchString(v.Name) {
				line += fmt.Sprintf("  %s=%s", v.Name, v.Value)
			}
		}
		who := serial.ReplaceAllString(s.Channel, "")
		of[who] = append(of[who], line)
	}
	var b strings.Builder
	for _, ch := range slices.Sorted(maps.Keys(of)) {
		fmt.Fprintf(&b, "%s\n%s\n", ch, strings.Join(of[ch], "\n"))
	}
	fmt.Fprintf(&b, "%s\n", t.Outcome)
	return serial.ReplaceAllString(b.String(), "")
}

// serial is the number of a channel; those of two that begin at one moment come in
// any order.
var serial = regexp.MustCompile(`-[0-9a-f]{8}\b`)

// driversOwn are the variables that no plan sets, and those that count milliseconds.
var driversOwn = regexp.MustCompile(`^(RTPAUDIOQOS.*|SIPCALLID|SIPURI|SIPDOMAIN|SIPUSERAGENT|.*_MS)$`)

// flow makes a call and returns its trace when it is over.
func (x *exchange) flow(c *dryrun.Call) *dryrun.Trace {
	x.t.Helper()
	sub := x.s.bus.Subscribe(1<<16, event.NewExten, event.VarSet, event.DialBegin, event.DialState, event.DialEnd,
		event.BridgeJoin, event.Playing, event.Note, event.UserEvent, event.ChannelHangup, event.ChannelState)
	over := make(chan struct{})
	ready := make(chan struct{}, 4)
	for _, name := range []string{"102", "103", "104"} {
		b, ok := c.Devices["SIP/"+name]
		if !ok {
			b = c.Devices[""]
		}
		r := &robot{phone: x.phone(name), does: b}
		go func() {
			r.run(over)
			ready <- struct{}{}
		}()
	}
	start := time.Now()
	caller := &robot{phone: x.phone("101"), hangup: c.HangupAfter, calls: c.Exten}
	for _, k := range c.Keys {
		for i := range k.Digits {
			caller.later(k.At+time.Duration(i)*200*time.Millisecond, func() { caller.press(k.Digits[i : i+1]) })
		}
	}
	caller.run(nil)
	<-x.s.registry.Empty()
	synctest.Wait()
	close(over)
	for range 3 {
		<-ready
	}
	sub.Close()
	t := &dryrun.Trace{Trace: trace.Trace{Start: start, Caller: "SIP/101-00000000"}}
	o := &t.Outcome
	for e := range sub.C {
		if e.Channel == t.Caller {
			switch {
			case e.Kind == event.ChannelHangup:
				o.Cause, o.After = e.Cause, e.Time.Sub(start)
			case e.Kind == event.ChannelState && e.StateText == "Up":
				o.Answered = true
			}
		}
		if e.Kind != event.ChannelHangup && e.Kind != event.ChannelState {
			t.Add(&e, x.s.engine.Plan())
		}
	}
	for _, s := range t.Steps {
		for _, n := range s.Notes {
			if n.Kind == "joined" && s.Channel == t.Caller && o.Answered {
				o.By = n.Detail
			}
		}
	}
	if !o.Answered {
		switch s, cause := caller.status, channel.Cause(o.Cause); {
		case s == 404 && len(t.Steps) == 0:
			o.Refused, o.Cause = "404 Not Found", int(channel.CauseUnallocated)
		case s == 484 && len(t.Steps) == 0:
			o.Refused, o.Cause = "484 Address Incomplete", int(channel.CauseInvalidNumberFormat)
		case s == 486:
			o.Refused = "busy"
		case s == 503 && (cause == channel.CauseCongestion || cause == channel.CauseNone):
			o.Refused = "congestion"
		case cause != channel.CauseNone:
			o.Refused = cause.String()
		}
	}
	return t
}

// robot is a phone that does what a script says, in one goroutine.
type robot struct {
	*phone
	does   dryrun.Behaviour
	hangup time.Duration
	calls  string

	todo     []action
	invite   string // sent or received
	answered string // the 200 of one that was sent
	up       bool
	status   int // the final one
	cseq     int
}

type action struct {
	at time.Time
	do func()
}

func (r *robot) later(d time.Duration, do func()) {
	r.todo = append(r.todo, action{time.Now().Add(d), do})
	slices.SortStableFunc(r.todo, func(a, b action) int { return a.at.Compare(b.at) })
}

// run plays until over is closed; the caller's until its call is over.
func (r *robot) run(over chan struct{}) {
	done := false
	if r.calls != "" {
		r.cseq = 1
		r.invite = r.request("INVITE", r.calls+"@127.0.0.1", "flow", 1, "", r.sdp())
		r.send(r.invite)
		if r.hangup > 0 {
			r.later(r.hangup, func() { r.leave() })
		}
	}
	for !done {
		select {
		case <-over:
			return
		default:
		}
		wait := time.Second
		if over == nil {
			wait = time.Hour
		}
		if len(r.todo) > 0 {
			if wait = min(wait, time.Until(r.todo[0].at)); wait <= 0 {
				do := r.todo[0].do
				r.todo = r.todo[1:]
				do()
				continue
			}
		}
		msg := r.receive(wait)
		if msg == "" {
			if over == nil && wait == time.Hour {
				r.x.t.Error("the call never ends")
				return
			}
			continue
		}
		done = r.take(msg) && over == nil
	}
}

// take answers a message; it returns true when the call is over.
func (r *robot) take(msg string) bool {
	line := startLine(msg)
	if code, ok := strings.CutPrefix(line, "SIP/2.0 "); ok {
		status, _ := strconv.Atoi(code[:3])
		_, method, _ := strings.Cut(header(msg, "CSeq"), " ")
		switch {
		case method != "INVITE":
			return method == "BYE"
		case status < 200:
		case status < 300:
			r.send(r.ack(r.invite, msg))
			r.answered, r.up = msg, true
		default:
			r.send(r.ack(r.invite, msg))
			r.status = status
			return true
		}
		return false
	}
	method, _, _ := strings.Cut(line, " ")
	switch method {
	case "INVITE":
		if strings.Contains(header(msg, "To"), "tag=") { // another offer in the call
			r.send(r.response(msg, "200 OK", r.sdp()))
			return false
		}
		r.invite, r.up, r.todo = msg, false, nil
		r.ring()
	case "CANCEL":
		r.send(r.response(msg, "200 OK", ""))
		r.send(r.response(r.invite, "487 Request Terminated", ""))
		r.todo = nil
	case "BYE":
		r.send(r.response(msg, "200 OK", ""))
		r.up, r.todo = false, nil
		return true
	case "ACK":
	default:
		r.send(r.response(msg, "200 OK", ""))
	}
	return false
}

// ring does what the script says when the phone is called.
func (r *robot) ring() {
	invite := r.invite
	if r.does.Kind == dryrun.Rings || r.does.After > 0 {
		r.send(r.response(invite, "180 Ringing", ""))
	}
	answer := func(status, body string) {
		r.later(r.does.After, func() { r.send(r.response(invite, status, body)) })
	}
	switch r.does.Kind {
	case dryrun.Answers:
		answer("200 OK", r.sdp())
		r.up = true
		if r.does.Hangup > 0 {
			r.later(r.does.After+r.does.Hangup, func() { r.leave() })
		}
	case dryrun.IsBusy:
		answer("486 Busy Here", "")
	case dryrun.Refuses:
		answer("603 Decline", "")
	case dryrun.Congested:
		answer("503 Service Unavailable", "")
	case dryrun.Unknown:
		answer("404 Not Found", "")
	case dryrun.Forwards:
		r.later(r.does.After, func() {
			msg := r.response(invite, "302 Moved Temporarily", "")
			r.send(regexp.MustCompile(`Contact: [^\r]*`).ReplaceAllString(msg, "Contact: <sip:"+r.does.Forward+"@127.0.0.1>"))
		})
	}
}

// within sends a request in the call.
func (r *robot) within(method, kind, body string) {
	r.cseq, r.serial = r.cseq+1, r.serial+1
	with, from, to := r.answered, headers(r.invite, "From"), headers(r.answered, "To")
	if r.calls == "" {
		with = r.invite
		from = "From: " + header(r.invite, "To") + ";tag=" + r.name + "\r\n"
		to = "To: " + header(r.invite, "From") + "\r\n"
	}
	if body != "" {
		kind = "Content-Type: " + kind + "\r\n"
	}
	r.send(fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s-%d;rport\r\nMax-Forwards: 70\r\n%s%s%sCSeq: %d %s\r\n%sContent-Length: %d\r\n\r\n%s",
		method, target(with), r.addr, r.name, r.serial, from, to, headers(with, "Call-ID"), r.cseq, method, kind, len(body), body))
}

// leave hangs up.
func (r *robot) leave() {
	if r.up {
		r.up = false
		r.within("BYE", "", "")
	} else if r.calls != "" {
		r.send(r.cancel(r.invite))
	}
}

// press sends a key (RFC 6086, the package of dtmf-relay).
func (r *robot) press(digit string) {
	if r.up {
		r.within("INFO", "application/dtmf-relay", "Signal="+cmp.Or(digit, "#")+"\r\nDuration=100\r\n")
	}
}
