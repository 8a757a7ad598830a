package e2e

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// watching is the office with a phone at .6 that watches, and a registered one
// with a mailbox.
var watching = strings.NewReplacer(
	"minexpiry=60\n", "minexpiry=60\nnotifyhold=yes\nnotifycid=yes\nallowsubscribe=yes\n",
	"[one]\ntype=peer\n", "[watcher]\ntype=friend\nhost=@6@\nport=5061\ncontext=office\nmailbox=106\n\n[one]\ntype=peer\ncallcounter=yes\n",
	"[office]\n", "[office]\nexten => 200,hint,SIP/one\nexten => 210,hint,Custom:lamp\n",
).Replace(office) + `-- sip_notify.conf --
[check-sync]
Event=>check-sync
Content-Length=>0
`

// subscriber is a SUBSCRIBE of the watcher, outside or inside its dialog.
func subscriber(cseq int, event, accept string, expires int, inDialog bool) string {
	s := strings.ReplaceAll(caller("SUBSCRIBE", cseq, inDialog), "<sip:caller@", "<sip:watcher@")
	return send(s + fmt.Sprintf("Event: %s\nAccept: %s\nExpires: %d\n", event, accept, expires) + empty)
}

// recvNotify expects a NOTIFY whose headers and body hold some texts, and answers
// it.
func recvNotify(in string, texts ...string) string {
	var b strings.Builder
	b.WriteString(`<recv request="NOTIFY" timeout="10000"><action>`)
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
	for i, text := range texts {
		fmt.Fprintf(&b, `<ereg regexp="%s" search_in="%s" check_it="true" assign_to="n%d"/>`, escape.Replace(text), in, i)
	}
	b.WriteString("</action></recv>")
	for i := range texts { // sipp wants what it assigns to be used
		fmt.Fprintf(&b, `<nop><action><log message="[$n%d]"/></action></nop>`, i)
	}
	return b.String() + "\n" + answerInDialog("200 OK", empty)
}

