package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// streamTrunk has a trunk by TCP or TLS to a name with two servers.
const streamTrunk = `
-- sip.conf --
[general]
udpbindaddr=@PBX@
tcpenable=yes
tlsenable=yes
tlscertfile=pbx.pem
tlsprivatekey=pbx.key
tlscafile=ca.pem
allowguest=yes
context=in
[edge]
type=peer
host=edge.test
transport=@VIA@
-- resolver_unbound.conf --
[general]
hosts=/dev/null
nameserver=@7@@5353
-- extensions.conf --
[in]
exten => 77,1,Dial(SIP/77@edge,20)
`

// trunkCall is a call through a trunk by connections.
type trunkCall struct {
	t      *testing.T
	caller *leg
	far    *station // the server that the call comes to first
	other  *station // the second of the name, which hears nothing unless the first is gone
	route  string   // Record-Route of the name
	host   string   // of the first
}

// answered answers the call that comes.
func (c *trunkCall) answered(more string) said {
	c.t.Helper()
	m := c.far.await("INVITE ")
	c.far.answer(m, "200 OK", more, sdpAt(c.host))
	return m
}

// up waits until the caller is told of the answer, and acknowledges it.
func (c *trunkCall) up() {
	c.t.Helper()
	if _, ok := c.caller.await("SIP/2.0 200", "INVITE", 10*time.Second); !ok {
		c.t.Fatal("the call was not answered")
	}
	c.caller.request("ACK2", 1, "")
}

// hangsUp has the caller hang up.
func (c *trunkCall) hangsUp() {
	c.t.Helper()
	c.caller.request("BYE", 2, "")
	if _, ok := c.caller.await("SIP/2.0 200", "BYE", 5*time.Second); !ok {
		c.t.Error("BYE was not answered")
	}
}

// newWay fails the test where two messages came by one connection.
func (c *trunkCall) newWay(a, b said) {
	c.t.Helper()
	if a.over == b.over {
		c.t.Error("it came by the connection of before")
	}
}

// TestTrunkConnectionDies: what is sent by a connection that breaks goes out by the
// next one, or to the next server of the name (RFC 3261 18, RFC 3263 4.3), and nothing
// of the call is left.
func TestTrunkConnectionDies(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(*trunkCall){
		"as the INVITE comes": func(c *trunkCall) {
			m := c.far.await("INVITE ")
			_ = m.over.Close()
			again := c.answered("")
			c.newWay(m, again)
			c.up()
			c.far.await("ACK ")
			c.hangsUp()
			c.far.answer(c.far.await("BYE "), "200 OK", "", "")
		},
		"with the answer": func(c *trunkCall) {
			m := c.far.await("INVITE ")
			c.far.ignore(m.over)
			c.far.answer(m, "200 OK", "", sdpAt(c.host))
			_ = m.over.Close()
			c.up()
			c.far.await("ACK ")
			c.hangsUp()
			c.far.answer(c.far.await("BYE "), "200 OK", "", "")
		},
		"with the answer, and the server": func(c *trunkCall) {
			m := c.far.await("INVITE ")
			c.far.ignore(m.over)
			c.far.answer(m, "200 OK", c.route, sdpAt(c.host))
			c.far.close()
			c.up()
			c.other.await("ACK ")
			c.hangsUp()
			c.other.answer(c.other.await("BYE "), "200 OK", "", "")
		},
		"in the call": func(c *trunkCall) {
			c.answered("")
			c.up()
			m := c.far.await("ACK ")
			_ = m.over.Close()
			c.hangsUp()
			bye := c.far.await("BYE ")
			c.newWay(m, bye)
			c.far.answer(bye, "200 OK", "", "")
		},
		"in the call, and the server": func(c *trunkCall) {
			c.answered(c.route)
			c.up()
			c.far.await("ACK ")
			c.far.close()
			c.hangsUp()
			c.other.answer(c.other.await("BYE "), "200 OK", "", "")
		},
		"as the BYE comes": func(c *trunkCall) {
			c.answered("")
			c.up()
			c.far.await("ACK ")
			c.hangsUp()
			m := c.far.await("BYE ")
			_ = m.over.Close()
			again := c.far.await("BYE ")
			c.newWay(m, again)
			c.far.answer(again, "200 OK", "", "")
		},
	} {
		for _, via := range []string{"tcp", "tls"} {
			t.Run(name+", "+via, func(t *testing.T) {
				t.Parallel()
				n := newNetwork()
				ca := newAuthority(t)
				serveNames(t, n.host(7)+":5353", map[string]string{
					"SRV _sip._tcp.edge.test":  "10 0 5060 a.edge.test;20 0 5060 b.edge.test",
					"SRV _sips._tcp.edge.test": "10 0 5060 a.edge.test;20 0 5060 b.edge.test",
					"A a.edge.test":            n.host(8),
					"A b.edge.test":            n.host(9),
				})
				var secure *tls.Config
				if via == "tls" {
					cert, key := ca.issue("edge.test")
					secure = serverOf(t, cert, key)
				}
				c := &trunkCall{t: t, far: newStation(t, secure), other: newStation(t, secure), host: n.host(8), route: "Record-Route: <sip:edge.test;transport=" + via + ";lr>\r\n"}
				c.far.listen(n.host(8) + ":5060")
				c.other.listen(n.host(9) + ":5060")
				cert, key := ca.issue("office.test")
				x := newExchangeOn(t, n, strings.ReplaceAll(streamTrunk, "@VIA@", via)+"-- ca.pem --\n"+ca.pem()+"-- pbx.pem --\n"+cert+"-- pbx.key --\n"+key)
				c.caller = newAgent(t, n.host(2)+":5061", x.addr(), nil).call("call", "77")
				c.caller.request("INVITE", 1, c.caller.sdp(30002, "0 101"))
				play(c)
				x.idle()
				for range len(c.other.in) {
					// Whether an ACK arrived nobody says: it is sent again, before the BYE or behind it.
					if m := <-c.other.in; !strings.HasPrefix(m.text, "ACK ") {
						t.Errorf("the second server was sent\n%s", m.text)
					}
				}
			})
		}
	}
}

