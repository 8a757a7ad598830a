package e2e

import (
	"strings"
	"testing"
	"time"
)

func TestRefusedPassword(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	register := func(credentials string) string {
		return send(`REGISTER sip:[remote_ip] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:alice@[remote_ip]>;tag=[pid]r[call_number]
To: <sip:alice@[remote_ip]>
Call-ID: [call_id]
CSeq: [cseq] REGISTER
Contact: <sip:alice@[local_ip]:[local_port]>
Max-Forwards: 70
Expires: 120
` + credentials + empty)
	}
	startSIPp(t, "wrong", scenario{
		register(""), recvAuth(401),
		register("[authentication username=alice password=wrong]\n"), recv(403),
	}, x.net.host(6), x.addr(), "-p", "5061").ok()
	if peers := x.console("sip show peers"); strings.Contains(peers, x.net.host(6)) {
		t.Errorf("registered with a wrong password:\n%s", peers)
	}
	startSIPp(t, "right", scenario{
		register(""), recvAuth(401),
		register("[authentication username=alice password=correct-horse-battery]\n"), recv(200),
	}, x.net.host(6), x.addr(), "-p", "5061").ok()
	if peers := x.console("sip show peers"); !strings.Contains(peers, x.net.host(6)) {
		t.Errorf("not registered with the right password:\n%s", peers)
	}
}

func TestUnknownExtension(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	x.call("unknown", "999", scenario{invite(), recv(404), ackFailure(1)}).ok()
	x.call("rejected", "502", scenario{invite(), optional(100), recv(404), ackFailure(1)}).ok()
	x.idle()
}

// TestGuest: a caller whom no section names is refused.
func TestGuest(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	startSIPp(t, "guest", scenario{invite(), recv(401), ackFailure(1)}, x.net.host(9), x.addr(), "-s", "100", "-p", "5061").ok()
	x.idle()
}

func TestAnswerAndHangup(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	x.call("caller-ends", "100", scenario{invite(), optional(100), recv(200), ack(1), pause(200 * time.Millisecond), bye(2), recv(200)}).ok()
	x.call("exchange-ends", "101", scenario{invite(), optional(100), recv(200), ack(1), recvRequest("BYE"), answerInDialog("200 OK", empty)}).ok()
	x.call("busy", "500", scenario{invite(), optional(100), recv(486), ackFailure(1)}).ok()
	x.call("congestion", "501", scenario{invite(), optional(100), recv(503), ackFailure(1)}).ok()
	x.idle()
}

func TestDial(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	one := x.serve("one", 3, scenario{
		recvRequest("INVITE"), answer("180 Ringing", empty), pause(300 * time.Millisecond),
		answer("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"),
		recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	x.call("caller", "200", scenario{
		invite(), optional(100), recv(180), optional(183), recv(200), ack(1), pause(500 * time.Millisecond), bye(2), recv(200),
	}).ok()
	one.ok()
	x.idle()
}

// TestCancel: the caller gives up while the callee rings; both transactions end.
func TestCancel(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	one := x.serve("one", 3, ringing())
	cancel := send(strings.Replace(caller("CANCEL", 1, false), "branch=[branch]", "branch=[branch-3]", 1) + empty)
	x.call("caller", "200", scenario{
		invite(), optional(100), recv(180), cancel, recv(200), recv(487), ackFailure(1),
	}).ok()
	one.ok()
	x.idle()
}

func TestBusyCallee(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	one := x.serve("one", 3, scenario{recvRequest("INVITE"), answer("486 Busy Here", empty), recvRequest("ACK")})
	x.call("caller", "200", scenario{invite(), optional(100), recv(486), ackFailure(1)}).ok()
	one.ok()
	x.idle()
}

// TestNoAnswer: Dial gives up after its time and cancels the callee.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	one := x.serve("one", 3, scenario{
		recvRequest("INVITE"), answer("180 Ringing", empty), recvRequest("CANCEL"), answerInDialog("200 OK", empty),
		send("SIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]uas[call_number]\n[last_Call-ID:]\nCSeq: 102 INVITE\n" + empty),
		recvRequest("ACK"),
	})
	x.call("caller", "201", scenario{invite(), optional(100), recv(180), within(4*time.Second, recv(603)), ackFailure(1)}).ok()
	one.ok()
	x.idle()
}

