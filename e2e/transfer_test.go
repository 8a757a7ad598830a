package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// desk is an office of three softphones and of the desk phone erin, who is at .5.
const desk = `
-- sip.conf --
[general]
context=nowhere
allowguest=no
udpbindaddr=@PBX@:5060
disallow=all
allow=ulaw,alaw

[phone](!)
type=friend
host=dynamic
context=home

[alice](phone)
secret=correct-horse-battery
[bob](phone)
secret=staple-paperclip-stamp
callgroup=1
[carol](phone)
secret=paperclip-battery-horse
pickupgroup=1
[erin]
type=peer
host=@5@
port=5070
context=home
-- extensions.conf --
[nowhere]
[home]
exten => 101,1,Dial(SIP/alice,20)
exten => 102,1,Dial(SIP/bob,20)
exten => 103,1,Dial(SIP/carol,20)
exten => 105,1,Dial(SIP/erin,20)
exten => 113,1,Dial(Local/103@home,20)
exten => 123,1,Dial(Local/103@home/n,20)
-- rtp.conf --
[general]
rtpstart=20000
rtpend=20999
`

// aliceAndCarol registers the two who talk in the end: alice says 400 Hz, carol,
// who answers by herself, 1200 Hz.
func aliceAndCarol(t *testing.T) (x *exchange, alice, carol *baresip) {
	t.Helper()
	x = newExchange(t, desk)
	alice = startBaresip(t, x.net.host(11), x.net.host(1), "alice", "correct-horse-battery", 400, false)
	carol = startBaresip(t, x.net.host(13), x.net.host(1), "carol", "paperclip-battery-horse", 1200, true)
	alice.registered(x, "alice", x.net.host(11))
	carol.registered(x, "carol", x.net.host(13))
	return x, alice, carol
}

// theyTalk ends a test: alice and carol hear each other, alice hangs up, and
// nothing is left.
func theyTalk(x *exchange, alice, carol *baresip) {
	x.t.Helper()
	carol.await("CALL_ESTABLISHED")
	alice.hears(1200)
	carol.hears(400)
	alice.do("hangup", "")
	carol.await("CALL_CLOSED")
	x.idle()
}

// TestBlindTransfer: bob's softphone transfers alice to carol.
func TestBlindTransfer(t *testing.T) {
	t.Parallel()
	x, alice, carol := aliceAndCarol(t)
	bob := startBaresip(t, x.net.host(12), x.net.host(1), "bob", "staple-paperclip-stamp", 800, true)
	bob.registered(x, "bob", x.net.host(12))
	alice.do("dial", fmt.Sprintf("sip:102@%s", x.net.host(1)))
	alice.await("CALL_ESTABLISHED")
	alice.hears(800)
	bob.do("transfer", fmt.Sprintf("sip:103@%s", x.net.host(1)))
	bob.await("CALL_CLOSED")
	theyTalk(x, alice, carol)
}

// TestAttendedTransfer: erin asks carol, then connects alice with her (REFER with
// Replaces).
func TestAttendedTransfer(t *testing.T) {
	t.Parallel()
	x, alice, carol := aliceAndCarol(t)
	ready := make(chan *leg, 1)
	erin := newAgent(t, x.net.host(5)+":5070", x.addr(), func(l *leg, invite string) {
		l.reply(invite, "180 Ringing", "")
		l.reply(invite, "200 OK", l.sdp(9000, "0 101"))
		l.from, l.to = header(invite, "To")+";tag=c"+l.id, header(invite, "From")
		l.uri = strings.Trim(header(invite, "Contact"), "<>")
		if _, ok := l.await("ACK ", "ACK", 5*time.Second); ok {
			ready <- l
		}
	})
	alice.do("dial", fmt.Sprintf("sip:105@%s", x.net.host(1)))
	alice.await("CALL_ESTABLISHED")
	first := <-ready
	second := erin.call("consultation", "103")
	second.request("INVITE", 1, second.sdp(9002, "0 101"))
	answer, ok := second.await("SIP/2.0 200", "INVITE", 10*time.Second)
	if !ok {
		t.Fatal("carol did not answer erin")
	}
	second.request("ACK2", 1, "")
	_, theirs, _ := strings.Cut(header(answer, "To"), ";tag=")
	replaces := url.QueryEscape(second.id + ";to-tag=" + theirs + ";from-tag=" + second.id)
	erin.send(fmt.Sprintf("REFER %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK-refer\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"+
		"CSeq: 7 REFER\r\nContact: <sip:erin@%s>\r\nRefer-To: <sip:103@%s?Replaces=%s>\r\nContent-Length: 0\r\n\r\n",
		first.uri, erin.conn.LocalAddr(), first.from, first.to, first.id, erin.conn.LocalAddr(), x.net.host(1), replaces))
	if _, ok := first.await("SIP/2.0 202", "REFER", 5*time.Second); !ok {
		t.Fatal("the REFER was not accepted")
	}
	notify, ok := first.await("NOTIFY ", "NOTIFY", 5*time.Second)
	if !ok || !strings.Contains(notify, "\r\n\r\nSIP/2.0 200 OK") || header(notify, "Event") != "refer;id=7" {
		t.Fatalf("the transfer was not told: %s", notify)
	}
	first.reply(notify, "200 OK", "")
	bye, ok := second.await("BYE ", "BYE", 5*time.Second)
	if !ok {
		t.Fatal("the consultation was not ended")
	}
	second.reply(bye, "200 OK", "")
	first.request("BYE", 8, "")
	if _, ok := first.await("SIP/2.0 200", "BYE", 5*time.Second); !ok {
		t.Error("no answer to the BYE")
	}
	theyTalk(x, alice, carol)
}

