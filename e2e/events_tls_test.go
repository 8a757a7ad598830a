package e2e

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestEventsOverTLS: openssl reads events over TLS and goes on reading them when a
// reload takes in another certificate; who comes then is shown that one, and who shows
// none of its own hears nothing.
func TestEventsOverTLS(t *testing.T) {
	t.Parallel()
	n := newNetwork()
	cert, client, next := certificate(t, n.host(1)), certificate(t, n.host(2)), certificate(t, n.host(1))
	x := newExchangeOn(t, n, amiOffice+`
-- events.conf --
[wall]
type=tcp
bind=@PBX@:5090
permit=@2@
events=user.event
tls=yes
tlscertfile=`+cert+`
tlscafile=`+client+`
`)
	at := n.host(1) + ":5090"
	read := func(trusts string, more ...string) *bufio.Reader {
		t.Helper()
		c := exec.Command(tool(t, "openssl"), append([]string{"s_client", "-quiet", "-verify_quiet", "-verify_return_error", "-CAfile", trusts, "-connect", at, "-bind", n.host(2) + ":0"}, more...)...)
		in, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = in.Close()
			_ = c.Process.Kill()
			_ = c.Wait()
		})
		return bufio.NewReader(out)
	}
	ami := dialAMI(t, x)
	go func() { _, _ = io.Copy(io.Discard, ami.conn) }()
	hears := func(who string, r *bufio.Reader) {
		t.Helper()
		lines := make(chan string, 1)
		go func() {
			line, _ := r.ReadString('\n')
			lines <- line
		}()
		eventually(t, 10*time.Second, who+" hears an event", func() bool {
			ami.send("Action: UserEvent", "UserEvent: Tick", "N: 1")
			select {
			case line := <-lines:
				if !strings.Contains(line, `"event":"user.event"`) {
					t.Fatalf("%s hears %q", who, line)
				}
				return true
			case <-time.After(100 * time.Millisecond):
				return false
			}
		})
	}
	first := read(cert, "-cert", client, "-key", client)
	hears("the first", first)
	text, err := os.ReadFile(next)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cert, text, 0o600); err != nil {
		t.Fatal(err)
	}
	x.console("core reload")
	hears("who comes after the reload", read(next, "-cert", client, "-key", client))
	hears("the first, after the reload", first)
	if line, err := read(next).ReadString('\n'); err == nil {
		t.Errorf("who shows no certificate hears %q", line)
	}
	x.out.waitFor(t, "is turned away: TLS: client didn't provide a certificate", 10*time.Second)
}
