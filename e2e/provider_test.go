package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// provider is kamailio as the other end of a trunk: a registrar and proxy at an
// address, with the accounts acct and world.
type provider struct {
	t    *testing.T
	host string
	dir  string
	cmd  *exec.Cmd
	// config is what it is started with.
	config string
	out    *output
	done   chan struct{}
}

// providerConfig is kamailio's. Calls need proof unless they come from the location
// of somebody registered; numbers beginning with 5 are refused with what follows.
const providerConfig = `
debug=2
log_stderror=yes
memdbg=5
memlog=5
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:@HOST@:5060
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "xlog.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 5)
modparam("registrar", "max_expires", 3600)
modparam("auth", "qop", "@QOP@")
modparam("auth", "algorithm", "@ALGORITHM@")
modparam("auth", "nonce_expire", 300)
request_route {
	if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
	if (is_method("REGISTER")) {
		if (!pv_www_authenticate("provider.example", "correct-horse-$fU", "0")) {
			xlog("L_NOTICE", "challenge $rm $fU $si\n");
			auth_challenge("provider.example", "1");
			exit;
		}
		xlog("L_NOTICE", "registered $fU expires $hdr(Expires)\n");
		save("location");
		exit;
	}
	if (has_totag()) {
		if (loose_route()) { t_relay(); exit; }
		if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
		sl_send_reply("404", "Not Found");
		exit;
	}
	if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
	if (is_method("INVITE")) {
		if (!pv_proxy_authenticate("provider.example", "correct-horse-$fU", "0")) {
			auth_challenge("provider.example", "17");
			exit;
		}
		consume_credentials();
		record_route();
		if ($rU == "503") { sl_send_reply("503", "Service Unavailable"); exit; }
		if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
		t_relay();
		exit;
	}
	sl_send_reply("405", "Method Not Allowed");
}
`

// startProvider starts kamailio at a host.
func startProvider(t *testing.T, host, algorithm, qop string) *provider {
	t.Helper()
	p := newProvider(t, host)
	p.config = strings.NewReplacer("\"algorithm\", \"MD5\"", "\"algorithm\", \""+algorithm+"\"", "\"qop\", \"auth\"", "\"qop\", \""+qop+"\"").Replace(p.config)
	p.start()
	return p
}

// newProvider makes one that is not started yet and asks for MD5 with qop=auth.
func newProvider(t *testing.T, host string) *provider {
	t.Helper()
	p := &provider{t: t, host: host, dir: t.TempDir()}
	p.config = strings.NewReplacer("@HOST@", host, "@ALGORITHM@", "MD5", "@QOP@", "auth").Replace(providerConfig)
	t.Cleanup(func() {
		if p.cmd != nil {
			p.stop()
		}
		if t.Failed() && p.out != nil {
			t.Logf("kamailio printed:\n%s", p.out)
		}
	})
	return p
}

func (p *provider) start() {
	p.t.Helper()
	path := tool(p.t, "kamailio")
	if err := os.WriteFile(filepath.Join(p.dir, "kamailio.cfg"), []byte(p.config), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.out, p.done = newOutput(), make(chan struct{})
	p.cmd = exec.Command(path, "-DD", "-E", "-f", filepath.Join(p.dir, "kamailio.cfg"), "-Y", p.dir, "-P", filepath.Join(p.dir, "pid"), "-w", p.dir, "-m", "32", "-M", "4")
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait()
		close(done)
	}(p.cmd, p.done)
	awaitBound(p.t, p.host, 5060)
}

// stop ends kamailio and all of its processes.
func (p *provider) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}

const trunkOffice = `
-- sip.conf --
[general]
context=nowhere
udpbindaddr=@PBX@:5060
disallow=all
allow=ulaw
srvlookup=no
registertimeout=2
register => provider?acct@provider.example:correct-horse-acct@@2@/4711~10

[provider]
type=peer
host=@2@
defaultuser=acct
fromuser=acct
fromdomain=provider.example
remotesecret=correct-horse-acct
insecure=invite
context=from-provider

[caller]
type=peer
host=@3@
insecure=port,invite
context=office

[alice]
type=friend
host=dynamic
secret=staple-paperclip-stamp
context=office
-- extensions.conf --
[nowhere]

[from-provider]
exten => 4711,1,Dial(SIP/alice,20)

[office]
exten => _0.,1,Dial(SIP/provider/${EXTEN:1},20)
 same => n,Hangup(${HANGUPCAUSE})
-- rtp.conf --
[general]
rtpstart=20000
rtpend=20999
`

// newTrunk starts an office and its provider, and waits until it is registered
// there.
func newTrunk(t *testing.T, algorithm, qop string) (*exchange, *provider) {
	t.Helper()
	tool(t, "kamailio")
	x := newExchange(t, trunkOffice)
	p := startProvider(t, x.net.host(2), algorithm, qop)
	x.onTrunk()
	return x, p
}

func (x *exchange) onTrunk() {
	x.t.Helper()
	eventually(x.t, 20*time.Second, "registered with the provider", func() bool {
		return strings.Contains(x.console("sip show registry"), " Registered ")
	})
}

