package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pbx/channels/sip/transaction"
)

// TestForgivenValues: what is none of an option's values is told, and comes to what it
// came to in the ancestor.
func TestForgivenValues(t *testing.T) {
	for _, c := range []struct {
		general, line string
		got           func(*PeerConfig) any
		want          any
		told          bool
	}{
		{"nat=yes", "nat=off", func(p *PeerConfig) any { return p.NAT }, NAT{}, false},
		{"", "nat=1", func(p *PeerConfig) any { return p.NAT }, NAT{ForceRPort: true, Comedia: true}, false},
		{"", "nat=force_rport,yes,no", func(p *PeerConfig) any { return p.NAT }, NAT{ForceRPort: true, Comedia: true}, false},
		{"", "nat=auto_comedia,no,yes", func(p *PeerConfig) any { return p.NAT }, NAT{}, false},
		{"", "nat=force_rport,auto_force_rport", func(p *PeerConfig) any { return p.NAT }, NAT{AutoForceRPort: true}, false},
		{"nat=yes", "nat=yes (behind a router)", func(p *PeerConfig) any { return p.NAT }, NAT{}, true},
		{"nat=no", "nat=comedia,rport", func(p *PeerConfig) any { return p.NAT }, NAT{Comedia: true}, true},

		{"directmedia=yes", "canreinvite=never", func(p *PeerConfig) any { return p.DirectMedia }, DirectNo, true},
		{"", "directmedia=nonat,often", func(p *PeerConfig) any { return p.DirectMedia }, DirectYes | DirectNonat, true},
		{"sendrpid=yes", "sendrpid=yes (send it)", func(p *PeerConfig) any { return p.Identify }, IdentifyNone, true},
		{"dtmfmode=info", "dtmfmode=rfc2838", func(p *PeerConfig) any { return p.DTMFMode }, DTMFRFC2833, true},
		{"progressinband=yes", "progressinband=sometimes", func(p *PeerConfig) any { return p.Progress }, ProgressNo, true},
		{"", "allowoverlap=never", func(p *PeerConfig) any { return p.Overlap }, OverlapNo, true},
		{"trust_id_outbound=yes", "trust_id_outbound=maybe", func(p *PeerConfig) any { return p.TrustOutbound }, TrustLegacy, true},
		{"", "allowtransfer=never", func(p *PeerConfig) any { return p.AllowTransfer }, false, true},
		{"trustrpid=yes", "trustrpid=disabled", func(p *PeerConfig) any { return p.TrustRPID }, false, true},

		{"insecure=port,invite", "", func(p *PeerConfig) any { return p.InsecurePort && p.InsecureInvite }, true, true},
		{"insecure=port,invite", "insecure=off", func(p *PeerConfig) any { return p.InsecurePort || p.InsecureInvite }, false, true},
		{"", "insecure=port,ip", func(p *PeerConfig) any { return fmt.Sprint(p.InsecurePort, p.InsecureInvite) }, "true false", true},

		{"", "qualify=1500ms", func(p *PeerConfig) any { return p.Qualify }, 1500 * time.Millisecond, true},
		{"qualify=5000", "qualify=yes", func(p *PeerConfig) any { return p.Qualify }, 5 * time.Second, false},
		{"qualify=no", "qualify=yes", func(p *PeerConfig) any { return p.Qualify }, 2 * time.Second, false},
		{"qualify=yes", "qualify=always", func(p *PeerConfig) any { return p.Qualify }, time.Duration(0), true},
		{"keepalive=30", "keepalive=yes", func(p *PeerConfig) any { return p.Keepalive }, time.Minute, false},
		{"", "rtptimeout=45 seconds", func(p *PeerConfig) any { return p.RTPTimeout }, 45 * time.Second, true},
		{"", "busylevel=2 calls", func(p *PeerConfig) any { return p.BusyLevel }, 2, true},
		{"", "call-limit=3x", func(p *PeerConfig) any { return p.CallLimit }, 3, true},
		{"", "call-limit=2\ncallcounter=yes", func(p *PeerConfig) any { return fmt.Sprint(p.CallLimit, p.CallCounter) }, "0 true", true},
		{"", "call-limit=2\ncallcounter=no", func(p *PeerConfig) any { return fmt.Sprint(p.CallLimit, p.CallCounter) }, "0 false", true},
		{"", "callcounter=yes\ncall-limit=2", func(p *PeerConfig) any { return fmt.Sprint(p.CallLimit, p.CallCounter) }, "2 true", false},
		{"", "call-limit=2", func(p *PeerConfig) any { return fmt.Sprint(p.CallLimit, p.CallCounter) }, "2 false", false},
		{"callcounter=yes", "call-limit=2", func(p *PeerConfig) any { return fmt.Sprint(p.CallLimit, p.CallCounter) }, "2 true", false},

		{"", "callgroup=1,64,3-2,5", func(p *PeerConfig) any { return p.CallGroup }, uint64(0b100010), true},
		{"", "disallowed_methods=BYE,UPDATE,PING", func(p *PeerConfig) any { return p.Disallowed }, "[UPDATE]", true},
		{"", "allow=!all,ulaw:abc,alaw:20", func(p *PeerConfig) any { return names(p.Codecs) }, "ulaw,alaw:20", true},
		{"", "permit=\ndeny=\nacl=", func(p *PeerConfig) any { return len(p.ACL) }, 0, false},
		{"", "outboundproxy=sctp://10.0.0.1:5070,force", func(p *PeerConfig) any { return p.OutboundProxy }, Proxy{Host: "10.0.0.1", Port: 5070, Force: true}, true},
		{"", "outboundproxy=me@proxy.example.com", func(p *PeerConfig) any { return p.OutboundProxy }, Proxy{Host: "proxy.example.com"}, false},
		{"", "t38pt_udptl=redundancy,maxdatagram=400", func(p *PeerConfig) any { return p.T38 }, true, false},
		{"", "t38pt_udptl=maxdatagram=400,yes", func(p *PeerConfig) any { return p.T38 }, true, false},
		{"t38pt_udptl=yes", "t38pt_udptl=never", func(p *PeerConfig) any { return p.T38 }, false, false},

		{"tcpenable=yes", "transport=sctp,tcp", func(p *PeerConfig) any { return p.Transports }, []transaction.Protocol{transaction.TCP}, true},
		{"", "transport=tcp,udp", func(p *PeerConfig) any { return p.Transports }, []transaction.Protocol{transaction.UDP}, false},
		{"", "transport=tcp", func(p *PeerConfig) any { return p.Transports }, []transaction.Protocol{transaction.UDP}, true},
		{"tcpenable=sure", "transport=tcp", func(p *PeerConfig) any { return p.Transports }, []transaction.Protocol{transaction.TCP}, true},
		{"", "transport=tls", func(p *PeerConfig) any { return p.Transports }, []transaction.Protocol{transaction.TLS}, true},

		{"", "type=peer", func(p *PeerConfig) any { return p.Type }, TypeFriend, false},
	} {
		cfg, findings := loadText(t, "[general]\n"+c.general+"\n[p]\ntype=friend\nhost=dynamic\nsecret=JustAnOrdinarySecret1\n"+c.line+"\n")
		if got := c.got(findPeer(t, cfg, "p")); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%q %q: %v, want %v", c.general, c.line, got, c.want)
		}
		told := false
		for _, f := range findings {
			told = told || f.Severity.String() == "warning"
		}
		if told != c.told {
			t.Errorf("%q %q: told %v, want %v: %v", c.general, c.line, told, c.told, findings)
		}
	}
}

