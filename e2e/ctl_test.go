package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const clickOffice = `
-- sip.conf --
[general]
bindaddr=@PBX@
allowguest=no
[desk]
type=friend
host=@3@
port=5070
callerid=Desk <101>
context=in
qualify=yes
[mobile]
type=friend
host=@4@
port=5070
context=in
-- extensions.conf --
[in]
exten => 200,1,Dial(SIP/mobile,10)
`

// control runs pbx ctl and returns its exit code and what it printed.
func (x *exchange) control(args ...string) (code int, out, errs string) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"ctl", "--config", x.conf, "--state", x.state}, args...)...)
	var o, e strings.Builder
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		x.t.Fatalf("ctl %v: %v", args, err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

// clickExchange is an exchange whose phone desk has answered qualify with these methods
// in Allow.
func clickExchange(t *testing.T, allow string) *exchange {
	t.Helper()
	n := newNetwork()
	desk := startSIPp(t, "desk", scenario{recvRequest("OPTIONS"), answer("200 OK", "Allow: "+allow+"\n"+empty)}, n.host(3), "-p", "5070")
	awaitBound(t, n.host(3), 5070)
	x := newExchangeOn(t, n, clickOffice)
	desk.ok()
	eventually(t, 5*time.Second, "a phone that is reachable", func() bool { return strings.Contains(x.console("sip show peers"), "OK (") })
	return x
}

// TestClickByRefer: pbx ctl click has a phone that takes REFER call by itself. The trace is
// a dummy INVITE on hold, REFER, 202, NOTIFYs, BYE.
func TestClickByRefer(t *testing.T) {
	t.Parallel()
	x := clickExchange(t, "INVITE, ACK, CANCEL, BYE, REFER, NOTIFY")
	desk := x.serve("clicked", 3, scenario{
		recvParties(), answer("180 Ringing", empty), pause(200 * time.Millisecond),
		answer("200 OK", withSDP("", "recvonly")), recvRequest("ACK"),
		recvRequest("REFER"), answerInDialog("202 Accepted", empty),
		x.notifyOf("active;expires=60", "SIP/2.0 100 Trying", 1), recv(200),
		x.notifyOf("terminated;reason=noresource", "SIP/2.0 200 OK", 2), recv(200),
		recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	code, out, errs := x.control("click", "desk", "200")
	var call struct{ Mode, State, From, To string }
	if err := json.Unmarshal([]byte(out), &call); code != 0 || err != nil || call.Mode != "refer" || call.State != "answered" || call.From != "SIP/desk" || call.To != "200" {
		t.Errorf("code %d: %s%s", code, out, errs)
	}
	desk.ok()
	trace := desk.messages()
	for _, want := range []string{"a=sendonly", "Refer-To: <sip:200@" + x.net.host(1), "Referred-By: "} {
		if !strings.Contains(trace, want) {
			t.Errorf("%q is not in the trace:\n%s", want, trace)
		}
	}
	x.idle()
}

// notifyOf tells how a REFER fares (RFC 3515 2.4.4), from the side that was called.
func (x *exchange) notifyOf(state, fragment string, cseq int) string {
	return send(x.calleeRequest("NOTIFY", cseq) + "Event: refer\nSubscription-State: " + state + "\nContent-Type: message/sipfrag\nContent-Length: [len]\n\n" + fragment + "\n")
}

// TestClickByCall: a phone that does not name REFER in Allow is called and sent on.
func TestClickByCall(t *testing.T) {
	t.Parallel()
	x := clickExchange(t, "INVITE, ACK, CANCEL, BYE")
	desk := x.serve("clicked", 3, scenario{
		recvRequest("INVITE"), answer("180 Ringing", empty), pause(200 * time.Millisecond),
		answer("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"),
		recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	mobile := x.serve("mobile", 4, scenario{
		recvParties(), answer("180 Ringing", empty), answer("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"), pause(300 * time.Millisecond),
		send(x.calleeRequest("BYE", 1) + empty), recv(200),
	})
	code, out, errs := x.control("click", "SIP/desk", "200")
	if code != 0 || !strings.Contains(out, `"mode":"originate"`) || !strings.Contains(out, `"state":"answered"`) {
		t.Errorf("code %d: %s%s", code, out, errs)
	}
	mobile.ok()
	desk.ok()
	if trace := desk.messages(); strings.Contains(trace, "REFER sip") || strings.Contains(trace, "a=sendonly") {
		t.Errorf("the phone was told to call:\n%s", trace)
	}
	if trace := mobile.messages(); !strings.Contains(trace, `From: "Desk" <sip:101@`) {
		t.Errorf("not called by the desk:\n%s", trace)
	}
	x.idle()
}

// TestControl: what programs get of pbx ctl, and with what exit codes.
func TestControl(t *testing.T) {
	t.Parallel()
	x := newExchange(t, clickOffice)
	for _, c := range []struct {
		args []string
		code int
		out  string // within it
	}{
		{[]string{"stats"}, 0, `"version":`},
		{[]string{"channels"}, 0, `{"channels":[]}`},
		{[]string{"peers"}, 0, `"name":"mobile"`},
		{[]string{"peer", "desk"}, 0, `"name":"desk"`},
		{[]string{"peer", "none"}, 1, `"status":404`},
		{[]string{"calls"}, 0, `{"calls":[]}`},
		{[]string{"registrations"}, 0, `{"registrations":`},
		{[]string{"check"}, 0, `"failed":false`},
		{[]string{"reload", "--dry-run"}, 0, `"dry_run":true`},
		{[]string{"hangup", "SIP/none-0"}, 1, `"status":404`},
		{[]string{"click", "desk", "999"}, 1, `"status":422`},
		{[]string{"get", "/api/stats"}, 0, `"uptime_seconds":`},
		{[]string{"get", "/api/nothing"}, 1, `"status":404`},
		{[]string{"post", "/api/reload", "{ \"dry_run\": true }"}, 0, `"dry_run":true`},
		{[]string{"post", "/api/reload", "{"}, 2, ""},
		{[]string{"walk"}, 2, ""},
		{[]string{"peer"}, 2, ""},
		{nil, 2, ""},
	} {
		code, out, errs := x.control(c.args...)
		if code != c.code || !strings.Contains(out, c.out) || c.out != "" && !json.Valid([]byte(out)) {
			t.Errorf("ctl %q: code %d, want %d: %s%s", c.args, code, c.code, out, errs)
		}
	}
	top, err := exec.Command(program, "top", "--once", "--config", x.conf, "--state", x.state).CombinedOutput()
	if err != nil || !strings.Contains(string(top), "mobile") || strings.Contains(string(top), "\x1b") {
		t.Errorf("top: %v\n%s", err, top)
	}
	x.stop()
	if code, _, errs := x.control("stats"); code != 3 || !strings.Contains(errs, "no exchange") {
		t.Errorf("without an exchange: code %d %s", code, errs)
	}
}
