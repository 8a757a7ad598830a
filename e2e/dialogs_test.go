package e2e

import (
	"strings"
	"testing"
	"time"
)

// dialogs is the office with more asked of its calls.
var dialogs = strings.NewReplacer("t1min=100", "t38pt_udptl=yes\nt1min=100", "exten => 500,1,Busy()", `exten => 500,1,Busy()
exten => 700,1,Progress()
 same => n,Wait(0.5)
 same => n,Answer()
 same => n,Wait(30)
exten => 800,1,Dial(SIP/direct-one,20)
exten => 801,1,Dial(SIP/timed,20)
`, "[alice]", `[direct-caller]
type=peer
host=@6@
insecure=port,invite
context=office
directmedia=yes

[direct-one]
type=peer
host=@3@
port=5070
context=office
directmedia=yes

[timed]
type=peer
host=@4@
port=5070
context=office
session-timers=originate
session-expires=90

[alice]`).Replace(office)

// recvReliable expects a provisional response that wants a PRACK, and keeps its
// number.
func recvReliable(status string) string {
	return `<recv response="` + status + `" rrs="true"><action><ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" check_it="true" assign_to="rseq"/></action></recv>`
}

func prack(cseq int, body string) string {
	return send(caller("PRACK", cseq, true) + "RAck: [$rseq] 1 INVITE\n" + body)
}

func inviteWith(headers string) string {
	return send(withSDP(caller("INVITE", 1, false)+headers, "sendrecv"))
}

// later answers the INVITE that recvKeeping kept, with a To tag.
func later(status, tag, extra string) string {
	return send("SIP/2.0 " + status + `
Via: [$via]
From: [$from]
To: [$to];tag=` + tag + `
Call-ID: [call_id]
CSeq: [$cseq]
Contact: <sip:[local_ip]:[local_port]>
` + extra)
}

// TestPrackFromCaller: a caller who insists on 100rel acknowledges the 183, whose
// description is the answer; one without an offer gets ours in it.
func TestPrackFromCaller(t *testing.T) {
	t.Parallel()
	x := newExchange(t, dialogs)
	end := scenario{recv(200), ack(1), pause(200 * time.Millisecond), bye(3), recv(200)}
	p := x.call("required", "700", append(scenario{
		inviteWith("Require: 100rel\n"), optional(100), recvReliable("183"), prack(2, empty), recv(200),
	}, end...))
	p.ok()
	if n := strings.Count(p.messages(), "m=audio"); n != 2 {
		t.Errorf("%d descriptions, one offer and one answer are expected:\n%s", n, p.messages())
	}
	x.call("late", "700", append(scenario{
		send(caller("INVITE", 1, false) + "Supported: 100rel\n" + empty), optional(100), recvReliable("183"),
		prack(2, withSDP("", "sendrecv")), recv(200),
	}, end...)).ok()
	x.idle()
}