// TestTransferByDigits: erin dials during the call, by RFC 4733 events, and asks carol. She
// takes it back, asks again and hangs up: alice and carol talk, and nothing is left.
func TestTransferByDigits(t *testing.T) {
	t.Parallel()
	x := newExchange(t, strings.Replace(desk, "Dial(SIP/erin,20)", "Dial(SIP/erin,20,t)", 1)+"-- features.conf --\n[general]\nfeaturedigittimeout=20000\ntransferdigittimeout=20\n[featuremap]\natxfer=*2\n") // the machine may be slow
	alice := startBaresip(t, x.net.host(11), x.net.host(1), "alice", "correct-horse-battery", 400, false)
	carol := startBaresip(t, x.net.host(13), x.net.host(1), "carol", "paperclip-battery-horse", 1200, true)
	alice.registered(x, "alice", x.net.host(11))
	carol.registered(x, "carol", x.net.host(13))
	voice := newTalker(t, x.net.host(5), typePCMU, 101, 800)
	ready := make(chan *leg, 1)
	newAgent(t, x.net.host(5)+":5070", x.addr(), func(l *leg, invite string) {
		l.reply(invite, "200 OK", voice.sdp("0"))
		voice.to(invite)
		l.from, l.to = header(invite, "To")+";tag=c"+l.id, header(invite, "From")
		l.uri = strings.Trim(header(invite, "Contact"), "<>")
		if _, ok := l.await("ACK ", "ACK", 5*time.Second); ok {
			ready <- l
		}
	})
	alice.do("dial", fmt.Sprintf("sip:105@%s", x.net.host(1)))
	alice.await("CALL_ESTABLISHED")
	erin := <-ready
	voice.hears(400)
	ask := func() {
		voice.press("*2103")
		voice.hears(1200)
	}
	ask()
	carol.hears(800)
	voice.press("*1")
	carol.await("CALL_CLOSED")
	voice.hears(400)
	alice.hears(800)
	ask()
	erin.request("BYE", 8, "")
	if _, ok := erin.await("SIP/2.0 200", "BYE", 5*time.Second); !ok {
		t.Error("no answer to the BYE")
	}
	theyTalk(x, alice, carol)
}

// TestLocalAudio: parties on both sides of a Local channel hear each other, the
// pair being there (/n) or out of the way.
func TestLocalAudio(t *testing.T) {
	for _, c := range []struct {
		exten    string
		channels int
	}{{"113", 2}, {"123", 4}} {
		t.Run(c.exten, func(t *testing.T) {
			t.Parallel()
			x, alice, carol := aliceAndCarol(t)
			alice.do("dial", fmt.Sprintf("sip:%s@%s", c.exten, x.net.host(1)))
			alice.await("CALL_ESTABLISHED")
			eventually(t, 5*time.Second, "the channels of the call", func() bool {
				return strings.Contains(x.console("core show channels"), fmt.Sprintf("\n%d active channels", c.channels))
			})
			theyTalk(x, alice, carol)
		})
	}
}

// TestGroupPickup: carol takes the call that rings at bob.
func TestGroupPickup(t *testing.T) {
	t.Parallel()
	x, alice, carol := aliceAndCarol(t)
	bob := startBaresip(t, x.net.host(12), x.net.host(1), "bob", "staple-paperclip-stamp", 800, false)
	bob.registered(x, "bob", x.net.host(12))
	alice.do("dial", fmt.Sprintf("sip:102@%s", x.net.host(1)))
	bob.await("CALL_INCOMING")
	alice.await("CALL_RINGING")
	carol.do("dial", fmt.Sprintf("sip:*8@%s", x.net.host(1)))
	bob.await("CALL_CLOSED")
	theyTalk(x, alice, carol)
}
