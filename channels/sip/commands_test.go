package sip

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// golden reads a layout of the ancestor from testdata/console.
func golden(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "console", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// same compares two outputs line by line. What we mean to be different is
// replaced on both sides before.
func same(t *testing.T, what, got, want string, replace ...string) {
	t.Helper()
	r := strings.NewReplacer(replace...)
	g, w := strings.Split(r.Replace(got), "\n"), strings.Split(r.Replace(want), "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Errorf("%s, line %d:\n got %q\nwant %q", what, i+1, a, b)
		}
	}
}

// consolePeers are those of the captured console session.
const consolePeers = `
[bob]
type=friend
host=dynamic
secret=bobpw
context=t
[carol]
type=friend
host=dynamic
secret=carolpw
context=t
qualify=yes
qualifyfreq=5
[dave]
type=friend
host=dynamic
secret=davepw
context=t
description=Dave's phone
[uasdead]
type=peer
host=127.0.50.33
port=5070
qualify=yes
[uaslim]
type=peer
host=127.0.50.30
port=5070
call-limit=1
`

func TestConsoleLayouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := fmt.Sprintf(goldenPeers, "compat=asterisk\nuseragent=Asterisk PBX 20.99.0-516d2c60") + consolePeers
		r := newRig(t, text, nil)
		alice := r.phone("127.0.50.12:5072", "alice")
		alice.register("alicepw", alice.contact()+"Expires: 310\n")
		bob, carol, plain := r.phone("127.0.50.61:5070", "bob"), r.phone("127.0.50.62:5070", "carol"), r.phone("127.0.50.11:5071", "plainpeer")
		bob.register("bobpw", bob.contact())
		plain.register("pppw", plain.contact())
		m := carol.ask("REGISTER", "", carol.contact(), "")
		carol.seq++
		carol.send(fmt.Sprintf("REGISTER sip:127.0.50.1 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKc;rport\nMax-Forwards: 70\nFrom: <sip:carol@127.0.50.1>;tag=1\nTo: <sip:carol@127.0.50.1>\nCall-ID: carol\nCSeq: 9 REGISTER\n%s%sContent-Length: 0\n\n",
			carol.addr, carol.contact(), answerTo(t, m, "REGISTER", "sip:127.0.50.1", "carol", "carolpw", "00000001")))
		time.Sleep(time.Millisecond)
		for _, m := range carol.receive() {
			if m.IsRequest() {
				b := newReply(m)
				if err := carol.s.Send(b, netip.MustParseAddrPort(rigAddr)); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(5 * time.Second)

		same(t, "sip show peer alice", r.console("sip show peer alice"), golden(t, "peer_alice.txt"),
			"Expire       : 305", "Expire       : 310", "Max forwards : 70", "Max forwards : 0", "Codecs       : (ulaw|alaw)", "Codecs       : (ulaw|alaw)")
		same(t, "sip show user usr", r.console("sip show user usr"), golden(t, "user_usr.txt"))
		same(t, "sip show settings", r.console("sip show settings"), golden(t, "settings.txt"))

		got := strings.Split(r.console("sip show peers"), "\n")
		for _, line := range strings.Split(golden(t, "peers.txt"), "\n") {
			name, _, _ := strings.Cut(line, " ")
			switch name {
			case "Name/username", "bob/bob", "carol/carol", "dave", "frsec", "plainpeer/plainpeer", "statpeer", "uasdead", "uaslim", "unreg":
				if !slices.Contains(got, line) {
					t.Errorf("sip show peers: no line %q in\n%s", line, strings.Join(got, "\n"))
				}
			}
		}
		if want := "16 sip peers [Monitored: 1 online, 1 offline Unmonitored: 12 online, 2 offline]"; got[len(got)-2] != want {
			t.Errorf("summary %q", got[len(got)-2])
		}
		got = strings.Split(r.console("sip show inuse"), "\n")
		for _, line := range strings.Split(golden(t, "inuse.txt"), "\n") {
			if strings.HasPrefix(line, "* Peer") || strings.HasPrefix(line, "usr ") || strings.HasPrefix(line, "dave ") {
				if !slices.Contains(got, line) {
					t.Errorf("sip show inuse: no line %q in %q", line, got)
				}
			}
		}
		for _, c := range [][2]string{
			{"sip show peers like bob", "1 sip peers [Monitored: 0 online, 0 offline Unmonitored: 1 online, 0 offline]\n"},
			{"sip show domains", "SIP Domain support not enabled.\n"},
			{"sip show registry", "Host                                    dnsmgr Username       Refresh State                Reg.Time                 \n127.0.50.40:5060                        N      acct1              600 Request Sent                                  \n"},
			{"sip show channelstats", "Peer             Call ID      Duration Recv: Pack  Lost       (     %) Jitter Send: Pack  Lost       (     %) Jitter\n0 active SIP channels\n"},
			{"sip show channels", "Peer             User/ANR         Call ID          Format           Hold     Last Message    Expiry     Peer      \n0 active SIP dialogs\n"},
			{"sip show users", "Username                   Secret           Accountcode      Def.Context      ACL  Forcerport\n"},
			{"sip show peer nosuch", "Peer nosuch not found.\n"},
			{"sip unregister bob", "Unregistered peer 'bob'\n"},
			{"sip unregister dave", "Peer dave not registered\n"},
			{"sip unregister x", "Peer unknown: 'x'. Not unregistered.\n"},
			{"sip show objects", "contacts: "},
		} {
			if got := r.console(c[0]); !strings.Contains(got, c[1]) {
				t.Errorf("%s:\n got %q\nwant %q", c[0], got, c[1])
			}
		}
		for _, cmd := range []string{"sip show users", "sip show peer alice", "sip show user usr", "sip show peers", "sip show settings"} {
			for _, secret := range []string{"alicepw", "usrpw", "sspw", "pppw"} {
				if strings.Contains(r.console(cmd), secret) {
					t.Errorf("%s shows a secret", cmd)
				}
			}
		}
	})
}

// TestConsoleShowsNoControls: what a phone says of itself cannot steer a terminal.
func TestConsoleShowsNoControls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		p.register("alicepw", p.contact()+"User-Agent: \x1b[2Jevil\u202e\n")
		if out := r.console("sip show peer alice"); strings.ContainsAny(out, "\x1b\u202e") || !strings.Contains(out, "evil") {
			t.Errorf("%q", out)
		}
	})
}

func TestConsoleCompletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		for _, c := range r.Commands() {
			if c.Words == "sip show peer" {
				if got := c.Complete(nil, "S"); fmt.Sprint(got) != "[sha statpeer strict]" {
					t.Errorf("completion: %v", got)
				}
				if got := c.Complete([]string{"sha"}, ""); got != nil {
					t.Errorf("a second argument: %v", got)
				}
			}
		}
	})
}
