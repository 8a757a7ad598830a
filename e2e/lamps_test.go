package e2e

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestSoftphoneWatches: a softphone watches the extension of another one over UDP and
// over TCP, through a call of that one and until it leaves.
func TestSoftphoneWatches(t *testing.T) {
	for name, at := range map[string]string{"UDP": "", "TCP": ":5060;transport=tcp"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, strings.NewReplacer(
				"context=nowhere\n", "context=nowhere\ntcpenable=yes\n",
				"context=home\n", "context=home\ncallcounter=yes\ntransport=udp,tcp\n",
				"exten => 102,1,", "exten => 102,hint,SIP/bob\nexten => 102,1,").Replace(home))
			bob := startBaresip(t, x.net.host(12), x.net.host(1), "bob", "staple-paperclip-stamp", 800, true)
			bob.registered(x, "bob", x.net.host(12))
			alice := startBaresipAt(t, "", fmt.Sprintf("\"Bob\" <sip:102@%s%s>;presence=p2p\n", x.net.host(1), at),
				x.net.host(11), x.net.host(1)+at, "alice", "correct-horse-battery", 400, false)
			x.reachedOver("alice", name)
			eventually(t, 15*time.Second, "a watcher", func() bool { return strings.Contains(x.console("core show hints"), "Watchers  1") })
			bob.do("dial", "sip:600@"+x.net.host(1))
			bob.await("CALL_ESTABLISHED")
			bob.do("hangup", "")
			x.idle()
			// It knows no more than whether somebody is there.
			bob.do("quit", "")
			gone := regexp.MustCompile(`changed status from .*Online.* to .*Offline`)
			eventually(t, 10*time.Second, "the lamp is out", func() bool { return gone.MatchString(alice.out.String()) })
			if got := x.console("sip show subscriptions"); !strings.Contains(got, "1 active SIP subscription") {
				t.Errorf("the softphone did not answer every NOTIFY:\n%s", got)
			}
			x.idle()
		})
	}
}

// TestPublishedPresence: what a phone says of its owner is seen by who watches it.
func TestPublishedPresence(t *testing.T) {
	t.Parallel()
	x := newExchange(t, watching)
	const pidf = "application/pidf+xml"
	watcher := startSIPp(t, "watcher", scenario{
		subscriber(1, "presence", pidf, 600, false), recv(200),
		recvNotify("msg", "<note>Ready</note>"),
		recvNotify("msg", "<note>Do not disturb</note>", "<ep:busy/>"),
		recvNotify("msg", "<note>Ready</note>"),
	}, x.net.host(6), x.addr(), "-s", "200", "-p", "5061")
	eventually(t, 10*time.Second, "NOTIFY", func() bool { return len(notifies(watcher.messages())) == 1 })
	conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(x.net.host(3)), Port: 5070}, &net.UDPAddr{IP: net.ParseIP(x.net.host(1)), Port: 5060})
	if err != nil {
		t.Fatal(err)
	}
	one := &probe{t: t, conn: conn}
	defer one.close()
	publish := func(extra, body string) string {
		t.Helper()
		one.send(one.request("PUBLISH", "sip:one@"+x.net.host(1), "Event: presence\r\n"+extra, body))
		m, err := one.read(5 * time.Second)
		if err != nil || !strings.HasPrefix(m, "SIP/2.0 200") {
			t.Fatalf("PUBLISH: %v\n%s", err, m)
		}
		return header(m, "SIP-ETag")
	}
	document := `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:one@x"><tuple id="t"><status><basic>open</basic></status><note>Do not disturb</note></tuple></presence>`
	tag := publish("Expires: 600\r\nContent-Type: application/pidf+xml\r\n", document)
	eventually(t, 10*time.Second, "NOTIFY", func() bool { return len(notifies(watcher.messages())) == 2 })
	publish("Expires: 0\r\nSIP-If-Match: "+tag+"\r\n", "")
	watcher.ok()
}

// TestProviderMailbox: messages that wait at a provider light the lamp of a phone here
// (mwi => …). The provider is another exchange.
func TestProviderMailbox(t *testing.T) {
	t.Parallel()
	n := newNetwork()
	provider := newExchange(t, `
-- sip.conf --
[general]
context=nowhere
udpbindaddr=@PBX@
[account]
type=friend
host=`+n.host(1)+`
secret=quite long and odd
context=nowhere
mailbox=500@default
subscribemwi=yes
-- extensions.conf --
[nowhere]
`)
	provider.console("mwi update mailbox 500 2 3")
	// The phone listens from the start: it is told as soon as the provider has spoken.
	phone, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(n.host(3)), Port: 5070})
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	x := newExchangeOn(t, n, strings.NewReplacer(
		"maxexpiry=3600\n", "maxexpiry=3600\nmwi => account:quite long and odd@"+provider.net.host(1)+"/500\n",
		"[one]\ntype=peer\n", "[one]\ntype=peer\nmailbox=500@SIP_Remote\n").Replace(office))
	lamp := func(text string) {
		t.Helper()
		buf := make([]byte, 4096)
		for end := time.Now().Add(15 * time.Second); time.Now().Before(end); {
			_ = phone.SetReadDeadline(end)
			size, from, err := phone.ReadFromUDPAddrPort(buf)
			if err != nil {
				break
			}
			m := string(buf[:size])
			_, _ = phone.WriteToUDPAddrPort([]byte(answerTo(m)), from)
			if strings.HasPrefix(m, "NOTIFY ") && strings.Contains(m, text) {
				return
			}
		}
		t.Fatalf("the phone was not told %q; sip show mwi:\n%s", text, x.console("sip show mwi"))
	}
	lamp("Voice-Message: 2/3")
	provider.console("mwi update mailbox 500 0 5")
	lamp("Voice-Message: 0/5")
}

// answerTo is a 200 to a request.
func answerTo(m string) string {
	return fmt.Sprintf("SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=lamp\r\nCall-ID: %s\r\nCSeq: %s\r\nContent-Length: 0\r\n\r\n",
		header(m, "Via"), header(m, "From"), header(m, "To"), header(m, "Call-ID"), header(m, "CSeq"))
}