// TestForgivenGeneral: the same of [general]; what keeps us safe stays on.
func TestForgivenGeneral(t *testing.T) {
	for _, c := range []struct {
		line string
		got  func(*Settings) any
		want any
	}{
		{"srvlookup=disabled", func(g *Settings) any { return g.SRVLookup }, false},
		{"accept_outofcall_message=never", func(g *Settings) any { return g.AcceptMessages }, false},
		{"alwaysauthreject=never", func(g *Settings) any { return g.AlwaysAuthReject }, true},
		{"auth_message_requests=sometimes", func(g *Settings) any { return g.AuthMessages }, true},
		{"ban=please", func(g *Settings) any { return g.Ban }, true},
		{"notifycid=always", func(g *Settings) any { return g.NotifyCID }, CIDNo},
		{"maxexpiry=2h", func(g *Settings) any { return g.MaxExpiry }, "1m0s"},
		{"registertimeout=30s", func(g *Settings) any { return g.RegisterTimeout }, 30},
	} {
		cfg, findings := loadText(t, "[general]\n"+c.line+"\n")
		if got := fmt.Sprint(c.got(&cfg.General)); got != fmt.Sprint(c.want) {
			t.Errorf("%q: %s, want %v", c.line, got, c.want)
		}
		name, _, _ := strings.Cut(c.line, "=")
		told := false
		for _, f := range findings {
			told = told || strings.HasPrefix(f.Message, name)
		}
		if !told {
			t.Errorf("%q: not told: %v", c.line, findings)
		}
	}
}

// TestTypesAddUp: the type of a template and that of the section.
func TestTypesAddUp(t *testing.T) {
	for types, want := range map[string]Type{
		"peer": TypePeer, "user": TypeUser, "friend": TypeFriend,
		"user peer": TypeFriend, "peer user": TypeFriend, "friend peer": TypeFriend, "peer peer": TypePeer,
	} {
		template, section, _ := strings.Cut(types, " ")
		text := "[phone](!)\ntype=" + template + "\nhost=dynamic\n[p](phone)\nsecret=JustAnOrdinarySecret1\n"
		if section != "" {
			text += "type=" + section + "\n"
		}
		cfg, _ := loadText(t, text)
		if got := findPeer(t, cfg, "p").Type; got != want {
			t.Errorf("%s: %v, want %v", types, got, want)
		}
	}
}
