package e2e

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const consoleOffice = `
-- cli_permissions.conf --
[general]
default_perm=permit
[@USER@]
deny=core (stop|restart)
permit=ctl GET

`

// rx runs a command as scripts do, by pbx -rx.
func (x *exchange) rx(command string) (code int, out string) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-rx", command, "--config", x.conf, "--state", x.state)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		x.t.Fatalf("-rx %q: %v", command, err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// TestConsoleCommands: what the console has is there for scripts by -rx and for programs by
// AMI, and cli_permissions.conf stands between the socket and this user alone.
func TestConsoleCommands(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	x := newExchange(t, amiOffice+strings.ReplaceAll(consoleOffice, "@USER@", me.Username))
	for _, stop := range []string{"core stop now", "stop now", "CORE Restart now"} {
		if code, out := x.rx(stop); code != 1 || !strings.Contains(out, "You don't have permissions to run 'core ") {
			t.Errorf("%s: code %d: %s", stop, code, out)
		}
	}
	if code, out, _ := x.control("reload"); code != 1 || !strings.Contains(out, `"status":403`) {
		t.Errorf("pbx ctl reload: code %d: %s", code, out)
	}
	if code, out, _ := x.control("stats"); code != 0 {
		t.Errorf("pbx ctl stats: code %d: %s", code, out)
	}

	sounds := filepath.Join(x.state, "sounds")
	if err := os.MkdirAll(sounds, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(sounds, "tone.sln"), []byte(strings.Repeat("\x00\x10", 800)), 0o600); err != nil {
		t.Fatal(err)
	}
	ami := dialAMI(t, x)
	ami.send("Action: Login", "Username: crm", "Secret: correct horse", "Events: off")
	ami.await("Response", "Success")
	for _, c := range [][2]string{
		{"database put CF 101 0171", "Updated database successfully"},
		{`database query "SELECT value FROM astdb WHERE key = '/CF/101'"`, "value: 0171"},
		{"file convert tone.sln tone.ulaw", "Converted tone.sln to tone.ulaw"},
		{"dialplan debug t", "EXTEN:1000"},
		{"config list", "cli_permissions.conf"},
		{"config reload manager.conf", "Module 'manager' reloaded successfully."},
		{"cli check permissions " + me.Username + " core show uptime", "is allowed to run command: 'core show uptime'"},
		{"core show taskprocessors like sip", "1 taskprocessors"},
		{"core show threads", "threads listed."},
		{"keys show", "0 known RSA keys."},
		{"prometheus show status", "URI: /metrics"},
	} {
		if code, out := x.rx(c[0]); code != 0 || !strings.Contains(out, c[1]) {
			t.Errorf("-rx %s: code %d: %s", c[0], code, out)
		}
		if out := ami.command(c[0]); !strings.HasPrefix(out, "Response: Success\n") || !strings.Contains(out, c[1]) {
			t.Errorf("AMI %s:\n%s", c[0], out)
		}
	}
	if info, err := os.Stat(filepath.Join(sounds, "tone.ulaw")); err != nil || info.Size() != 800 {
		t.Errorf("what was converted: %v, %v", info, err)
	}
}

// command runs a line of the console and returns the whole answer.
func (c *amiClient) command(line string) string {
	c.t.Helper()
	c.send("Action: Command", "ActionID: "+line, "Command: "+line)
	_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		var message strings.Builder
		for {
			field, err := c.in.ReadString('\n')
			if err != nil {
				c.t.Fatalf("waiting for the answer to %s: %v", line, err)
			}
			if field == "\r\n" {
				break
			}
			message.WriteString(strings.TrimSuffix(field, "\r\n") + "\n")
		}
		if strings.Contains(message.String(), "ActionID: "+line+"\n") { // others are events
			return message.String()
		}
	}
}
