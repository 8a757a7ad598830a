package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const amiOffice = `
-- sip.conf --
[general]
udpbindaddr=@PBX@:5060
[bob]
type=friend
host=@2@
secret=not guessed soon
-- extensions.conf --
[t]
exten => 1000,1,Answer()
 same => n,Wait(1)
-- http.conf --
[general]
enabled=yes
bindaddr=@PBX@
-- manager.conf --
[general]
enabled=yes
webenabled=yes
bindaddr=@PBX@
[crm]
secret=correct horse
deny=0.0.0.0/0
permit=127.0.0.0/8
read=all
write=all
`

// amiClient is a small client of ours.
type amiClient struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dialAMI(t *testing.T, x *exchange) *amiClient {
	t.Helper()
	at := x.net.host(1) + ":5038"
	if x.site != "" {
		at = "127.0.0.1:5038"
	}
	var conn net.Conn
	var err error
	x.site.do(t, func() { conn, err = net.Dial("tcp", at) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &amiClient{t, conn, bufio.NewReader(conn)}
	if line, err := c.in.ReadString('\n'); err != nil || line != "Asterisk Call Manager/9.0.0\r\n" {
		t.Fatalf("greeted with %q, %v", line, err)
	}
	c.send("Action: Login", "Username: crm", "Secret: correct horse", "ActionID: login")
	if r := c.await("ActionID", "login"); r["Response"] != "Success" {
		t.Fatalf("login: %v", r)
	}
	return c
}

func (c *amiClient) send(lines ...string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		c.t.Fatal(err)
	}
}

// await reads messages until one has the field.
func (c *amiClient) await(field, value string) map[string]string {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		m := map[string]string{}
		for {
			line, err := c.in.ReadString('\n')
			if err != nil {
				c.t.Fatalf("waiting for %s: %s: %v", field, value, err)
			}
			if line == "\r\n" {
				break
			}
			name, v, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), ": ")
			m[name] = v
		}
		if m[field] == value {
			return m
		}
	}
}

// TestAMIClient: our own client dials, watches and hangs up; fifty programs at once get
// every event, and HTTP does the same with a cookie.
func TestAMIClient(t *testing.T) {
	x := newExchange(t, amiOffice)
	c := dialAMI(t, x)
	c.send("Action: Originate", "Channel: Local/1000@t", "Application: Wait", "Data: 30", "Async: true", "ActionID: o")
	if r := c.await("Event", "OriginateResponse"); r["Response"] != "Success" || r["ActionID"] != "o" {
		t.Errorf("%v", r)
	}
	c.send("Action: Hangup", "Channel: /^Local/", "ActionID: h")
	c.await("Event", "ChannelsHungupListComplete")
	x.idle()

	var group sync.WaitGroup
	const programs, events = 50, 200
	clients := make([]*amiClient, programs)
	for i := range clients {
		clients[i] = dialAMI(t, x)
	}
	for i := range clients {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range events {
				if got := clients[i].await("Event", "UserEvent"); got["N"] != fmt.Sprint(n) {
					t.Errorf("program %d: event %s, want %d", i, got["N"], n)
					return
				}
			}
		}()
	}
	for n := range events {
		c.send("Action: UserEvent", "UserEvent: Tick", fmt.Sprintf("N: %d", n))
	}
	group.Wait()

	jar, _ := cookiejar.New(nil)
	web := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	get := func(path string) string {
		r, err := web.Get("http://" + x.net.host(1) + ":8088" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		return string(b)
	}
	if got := get("/rawman?action=ping"); got != "Response: Error\r\nMessage: Permission denied\r\n\r\n" {
		t.Errorf("%q", got)
	}
	if got := get("/rawman?action=login&username=crm&secret=correct%20horse"); !strings.HasPrefix(got, "Response: Success\r\nMessage: Authentication accepted\r\n") {
		t.Errorf("%q", got)
	}
	if got := get("/mxml?action=ping&actionid=7"); !strings.HasPrefix(got, "<ajax-response>\n<response type='object' id='unknown'><generic response='Success' actionid='7' ping='Pong' timestamp='") {
		t.Errorf("%q", got)
	}
	if got := get("/rawman?action=waitevent&timeout=1"); !strings.Contains(got, "Event: WaitEventComplete\r\n") {
		t.Errorf("%q", got)
	}
	curl := tool(t, "curl")
	address := "http://" + x.net.host(1) + ":8088/arawman?action="
	for _, tt := range []struct{ secret, want string }{{"correct horse", "Ping: Pong\r\n"}, {"wrong", "Unauthorized"}} {
		got, err := exec.Command(curl, "-s", "--digest", "-u", "crm:"+tt.secret, address+"ping").CombinedOutput()
		if err != nil || !strings.Contains(string(got), tt.want) {
			t.Errorf("curl with %q: %v %q", tt.secret, err, got)
		}
	}
}

// TestAMILibrary: the npm package asterisk-manager, as it is.
func TestAMILibrary(t *testing.T) {
	node := tool(t, "node")
	modules := filepath.Join(os.Getenv("HOME"), ".cache", "pbx-e2e", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "asterisk-manager")); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("asterisk-manager is not installed; e2e/install.sh installs it")
		}
		t.Skip("asterisk-manager is not installed; e2e/install.sh installs it")
	}
	x := newExchange(t, amiOffice)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "testdata/ami.js", x.net.host(1), "5038", "crm", "correct horse")
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "OK ") {
		t.Fatalf("%v\n%s", err, out)
	}
	x.idle()
}
