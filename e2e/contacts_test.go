package e2e

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"
)

// deskPhone is a device at two places, in an office that watches itself.
const deskPhone = `
[desk]
type=friend
host=dynamic
context=office
max_contacts=2
`

// deskOffice is the office with deskPhone, its extension and a capture server at .9.
func deskOffice() string {
	files := strings.Replace(office, "-- extensions.conf --", deskPhone+"-- hep.conf --\n[general]\ncapture_address=@9@:9060\ncapture_id=7\n-- extensions.conf --", 1)
	files = strings.Replace(files, "t1min=100", "t1min=100\nregcontext=registered", 1)
	files = strings.Replace(files, "[nowhere]\n", "[nowhere]\n\n[desks]\ninclude => registered\n", 1)
	return strings.Replace(files, "[office]\n", "[office]\nexten => 610,1,Dial(SIP/desk,20)\n same => n,Hangup()\n", 1)
}

// registerDesk registers a place of desk: what is at that host, port 5070.
func registerDesk(t *testing.T, x *exchange, host int) {
	t.Helper()
	p := newProbe(t, x.net.host(host), x.addr())
	defer p.close()
	p.send("REGISTER sip:" + x.net.host(1) + " SIP/2.0\r\nVia: SIP/2.0/UDP " + p.local() + ";branch=z9hG4bKdesk" + x.net.host(host) +
		"\r\nMax-Forwards: 70\r\nFrom: <sip:desk@" + x.net.host(1) + ">;tag=d\r\nTo: <sip:desk@" + x.net.host(1) + ">\r\nCall-ID: desk" + x.net.host(host) +
		"\r\nCSeq: 1 REGISTER\r\nContact: <sip:desk@" + x.net.host(host) + ":5070>\r\nExpires: 300\r\nContent-Length: 0\r\n\r\n")
	if got, err := p.read(5 * time.Second); err != nil || !strings.HasPrefix(got, "SIP/2.0 200") {
		t.Fatalf("REGISTER: %v\n%s", err, got)
	}
}

// TestTwoContacts: both places of a device ring, one answers, the other is told
// that it was answered elsewhere; the history shows all of it as a ladder, and the
// capture server got a copy of everything.
func TestTwoContacts(t *testing.T) {
	t.Parallel()
	x := newExchange(t, deskOffice())
	homer, err := net.ListenPacket("udp4", x.net.host(9)+":9060")
	if err != nil {
		t.Fatal(err)
	}
	defer homer.Close()
	if out := x.console("dialplan show desk@desks"); !strings.Contains(out, "no existence") {
		t.Errorf("before it registers:\n%s", out)
	}
	registerDesk(t, x, 3)
	registerDesk(t, x, 4)
	if out := x.console("dialplan show desk@desks"); !strings.Contains(out, "1. NoOp(desk)") || !strings.Contains(out, "[SIP]") {
		t.Errorf("its extension:\n%s", out)
	}
	if out := x.console("sip show contacts desk"); !strings.Contains(out, "2 contacts") {
		t.Errorf("contacts:\n%s", out)
	}
	loser := x.serve("loser", 3, scenario{
		recvRequest("INVITE"), answer("180 Ringing", empty), recvRequest("CANCEL"), answerInDialog("200 OK", empty),
		send("SIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]uas[call_number]\n[last_Call-ID:]\nCSeq: 102 INVITE\n" + empty),
		recvRequest("ACK"),
	})
	winner := x.serve("winner", 4, scenario{
		recvRequest("INVITE"), answer("180 Ringing", empty), pause(500 * time.Millisecond),
		answer("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"), recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	x.call("caller", "610", scenario{
		invite(), optional(100), recv(180), recv(200), ack(1), pause(300 * time.Millisecond), bye(2), recv(200),
	}).ok()
	winner.ok()
	loser.ok()
	if !strings.Contains(loser.messages(), "cause=200") && !strings.Contains(loser.messages(), "answered elsewhere") {
		t.Errorf("the loser was not told that it was answered elsewhere:\n%s", loser.messages())
	}
	x.idle()

	list := x.console("sip show history")
	id := ""
	for line := range strings.Lines(list) {
		if f := strings.Fields(line); strings.Contains(line, "SIP/caller-") {
			id = f[len(f)-1]
		}
	}
	ladder := x.console("sip show history " + id)
	for _, text := range []string{
		x.net.host(2) + ":5061", "PBX", x.net.host(3) + ":5070", x.net.host(4) + ":5070", "- CANCEL -", "< 487 Request", "< 200 OK (sdp) -", "- BYE -",
	} {
		if !strings.Contains(ladder, text) {
			t.Errorf("no %q in\n%s", text, ladder)
		}
	}
	seen := map[string]bool{}
	buf := make([]byte, 65536)
	for {
		if err := homer.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, _, err := homer.ReadFrom(buf)
		if err != nil {
			break
		}
		if !bytes.HasPrefix(buf[:n], []byte("HEP3")) || int(buf[4])<<8|int(buf[5]) != n {
			t.Fatalf("no HEP3: %q", buf[:n])
		}
		for _, text := range []string{"REGISTER sip:", "INVITE sip:610", "INVITE sip:desk", "CANCEL sip:desk", "SIP/2.0 200 OK", "BYE sip:"} {
			seen[text] = seen[text] || bytes.Contains(buf[:n], []byte(text))
		}
	}
	if len(seen) != 6 {
		t.Errorf("captured: %v", seen)
	}
	for text, there := range seen {
		if !there {
			t.Errorf("%q was not captured", text)
		}
	}
	if out := x.console("sip show stats"); !strings.Contains(out, "Copies to the capture server") {
		t.Errorf("stats:\n%s", out)
	}
	if out := x.console("sip unregister desk"); !strings.Contains(out, "Unregistered peer 'desk'") {
		t.Error(out)
	}
	if out := x.console("dialplan show desk@desks"); !strings.Contains(out, "no existence") {
		t.Errorf("after it is gone:\n%s", out)
	}
}

// TestAddedContact: a number through a trunk rings along for a while.
func TestAddedContact(t *testing.T) {
	t.Parallel()
	x := newExchange(t, deskOffice())
	if out := x.console("sip add contact desk 0171234@one 3600"); !strings.Contains(out, "also ring sip:0171234@one for 3600 seconds") {
		t.Fatal(out)
	}
	mobile := x.serve("one", 3, scenario{
		recvRequest("INVITE"), answer("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"), recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	x.call("caller", "610", scenario{
		invite(), optional(100), optional(180), recv(200), ack(1), pause(200 * time.Millisecond), bye(2), recv(200),
	}).ok()
	mobile.ok()
	if !strings.Contains(mobile.messages(), "INVITE sip:0171234@") {
		t.Errorf("another number was called:\n%s", mobile.messages())
	}
	x.idle()
}

// TestSendRequest: a request from the console, and what comes back.
func TestSendRequest(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	one := x.serve("one", 3, scenario{recvRequest("MESSAGE"), answer("202 Accepted", empty)})
	out := x.console(`sip send MESSAGE one "Subject: lunch" "it is served"`)
	one.ok()
	if !strings.Contains(out, "202 Accepted after") {
		t.Error(out)
	}
	for _, text := range []string{"Subject: lunch", "it is served", "Content-Type: text/plain"} {
		if !strings.Contains(one.messages(), text) {
			t.Errorf("no %q in\n%s", text, one.messages())
		}
	}
}