// TestPrackToCallee: a callee whose 180 is reliable gets its PRACK, and sends it
// again until then.
func TestPrackToCallee(t *testing.T) {
	t.Parallel()
	x := newExchange(t, dialogs)
	one := x.serve("one", 3, scenario{
		recvKeeping("INVITE"),
		later("180 Ringing", "x", "Require: 100rel\nRSeq: 4711\n"+empty),
		`<recv request="PRACK"><action><ereg regexp="4711 102 INVITE" search_in="hdr" header="RAck:" check_it="true" assign_to="rack"/><log message="[$rack]"/></action></recv>`,
		answerInDialog("200 OK", empty),
		later("200 OK", "x", withSDP("", "sendrecv")), recvRequest("ACK"), recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	x.call("caller", "200", scenario{invite(), optional(100), recv(180), recv(200), ack(1), pause(200 * time.Millisecond), bye(2), recv(200)}).ok()
	one.ok()
	x.idle()
}

// TestUpdate: UPDATE refreshes, holds and resumes; an offer that cannot be is
// refused and changes nothing.
func TestUpdate(t *testing.T) {
	t.Parallel()
	x := newExchange(t, dialogs)
	update := func(cseq int, body string) string { return send(caller("UPDATE", cseq, true) + body) }
	offer := func(direction string) string { return withSDP("", direction) }
	p := x.call("caller", "100", scenario{
		invite(), optional(100), recv(200), ack(1),
		update(2, empty), recv(200), update(3, offer("sendonly")), recv(200), update(4, offer("sendrecv")), recv(200),
		update(5, strings.Replace(offer("sendrecv"), "RTP/AVP 0 8 101", "RTP/AVP 18", 1)), recv(488),
		bye(6), recv(200),
	})
	p.ok()
	if !strings.Contains(p.messages(), "a=recvonly") {
		t.Errorf("not held:\n%s", p.messages())
	}
	x.idle()
}

// TestSessionTimer: both as the one who was called and as the caller the exchange
// refreshes after half of the interval (RFC 4028 10).
func TestSessionTimer(t *testing.T) {
	t.Parallel()
	x := newExchange(t, dialogs)
	refreshed := 50 * time.Second
	caller1 := x.call("caller", "100", scenario{
		inviteWith("Supported: timer\nAllow: INVITE, ACK, BYE, UPDATE\nSession-Expires: 60\n"), optional(100), recv(422), ackFailure(1),
	})
	caller1.ok()
	if !strings.Contains(caller1.messages(), "Min-SE: 90") {
		t.Errorf("the 422 has no Min-SE:\n%s", caller1.messages())
	}
	timed := x.serve("timed", 4, scenario{
		recvRequest("INVITE"), answer("200 OK", "Require: timer\nSession-Expires: 90;refresher=uac\n"+withSDP("", "sendrecv")), recvRequest("ACK"),
		within(refreshed, recvRequest("INVITE")),
		answerInDialog("200 OK", "Require: timer\nSession-Expires: 90;refresher=uac\n"+withSDP("", "sendrecv")), recvRequest("ACK"),
		recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	p := x.call("long", "801", scenario{
		inviteWith("Supported: timer\nAllow: INVITE, ACK, BYE, UPDATE\nSession-Expires: 90;refresher=uas\n"), optional(100), recv(200), ack(1),
		within(refreshed, recvRequest("UPDATE")), answerInDialog("200 OK", "Require: timer\nSession-Expires: 90;refresher=uac\n"+empty),
		pause(2 * time.Second), bye(2), recv(200),
	})
	p.ok()
	timed.ok()
	x.idle()
}

// TestLateOffer: an INVITE and a re-INVITE without a description get an offer, and
// the ACK has the answer.
func TestLateOffer(t *testing.T) {
	t.Parallel()
	x := newExchange(t, dialogs)
	ackWith := func(cseq int) string { return send(withSDP(caller("ACK", cseq, true), "sendrecv")) }
	p := x.call("caller", "100", scenario{
		send(caller("INVITE", 1, false) + empty), optional(100), recv(200), ackWith(1), pause(200 * time.Millisecond),
		send(caller("INVITE", 2, true) + empty), optional(100), recv(200), ackWith(2), pause(200 * time.Millisecond),
		bye(3), recv(200),
	})
	p.ok()
	if n := strings.Count(p.messages(), "m=audio"); n != 4 {
		t.Errorf("%d descriptions:\n%s", n, p.messages())
	}
	x.idle()
}

// TestGlare: both ends make an offer at once; each is refused with 491 and the
// exchange tries again within 2 s (RFC 3261 14.1). What it asks for is direct media.
func TestGlare(t *testing.T) {
	t.Parallel()
	x := newExchange(t, dialogs)
	one := x.serve("one", 3, scenario{
		recvRequest("INVITE"), answer("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"),
		recvRequest("INVITE"), answerInDialog("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"),
		recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	ackRefused := send(strings.Replace(caller("ACK", 2, true), "branch=[branch]", "branch=[branch-2]", 1) + empty)
	p := startSIPp(t, "caller", scenario{
		invite(), optional(100), recv(200), ack(1), recvKeeping("INVITE"),
		reinvite(2, "sendrecv"), recv(491), ackRefused,
		send("SIP/2.0 491 Request Pending\nVia: [$via]\nFrom: [$from]\nTo: [$to]\nCall-ID: [call_id]\nCSeq: [$cseq]\n" + empty), recvRequest("ACK"),
		within(2100*time.Millisecond, recvRequest("INVITE")), answerInDialog("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"),
		pause(500 * time.Millisecond), bye(3), recv(200),
	}, x.net.host(6), x.addr(), "-s", "800", "-p", "5061")
	p.ok()
	one.ok()
	if want := "c=IN IP4 " + x.net.host(6); !strings.Contains(one.messages(), want) {
		t.Errorf("the callee was not told %q:\n%s", want, one.messages())
	}
	if want := "c=IN IP4 " + x.net.host(3); !strings.Contains(p.messages(), want) {
		t.Errorf("the caller was not told %q:\n%s", want, p.messages())
	}
	x.idle()
}

// TestForkedAnswers: a proxy's two phones answer the same INVITE; the first is
// kept, the second acknowledged and hung up (RFC 3261 13.2.2.4).
func TestForkedAnswers(t *testing.T) {
	t.Parallel()
	x := newExchange(t, dialogs)
	one := x.serve("one", 3, scenario{
		recvKeeping("INVITE"), later("180 Ringing", "a", empty), later("180 Ringing", "b", empty),
		later("200 OK", "a", withSDP("", "sendrecv")), recvRequest("ACK"),
		later("200 OK", "b", withSDP("", "sendrecv")), recvRequest("ACK"),
		`<recv request="BYE"><action><ereg regexp="tag=b" search_in="hdr" header="To:" check_it="true" assign_to="loser"/><log message="[$loser]"/></action></recv>`,
		answerInDialog("200 OK", empty),
		recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	x.call("caller", "200", scenario{invite(), optional(100), recv(180), optional(180), recv(200), ack(1), pause(time.Second), bye(2), recv(200)}).ok()
	one.ok()
	x.idle()
}

// TestHoldDialects: 0.0.0.0 of RFC 2543 is a hold as well.
func TestHoldDialects(t *testing.T) {
	t.Parallel()
	x := newExchange(t, dialogs)
	zero := strings.Replace(withSDP(caller("INVITE", 2, true), "sendrecv"), "c=IN IP[media_ip_type] [media_ip]", "c=IN IP4 0.0.0.0", 1)
	p := x.call("caller", "100", scenario{
		invite(), optional(100), recv(200), ack(1),
		send(zero), optional(100), recv(200), ack(2), reinvite(3, "sendrecv"), optional(100), recv(200), ack(3), bye(4), recv(200),
	})
	p.ok()
	if !strings.Contains(p.messages(), "a=recvonly") {
		t.Errorf("not held:\n%s", p.messages())
	}
	x.idle()
}

// TestFaxThrough: the callee asks for T.38, the caller takes it.
func TestFaxThrough(t *testing.T) {
	t.Parallel()
	x := newExchange(t, dialogs)
	image := func(headers string) string {
		body := withSDP(headers, "sendrecv")
		head, _, _ := strings.Cut(body, "m=audio")
		return head + "m=image [media_port] udptl t38\na=T38FaxVersion:0\na=T38FaxUdpEC:t38UDPRedundancy"
	}
	inDialog := func(method string, cseq string, body string) string {
		return send(method + ` [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$to];tag=x
To: [$from]
Call-ID: [call_id]
CSeq: ` + cseq + ` ` + method + `
Contact: <sip:[local_ip]:[local_port]>
Max-Forwards: 70
` + body)
	}
	keep := strings.Replace(recvKeeping("INVITE"), "<recv ", `<recv rrs="true" `, 1)
	one := x.serve("one", 3, scenario{
		keep, later("200 OK", "x", withSDP("", "sendrecv")), recvRequest("ACK"), pause(300 * time.Millisecond),
		inDialog("INVITE", "1", image("")), optional(100), recv(200), inDialog("ACK", "1", empty),
		`<recv request="BYE"><action><log message="[$via] [$cseq]"/></action></recv>`, answerInDialog("200 OK", empty),
	})
	p := x.call("caller", "200", scenario{
		invite(), optional(100), recv(200), ack(1),
		recvRequest("INVITE"), answerInDialog("200 OK", image("")), recvRequest("ACK"),
		pause(500 * time.Millisecond), bye(2), recv(200),
	})
	p.ok()
	one.ok()
	if !strings.Contains(p.messages(), "udptl t38") || !strings.Contains(one.messages(), "a=T38FaxUdpEC:t38UDPRedundancy") {
		t.Errorf("no T.38:\n%s", p.messages())
	}
	x.idle()
}
