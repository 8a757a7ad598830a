package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// marksRules have the kernel note what leaves a device: protocol, ports, DSCP, and the
// priority that a VLAN device there would make 802.1p of. Acknowledgements
// are left out: what the kernel says before a connection is accepted has no priority yet.
const marksRules = `table netdev marks {
	set seen { typeof meta l4proto . th sport . th dport . ip dscp . meta priority; flags dynamic; }
	chain out {
		type filter hook egress device "e0" priority 0
		tcp sport { 5060, 5061 } ip length <= 100 accept
		meta l4proto { tcp, udp } add @seen { meta l4proto . th sport . th dport . ip dscp . meta priority }
	}
}`

// TestMarksOnTheWire: what the exchange sends has the DSCP and the priority of tos_sip,
// cos_sip, tos_audio and cos_audio: over UDP, by the connections of phones, by its own,
// and in a call.
func TestMarksOnTheWire(t *testing.T) {
	t.Parallel()
	nft := tool(t, "nft")
	for name, at := range map[string]string{"UDP": ":5060", "TCP": ":5060;transport=tcp", "TLS": ":5061;transport=tls"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const pbx, phone = "192.0.2.1", "198.51.100.2"
			l := newLab(t, pbx+"/24", phone+"/24")
			l.knows(t, l.near, phone)
			l.knows(t, l.far, pbx)
			l.carry(t, func(bool, []byte) []time.Duration { return []time.Duration{0} })
			rules := l.near.command(nft, "-f", "-")
			rules.Stdin = strings.NewReader(marksRules)
			if out, err := rules.CombinedOutput(); err != nil {
				t.Fatalf("nft: %v\n%s", err, out)
			}
			x := l.exchange(t, l.near, strings.NewReplacer(
				"udpbindaddr=@PBX@:5060\n", "udpbindaddr="+pbx+":5060\ntcpenable=yes\ntlsenable=yes\ntlscertfile="+certificate(t, pbx)+"\n"+
					"tos_sip=cs3\ncos_sip=3\ntos_audio=ef\ncos_audio=5\n",
				"context=home\n", "context=home\ntransport=udp,tcp,tls\n",
				"[alice]", "[trunk]\ntype=peer\nhost="+phone+"\nport=5099\nqualify=yes\ntransport="+strings.ToLower(name)+"\n[alice]",
			).Replace(home))
			alice := startBaresipAt(t, l.far, "", phone, pbx+at, "alice", "correct-horse-battery", 400, false)
			alice.registered(x, "alice", phone)
			alice.do("dial", "sip:600@"+pbx+at)
			alice.await("CALL_ESTABLISHED")
			alice.hears(400)
			alice.do("hangup", "")
			alice.await("CALL_CLOSED")
			x.idle()

			out, err := l.near.command(nft, "-n", "list", "set", "netdev", "marks", "seen").CombinedOutput()
			if err != nil {
				t.Fatalf("nft: %v\n%s", err, out)
			}
			const signal, audio = "0x18 . 0:3", "0x2e . 0:5" // CS3, EF
			wanted := map[string]string{
				"audio":     `17 \. 20\d\d[02468] \. \d+ \. ` + audio,
				"SIP":       `17 \. 5060 \. \d+ \. ` + signal,
				"the trunk": `17 \. 5060 \. 5099 \. ` + signal,
			}
			if name != "UDP" {
				port := map[string]string{"TCP": "5060", "TLS": "5061"}[name]
				wanted["SIP"] = `6 \. ` + port + ` \. \d+ \. ` + signal
				wanted["the trunk"] = `6 \. \d+ \. 5099 \. ` + signal
			}
			for what, pattern := range wanted {
				if !regexp.MustCompile(pattern).Match(out) {
					t.Errorf("%s is not marked: no %s", what, pattern)
				}
			}
			for _, m := range regexp.MustCompile(`\d+ \. \d+ \. \d+ \. (0x\w+ \. \S+?),?\s`).FindAllStringSubmatch(string(out), -1) {
				if m[1] != signal && m[1] != audio {
					t.Errorf("not marked as configured: %s", m[0])
				}
			}
			if t.Failed() {
				t.Logf("%s", out)
			}
		})
	}
}
