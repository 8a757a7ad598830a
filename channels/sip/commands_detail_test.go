package sip

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestConsoleDetails: what the lists and the settings show of options that few set, in
// the words that programs look for.
func TestConsoleDetails(t *testing.T) {
	const conf = `[general]
localnet=10.0.0.0/255.0.0.0
localnet=192.168.1.0/24
allowoverlap=dtmf
notifycid=ignore-context
regcontext=regs
register => me@isp.example:5082:pw:me@192.0.2.77
register => you:pw@192.0.2.78/5
[authentication]
auth=op:sesame1@wide
[Zed]
type=friend
host=dynamic
secret=JustAnOrdinarySecret1
[trunk]
type=friend
host=192.0.2.30
secret=JustAnOrdinarySecret2
auth=line1:sesame2@carrier.example
auth=line2#0123456789abcdef0123456789abcdef@other
fromuser=line1
fromdomain=carrier.example
outboundproxy=192.0.2.31:5070,force
busylevel=2
allowoverlap=no
regexten=900
setvar=__A=1
setvar=B=two
`
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, conf, nil)
		time.Sleep(time.Second)
		for _, c := range []struct{ command, want string }{
			{"sip show peer trunk", "  Remote Secret: <Not set>\n  Realm-auth   : Realm carrier.example User line1      <Secret set>\n  Realm-auth   : Realm other           User line2      <MD5secret set>\n  Context "},
			{"sip show peer trunk", "\n  FromUser     : line1\n  FromDomain   : carrier.example Port 5060\n  Callgroup "},
			{"sip show peer trunk", "\n  Max forwards : 70\n  Busy level   : 2\n  Dynamic "},
			{"sip show peer trunk", "\n  Overlap dial : No\n  Outb. proxy  : 192.0.2.31 (forced)\n  DTMFmode "},
			{"sip show peer trunk", "\n  Reg. exten   : 900\n  Def. Username: "},
			{"sip show peer trunk", "\n  Variables    :\n                 __A = 1\n                 B = two\n  Sess-Timers "},
			{"sip show user trunk", "\n  Variables    :\n                 __A = 1\n"},
			{"sip show peer Zed", "\n  Overlap dial : DTMF\n  DTMFmode "},
			{"sip show settings", "\n  Allow overlap dialing:  DTMF\n"},
			{"sip show settings", "\n  Realm. auth:            Yes\n  Realm. auth entry:      Realm wide            User op         <Secret set>\n  Our auth realm "},
			{"sip show settings", "\n  SIP address remapping:  Disabled\n"},
			{"sip show settings", "\n  Localnet:               10.0.0.0/255.0.0.0\n                          192.168.1.0/255.255.255.0\n"},
			{"sip show settings", "\n    Include CID:          Yes (Ignoring context)\n"},
			{"sip show registry", "192.0.2.77:5060                         N      me@isp.examp "},
			{"sip show registry", "192.0.2.78:5060                         N      you          "},
			{"sip show peers", "Zed                       (Unspecified) "},
			{"sip show users like ^t", "Forcerport\ntrunk "},
			{"sip prune realtime all", "No peers found to prune.\n"},
			{"sip prune realtime peer like .", "No peers found to prune.\n"},
			{"sip prune realtime peer trunk", "Peer 'trunk' is not a Realtime peer, cannot be pruned.\n"},
			{"sip prune realtime nosuch", "Peer 'nosuch' not found.\n"},
			{"sip qualify peer nosuch", "Peer 'nosuch' not found\n"},
		} {
			got := r.console(c.command)
			if !strings.Contains(got, c.want) {
				t.Errorf("%s:\n%s\nlacks\n%s", c.command, got, c.want)
			}
			if strings.Contains(got, "sesame") || strings.Contains(got, "Ordinary") {
				t.Errorf("%s shows a secret", c.command)
			}
		}
		list := r.console("sip show peers")
		if strings.Index(list, "\nZed ") > strings.Index(list, "\ntrunk") {
			t.Errorf("the peers are not in the order of their bytes:\n%s", list)
		}
	})
}

// TestQualifyByHand: a peer without qualify= is asked when somebody wants it, and stays
// unmonitored whatever comes.
func TestQualifyByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		p.register("alicepw", p.contact())
		r.console("sip qualify peer alice")
		time.Sleep(time.Millisecond)
		asked := false
		for _, m := range p.receive() {
			asked = asked || m.IsRequest() && m.Method() == "OPTIONS"
		}
		if !asked {
			t.Error("no OPTIONS came")
		}
		time.Sleep(time.Minute)
		if got := r.console("sip show peer alice"); !strings.Contains(got, "Status       : Unmonitored\n") {
			t.Errorf("the answer that did not come says something: %s", got)
		}
	})
}
