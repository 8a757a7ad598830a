package sip

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/transaction"
	"pbx/config"
)

func findPeer(t testing.TB, c *Config, name string) *PeerConfig {
	t.Helper()
	for _, p := range c.Peers {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no peer %s", name)
	return nil
}

func names(codecs []Codec) string {
	var out []string
	for _, c := range codecs {
		n := c.Name
		if c.Ptime > 0 {
			n += fmt.Sprintf(":%d", c.Ptime.Milliseconds())
		}
		out = append(out, n)
	}
	return strings.Join(out, ",")
}

// TestCodecLists holds the order of allow and disallow.
func TestCodecLists(t *testing.T) {
	for _, c := range []struct{ general, peer, want string }{
		{"", "", "ulaw,alaw,gsm"},
		{"disallow=all\nallow=alaw,ulaw", "", "alaw,ulaw"},
		{"disallow=all\nallow=alaw", "allow=ulaw", "alaw,ulaw"},
		{"", "disallow=all\nallow=g722\nallow=ulaw", "g722,ulaw"},
		{"", "allow=!all,ulaw:20", "ulaw:20"},
		{"", "disallow=gsm", "ulaw,alaw"},
		{"", "disallow=!gsm,ulaw", "alaw,gsm"},
		{"", "allow=ulaw:30", "ulaw:30,alaw,gsm"},
		{"disallow=all", "allow=PCMU|pcma", "ulaw,alaw"},
		{"disallow=all", "allow=h264,ulaw", "ulaw"},
	} {
		cfg, _ := loadText(t, "[general]\n"+c.general+"\n[p]\ntype=friend\nhost=dynamic\n"+c.peer+"\n[q]\ntype=friend\nhost=dynamic\n")
		if got := names(findPeer(t, cfg, "p").Codecs); got != c.want {
			t.Errorf("%q %q: %s, want %s", c.general, c.peer, got, c.want)
		}
	}
	cfg, _ := loadText(t, "[p]\ntype=friend\nhost=dynamic\nallow=all\n")
	if got := findPeer(t, cfg, "p").Codecs; len(got) != len(audioCodecs) || got[0].Name != "ulaw" {
		t.Errorf("allow=all: %s", names(got))
	}
}

// TestPeerOptions reads one option each and says what came of it.
func TestPeerOptions(t *testing.T) {
	for _, c := range []struct {
		line string
		got  func(*PeerConfig) any
		want any
	}{
		{"context=sales", func(p *PeerConfig) any { return p.Context }, "sales"},
		{"username=u", func(p *PeerConfig) any { return p.DefaultUser }, "u"},
		{"defaultuser=u", func(p *PeerConfig) any { return p.DefaultUser }, "u"},
		{"secret=a%(b)s=c", func(p *PeerConfig) any { return p.Secret }, "a%(b)s=c"},
		{`callerid="Ann B" <101>`, func(p *PeerConfig) any { return p.CallerID.Name + "/" + p.CallerID.Number }, "Ann B/101"},
		{`callerid=Ann B <101>`, func(p *PeerConfig) any { return p.CallerID.Name + "/" + p.CallerID.Number }, "Ann B/101"},
		{`callerid=101`, func(p *PeerConfig) any { return p.CallerID.Name + "/" + p.CallerID.Number }, "/101"},
		{`callerid=Ann`, func(p *PeerConfig) any { return p.CallerID.Name + "/" + p.CallerID.Number }, "Ann/"},
		{"nat=yes", func(p *PeerConfig) any { return p.NAT }, NAT{ForceRPort: true, Comedia: true}},
		{"nat=no", func(p *PeerConfig) any { return p.NAT }, NAT{}},
		{"nat=never", func(p *PeerConfig) any { return p.NAT }, NAT{}},
		{"nat=route", func(p *PeerConfig) any { return p.NAT }, NAT{ForceRPort: true}},
		{"nat=force_rport,comedia", func(p *PeerConfig) any { return p.NAT }, NAT{ForceRPort: true, Comedia: true}},
		{"nat=auto_force_rport,auto_comedia", func(p *PeerConfig) any { return p.NAT }, NAT{AutoForceRPort: true, AutoComedia: true}},
		{"insecure=very", func(p *PeerConfig) any { return []bool{p.InsecurePort, p.InsecureInvite} }, []bool{true, true}},
		{"insecure=port,invite", func(p *PeerConfig) any { return []bool{p.InsecurePort, p.InsecureInvite} }, []bool{true, true}},
		{"insecure=invite", func(p *PeerConfig) any { return []bool{p.InsecurePort, p.InsecureInvite} }, []bool{false, true}},
		{"insecure=no", func(p *PeerConfig) any { return []bool{p.InsecurePort, p.InsecureInvite} }, []bool{false, false}},
		{"qualify=yes", func(p *PeerConfig) any { return p.Qualify }, 2 * time.Second},
		{"qualify=500", func(p *PeerConfig) any { return p.Qualify }, 500 * time.Millisecond},
		{"qualify=no", func(p *PeerConfig) any { return p.Qualify }, time.Duration(0)},
		{"qualifyfreq=5", func(p *PeerConfig) any { return p.QualifyFreq }, 5 * time.Second},
		{"keepalive=yes", func(p *PeerConfig) any { return p.Keepalive }, time.Minute},
		{"canreinvite=no", func(p *PeerConfig) any { return p.DirectMedia }, DirectNo},
		{"directmedia=nonat,update", func(p *PeerConfig) any { return p.DirectMedia }, DirectYes | DirectNonat | DirectUpdate},
		{"dtmfmode=info", func(p *PeerConfig) any { return p.DTMFMode }, DTMFInfo},
		{"sendrpid=pai", func(p *PeerConfig) any { return p.Identify }, IdentifyPAI},
		{"sendrpid=yes", func(p *PeerConfig) any { return p.Identify }, IdentifyRPID},
		{"progressinband=never", func(p *PeerConfig) any { return p.Progress }, ProgressNever},
		{"allowoverlap=dtmf", func(p *PeerConfig) any { return p.Overlap }, OverlapDTMF},
		{"session-timers=originate", func(p *PeerConfig) any { return p.SessionTimers }, TimersOriginate},
		{"session-expires=600", func(p *PeerConfig) any { return p.SessionExpires }, 600 * time.Second},
		{"session-refresher=uac", func(p *PeerConfig) any { return p.SessionRefresher }, "uac"},
		{"timert1=250", func(p *PeerConfig) any { return p.T1 }, 250 * time.Millisecond},
		{"timerb=4000", func(p *PeerConfig) any { return p.TimerB }, 4 * time.Second},
		{"timert1=100", func(p *PeerConfig) any { return p.TimerB }, 6400 * time.Millisecond},
		{"rtptimeout=30", func(p *PeerConfig) any { return p.RTPTimeout }, 30 * time.Second},
		{"call-limit=2", func(p *PeerConfig) any { return p.CallLimit }, 2},
		{"busylevel=1", func(p *PeerConfig) any { return p.BusyLevel }, 1},
		{"callcounter=yes", func(p *PeerConfig) any { return p.CallCounter }, true},
		{"callgroup=1,3-5", func(p *PeerConfig) any { return p.CallGroup }, uint64(0b111010)},
		{"pickupgroup=63", func(p *PeerConfig) any { return p.PickupGroup }, uint64(1 << 63)},
		{"namedcallgroup=a, b", func(p *PeerConfig) any { return p.NamedCall }, []string{"a", "b"}},
		{"mailbox=100,101@x", func(p *PeerConfig) any { return p.Mailboxes }, []string{"100@default", "101@x"}},
		{"setvar=__A=1=2", func(p *PeerConfig) any { return p.Variables[0].Prefixed() + "=" + p.Variables[0].Value.S }, "__A=1=2"},
		{"header=X-A: b c", func(p *PeerConfig) any { return p.Headers }, []string{"X-A: b c"}},
		{"fromdomain=example.com:5070", func(p *PeerConfig) any { return fmt.Sprint(p.FromDomain, p.FromDomainPort) }, "example.com5070"},
		{"outboundproxy=sip://10.0.0.1:5070,force", func(p *PeerConfig) any { return p.OutboundProxy }, Proxy{}},
		{"outboundproxy=udp://10.0.0.1:5070,force", func(p *PeerConfig) any { return p.OutboundProxy }, Proxy{Host: "10.0.0.1", Port: 5070, Force: true, Fixed: true}},
		{"outboundproxy=tls://10.0.0.1", func(p *PeerConfig) any { return p.OutboundProxy }, Proxy{Host: "10.0.0.1", Protocol: transaction.TLS, Fixed: true}},
		{"transport=tls,udp", func(p *PeerConfig) any { return p.Transports }, []transaction.Protocol{transaction.TLS, transaction.UDP}},
		{"outboundproxy=proxy.example.com", func(p *PeerConfig) any { return p.OutboundProxy }, Proxy{Host: "proxy.example.com"}},
		{"auth=u:s@r@realm", func(p *PeerConfig) any { return p.Auth }, []digest.Credential{{User: "u", Secret: "s@r", Realm: "realm"}}},
		{"callingpres=prohib", func(p *PeerConfig) any { return p.CallingPres.Restricted() }, true},
		{"max_contacts=3", func(p *PeerConfig) any { return p.MaxContacts }, 3},
		{"digest=sha-256,md5", func(p *PeerConfig) any { return p.Digest }, []digest.Algorithm{digest.SHA256, digest.MD5}},
		{"disallowed_methods=update", func(p *PeerConfig) any { return p.Disallowed }, []string{"UPDATE"}},
		{"regexten=100", func(p *PeerConfig) any { return p.RegExten }, "100"},
		{"musicclass=jazz", func(p *PeerConfig) any { return p.MOHInterpret }, "jazz"},
	} {
		cfg, findings := loadText(t, "[p]\ntype=friend\nhost=dynamic\n"+c.line+"\n")
		if c.line == "outboundproxy=sip://10.0.0.1:5070,force" {
			c.want = Proxy{Host: "10.0.0.1", Port: 5070, Force: true}
		}
		if got := c.got(findPeer(t, cfg, "p")); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.line, got, c.want)
		}
		for _, f := range findings {
			if f.Rule == "unknown-option" || f.Rule == "sip-value" || f.Rule == "bad-value" {
				t.Errorf("%s: %s", c.line, f)
			}
		}
	}
}

