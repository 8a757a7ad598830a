package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const fifoOffice = `
-- sip.conf --
[general]
bindaddr=@PBX@
allowguest=yes
context=in
[desk]
type=friend
host=dynamic
secret=correct-horse-battery
context=in
[phone]
type=peer
host=@3@
port=5070
-- extensions.conf --
[in]
exten => 200,1,System(@SCRIPT@)
 same => n,Wait(10)
-- fifo.conf --
[general]
enabled=yes
`

// fifo runs pbx ctl fifo.
func (x *exchange) fifo(stdin string, words ...string) (code int, out string) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, append([]string{"ctl", "--config", x.conf, "--state", x.state, "fifo"}, words...)...)
	cmd.Stdin = strings.NewReader(stdin)
	b, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		x.t.Fatalf("ctl fifo: %v", err)
	}
	return cmd.ProcessState.ExitCode(), string(b)
}

// TestFIFO: a script of the old kind, with mkfifo, printf and cat, and pbx ctl fifo.
func TestFIFO(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "reply.sh")
	x := newExchange(t, strings.Replace(fifoOffice, "@SCRIPT@", script, 1))
	pipe := ""
	for _, dir := range []string{"run", ""} {
		if _, err := os.Stat(filepath.Join(x.state, dir, "pbx.fifo")); err == nil {
			pipe = filepath.Join(x.state, dir)
		}
	}
	if pipe == "" {
		t.Fatalf("no pipe below %s", x.state)
	}
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	old := filepath.Join(t.TempDir(), "old.sh")
	write(old, `cd `+pipe+` || exit 1
mkfifo fifo/me$$ || exit 1
cat fifo/me$$ &
printf ':%s:me%s\n' "$1" $$ > pbx.request.$$
shift
for a; do printf '%s\n' "$a" >> pbx.request.$$; done
echo >> pbx.request.$$
cat pbx.request.$$ > pbx.fifo
wait
rm -f fifo/me$$ pbx.request.$$
`)
	ask := func(words ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		b, err := exec.CommandContext(ctx, old, words...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", words, err, b)
		}
		return string(b)
	}
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"uptime"}, "200 OK\nNow: "},
		{[]string{"which"}, "200 OK\nuptime\nversion\nps\n"},
		{[]string{"ul_add", "location", "desk", "sip:desk@" + x.net.host(4) + ":5070", "600", "0.7"}, "200 Added to table\n"},
		{[]string{"ul_show_contact", "location", "desk"}, "200 OK\n<sip:desk@" + x.net.host(4) + ":5070>;q=0.70;expires="},
		{[]string{"ul_show_contact", "location", "nobody"}, "404 "},
		{[]string{"ul_dump"}, "AOR: desk\n"},
		{[]string{"ul_rm", "location", "desk"}, "200 user (location, desk) deleted\n"},
		{[]string{"reboot"}, "500 command 'reboot' not available\n"},
	} {
		if got := ask(c.words...); !strings.Contains(got, c.want) {
			t.Errorf("%v: %q, want %q", c.words, got, c.want)
		}
	}

	phone := x.serve("phone", 3, scenario{recvRequest("MESSAGE"), answer("202 Accepted", "X-Seen: yes\n"+empty)})
	code, out := x.fifo("From: <sip:door@office.example>;tag=mine\nCall-ID: led-by-a-script\nCSeq: 7 MESSAGE\nContent-Type: text/plain\n\nIt rings\n", "t_uac_dlg", "MESSAGE", "phone")
	if code != 0 || !strings.HasPrefix(out, "202 Accepted\nSIP/2.0 202 Accepted") || !strings.Contains(out, "X-Seen: yes") || !strings.Contains(out, "Call-ID: led-by-a-script") {
		t.Errorf("code %d: %s", code, out)
	}
	phone.ok()
	if trace := phone.messages(); !strings.Contains(trace, "From: <sip:door@office.example>;tag=mine\r\n") || !strings.Contains(trace, "CSeq: 7 MESSAGE") {
		t.Errorf("sent:\n%s", trace)
	}

	// An INVITE that rings is given up by its Call-ID.
	phone = x.serve("rings", 3, ringing())
	answered := make(chan string, 1)
	go func() {
		_, out := x.fifo("Call-ID: to-be-cancelled\nCSeq: 102 INVITE\n", "t_uac_dlg", "INVITE", "phone")
		answered <- out
	}()
	eventually(t, 10*time.Second, "an INVITE that is cancelled", func() bool {
		if !strings.Contains(phone.messages(), "180 Ringing") {
			return false
		}
		code, out := x.fifo("", "t_uac_cancel", "to-be-cancelled", "102")
		return code == 0 && out == "200 cancelled\n"
	})
	if out := <-answered; !strings.HasPrefix(out, "487 ") {
		t.Errorf("cancelled: %s", out)
	}
	phone.ok()

	// A program that a call runs answers it.
	write(script, `exec `+program+` ctl --config `+x.conf+` --state `+x.state+` fifo t_reply 480 "Closed until eight" "$SIP_TID" . <<END
Retry-After: 3600
END
`)
	x.call("refused", "200", scenario{invite(), optional(100), recv(480), ackFailure(1)}).ok()
	if code, out := x.fifo("", "t_reply", "480", "Closed", "z9hG4bKnone", "."); code != 1 || !strings.HasPrefix(out, "404 ") {
		t.Errorf("a reply to nobody: code %d %s", code, out)
	}
	x.stop()
	if code, out := x.fifo("", "uptime"); code != 3 {
		t.Errorf("without an exchange: code %d %s", code, out)
	}
}
