package e2e

import (
	"crypto/tls"
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
				select {
				case m := <-c.other.in:
					t.Errorf("the second server was sent\n%s", m.text)
				default:
				}
			})
		}
	}
}