// handset is a phone that is played by hand: alice's, over TCP or TLS.
type handset struct {
	*station
	x       *exchange
	host    string // of the phone
	at      string // of the exchange, host and port
	contact string // with its brackets and parameters; "" for the connection's own end
	over    net.Conn
	seq     int
}

// newHandset makes the phone and an exchange for it. 101 is the phone, 600 the echo, and
// 102 is in use while somebody is in 602.
func newHandset(t *testing.T, via string) *handset {
	t.Helper()
	n := newNetwork()
	archive := strings.NewReplacer("[nowhere]\n", "[nowhere]\nexten => 101,1,Dial(SIP/alice,20)\nexten => 602,1,Answer()\n same => n,Set(DEVICE_STATE(Custom:x)=INUSE)\n same => n,Wait(30)\nexten => h,1,Set(DEVICE_STATE(Custom:x)=NOT_INUSE)\n",
		"[home]\n", "[home]\nexten => 102,hint,Custom:x\n", "context=nowhere\n", "context=nowhere\nallowguest=yes\n").Replace(streams(t, n))
	h := &handset{host: n.host(20), at: n.host(1) + ":5060"}
	var secure *tls.Config
	if via == "tls" {
		cert, key := newAuthority(t).issue("phone.test")
		secure = serverOf(t, cert, key)
		secure.InsecureSkipVerify = true
		h.at = n.host(1) + ":5061"
		archive = strings.Replace(archive, "allowguest=yes\n", "allowguest=yes\ntlsdontverifyserver=yes\n", 1)
	}
	h.station = newStation(t, secure)
	h.x = newExchangeOn(t, n, archive)
	return h
}

// sentBy is where the phone takes itself to be: behind a NAT that is elsewhere.
func (h *handset) sentBy() string {
	if strings.Contains(h.contact, hidden) {
		return hidden
	}
	_, port, _ := net.SplitHostPort(h.over.LocalAddr().String())
	return net.JoinHostPort(h.host, port)
}

// hidden is an address that nobody else knows.
const hidden = "10.9.8.7:5060"

// connect makes the connection that it speaks by from now on.
func (h *handset) connect() { h.over = h.dial(h.host, h.at) }

// request sends a request out of any dialog.
func (h *handset) request(method, uri, id, more, body string) {
	h.t.Helper()
	h.seq++
	contact := h.contact
	if contact == "" {
		contact = "<sip:alice@" + h.over.LocalAddr().String() + ";transport=" + strings.ToLower(h.via) + ">"
	}
	to := uri
	if method == "REGISTER" {
		to = "sip:alice@" + h.at
	}
	text := fmt.Sprintf("%s %s SIP/2.0\nVia: SIP/2.0/%s %s;branch=z9hG4bK%s%d;rport\nMax-Forwards: 70\nFrom: <sip:alice@%s>;tag=%s\nTo: <%s>\nCall-ID: %s\nCSeq: %d %s\nContact: %s\n%sContent-Length: %d\n\n",
		method, uri, h.via, h.sentBy(), id, h.seq, h.at, id, to, id, h.seq, method, contact, more, len(body))
	if _, err := io.WriteString(h.over, strings.ReplaceAll(text, "\n", "\r\n")+body); err != nil {
		h.t.Errorf("%s: %v", method, err)
	}
}