// TestFork: three phones ring, the second answers, the others are cancelled and
// told that it was answered elsewhere.
func TestFork(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	loser := scenario{
		recvRequest("INVITE"), answer("180 Ringing", empty), recvRequest("CANCEL"), answerInDialog("200 OK", empty),
		send("SIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]uas[call_number]\n[last_Call-ID:]\nCSeq: 102 INVITE\n" + empty),
		recvRequest("ACK"),
	}
	one, three := x.serve("one", 3, loser), x.serve("three", 5, loser)
	two := x.serve("two", 4, scenario{
		recvRequest("INVITE"), answer("180 Ringing", empty), pause(500 * time.Millisecond),
		answer("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"), recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	x.call("caller", "300", scenario{
		invite(), optional(100), recv(180), recv(200), ack(1), pause(300 * time.Millisecond), bye(2), recv(200),
	}).ok()
	two.ok()
	for _, p := range []*sipp{one, three} {
		p.ok()
		if !strings.Contains(p.messages(), "cause=200") && !strings.Contains(p.messages(), "answered elsewhere") {
			t.Errorf("%s was not told that the call was answered elsewhere:\n%s", p.name, p.messages())
		}
	}
	x.idle()
}

// TestHold: the caller holds and resumes; each re-INVITE is answered in kind.
func TestHold(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	one := x.serve("one", 3, scenario{
		recvRequest("INVITE"), answer("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"),
		recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	caller := x.call("caller", "200", scenario{
		invite(), optional(100), optional(180), recv(200), ack(1), pause(200 * time.Millisecond),
		reinvite(2, "sendonly"), optional(100), recv(200), ack(2), pause(200 * time.Millisecond),
		reinvite(3, "inactive"), optional(100), recv(200), ack(3), pause(200 * time.Millisecond),
		reinvite(4, "sendrecv"), optional(100), recv(200), ack(4), pause(200 * time.Millisecond),
		bye(5), recv(200),
	})
	caller.ok()
	one.ok()
	trace := caller.messages()
	for _, direction := range []string{"a=recvonly", "a=inactive"} {
		if !strings.Contains(trace, direction) {
			t.Errorf("no answer said %s", direction)
		}
	}
	x.idle()
}

// TestRetransmittedInvite: the same INVITE twice runs the dialplan once.
func TestRetransmittedInvite(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	same := send(strings.Replace(withSDP(caller("INVITE", 1, false), "sendrecv"), "branch=[branch]", "branch=z9hG4bK-same-[pid]", 1))
	x.call("caller", "400", scenario{
		same, recv(100), same, optional(100), recv(200), ack(1), pause(200 * time.Millisecond), bye(2), recv(200),
	}).ok()
	x.idle()
	if calls := x.console("core show channels"); !strings.Contains(calls, "1 call processed") {
		t.Errorf("one call was sent twice, the exchange counted:\n%s", calls)
	}
	if globals := x.console("dialplan show globals"); !strings.Contains(globals, "RUNS=1\n") {
		t.Errorf("the dialplan did not run once:\n%s", globals)
	}
}

// TestLostAck: the 200 is repeated, and without an ACK the call ends after 64*T1
// with a BYE (RFC 3261 13.3.1.4).
func TestLostAck(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	p := x.call("caller", "100", scenario{
		invite(), optional(100), recv(200), within(12*time.Second, recvRequest("BYE")), answerInDialog("200 OK", empty),
	})
	p.ok()
	if n := strings.Count(p.messages(), "SIP/2.0 200 OK"); n < 6 {
		t.Errorf("the 200 was sent %d times, ours included", n)
	}
	x.idle()
}

// TestByeCrossing: both ends hang up at once.
func TestByeCrossing(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	x.call("caller", "101", scenario{
		invite(), optional(100), recv(200), ack(1), recvKeeping("BYE"),
		bye(2), recv(200), // our BYE before the answer to theirs
		send("SIP/2.0 200 OK\nVia: [$via]\nFrom: [$from]\nTo: [$to]\nCall-ID: [call_id]\nCSeq: [$cseq]\n" + empty),
	}).ok()
	x.idle()
}

// TestTaintedFork: an ampersand that was dialled does not add a leg.
func TestTaintedFork(t *testing.T) {
	t.Parallel()
	x := newExchange(t, strings.Replace(office, "exten => 500,1,Busy()", "exten => _9.,1,Dial(SIP/${EXTEN:1},5)\nexten => 500,1,Busy()", 1))
	one := x.serve("one", 3, scenario{recvRequest("INVITE"), answer("486 Busy Here", empty), recvRequest("ACK")})
	x.call("caller", "9two%26SIP/one", scenario{invite(), optional(100), recv(503), ackFailure(1)}).ok()
	if strings.Contains(one.messages(), "INVITE") {
		t.Error("the dialled ampersand added a leg")
	}
	_ = one.cmd.Process.Kill()
	<-one.done
	x.idle()
}

// TestPrematureMedia: what is played to a caller who was not answered opens early
// audio, but with prematuremedia=yes only Progress() does.
func TestPrematureMedia(t *testing.T) {
	for option, played := range map[string]scenario{
		"prematuremedia=no":  {invite(), optional(100), recv(183), recv(486), ackFailure(1)},
		"prematuremedia=yes": busyCall(),
	} {
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, `
-- sip.conf --
[general]
bindaddr=@PBX@
allowguest=yes
context=in
`+option+`
-- extensions.conf --
[in]
exten => 800,1,Playback(beep,noanswer)
 same => n,Hangup(17)
exten => 801,1,Progress()
 same => n,Goto(800,1)
`)
			x.call("sound", "800", played).ok()
			x.call("progress", "801", scenario{invite(), optional(100), recv(183), recv(486), ackFailure(1)}).ok()
			x.idle()
		})
	}
}
