package sip

import (
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/transaction"
	pbxio "pbx/io"
)

// provider is an office with a trunk whose name leads to bob and, after him, carol.
const provider = `
[general]
udpbindaddr=192.0.2.1:5060
disallow=all
allow=ulaw
rtptimeout=0
[alice]
type=friend
host=192.0.2.10
context=phones
;dns SRV _sip._udp.example.com = 10 0 5060 b.example.com;20 0 5060 c.example.com
;dns A b.example.com = 192.0.2.20
;dns A c.example.com = 192.0.2.30
[trunk]
type=peer
host=example.com
context=phones
`

// begin is the call to the trunk as far as every script has it.
const begin = `
	alice > INVITE 2000 sdp call=new
	alice < 100
`

// taken is how the second server takes the call, and its end.
const taken = `
	carol > 200 sdp
	carol < ACK
	alice < 200 sdp
	alice > ACK
	alice > BYE
	alice < 200
	carol < BYE
	carol > 200
`

const refusedCall = `
	alice < 503
	alice > ACK`

func setVars(then func(*channel.Channel), pairs ...string) func(*channel.Channel) {
	return func(ch *channel.Channel) {
		for i := 0; i+1 < len(pairs); i += 2 {
			ch.SetVar(pairs[i], channel.Clean(pairs[i+1]))
		}
		then(ch)
	}
}

