package e2e

import (
	"bufio"
	"crypto/md5" // the protocol's
	"encoding/hex"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestFail2ban: the filter of fail2ban, as Debian has it, finds everybody who was turned
// away in the log, be it at the phones' door or the programs', and nobody else; and so it
// does where the level SECURITY has a file of its own.
func TestFail2ban(t *testing.T) {
	t.Parallel()
	regex := tool(t, "fail2ban-regex")
	x := newExchange(t, strings.Replace(amiOffice, "[bob]\n", "realm=e2e\nban=no\n[200]\ntype=friend\nhost=dynamic\nsecret=correct-horse-battery\n[bob]\n", 1)+`
-- logger.conf --
[logfiles]
console => notice,warning,error
messages.log => notice,warning,error
security.log => security
`)
	p := newProbe(t, x.net.host(64), x.addr())
	defer p.close()
	for user, want := range map[string]int{"200": 403, "nobody": 403} {
		if status := p.register(user, "wrong"); status != want {
			t.Errorf("%s with a wrong password: %d", user, status)
		}
	}
	if status := p.register("200", "correct-horse-battery"); status != 200 {
		t.Errorf("the right password: %d", status)
	}
	loginRefused(t, x, "Username: crm", "Secret: wrong")
	loginRefused(t, x, "Username: nobody", "Secret: correct horse")
	loginRefused(t, x, "Username: x\",RemoteAddress=\"IPV4/TCP/192.0.2.9/1", "Secret: x")
	loginRefused(t, x, "Username: crm", "AuthType: MD5")
	program := dialAMI(t, x)
	program.send("Action: Logoff")
	for name, least := range map[string]int{"messages.log": 6, "security.log": 6} {
		path := filepath.Join(x.state, "log", name)
		out, err := exec.CommandContext(t.Context(), regex, "--print-all-missed", path, "asterisk").CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		var lines, ignored, matched, missed int
		at := regexp.MustCompile(`Lines: \d+ lines, \d+ ignored, \d+ matched, \d+ missed`).Find(out)
		_, _ = fmt.Sscanf(string(at), "Lines: %d lines, %d ignored, %d matched, %d missed", &lines, &ignored, &matched, &missed)
		if matched < least || missed > 0 || strings.Contains(string(out), "192.0.2.9") {
			t.Errorf("%s: %s\n%s", name, at, out)
		}
		found, err := exec.CommandContext(t.Context(), regex, "-o", "ip", path, "asterisk").Output()
		if err != nil {
			t.Fatal(err)
		}
		for host := range strings.FieldsSeq(string(found)) {
			if host != x.net.host(64) && host != "127.0.0.1" && host != x.net.host(1) {
				t.Errorf("%s: fail2ban would ban %s", name, host)
			}
		}
	}
}

// loginRefused is a login that is turned away; where it names MD5 the answer to the challenge
// is a wrong one.
func loginRefused(t *testing.T, x *exchange, lines ...string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", x.net.host(1)+":5038", 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	in := bufio.NewReader(conn)
	if strings.Contains(strings.Join(lines, " "), "MD5") {
		fmt.Fprintf(conn, "Action: Challenge\r\nAuthType: MD5\r\n\r\n")
		sum := md5.Sum([]byte("wrong"))
		lines = append(lines, "Key: "+hex.EncodeToString(sum[:]))
	}
	fmt.Fprintf(conn, "Action: Login\r\n%s\r\n\r\n", strings.Join(lines, "\r\n"))
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("%q: %v", lines, err)
		}
		if strings.HasPrefix(line, "Message: Authentication failed") {
			return
		}
	}
}