// TestLamp: a watcher sees an idle phone ring, talk, hold and hang up.
func TestLamp(t *testing.T) {
	t.Parallel()
	x := newExchange(t, watching)
	const dialog = "application/dialog-info+xml"
	watcher := startSIPp(t, "watcher", scenario{
		subscriber(1, "dialog", dialog, 600, false), recv(200),
		recvNotify("msg", "Subscription-State: active", `version="0"`, "<state>terminated</state>"),
		recvNotify("msg", `version="1"`, `call-id="pickup-`, `direction="recipient"`, "sip:caller@|sip:200@", "<state>early</state>"),
		recvNotify("msg", `version="2"`, "<state>confirmed</state>"),
		recvNotify("msg", `version="3"`, "<state>confirmed</state>", "sip.rendering"),
		recvNotify("msg", `version="4"`, "<state>confirmed</state>"),
		recvNotify("msg", `version="5"`, "<state>terminated</state>"),
		subscriber(2, "dialog", dialog, 0, true), recv(200),
		recvNotify("msg", "Subscription-State: terminated;reason=timeout", "<state>terminated</state>"),
	}, x.net.host(6), x.addr(), "-s", "200", "-p", "5061")
	eventually(t, 5*time.Second, "a watcher", func() bool { return strings.Contains(x.console("core show hints"), "Watchers  1") })
	one := x.serve("one", 3, scenario{
		recvParties(), answer("180 Ringing", empty), pause(500 * time.Millisecond),
		answer("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"), pause(500 * time.Millisecond),
		// The phone that was called holds the call, and resumes it.
		x.reinviteByCallee(1, "sendonly"), optional(100), recv(200), x.ackByCallee(1), pause(500 * time.Millisecond),
		x.reinviteByCallee(2, "sendrecv"), optional(100), recv(200), x.ackByCallee(2),
		recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	x.call("caller", "200", scenario{
		invite(), optional(100), recv(180), optional(183), recv(200), ack(1), pause(2500 * time.Millisecond), bye(2), recv(200),
	}).ok()
	one.ok()
	watcher.ok()
	if got := x.console("sip show subscriptions"); !strings.Contains(got, "0 active SIP subscriptions") {
		t.Errorf("left:\n%s", got)
	}
	x.idle()
	sent := notifies(watcher.messages())
	for i, p := range dissect(t, sent) {
		if why := p.complaint(); why != "" {
			t.Errorf("tshark on NOTIFY %d: %s", i, why)
		}
		_, body, _ := bytes.Cut(sent[i], []byte("\r\n\r\n"))
		if err := xml.Unmarshal(body, new(struct{})); err != nil {
			t.Errorf("NOTIFY %d: %v in\n%s", i, err, body)
		}
	}
}

// recvParties is an INVITE whose parties are kept for requests of the callee.
func recvParties() string {
	return `<recv request="INVITE"><action>` +
		`<ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="from"/><ereg regexp="[^ ].*" search_in="hdr" header="To:" assign_to="to"/>` +
		`</action></recv>`
}

// reinviteByCallee and ackByCallee are requests of a phone that was called.
func (x *exchange) reinviteByCallee(cseq int, direction string) string {
	return send(withSDP(x.calleeRequest("INVITE", cseq), direction))
}

func (x *exchange) ackByCallee(cseq int) string { return send(x.calleeRequest("ACK", cseq) + empty) }

func (x *exchange) calleeRequest(method string, cseq int) string {
	return fmt.Sprintf(`%s sip:caller@%s SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$to];tag=[pid]uas[call_number]
To: [$from]
Call-ID: [call_id]
CSeq: %d %s
Contact: <sip:[local_ip]:[local_port]>
Max-Forwards: 70
`, method, x.addr(), cseq, method)
}

// notifies are the NOTIFYs in sipp's log of messages.
func notifies(log string) (list [][]byte) {
	for part := range strings.SplitSeq(log, "-----------------------------------------------") {
		if i := strings.Index(part, "NOTIFY sip:"); i >= 0 && strings.Contains(part, "message received") {
			list = append(list, []byte(strings.TrimRight(part[i:], "\n")+"\n"))
		}
	}
	return list
}

// TestCustomLamp: what the console says is seen by who watches, and kept over a
// restart, as the watching is.
func TestCustomLamp(t *testing.T) {
	t.Parallel()
	x := newExchange(t, watching)
	const pidf = "application/pidf+xml"
	watcher := startSIPp(t, "watcher", scenario{
		subscriber(1, "presence", pidf, 600, false), recv(200),
		recvNotify("msg", "<note>Ready</note>", "<basic>open</basic>"),
		recvNotify("msg", "<note>On the phone</note>", "<ep:busy/>"),
		recvNotify("msg", "<note>On the phone</note>"), // after the restart
		recvNotify("msg", "<note>Ready</note>"),
		subscriber(2, "presence", pidf, 0, true), recv(200),
		recvNotify("msg", "terminated;reason=timeout", "<note>Ready</note>"),
	}, x.net.host(6), x.addr(), "-s", "210", "-p", "5061")
	noted := func(n int) {
		t.Helper()
		eventually(t, 10*time.Second, "NOTIFY", func() bool { return len(notifies(watcher.messages())) == n })
	}
	noted(1)
	x.console("devstate change Custom:lamp INUSE")
	noted(2)
	x.stop()
	x.start()
	noted(3)
	if got := x.console("devstate list"); !strings.Contains(got, "--- Name: 'Custom:lamp'  State: 'INUSE'") {
		t.Errorf("after the restart:\n%s", got)
	}
	x.console("devstate change Custom:lamp NOT_INUSE")
	watcher.ok()
}

// TestMessageLamp: messages that an outside system tells of reach the phone that
// subscribed, and check-sync does.
func TestMessageLamp(t *testing.T) {
	t.Parallel()
	x := newExchange(t, watching)
	x.console("mwi update mailbox 106 1 4")
	watcher := startSIPp(t, "watcher", scenario{
		subscriber(1, "message-summary", "application/simple-message-summary", 600, false), recv(200),
		recvNotify("msg", "Messages-Waiting: yes", "Voice-Message: 1/4 .0/0.", "Message-Account: sip:asterisk@"),
		recvNotify("msg", "Messages-Waiting: no", "Voice-Message: 0/5 .0/0."),
	}, x.net.host(6), x.addr(), "-s", "106", "-p", "5061")
	eventually(t, 10*time.Second, "NOTIFY", func() bool { return len(notifies(watcher.messages())) == 1 })
	x.console("mwi update mailbox 106 0 5")
	watcher.ok()
	// one, which does not subscribe
	phone, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(x.net.host(3)), Port: 5070})
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	if got := x.console("sip notify check-sync one nobody"); got != "Sending NOTIFY of type 'check-sync' to 'one'\nCould not create address for 'nobody'\n" {
		t.Errorf("got %q", got)
	}
	buf := make([]byte, 4096)
	_ = phone.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := phone.Read(buf)
	if m := string(buf[:n]); err != nil || !strings.HasPrefix(m, "NOTIFY ") || header(m, "Event") != "check-sync" {
		t.Errorf("the phone got %q, %v", m, err)
	}
}