// register registers by the connection.
func (h *handset) register() {
	h.t.Helper()
	uri := "sip:" + h.at
	more := "Expires: 600\nSupported: outbound, path\n"
	h.request("REGISTER", uri, "reg", more, "")
	m := h.await("SIP/2.0 401")
	h.request("REGISTER", uri, "reg", more+authorization(header(m.text, "WWW-Authenticate"), "REGISTER", uri, "alice", "correct-horse-battery"), "")
	h.await("SIP/2.0 200")
}

// begin sends a request that has to be proven, and returns what it is answered.
func (h *handset) begin(method, uri, id, more, body string) said {
	h.t.Helper()
	h.request(method, uri, id, more, body)
	m := h.await("SIP/2.0 401")
	if method == "INVITE" {
		h.acknowledge(uri, id, m)
	}
	h.request(method, uri, id, more+authorization(header(m.text, "WWW-Authenticate"), method, uri, "alice", "correct-horse-battery"), body)
	return h.await("SIP/2.0 200")
}

// acknowledge sends the ACK of an answer to the last INVITE.
func (h *handset) acknowledge(uri, id string, m said) {
	h.t.Helper()
	branch := fmt.Sprintf("%s%d", id, h.seq)
	if strings.HasPrefix(m.text, "SIP/2.0 2") {
		branch += "ack"
	}
	text := fmt.Sprintf("ACK %s SIP/2.0\nVia: SIP/2.0/%s %s;branch=z9hG4bK%s;rport\nFrom: %s\nTo: %s\nCall-ID: %s\nCSeq: %d ACK\nMax-Forwards: 70\nContent-Length: 0\n\n",
		uri, h.via, h.sentBy(), branch, header(m.text, "From"), header(m.text, "To"), id, h.seq)
	if _, err := io.WriteString(h.over, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		h.t.Errorf("ACK: %v", err)
	}
}

// calls calls the echo.
func (h *handset) calls() {
	h.t.Helper()
	uri := "sip:600@" + h.at
	m := h.begin("INVITE", uri, "call", "Content-Type: application/sdp\n", sdpAt(h.host))
	h.acknowledge(uri, "call", m)
}

// TestPhoneConnectionDies: a phone whose connection breaks is reached by the one that it
// makes next, in a call, for a call and with what it watches; or by one that is made to
// where it listens; also when the exchange was started anew.
func TestPhoneConnectionDies(t *testing.T) {
	t.Parallel()
	// What is reached by nothing but its own connection.
	const behind, instance = "<sip:alice@" + hidden + ";transport=tcp>", `;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"`
	hangUp := func(h *handset) {
		if got := h.x.console("channel request hangup all"); !strings.Contains(got, "Requested") {
			h.t.Fatal(got)
		}
	}
	moved := func(contact string) func(*handset) {
		return func(h *handset) {
			h.contact = contact
			h.connect()
			h.register()
			h.calls()
			_ = h.over.Close()
			h.connect()
			h.register()
			hangUp(h)
			bye := h.await("BYE ")
			if bye.over != h.over {
				h.t.Error("BYE came by another connection")
			}
			h.answer(bye, "200 OK", "", "")
		}
	}
	for name, play := range map[string]func(*handset){
		"in a call":                  moved(behind),
		"in a call, outbound":        moved(behind + ";reg-id=1" + instance),
		"in a call, of another port": moved(""),
		"in a call, it listens": func(h *handset) {
			h.contact = "<sip:alice@" + h.host + ":5070;transport=" + strings.ToLower(h.via) + ">"
			h.listen(h.host + ":5070")
			h.connect()
			h.register()
			h.calls()
			_ = h.over.Close()
			hangUp(h)
			h.answer(h.await("BYE "), "200 OK", "", "")
		},
		"it watches": func(h *handset) {
			h.contact = behind
			h.connect()
			h.register()
			h.begin("SUBSCRIBE", "sip:102@"+h.at, "blf", "Event: dialog\nExpires: 600\nAccept: application/dialog-info+xml\n", "")
			h.answer(h.await("NOTIFY "), "200 OK", "", "")
			_ = h.over.Close()
			caller := newAgent(h.t, h.x.net.host(3)+":5061", h.x.addr(), nil).call("one", "602")
			caller.request("INVITE", 1, caller.sdp(30002, "0"))
			if _, ok := caller.await("SIP/2.0 200", "INVITE", 5*time.Second); !ok {
				h.t.Fatal("no answer")
			}
			caller.request("ACK2", 1, "")
			h.connect()
			h.register()
			m := h.await("NOTIFY ")
			if !strings.Contains(m.text, "confirmed") {
				h.t.Errorf("told\n%s", m.text)
			}
			h.answer(m, "200 OK", "", "")
			caller.request("BYE", 2, "")
			m = h.await("NOTIFY ")
			h.answer(m, "200 OK", "", "")
		},
		"the exchange is started anew": func(h *handset) {
			h.contact = "<sip:alice@" + h.host + ":5070;transport=" + strings.ToLower(h.via) + ">"
			h.listen(h.host + ":5070")
			h.connect()
			h.register()
			h.x.kill()
			h.x.start()
			caller := newAgent(h.t, h.x.net.host(3)+":5061", h.x.addr(), nil).call("one", "101")
			caller.request("INVITE", 1, caller.sdp(30002, "0"))
			h.answer(h.await("INVITE "), "486 Busy Here", "", "")
			h.await("ACK ")
			// And by the connection that it makes next.
			h.connect()
			h.register()
			caller = newAgent(h.t, h.x.net.host(4)+":5061", h.x.addr(), nil).call("two", "101")
			caller.request("INVITE", 1, caller.sdp(30004, "0"))
			m := h.await("INVITE ")
			if m.over != h.over {
				h.t.Error("INVITE came by another connection")
			}
			h.answer(m, "486 Busy Here", "", "")
		},
	} {
		for _, via := range []string{"tcp", "tls"} {
			t.Run(name+", "+via, func(t *testing.T) {
				t.Parallel()
				h := newHandset(t, via)
				play(h)
				h.x.idle()
			})
		}
	}
}

