package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// three is the office of desk where 130 comes into the call of bob, and erin may. 140
// is bob, with a tone of 1004 Hz in the call for four seconds.
var three = strings.NewReplacer("port=5070\n", "port=5070\npickupgroup=1\n", "exten => 101,", "exten => 130,1,BridgeAdd(SIP/bob)\n same => n,Echo()\nexten => 140,1,Set(H=${PERIODIC_HOOK(hooks,tone,3600)})\n same => n,Dial(SIP/bob,20)\nexten => 101,",
	"[nowhere]\n", "[nowhere]\n[hooks]\nexten => tone,1,Answer()\n same => n,Set(TIMEOUT(absolute)=4)\n same => n,Milliwatt()\n").Replace(desk)

// hearsBoth waits until the last second of what a phone hears is two tones.
func (b *baresip) hearsBoth(f, g float64) {
	b.t.Helper()
	eventually(b.t, 30*time.Second, fmt.Sprintf("tones of %.0f and %.0f Hz", f, g), func() bool {
		samples := b.heard()
		return isTone(samples, f, 5, 0.2) && isTone(samples, g, 5, 0.2) // the milliwatt is not as loud
	})
}

// TestThreeTalk: alice and bob talk, carol comes in by BridgeAdd, erin by an INVITE with
// Join (RFC 3911). Each hears the others; when the guests have gone the two talk on, and when
// bob goes it is over for all.
func TestThreeTalk(t *testing.T) {
	t.Parallel()
	x := newExchange(t, three)
	alice := startBaresip(t, x.net.host(11), x.net.host(1), "alice", "correct-horse-battery", 400, false)
	bob := startBaresip(t, x.net.host(12), x.net.host(1), "bob", "staple-paperclip-stamp", 800, true, "PCMA")
	carol := startBaresip(t, x.net.host(13), x.net.host(1), "carol", "paperclip-battery-horse", 1200, false)
	alice.registered(x, "alice", x.net.host(11))
	bob.registered(x, "bob", x.net.host(12))
	carol.registered(x, "carol", x.net.host(13))
	alice.do("dial", fmt.Sprintf("sip:102@%s", x.net.host(1)))
	alice.await("CALL_ESTABLISHED")
	alice.hears(800)
	carol.do("dial", fmt.Sprintf("sip:130@%s", x.net.host(1)))
	carol.await("CALL_ESTABLISHED")
	alice.hearsBoth(800, 1200)
	bob.hearsBoth(400, 1200)
	carol.hearsBoth(400, 800)

	erin := newAgent(t, x.net.host(5)+":5070", x.addr(), nil)
	l := erin.call("joining", "x")
	found := regexp.MustCompile(`(?m)^\S+ +bob +(\S+)`).FindStringSubmatch(x.console("sip show channels"))
	if found == nil {
		t.Fatalf("bob's call is not among\n%s", x.console("sip show channels"))
	}
	shown := x.console("sip show channel " + found[1])
	field := func(name string) string {
		m := regexp.MustCompile(`(?m)^ +` + name + `: +(\S+)`).FindStringSubmatch(shown)
		if m == nil {
			t.Fatalf("no %s in\n%s", name, shown)
		}
		return m[1]
	}
	join := fmt.Sprintf("Join: %s;to-tag=%s;from-tag=%s\r\nRequire: join\r\n", field("Call-ID"), field("Our Tag"), field("Their Tag"))
	l.request("INVITE", 1, l.sdp(9000, "9 101"))
	if answer, ok := l.await("SIP/2.0 404", "INVITE", 5*time.Second); !ok {
		t.Fatalf("an INVITE without Join: %s", answer)
	}
	l.request("ACK", 1, "")
	l = erin.call("joining2", "x")
	l.extra = join
	l.request("INVITE", 1, l.sdp(9000, "0 101"))
	if _, ok := l.await("SIP/2.0 200", "INVITE", 5*time.Second); !ok {
		t.Fatalf("no answer to the Join; %q", l.others)
	}
	l.extra = ""
	l.request("ACK2", 1, "")
	eventually(t, 5*time.Second, "a bridge of four", func() bool { return strings.Contains(x.console("bridge show all"), " 4 ") })
	l.request("BYE", 2, "")
	if _, ok := l.await("SIP/2.0 200", "BYE", 5*time.Second); !ok {
		t.Error("no answer to erin's BYE")
	}
	carol.hearsBoth(400, 800)

	carol.do("hangup", "")
	hearTone(t, 800, 5, 0.9, alice.heard) // and nothing else
	hearTone(t, 400, 5, 0.9, bob.heard)
	carol.do("dial", fmt.Sprintf("sip:130@%s", x.net.host(1)))
	bob.hearsBoth(400, 1200)
	bob.do("hangup", "")
	alice.await("CALL_CLOSED")
	hearTone(t, 1200, 5, 0.9, carol.heard) // her own voice, where she went on
	carol.do("hangup", "")
	x.idle()
}

// TestHookHeard: what the extension of a PERIODIC_HOOK plays is heard by both, beside what
// they say to each other, and then it is over.
func TestHookHeard(t *testing.T) {
	t.Parallel()
	x := newExchange(t, three)
	alice := startBaresip(t, x.net.host(11), x.net.host(1), "alice", "correct-horse-battery", 400, false)
	bob := startBaresip(t, x.net.host(12), x.net.host(1), "bob", "staple-paperclip-stamp", 700, true)
	alice.registered(x, "alice", x.net.host(11))
	bob.registered(x, "bob", x.net.host(12))
	alice.do("dial", fmt.Sprintf("sip:140@%s", x.net.host(1)))
	alice.await("CALL_ESTABLISHED")
	alice.hearsBoth(700, 1004)
	bob.hearsBoth(400, 1004)
	hearTone(t, 700, 5, 0.9, alice.heard)
	hearTone(t, 400, 5, 0.9, bob.heard)
	alice.do("hangup", "")
	bob.await("CALL_CLOSED")
	x.idle()
}
