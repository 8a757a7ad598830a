package sip

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"pbx/channel"
	"pbx/channels/sip/transaction"
)

// TestDomainContexts: where requests to a domain are looked up, and which are ours.
func TestDomainContexts(t *testing.T) {
	const conf = `[general]
context=outside
autodomain=yes
alwaysauthreject=no
externaddr=203.0.113.7
domain=example.com,inside
domain=b.example
[own]
type=friend
host=dynamic
secret=ownpw
context=mine
[plain]
type=friend
host=dynamic
secret=plainpw
`
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, conf, nil)
		if err := r.Call(func() {
			for _, c := range []struct{ peer, host, want string }{
				{"own", "example.com", "mine"},
				{"plain", "EXAMPLE.com", "inside"},
				{"plain", "b.example", "outside"},
				{"plain", "192.0.2.1", "outside"},
				{"", "example.com", "inside"},
				{"", "b.example", "outside"},
			} {
				p := r.peer(c.peer)
				if got := r.contextFor(p, r.settings(p), []byte(c.host)); got != c.want {
					t.Errorf("%s at %s: %s, want %s", c.peer, c.host, got, c.want)
				}
			}
			for host, want := range map[string]bool{
				"example.com": true, "B.EXAMPLE": true, "c.example": false, "203.0.113.7": true, "203.0.113.8": false, "127.0.0.1": true,
			} {
				if got := r.isDomain([]byte(host), transaction.Route{}); got != want {
					t.Errorf("%s is a domain of ours: %v", host, got)
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		if out := r.console("sip show domains"); !strings.Contains(out, fmt.Sprintf("%-40s %-20s %-16s\n", "203.0.113.7", "(default)", "[Automatic]")) {
			t.Errorf("sip show domains:\n%s", out)
		}
		p := r.phone("192.0.2.10:5070", "own")
		p.send("REGISTER sip:c.example SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.10:5070;branch=z9hG4bKd;rport\nMax-Forwards: 70\nFrom: <sip:own@c.example>;tag=1\nTo: <sip:own@c.example>\nCall-ID: d\nCSeq: 1 REGISTER\nContent-Length: 0\n\n")
		if m := p.receive(); len(m) != 1 || m[0].Status() != 404 || string(m[0].Reason()) != "Not found (unknown domain)" {
			t.Errorf("REGISTER for another domain without alwaysauthreject: %v", m)
		}
	})
}

// TestAssertedCallers: whom a trusted peer says to call, and how sure that is.
func TestAssertedCallers(t *testing.T) {
	for headers, want := range map[string]string{
		"": "/carol allowed_not_screened",
		`P-Asserted-Identity: "Dora" <sip:300@x>`:                                                              "Dora/300 allowed_not_screened",
		`P-Asserted-Identity: "Dora" <sip:300@x> | Privacy: id`:                                                "Dora/300 prohib_not_screened",
		`P-Asserted-Identity: "Anonymous" <sip:anonymous@anonymous.invalid>`:                                   "Anonymous/carol prohib_not_screened",
		`Remote-Party-ID: "Emil" <sip:302@x>;party=calling;screen=yes;privacy=off`:                             "Emil/302 allowed_passed_screen",
		`Remote-Party-ID: "Emil" <sip:302@x>;screen=no;privacy=off`:                                            "Emil/302 allowed_not_screened",
		`Remote-Party-ID: "Emil" <sip:302@x>;screen=yes;privacy=full`:                                          "Emil/302 prohib_passed_screen",
		`Remote-Party-ID: <sip:302@x>;privacy=full`:                                                            "/302 prohib_not_screened",
		`P-Asserted-Identity: "Dora" <sip:300@x> | Remote-Party-ID: "Emil" <sip:302@x>;privacy=off;screen=yes`: "Emil/302 allowed_passed_screen",
	} {
		checkCaller(t, office+"trustrpid=yes\n", headers, want)
	}
	for headers, want := range map[string]string{
		"":                                   "Carol/5551234 allowed_not_screened",
		`P-Asserted-Identity: <sip:carol@x>`: "Carol/5551234 allowed_not_screened",
		`Remote-Party-ID: "Emil" <sip:302@x>;screen=yes;privacy=off`: "Emil/302 allowed_passed_screen",
	} {
		checkCaller(t, office+"trustrpid=yes\ncallerid=Carol <555-1234>\n", headers, want)
	}
	checkCaller(t, office+"callerid=Carol <555-1234>\n", `Remote-Party-ID: "Emil" <sip:302@x>;privacy=off`, "Carol/5551234 allowed_not_screened")
}

// checkCaller is one call of carol's.
func checkCaller(t *testing.T, conf, headers, want string) {
	t.Helper()
	var got string
	app := func(ch *channel.Channel) {
		c := ch.Identity().Caller
		got = c.Name + "/" + c.Number + " " + c.Presentation.String()
	}
	script := "carol > INVITE 2000 sdp"
	if headers != "" {
		script += " | " + headers
	}
	withFlow(t, conf, map[string]func(*channel.Channel){"2000": app}, func(f *flow) {
		f.phone("carol")
		f.play(script + "\ncarol < 100")
		f.endAll()
	})
	if got != want {
		t.Errorf("%s: %q, want %q", headers, got, want)
	}
}
