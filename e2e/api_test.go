package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const apiToken = "crm-6f1c1b5c4c9e"

const apiOffice = `
-- sip.conf --
[general]
udpbindaddr=@PBX@:5060
[alice]
type=friend
context=in
host=@3@
port=5070
callerid="Alice" <101>
[bob]
type=friend
context=in
host=@4@
port=5070
secret=not guessed soon
-- extensions.conf --
[in]
exten => 102,1,Dial(SIP/bob,20)
-- http.conf --
[general]
enabled=yes
bindaddr=@PBX@
-- api.conf --
[general]
enabled=yes
sipusers=yes
rate=1000
[crm]
secret=crm-6f1c1b5c4c9e
permissions=all
`

// api asks the JSON interface.
func (x *exchange) api(method, path, body string) (status int, out map[string]any) {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), method, "http://"+x.net.host(1)+":8088/api/"+path, strings.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+apiToken)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer w.Body.Close()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	_ = json.Unmarshal(b, &out)
	return w.StatusCode, out
}

// curl runs curl and returns what it prints.
func curl(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, tool(t, "curl"), append([]string{"-sS"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("curl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// TestAPICall: curl has the exchange call a phone and connect it with another one, a
// WebSocket client sees it happen, and curl ends the call.
func TestAPICall(t *testing.T) {
	x := newExchange(t, apiOffice)
	phone := func(name string, host int) *sipp {
		return x.serve(name, host, scenario{
			recvRequest("INVITE"), answer("180 Ringing", empty), pause(300 * time.Millisecond), answer("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"),
			recvRequest("BYE"), answerInDialog("200 OK", empty),
		})
	}
	alice, bob := phone("alice", 3), phone("bob", 4)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws://"+x.net.host(1)+":8088/api/events?events=channel.hangup,dial.end,call.originated&fields=channel,status,result", //nolint:bodyclose // the package says that it need not be closed
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + apiToken}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()

	base := "http://" + x.net.host(1) + ":8088/api/"
	login := []string{"-H", "Authorization: Bearer " + apiToken}
	var call struct{ ID, State, Channel string }
	placed := curl(t, append(login, "-H", "Content-Type: application/json", "-d", `{"from":"alice","to":"102","caller_id":"Click <55>","wait":true}`, base+"calls")...)
	if err := json.Unmarshal([]byte(placed), &call); err != nil || call.State != "answered" || call.ID == "" {
		t.Fatalf("%s %v", placed, err)
	}
	up := func() (names []string) {
		_, list := x.api("GET", "channels", "")
		all, _ := list["channels"].([]any)
		for _, c := range all {
			if m, _ := c.(map[string]any); m["state"] == "Up" {
				names = append(names, fmt.Sprint(m["name"]))
			}
		}
		return names
	}
	eventually(t, 10*time.Second, "two channels are up", func() bool { return len(up()) == 2 })
	if status, c := x.api("GET", "channels/"+call.Channel, ""); status != 200 || !strings.HasPrefix(fmt.Sprint(c["name"]), "SIP/alice-") || !strings.HasPrefix(fmt.Sprint(c["bridged_to"]), "SIP/bob-") {
		t.Errorf("%d %v", status, c)
	}
	if got := curl(t, append(login, "-X", "DELETE", "-w", "%{http_code}", base+"channels/"+call.Channel)...); got != "204" {
		t.Errorf("hang up: %s", got)
	}
	alice.ok()
	bob.ok()
	x.idle()
	var told []string
	for len(told) < 6 {
		_, b, err := ws.Read(ctx)
		if err != nil {
			t.Fatalf("after %q: %v", told, err)
		}
		var e struct{ Event, Channel, Status, Result string }
		if err := json.Unmarshal(b, &e); err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(e.Channel, "-")
		told = append(told, strings.TrimSpace(e.Event+" "+name+" "+e.Status+e.Result))
		if e.Event == "channel.hangup" && name == "SIP/alice" {
			break
		}
	}
	for _, want := range []string{"call.originated  Success", "dial.end SIP/alice ANSWER", "channel.hangup SIP/bob", "channel.hangup SIP/alice"} {
		if !slices.Contains(told, want) {
			t.Errorf("the WebSocket does not tell %q: %q", want, told)
		}
	}
}

// TestAPIDigest: curl --digest logs in as a SIP device does.
func TestAPIDigest(t *testing.T) {
	x := newExchange(t, apiOffice)
	base := "http://" + x.net.host(1) + ":8088/api/"
	for _, tt := range []struct{ user, path, want string }{
		{"bob:not guessed soon", "channels", "200"},
		{"bob:guess", "channels", "401"},
		{"bob:not guessed soon", "peers", "403"},
		{"nobody:x", "channels", "401"},
	} {
		if got := curl(t, "--digest", "-u", tt.user, "-o", "/dev/null", "-w", "%{http_code}", base+tt.path); got != tt.want {
			t.Errorf("%s asks for %s: %s, want %s", tt.user, tt.path, got, tt.want)
		}
	}
}

// TestAPISlowLoris: requests that never end, and bodies that come a byte at a time, keep
// nobody else waiting and are ended.
func TestAPISlowLoris(t *testing.T) {
	x := newExchange(t, apiOffice)
	var conns []net.Conn
	for i := range 40 {
		c, err := net.Dial("tcp", x.net.host(1)+":8088")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
		if i%2 == 0 {
			_, _ = io.WriteString(c, "GET /api/channels HTTP/1.1\r\nHost: x\r\nX: ")
			continue
		}
		_, _ = io.WriteString(c, "POST /api/reload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+apiToken+"\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
	}
	if status, _ := x.api("GET", "channels", ""); status != 200 {
		t.Errorf("somebody else: %d", status)
	}
	start := time.Now()
	for i, c := range conns {
		_ = c.SetReadDeadline(start.Add(25 * time.Second))
		if _, err := io.ReadAll(c); errors.Is(err, context.DeadlineExceeded) || err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("connection %d is still there after 25 s", i)
		}
	}
}

// natsServer starts Debian's NATS server.
func natsServer(t *testing.T, host string) {
	t.Helper()
	path := tool(t, "nats-server")
	cmd := exec.Command(path, "-a", host, "-p", "4222", "-js", "-sd", filepath.Join(t.TempDir(), "js"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(out.String())
		}
	})
	eventually(t, 10*time.Second, "NATS listens", func() bool {
		c, err := net.Dial("tcp", host+":4222")
		if err != nil {
			return false
		}
		c.Close()
		return true
	})
}