func TestHosts(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"host=192.0.2.1", "192.0.2.1:5060"},
		{"host=192.0.2.1\nport=5070", "192.0.2.1:5070"},
		{"port=5070\nhost=192.0.2.1", "192.0.2.1:5070"},
		{"host=192.0.2.1:5071", "192.0.2.1:5071"},
		{"host=2001:db8::1", "[2001:db8::1]:5060"},
		{"host=[2001:db8::1]:5071", "[2001:db8::1]:5071"},
		{"host=sip.example.com", "invalid AddrPort"},
		{"host=dynamic", "invalid AddrPort"},
	} {
		cfg, _ := loadText(t, "[p]\ntype=peer\n"+c.lines+"\n")
		if got := findPeer(t, cfg, "p").Addr.String(); got != c.want {
			t.Errorf("%q: %s, want %s", c.lines, got, c.want)
		}
	}
}

func TestGeneralOptions(t *testing.T) {
	for _, c := range []struct {
		line string
		got  func(*Settings) any
		want any
	}{
		{"", func(g *Settings) any { return g.UDPBind }, "0.0.0.0:5060"},
		{"bindaddr=127.0.0.1", func(g *Settings) any { return g.UDPBind }, "127.0.0.1:5060"},
		{"udpbindaddr=127.0.0.1:5070", func(g *Settings) any { return g.UDPBind }, "127.0.0.1:5070"},
		{"bindport=5080\nbindaddr=127.0.0.1", func(g *Settings) any { return g.UDPBind }, "127.0.0.1:5080"},
		{"udpbindaddr=[::1]:5070", func(g *Settings) any { return g.UDPBind }, "[::1]:5070"},
		{"udpbindaddr=::", func(g *Settings) any { return g.UDPBind }, "[::]:5060"},
		{"udpbindaddr=192.0.2.1, [2001:db8::1]:5070", func(g *Settings) any { return g.UDPBinds }, "[192.0.2.1:5060 [2001:db8::1]:5070]"},
		{"udpbindaddr=192.0.2.1\nudpbindaddr=192.0.2.2", func(g *Settings) any { return g.UDPBinds }, "[192.0.2.2:5060]"},
		{"bindaddr=192.0.2.1:5070", func(g *Settings) any { return g.TCPBinds }, "[192.0.2.1:5070]"},
		{"bindaddr=192.0.2.1:5070", func(g *Settings) any { return g.TLSBinds }, "[192.0.2.1:5061]"},
		{"tcpbindaddr=0.0.0.0, ::", func(g *Settings) any { return g.TCPBinds }, "[0.0.0.0:5060 [::]:5060]"},
		{"sslbindaddr=:5071", func(g *Settings) any { return g.TLSBinds }, "[0.0.0.0:5071]"},
		{"maxexpirey=100", func(g *Settings) any { return g.MaxExpiry }, "1m40s"},
		{"minexpiry=300\ndefaultexpiry=100", func(g *Settings) any { return g.DefaultExpiry }, "5m0s"},
		{"tos_sip=cs3", func(g *Settings) any { return g.TOSSignal }, "96"},
		{"tos_audio=0xB8", func(g *Settings) any { return g.TOSAudio }, "184"},
		{"externip=203.0.113.1:5062", func(g *Settings) any { return fmt.Sprint(g.Extern, g.ExternPort) }, "203.0.113.1:5062 5062"},
		{"externhost=a.example.com", func(g *Settings) any { return g.ExternHost }, "a.example.com"},
		{"externaddr=a.example.com", func(g *Settings) any { return g.ExternHost }, "a.example.com"},
		{"localnet=10.0.0.0/255.0.0.0\nlocalnet=192.168.1.0/24", func(g *Settings) any { return g.LocalNet }, "[10.0.0.0/8 192.168.1.0/24]"},
		{"domain=example.com,inside\ndomain=b.org", func(g *Settings) any { return g.Domains }, "[{example.com inside} {b.org }]"},
		{"realm=here", func(g *Settings) any { return g.Realm }, "here"},
		{"useragent=X", func(g *Settings) any { return g.UserAgent }, "X"},
		{"media_address=203.0.113.9", func(g *Settings) any { return g.MediaAddress }, "203.0.113.9"},
		{"callerid=Nobody", func(g *Settings) any { return fmt.Sprint(g.CallerID, g.Defaults.HasCallerID) }, "Nobodyfalse"},
	} {
		cfg, _ := loadText(t, "[general]\n"+c.line+"\n")
		if got := fmt.Sprint(c.got(&cfg.General)); got != c.want {
			t.Errorf("%q: %s, want %s", c.line, got, c.want)
		}
	}
}