func TestServers(t *testing.T) {
	trunk := func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/trunk/77") }
	with := func(pairs ...string) func(r *[]string) func(*channel.Channel) {
		return func(r *[]string) func(*channel.Channel) { return setVars(trunk(r), pairs...) }
	}
	tests := []struct {
		name, conf string
		app        func(*[]string) func(*channel.Channel)
		script     string
		want       string
	}{
		{
			"the first of the pair answers", provider, trunk, begin + `
			bob < INVITE sdp | INVITE sip:77@example.com SIP/2.0
			bob > 100
			carol < nothing 10s
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`, "answer ulaw",
		},
		{
			"the first is dead", provider, trunk, begin + `
			bob < INVITE sdp | CSeq: 102 INVITE
			carol < INVITE @5s sdp | INVITE sip:77@example.com SIP/2.0 | CSeq: 102 INVITE` + taken, "answer ulaw",
		},
		{
			"the first says 503", provider, trunk, begin + `
			bob < INVITE sdp
			bob > 503
			bob < ACK
			carol < INVITE sdp | CSeq: 102 INVITE` + taken, "answer ulaw",
		},
		{
			"who failed is left alone for 30 s", provider, trunk, begin + `
			bob < INVITE sdp
			bob > 503
			bob < ACK
			carol < INVITE sdp` + taken + `
			wait 28s` + begin + `
			carol < INVITE sdp` + taken + `
			bob < nothing 2s` + begin + `
			bob < INVITE sdp
			bob > 603
			bob < ACK` + refusedCall, "answer ulaw",
		},
		{
			"Retry-After", provider, trunk, begin + `
			bob < INVITE sdp
			bob > 503 | Retry-After: 120
			bob < ACK
			carol < INVITE sdp` + taken + `
			wait 118s` + begin + `
			carol < INVITE sdp` + taken + `
			wait 3s` + begin + `
			bob < INVITE sdp
			bob > 603
			bob < ACK`, "answer ulaw",
		},
		{
			"every server says 503", provider, trunk, begin + `
			bob < INVITE sdp
			bob > 503
			bob < ACK
			carol < INVITE sdp
			carol > 503
			carol < ACK` + refusedCall + begin + `
			bob < INVITE sdp
			bob > 503
			bob < ACK
			carol < INVITE sdp
			carol > 503
			carol < ACK` + refusedCall, "Congestion 34 SIP 503 Service Unavailable; Congestion 34",
		},
		{
			"every server is dead", provider, trunk, begin + `
			bob < INVITE sdp
			carol < INVITE @5s sdp
			alice < nothing 31s
			wait 1s` + refusedCall, "hangup 18",
		},
		{
			"a late ringing of one that was given up", provider, trunk, begin + `
			bob < INVITE sdp
			carol < INVITE @5s sdp
			carol > 100
			bob > 180
			bob < INVITE sdp
			bob < INVITE sdp
			bob < INVITE sdp
			bob < CANCEL
			bob > 200
			bob < nothing 10s` + strings.Replace(taken, "carol > 200 sdp", "carol > answer sdp", 1), "answer ulaw",
		},
		{
			"a late answer of one that was given up", provider, trunk, begin + `
			bob < INVITE sdp
			carol < INVITE @5s sdp
			carol > 100
			bob > 200 sdp
			bob < INVITE sdp
			bob < INVITE sdp
			bob < INVITE sdp
			bob < ACK
			bob < BYE
			bob > 200` + strings.Replace(taken, "carol > 200 sdp", "carol > answer sdp", 1), "answer ulaw",
		},
		{
			"one that was given up is not asked again", provider, trunk, begin + `
			bob < INVITE sdp
			carol < INVITE @5s sdp
			carol > 180
			alice < 180
			bob < INVITE sdp
			bob < INVITE sdp
			bob < INVITE sdp
			bob < nothing 40s
			bob > 200 sdp` + strings.Replace(taken, "carol > 200 sdp", "carol > answer sdp", 1), "Ringing; answer ulaw",
		},
		{
			"nobody listens at the first", provider + ";icmp\n", trunk, begin + `
			carol < INVITE sdp` + taken, "answer ulaw",
		},
		{
			"nobody listens anywhere", strings.Replace(provider, "c.example.com = 192.0.2.30", "c.example.com = 192.0.2.31", 1) + ";icmp\n", trunk, begin + refusedCall, "hangup 18",
		},
		{
			"reply_timeout", provider + "reply_timeout=2\n", trunk, begin + `
			bob < INVITE sdp
			carol < INVITE @2s sdp
			alice < nothing 1990ms
			alice < 503
			alice > ACK`, "hangup 18",
		},
		{
			"reply_timeout does not end what rings", provider + "reply_timeout=2\n", trunk, begin + `
			bob < INVITE sdp
			bob > 180
			alice < 180
			carol < nothing 40s
			bob > 603
			bob < ACK` + refusedCall, "Ringing; Busy 21",
		},
		{
			"SIP_REPLY_TIMEOUT", provider + "reply_timeout=9\n", with("_SIP_REPLY_TIMEOUT", "0.5"), begin + `
			bob < INVITE sdp
			carol < INVITE @500ms sdp
			carol > 100` + taken, "answer ulaw",
		},
		{
			"SIP_ANSWER_TIMEOUT", provider, with("_SIP_ANSWER_TIMEOUT", "20"), begin + `
			bob < INVITE sdp
			bob > 180
			alice < 180
			bob < CANCEL @20s
			bob > 200`, "Ringing; hangup 19",
		},
		{
			"answer_timeout counts every server", provider + "answer_timeout=12\n", trunk, begin + `
			bob < INVITE sdp
			carol < INVITE @5s sdp
			carol > 180
			alice < 180
			carol < CANCEL @7s
			carol > 200`, "Ringing; hangup 19",
		},
		{
			"a time limit that is none", provider, with("_SIP_ANSWER_TIMEOUT", "soon"), begin + `
			bob < INVITE sdp
			bob > 603
			bob < ACK`, "Busy 21",
		},
		{
			"a host that is no peer", provider, func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/88@example.com") }, begin + `
			bob < INVITE sdp | INVITE sip:88@example.com SIP/2.0
			bob > 503
			bob < ACK
			carol < INVITE sdp | INVITE sip:88@example.com SIP/2.0` + taken, "answer ulaw",
		},
		{
			"srvlookup=no", strings.Replace(provider, "disallow=all", ";dns A example.com = 192.0.2.30\nsrvlookup=no\ndisallow=all", 1), trunk, begin + `
			carol < INVITE sdp` + taken, "answer ulaw",
		},
		{
			"an outbound proxy", strings.Replace(provider, "host=example.com", "host=192.0.2.20\noutboundproxy=example.com", 1) + ";dns SRV _sip._udp.example.com = 10 0 5060 c.example.com\n", trunk, begin + `
			carol < INVITE sdp | INVITE sip:77@192.0.2.20 SIP/2.0 | !Route:
			carol > 200 sdp | Record-Route: <sip:192.0.2.20;lr>
			bob < ACK
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			bob < BYE | Route: <sip:192.0.2.20;lr>
			bob > 200`, "answer ulaw",
		},
		{
			"an outbound proxy that wants a Route", strings.Replace(provider, "host=example.com", "host=192.0.2.20\noutboundproxy=example.com,route", 1) + ";dns SRV _sip._udp.example.com = 10 0 5060 c.example.com\n", trunk, begin + `
			carol < INVITE sdp | INVITE sip:77@192.0.2.20 SIP/2.0 | Route: <sip:example.com;lr>` + taken, "answer ulaw",
		},
		{
			"an outbound proxy by force", strings.Replace(provider, "host=example.com", "host=192.0.2.20\noutboundproxy=udp://example.com,force", 1) + ";dns SRV _sip._udp.example.com = 10 0 5060 c.example.com\n", trunk, begin + `
			carol < INVITE sdp | INVITE sip:77@192.0.2.20 SIP/2.0
			carol > 200 sdp | Record-Route: <sip:192.0.2.20;lr>
			carol < ACK
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200
			carol < BYE | Route: <sip:192.0.2.20;lr>
			carol > 200
			bob < nothing 1s`, "answer ulaw",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			withFlow(t, tt.conf, map[string]func(*channel.Channel){"2000": tt.app(&got)}, func(f *flow) {
				f.net.SetRefuses(strings.Contains(tt.conf, ";icmp"))
				f.play(tt.script)
				f.endAll()
			})
			if s := strings.Join(got, "; "); !strings.HasPrefix(s, tt.want) {
				t.Errorf("the legs came to %q, want %q", s, tt.want)
			}
		})
	}
}

// TestNameServers: a dead or slow DNS delays the call that asked and no other
// (RFC 8767 for what is older than its TTL).
func TestNameServers(t *testing.T) {
	stranger := func(host string) func(*[]string) func(*channel.Channel) {
		return func(r *[]string) func(*channel.Channel) { return dial(r, "SIP/88@"+host) }
	}
	tests := []struct {
		name   string
		dns    []string
		app    func(*[]string) func(*channel.Channel)
		script string
		want   string
	}{
		{"no such name", nil, stranger("nobody.example.net"), begin + refusedCall, "request 20"},
		{"no name at all", nil, stranger("..example"), begin + refusedCall, "request 20"},
		{"dead", []string{"*", "dead"}, stranger("far.example.net"), begin + `
			alice < nothing 4990ms` + refusedCall, "request 20"},
		{"failing", []string{"*", "fail"}, stranger("far.example.net"), begin + refusedCall, "request 20"},
		{"slow", []string{"A far.example.net", "192.0.2.30;slow=3s"}, stranger("far.example.net"), begin + `
			carol < INVITE @3s sdp` + taken, "answer ulaw"},
		{"too slow for one call, in time for the next", []string{"A far.example.net", "192.0.2.30;slow=4s", "NAPTR far.example.net", "dead"}, stranger("far.example.net"), begin + `
			alice < nothing 4990ms` + refusedCall + `
			wait 600ms` + begin + `
			carol < INVITE sdp` + taken, "request 20; answer ulaw"},
		{"services that are not answered", []string{
			"A far.example.net", "192.0.2.30", "NAPTR far.example.net", "dead", "SRV _sip._udp.far.example.net", "dead",
		}, stranger("far.example.net"), begin + `
			carol < INVITE @3s sdp` + taken, "answer ulaw"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			withFlow(t, provider, map[string]func(*channel.Channel){"2000": tt.app(&got)}, func(f *flow) {
				synctest.Wait() // the names of the configuration are known
				f.dns.set(tt.dns...)
				f.play(tt.script)
				f.endAll()
			})
			if s := strings.Join(got, "; "); !strings.HasPrefix(s, tt.want) {
				t.Errorf("the legs came to %q, want %q", s, tt.want)
			}
		})
	}
}

// TestDeadDNSDelaysNobodyElse: while one call waits for a dead DNS another one is
// set up at once, and the trunk is called where it was last.
func TestDeadDNSDelaysNobodyElse(t *testing.T) {
	var slow, trunk []string
	conf := strings.Replace(provider, ";dns A b.example.com = 192.0.2.20", ";dns A b.example.com = 192.0.2.20;ttl=1m", 1)
	withFlow(t, conf, map[string]func(*channel.Channel){
		"2000": dial(&slow, "SIP/88@far.example.net"), "3000": answerFor(time.Second), "4000": dial(&trunk, "SIP/trunk/77"),
	}, func(f *flow) {
		synctest.Wait()
		f.dns.dead(true)
		f.play(`
			wait 10m
			alice > INVITE 2000 sdp call=new
			alice < 100
			mallory > OPTIONS 3000 call=new
			mallory < 200
			alice1 > INVITE 3000 sdp call=new from=alice
			alice1 < 100
			alice1 < 200 sdp
			alice1 > ACK
			alice1 < BYE @1s
			alice1 > 200
			alice1 > INVITE 4000 sdp call=new from=alice
			alice1 < 100
			bob < INVITE sdp
			bob > 603
			bob < ACK
			alice1 < 503
			alice1 > ACK
			wait 4s
			alice < 503
			alice > ACK`)
		f.endAll()
	})
	if len(slow) != 1 || slow[0] != "request 20" {
		t.Errorf("the call that waited came to %q", slow)
	}
}

// TestWeightsOfServers: the calls to a name are shared out by weight.
func TestWeightsOfServers(t *testing.T) {
	conf := strings.Replace(provider, "10 0 5060 b.example.com;20 0 5060 c.example.com", "10 75 5060 b.example.com;10 25 5060 c.example.com", 1)
	withFlow(t, conf, nil, func(f *flow) {
		synctest.Wait()
		first := make(map[netip.Addr]int)
		if err := f.d.Call(func() {
			for range 400 {
				f.d.reach(hop{query: f.d.hostQuery(f.d.peer("trunk").PeerConfig)}, func(s *servers, err error) {
					if err != nil || len(s.routes) != 2 {
						t.Fatal(s, err)
					}
					first[s.route().Remote.Addr()]++
				})
			}
		}); err != nil {
			t.Fatal(err)
		}
		if n := first[netip.MustParseAddr("192.0.2.20")]; n < 260 || n > 340 {
			t.Errorf("bob, with 75 of 100, comes first in %d of 400", n)
		}
		if n := f.dns.count("SRV _sip._udp.example.com"); n != 1 {
			t.Errorf("the DNS was asked %d times", n)
		}
	})
}

// TestNAPTR: a domain that prefers TCP is called over TCP, and over UDP when nobody
// takes it there.
func TestNAPTR(t *testing.T) {
	conf := strings.Replace(provider, "disallow=all", "tcpenable=yes\ntcpbindaddr=192.0.2.1:5060\ndisallow=all", 1) + `
;dns NAPTR example.com = 10 10 s SIP+D2T _sip._tcp.example.com;20 10 s SIP+D2U _sip._udp.example.com
;dns SRV _sip._tcp.example.com = 10 0 5070 c.example.com
;dns SRV _sip._udp.example.com = 10 0 5060 c.example.com
`
	app := map[string]func(*channel.Channel){"2000": dial(nil, "SIP/trunk/77")}
	t.Run("TCP", func(t *testing.T) {
		withFlow(t, conf, app, func(f *flow) {
			l, err := f.net.ListenTCP(netip.MustParseAddrPort("192.0.2.30:5070"), pbxio.SocketOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := make(chan string, 1)
			go func() {
				c, err := l.Accept()
				if err != nil {
					got <- err.Error()
					return
				}
				buf := make([]byte, 4096)
				n, _ := c.Read(buf)
				got <- string(buf[:n])
				_ = c.Close()
			}()
			f.phone("carol")
			f.play(begin)
			text := <-got
			_ = l.Close()
			if !strings.HasPrefix(text, "INVITE sip:77@example.com") || !strings.Contains(text, "Via: SIP/2.0/TCP 192.0.2.1:5060") {
				t.Errorf("over TCP came\n%s", text)
			}
			// The connection broke before any response: the next server has its turn.
			f.play(`
				carol < INVITE sdp | SIP/2.0/UDP
				carol > 603
				carol < ACK` + refusedCall)
			f.endAll()
		})
	})
	t.Run("nobody listens", func(t *testing.T) {
		withFlow(t, conf, app, func(f *flow) {
			f.play(begin + `
				carol < INVITE sdp | SIP/2.0/UDP
				carol > 603
				carol < ACK` + refusedCall)
			f.endAll()
		})
	})
	t.Run("transport=udp", func(t *testing.T) {
		withFlow(t, conf+"transport=udp\n", app, func(f *flow) {
			f.play(begin + `
				carol < INVITE sdp | SIP/2.0/UDP
				carol > 603
				carol < ACK` + refusedCall)
			f.endAll()
			if n := f.dns.count("NAPTR example.com"); n != 0 {
				t.Errorf("NAPTR was asked for %d times", n)
			}
		})
	})
}

// TestBlacklistCommands: what the operator sees of servers that failed.
func TestBlacklistCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listen, nil)
		show := func(line, want string) {
			t.Helper()
			if got := r.console(line); got != want {
				t.Errorf("%s:\n%s\nwant\n%s", line, got, want)
			}
		}
		show("sip show blacklist", "Proto Address                                         Host                             Left Reason\n0 servers on the blacklist.\n")
		if err := r.Call(func() {
			a := transaction.Route{Remote: netip.MustParseAddrPort("192.0.2.20:5060"), Host: "example.com"}
			b := transaction.Route{Protocol: transaction.TCP, Remote: netip.MustParseAddrPort("[2001:db8::1]:5060"), Host: "example.com"}
			s := &servers{d: r.Driver, routes: []transaction.Route{a, b}}
			s.next("timeout", 0)
			s.next("503", 2*time.Minute)
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		show("sip show blacklist", `Proto Address                                         Host                             Left Reason
UDP   192.0.2.20:5060                                 example.com                        20 timeout
TCP   [2001:db8::1]:5060                              example.com                       110 503
2 servers on the blacklist.
`)
		show("sip blacklist clear", "2 servers taken off the blacklist.\n")
		show("sip blacklist clear", "0 servers taken off the blacklist.\n")
	})
}

// TestCallsFromProxy: who names a proxy has the calls that come from there, unless
// somebody is there himself.
func TestCallsFromProxy(t *testing.T) {
	const general = "[general]\nudpbindaddr=192.0.2.1:5060\nallowguest=no\nalwaysauthreject=no\nrtptimeout=0\n"
	const in = `
		mallory > INVITE 1000 sdp call=new
		mallory < 100
		mallory < 200 sdp
		mallory > ACK
		mallory < BYE @1s
		mallory > 200`
	const out = `
		mallory > INVITE 1000 sdp call=new
		mallory < 403
		mallory > ACK`
	const trunk = "[trunk]\ntype=peer\nhost=192.0.2.20\ncontext=trunk\n"
	tests := []struct{ name, conf, script, context string }{
		{"an address", trunk + "outboundproxy=198.51.100.66\n", in, "trunk"},
		{"a name", ";dns A proxy.example.com = 198.51.100.66\n" + trunk + "outboundproxy=proxy.example.com\n", in, "trunk"},
		{"by force", trunk + "outboundproxy=udp://198.51.100.66,force\n", in, "trunk"},
		{"another port", trunk + "outboundproxy=198.51.100.66:5070\n", out, ""},
		{"another port does not matter", trunk + "outboundproxy=198.51.100.66:5070\ninsecure=port\n", in, "trunk"},
		{"somebody is there himself", trunk + "outboundproxy=198.51.100.66\n[proxy]\ntype=peer\nhost=198.51.100.66\ncontext=own\n", in, "own"},
		{"the proxy of all is nobody's", "outboundproxy=198.51.100.66\n" + trunk, out, ""},
		{"a phone behind it proves who it is", "[phone]\ntype=peer\nhost=dynamic\noutboundproxy=198.51.100.66\n", out, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			context := ""
			withFlow(t, general+tt.conf, map[string]func(*channel.Channel){"1000": func(ch *channel.Channel) {
				context = ch.Location().Context
				answerFor(time.Second)(ch)
			}}, func(f *flow) {
				synctest.Wait()
				f.play(tt.script)
			})
			if context != tt.context {
				t.Errorf("the call came to context %q, want %q", context, tt.context)
			}
		})
	}
}