// TestTrunkCalls: the office is called and calls through its provider, with audio
// both ways.
func TestTrunkCalls(t *testing.T) {
	t.Parallel()
	tool(t, "baresip")
	x, p := newTrunk(t, "MD5", "auth")
	alice := startBaresip(t, x.net.host(4), x.net.host(1), "alice", "staple-paperclip-stamp", 400, true)
	alice.registered(x, "alice", x.net.host(4))
	world := startBaresip(t, x.net.host(5), p.host, "world", "correct-horse-world", 800, true)
	sky := startBaresip(t, x.net.host(6), p.host, "sky", "correct-horse-sky", 1200, true)
	p.out.waitFor(t, "registered world", 20*time.Second)
	p.out.waitFor(t, "registered sky", 20*time.Second)

	world.do("dial", "sip:acct@"+p.host)
	alice.await("CALL_ESTABLISHED")
	alice.hears(800)
	world.hears(400)
	world.do("hangup", "")
	alice.await("CALL_CLOSED")
	x.idle()

	alice.do("dial", "sip:0sky@"+x.net.host(1))
	sky.await("CALL_ESTABLISHED")
	alice.hears(1200)
	sky.hears(400)
	alice.do("hangup", "")
	sky.await("CALL_CLOSED")
	x.idle()
}

// TestTrunkProves: each kind of digest that the provider may ask for, to REGISTER
// and INVITE; a refresh is not asked again; what he refuses reaches the caller.
func TestTrunkProves(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, algorithm, qop string }{
		{"MD5", "MD5", ""}, {"MD5 auth", "MD5", "auth"}, {"MD5 auth-int", "MD5", "auth-int"}, {"SHA-256 auth", "SHA-256", "auth"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x, p := newTrunk(t, tt.algorithm, tt.qop)
			for number, status := range map[string]int{"0503": 503, "0404": 404} {
				startSIPp(t, "caller", scenario{invite(), optional(100), recv(status), ackFailure(1)}, x.net.host(3), x.addr(), "-s", number, "-p", "5061").ok()
			}
			eventually(t, 20*time.Second, "a refresh", func() bool { return strings.Count(p.out.String(), "registered acct expires 10") > 1 })
			if n := strings.Count(p.out.String(), "challenge REGISTER acct"); n != 1 {
				t.Errorf("%d challenges for REGISTER", n)
			}
			if code := x.stop(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			p.out.waitFor(t, "registered acct expires 0", time.Second)
		})
	}
}

// TestTrunkComesBack: a provider that was restarted, and knows nobody any more, is
// registered with again.
func TestTrunkComesBack(t *testing.T) {
	t.Parallel()
	x, p := newTrunk(t, "MD5", "auth")
	p.stop()
	eventually(t, 30*time.Second, "the registration is lost", func() bool {
		return !strings.Contains(x.console("sip show registry"), " Registered ")
	})
	p.start()
	x.onTrunk()
	p.out.waitFor(t, "registered acct", time.Second)
}

const registeringOffice = `
-- sip.conf --
[general]
udpbindaddr=@PBX@:5060
defaultexpiry=120
registertimeout=1
register => regme:regpw@@2@:5070/in
-- extensions.conf --
[default]
`

// TestRegistrarAnswers: what a registrar may say to REGISTER, and what
// `sip show registry` makes of it.
func TestRegistrarAnswers(t *testing.T) {
	t.Parallel()
	ok := answer("200 OK", "Expires: 100\n"+empty)
	proven := `<recv request="REGISTER"><action><ereg regexp="Digest username=.regme., realm=.r., .*response=.*nc=00000001" search_in="hdr" header="%s:" check_it="true" assign_to="proof"/></action></recv><Reference variables="proof"/>`
	asks := func(status, header string) string {
		return answer(status, header+`: Digest realm="r", nonce="n1", algorithm=MD5, qop="auth"`+"\n"+empty)
	}
	for _, tt := range []struct {
		name  string
		steps scenario
		state string
	}{
		{"401", scenario{recvRequest("REGISTER"), asks("401 Unauthorized", "WWW-Authenticate"), strings.Replace(proven, "%s", "Authorization", 1), ok}, "85 Registered"},
		{"407", scenario{recvRequest("REGISTER"), asks("407 Proxy Authentication Required", "Proxy-Authenticate"), strings.Replace(proven, "%s", "Proxy-Authorization", 1), ok}, "85 Registered"},
		{"423", scenario{
			recvRequest("REGISTER"), answer("423 Interval Too Brief", "Min-Expires: 600\n"+empty),
			`<recv request="REGISTER"><action><ereg regexp="600" search_in="hdr" header="Expires:" check_it="true" assign_to="long"/></action></recv><Reference variables="long"/>`,
			answer("200 OK", "Expires: 600\n"+empty),
		}, "585 Registered"},
		{"403", scenario{recvRequest("REGISTER"), answer("403 Forbidden", empty)}, "120 No Authentication"},
		{"503", scenario{recvRequest("REGISTER"), answer("503 Service Unavailable", "Retry-After: 2\n"+empty), recvRequest("REGISTER"), ok}, "85 Registered"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, registeringOffice)
			x.serve("registrar", 2, tt.steps).ok()
			want := strings.Fields(tt.state)
			eventually(t, 5*time.Second, tt.state, func() bool {
				return strings.Contains(x.console("sip show registry"), fmt.Sprintf("%8s %-20s", want[0], strings.Join(want[1:], " ")))
			})
		})
	}
}