// TestDefaults: safe unless compat=asterisk.
func TestDefaults(t *testing.T) {
	safe, _ := loadText(t, "[general]\n")
	if g := safe.General; g.AllowGuest || !g.AlwaysAuthReject || g.Defaults.TrustRPID || g.Defaults.RTPTimeout != time.Minute || g.Defaults.RTPHoldTimeout != 5*time.Minute {
		t.Errorf("unsafe: %+v", g)
	}
	old, _ := loadText(t, "[general]\ncompat=asterisk\n")
	if g := old.General; !g.AllowGuest || !g.AlwaysAuthReject || g.Defaults.RTPTimeout != 0 {
		t.Errorf("compat: %+v", g)
	}
	both, _ := loadText(t, "[general]\nallowguest=no\ncompat=asterisk\n")
	if both.General.AllowGuest {
		t.Error("a default overrode what was written")
	}
}

// TestSections: templates, inheritance from [general], duplicates, what is
// skipped.
func TestSections(t *testing.T) {
	cfg, findings := loadText(t, `[general]
language=de
qualify=yes
[phone](!)
type=friend
host=dynamic
context=office
[101](phone)
secret=JustAnOrdinarySecret1
[102](phone)
secret=JustAnOrdinarySecret2
context=boss
[102](phone)
language=fr
[lost]
secret=x
[odd]
type=frend
[tpye]
tpye=friend
`, "users.conf", `[general]
hassip=no
[6001]
hassip=yes
host=dynamic
secret=JustAnOrdinarySecret3
fullname=Ann
cid_number=6001
[6002]
secret=y
`)
	var got []string
	for _, p := range cfg.Peers {
		got = append(got, fmt.Sprintf("%s %s %s %s %v", p.Name, p.Type, p.Context, p.Language, p.Qualify))
	}
	want := []string{"6001 friend default de 2s", "101 friend office de 2s", "102 friend office fr 2s"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	for _, want := range []string{
		"sip.conf:13: warning: section [102] was there before",
		"sip.conf:15: warning: section [lost] lacks type and is skipped; add type=friend, peer or user",
		"sip.conf:19: warning: section [tpye] lacks type and is skipped; did you mean type for tpye in sip.conf:20?",
		`sip.conf:18: warning: type "frend" of [odd] is not peer, user or friend; the section is skipped; did you mean friend?`,
	} {
		if !slices.ContainsFunc(findings, func(f config.Finding) bool { return strings.HasPrefix(f.String(), want) }) {
			t.Errorf("no finding %q in %v", want, findings)
		}
	}
}

// TestFindings plants one fault at a time.
func TestFindings(t *testing.T) {
	const good = "secret=JustAnOrdinarySecret1\n"
	for _, c := range []struct{ general, peer, want string }{
		{"", good, ""},
		{"allowgest=no", good, "sip.conf:2: warning: sip.conf has no option allowgest; did you mean allowguest?"},
		{"", good + "secert=x", "sip.conf:7: warning: sip.conf has no option secert; did you mean secret?"},
		{"secret=x", good, "sip.conf:2: warning: secret has no meaning in [general]"},
		{"", good + "udpbindaddr=1.2.3.4", "sip.conf:7: warning: udpbindaddr has no meaning in a device section"},
		{"allowguest=perhaps", good, `sip.conf:2: warning: allowguest = "perhaps": expected yes or no`},
		{"", good + "dtmfmode=rfc2383", `sip.conf:7: warning: dtmfmode: "rfc2383" is not one of`},
		{"", good + "deny=300.0.0.0/8", `sip.conf:7: warning: deny: "300.0.0.0" is not an address; until this is mended nobody passes`},
		{"", good + "acl=office", "sip.conf:7: warning: acl: acl.conf has no section [office]"},
		{"", good + "allow=ulew", `sip.conf:7: warning: allow: no codec is called "ulew"; did you mean "ulaw"?`},
		{"", good + "disallow=all\nallow=g729", "sip.conf:8: warning: [p] allows neither ulaw nor alaw"},
		{"", "secret=1234", "sip.conf:6: warning: the secret of [p]"},
		{"", "secret=password1", "sip.conf:6: warning: the secret of [p] is one of those that are tried first"},
		{"", "secret=12345678901", "sip.conf:6: warning: the secret of [p]"},
		{"", "", "sip.conf:3: warning: [p] has no secret: anybody may register as it"},
		{"", "md5secret=xyz", "sip.conf:6: error: md5secret of [p] is not 32 hexadecimal digits"},
		{"allowguest=yes", good, "sip.conf:2: warning: anybody may call into context default without proof"},
		{"compat=asterisk", good, "sip.conf:2: warning: compat=asterisk lets anybody call"},
		{"alwaysauthreject=no", good, "sip.conf:2: warning: whoever asks can learn which names exist"},
		{"externaddr=203.0.113.1", good, "sip.conf:2: warning: externaddr is never used without localnet"},
		{"tlsenable=yes", good, "sip.conf:2: error: tlscertfile: "},
		{"tlscafile=/nowhere.pem", good, "sip.conf:2: error: tlscafile: /nowhere.pem: no such file"},
		{"tlsclientmethod=tlsv1", good, "sip.conf:2: warning: tlsclientmethod: tlsv1 is not spoken"},
		{"tlscipher=RC4-SHA", good, "sip.conf:2: warning: tlscipher: RC4-SHA is not spoken here"},
		{"tlscipher=HIGH:!aNULL", good, ""},
		{"tcpbindaddr=10.0.0.1,nowhere", good, `sip.conf:2: warning: tcpbindaddr: "nowhere" is not an address of this machine`},
		{"tcpauthlimit=0", good, `sip.conf:2: warning: tcpauthlimit: "0" is not a number`},
		{"tcpenable=yes", good + "transport=tcp,udp", ""},
		{"tlsenable=no", good, ""},
		{"register => me:pw@provider.example", good, "sip.conf:2: warning: no section has host=provider.example"},
		{"", good + "encryption=yes", "sip.conf:7: warning: encryption does not act: SRTP"},
		{"", good + "transport=tls", "sip.conf:7: warning: [p] may use tls alone, which is not served: it cannot register"},
		{"", good + "insecure=invite", "sip.conf:7: warning: insecure=invite lets whoever"},
		{"", good + "type=friend\nhost=192.0.2.1\ninsecure=invite", "sip.conf:9: warning: insecure=invite with type=friend lets whoever says"},
		{"udpbindaddr=::", good + "deny=0.0.0.0/0", "sip.conf:7: warning: [p] denies all of IPv4 and nothing of IPv6"},
		{"udpbindaddr=::", good + "deny=0.0.0.0/0,::/0", ""},
		{"", good + "permit=10.0.0.0/8", "sip.conf:7: warning: [p] permits addresses and denies none"},
		{"", good + "nat=comedia\ndirectmedia=yes", "sip.conf:8: warning: directmedia of [p] does not act: with nat=comedia"},
		{"", good + "setvar=novalue", `sip.conf:7: warning: setvar: "novalue" is not VARIABLE=value`},
		{"", good + "callgroup=64", `sip.conf:7: warning: callgroup: "64" is not a group`},
		{"udpbindaddr=nowhere.example", good, `sip.conf:2: warning: udpbindaddr: "nowhere.example" is not an address of this machine`},
	} {
		text := "[general]\n" + c.general + "\n[p]\ntype=friend\nhost=dynamic\n" + c.peer + "\n"
		_, findings := loadText(t, text)
		findings = slices.DeleteFunc(findings, func(f config.Finding) bool { return f.Severity == config.Note })
		switch {
		case c.want == "" && len(findings) > 0:
			t.Errorf("%q %q: %v", c.general, c.peer, findings)
		case c.want != "" && !slices.ContainsFunc(findings, func(f config.Finding) bool { return strings.HasPrefix(f.String(), c.want) }):
			t.Errorf("%q %q: no %q in %v", c.general, c.peer, c.want, findings)
		case c.want != "" && len(findings) != 1:
			t.Errorf("%q %q: more than asked for: %v", c.general, c.peer, findings)
		}
		for _, f := range findings {
			if strings.Contains(f.String(), "JustAnOrdinary") || strings.Contains(f.String(), "1234") {
				t.Errorf("a finding shows a secret: %s", f)
			}
		}
	}
}

// TestExposureNotes: notes about what a section gives away.
func TestExposureNotes(t *testing.T) {
	for _, c := range []struct{ general, a, b, rule, text string }{
		{"", "secret=JustAnOrdinaryOne", "secret=JustAnOrdinaryOne", "same-secret", "sip.conf:8: note: [b] has the secret of [a]"},
		{"", "secret=JustAnOrdinaryOne", "secret=JustAnOtherOrdinaryOne", "same-secret", ""},
		{"", "nat=force_rport", "", "name-guessing", "sip.conf:5: note: answers to [a] may go to another port"},
		{"nat=force_rport", "nat=force_rport", "", "name-guessing", ""},
		{"", "digest=sha-256", "", "name-guessing", "sip.conf:5: note: [a] is challenged otherwise"},
		{"", "digest=md5", "", "name-guessing", ""},
		{"", "promiscredir=yes", "", "unsafe", "sip.conf:5: note: [a] may have its calls sent to any address"},
	} {
		text := "[general]\n" + c.general + "\n[a]\ntype=peer\n" + c.a + "\n[b]\ntype=peer\n" + c.b + "\n"
		_, findings := loadText(t, text)
		got := ""
		for _, f := range findings {
			if f.Rule == c.rule {
				got = f.String()
			}
		}
		if (got == "") != (c.text == "") || !strings.HasPrefix(got, c.text) || strings.Contains(got, "Ordinary") {
			t.Errorf("%q %q: %q, want %q", c.a, c.b, got, c.text)
		}
	}
}

func TestACL(t *testing.T) {
	for _, c := range []struct {
		lines, addr string
		want        bool
	}{
		{"", "10.0.0.1", true},
		{"deny=0.0.0.0/0\npermit=10.0.0.0/8", "10.1.2.3", true},
		{"deny=0.0.0.0/0\npermit=10.0.0.0/8", "11.1.2.3", false},
		{"permit=10.0.0.0/8\ndeny=0.0.0.0/0", "10.1.2.3", false},
		{"deny=0.0.0.0/0.0.0.0\npermit=10.0.0.0/255.255.255.0", "10.0.0.200", true},
		{"deny=0.0.0.0/0\npermit=10.0.0.7", "::ffff:10.0.0.7", true},
		{"deny=0.0.0.0/0", "2001:db8::1", true},
		{"deny=::/0\npermit=2001:db8::/32", "2001:db8::1", true},
		{"deny=::/0\npermit=2001:db8::/32", "fe80::1", false},
		{"deny=10.0.0.0/8,192.168.0.0/16", "192.168.1.1", false},
		{"deny=!10.0.0.0/8", "192.168.1.1", false},
		{"deny=!10.0.0.0/8", "10.1.1.1", true},
		{"acl=office", "10.1.1.1", true},
		{"acl=office", "11.1.1.1", false},
		{"acl=nosuch", "10.1.1.1", false},
	} {
		cfg, _ := loadText(t, "[p]\ntype=friend\nhost=dynamic\n"+c.lines+"\n", "acl.conf", "[office]\ndeny=0.0.0.0/0\npermit=10.0.0.0/8\n")
		if got := findPeer(t, cfg, "p").ACL.Allows(netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("%q %s: %v", c.lines, c.addr, got)
		}
	}
}

// TestCorpus reads the sip.conf of many real offices.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("PBX_CORPUS")
	if dir == "" {
		t.Skip("PBX_CORPUS is not set")
	}
	files, err := filepath.Glob(filepath.Join(dir, "configs", "*", "sip.conf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no sip.conf under %s: %v", dir, err)
	}
	unknown := map[string]int{}
	for _, f := range files {
		cfg, findings, err := LoadConfig(&config.Loader{Dir: filepath.Dir(f)})
		if err != nil {
			t.Logf("%s: %v", f, err)
			continue
		}
		t.Logf("%s: %d peers, %d findings", f, len(cfg.Peers), len(findings))
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if want := len(regexp.MustCompile(`(?m)^[ \t]*register[ \t]*=`).FindAll(text, -1)); want != len(cfg.General.Registrations) {
			t.Errorf("%s: %d of %d register lines make a registration", f, len(cfg.General.Registrations), want)
		}
		for _, found := range findings {
			if found.Rule == "unknown-option" || found.Rule == "sip-value" || found.Rule == "bad-value" {
				unknown[found.Message]++
				t.Logf("  %s", found)
			}
		}
	}
}