// TestManners: what phones do with connections that others do not: they say all of it
// octet by octet, close their half when they have asked, speak one version of TLS, offer
// to begin TLS anew.
func TestManners(t *testing.T) {
	t.Parallel()
	options := func(h *handset) {
		h.t.Helper()
		h.request("OPTIONS", "sip:"+h.at, "ask", "", "")
		h.await("SIP/2.0 ")
	}
	version := func(v uint16) func(*handset) {
		return func(h *handset) {
			h.secure.MinVersion, h.secure.MaxVersion = v, v
			h.connect()
			h.register()
			if got := h.over.(*tls.Conn).ConnectionState().Version; got != v {
				h.t.Errorf("version %x", got)
			}
		}
	}
	for name, tt := range map[string]struct {
		via  []string
		play func(*handset)
	}{
		"octet by octet": {[]string{"tcp", "tls"}, func(h *handset) {
			h.contact = "<sip:alice@" + hidden + ";transport=tcp>"
			h.connect()
			h.register()
			caller := newAgent(h.t, h.x.net.host(3)+":5061", h.x.addr(), nil).call("one", "101")
			caller.request("INVITE", 1, caller.sdp(30002, "0"))
			m := h.await("INVITE ")
			slow := said{m.text, octets{m.over}}
			h.answer(slow, "180 Ringing", "", "")
			_, _ = io.WriteString(slow.over, "\r\n\r\n")
			h.answer(slow, "200 OK", "", sdpAt(h.host))
			_, _ = io.WriteString(slow.over, "\r\n\r\n")
			h.await("ACK ")
			if _, ok := caller.await("SIP/2.0 200", "INVITE", 5*time.Second); !ok {
				h.t.Fatal("no answer")
			}
			caller.request("ACK2", 1, "")
			caller.request("BYE", 2, "")
			h.answer(said{h.await("BYE ").text, slow.over}, "200 OK", "", "")
		}},
		"it closes its half": {[]string{"tcp", "tls"}, func(h *handset) {
			h.connect()
			h.request("OPTIONS", "sip:"+h.at, "ask", "", "")
			if err := h.over.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
				h.t.Fatal(err)
			}
			h.await("SIP/2.0 ")
		}},
		"TLS 1.2 alone": {[]string{"tls"}, version(tls.VersionTLS12)},
		"TLS 1.3 alone": {[]string{"tls"}, version(tls.VersionTLS13)},
		"it begins TLS anew": {[]string{"tls"}, func(h *handset) {
			cmd := exec.Command(tool(h.t, "openssl"), "s_client", "-connect", h.at, "-tls1_2")
			stdin, err := cmd.StdinPipe() // its end would be the end of the program
			if err != nil {
				h.t.Fatal(err)
			}
			defer stdin.Close()
			time.AfterFunc(20*time.Second, func() { _ = stdin.Close() })
			_, _ = io.WriteString(stdin, "R\n")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "alert") {
				h.t.Errorf("not refused: %v\n%s", err, out)
			}
			h.connect()
			options(h)
		}},
	} {
		for _, via := range tt.via {
			t.Run(name+", "+via, func(t *testing.T) {
				t.Parallel()
				h := newHandset(t, via)
				tt.play(h)
				h.x.idle()
			})
		}
	}
}

// octets is a connection that is written to one octet at a time.
type octets struct{ net.Conn }

// Write implements net.Conn.
func (c octets) Write(b []byte) (n int, err error) {
	for ; n < len(b) && err == nil; n++ {
		_, err = c.Conn.Write(b[n : n+1])
	}
	return n, err
}
