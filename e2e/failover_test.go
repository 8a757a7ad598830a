package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// edgeConfig is kamailio as the living one of two proxies by the name edge.test: calls
// go to the phone behind it, and what follows within them comes by the name.
const edgeConfig = `
debug=2
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:@HOST@:5060
alias="edge.test"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
request_route {
	if (has_totag()) {
		if (loose_route()) { t_relay(); exit; }
		if (is_method("ACK")) { exit; }
		sl_send_reply("404", "Not Found");
		exit;
	}
	record_route_preset("edge.test;transport=@VIA@");
	$du = "sip:@PHONE@";
	t_relay();
}
`

// TestAckFailsOver: a call goes out to a proxy, and its Record-Route names a pair of which
// that one is the second. The first is down, or hears and says nothing: the ACK of the 2xx
// reaches the phone through the second (RFC 3263 4.3), and so does the BYE.
func TestAckFailsOver(t *testing.T) {
	t.Parallel()
	tool(t, "kamailio")
	for _, via := range []string{"udp", "tcp", "tls"} {
		for name, silent := range map[string]bool{"refused": false, "silent": true} {
			t.Run(via+" "+name, func(t *testing.T) {
				t.Parallel()
				ackFailsOver(t, via, silent)
			})
		}
	}
}

func ackFailsOver(t *testing.T, via string, silent bool) {
	n := newNetwork()
	port := map[string]string{"udp": "5060", "tcp": "5060", "tls": "5061"}[via]
	dead, alive, phone := n.host(8)+":"+port, n.host(9)+":5060", n.host(10)+":5070"
	pair := "10 0 " + port + " a.edge.test;20 0 " + port + " b.edge.test"
	serveNames(t, n.host(7)+":5353", map[string]string{
		"SRV _sip._udp.edge.test":  pair,
		"SRV _sip._tcp.edge.test":  pair,
		"SRV _sips._tcp.edge.test": pair,
		"A a.edge.test":            n.host(8),
		"A b.edge.test":            n.host(9),
	})
	ca := newAuthority(t)
	cert, key := ca.issue("edge.test", "b.edge.test")
	swallowed := make(chan string, 100)
	switch {
	case !silent:
	case via == "udp":
		swallow(t, dead, swallowed)
	default:
		hears := newStation(t, nil)
		if via == "tls" {
			hears = newStation(t, serverOf(t, cert, key))
		}
		hears.listen(dead)
		go func() {
			for m := range hears.in {
				swallowed <- m.text
			}
		}()
		t.Cleanup(func() { hears.close(); close(hears.in) })
	}
	edge := newProvider(t, n.host(9))
	edge.config = strings.NewReplacer("@HOST@", n.host(9), "@PHONE@", phone, "@VIA@", via).Replace(edgeConfig)
	switch via {
	case "tcp":
		edge.config = strings.Replace(edge.config, "disable_tcp=yes\n", "tcp_children=2\nlisten=tcp:"+alive+"\n", 1)
	case "tls":
		edge.secure(cert, key)
	}
	edge.start()
	acked, over := make(chan bool, 1), make(chan bool, 1)
	newAgent(t, phone, alive, func(l *leg, invite string) {
		acked <- l.answered(invite)
		bye, ok := l.await("BYE ", "BYE", 15*time.Second)
		if ok {
			l.a.send(throughProxies(bye, "200 OK", "", ""))
		}
		over <- ok
	})
	cert, key = ca.issue("office.test")
	x := newExchangeOn(t, n, strings.NewReplacer("@VIA@", via, "edge.test\ntrans", "b.edge.test\ntrans").Replace(streamTrunk)+
		"-- ca.pem --\n"+ca.pem()+"-- pbx.pem --\n"+cert+"-- pbx.key --\n"+key)
	caller := newAgent(t, n.host(2)+":5061", x.addr(), nil)
	l := caller.call("call", "77")
	l.request("INVITE", 1, l.sdp(30002, "0 101"))
	m, ok := l.await("SIP/2.0 200", "INVITE", 10*time.Second)
	if !ok {
		t.Fatal("the call was not answered")
	}
	l.request("ACK2", 1, "")
	begun := time.Now()
	if !<-acked {
		t.Fatalf("no ACK within %v of\n%s", time.Since(begun), m)
	}
	if took := time.Since(begun); !silent && took > 2*time.Second {
		t.Errorf("the ACK came after %v", took)
	}
	l.request("BYE", 2, "")
	if _, ok := l.await("SIP/2.0 200", "BYE", 5*time.Second); !ok || !<-over {
		t.Error("BYE did not arrive")
	}
	if silent {
		select {
		case m := <-swallowed:
			if !strings.HasPrefix(m, "ACK ") {
				t.Errorf("the first was sent\n%s", m)
			}
		case <-time.After(5 * time.Second):
			t.Error("the first was not tried")
		}
	}
	x.idle()
}

// swallow listens at an address and answers nothing.
func swallow(t *testing.T, addr string, got chan<- string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 65536)
		for {
			n, _, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			select {
			case got <- string(buf[:n]):
			default:
			}
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
}

// answered answers a call that came through proxies, again every second until the ACK
// is there, as RFC 3261 13.3.1.4 has it.
func (l *leg) answered(invite string) bool {
	ok := throughProxies(invite, "200 OK", "<sip:phone@"+l.a.conn.LocalAddr().String()+">", l.sdp(30000, "0 101"))
	for range 12 {
		l.a.send(ok)
		if _, ok := l.await("ACK ", "ACK", time.Second); ok {
			return true
		}
	}
	return false
}

// throughProxies is a response with all that lay on the way of its request.
func throughProxies(request, status, contact, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for _, line := range strings.Split(request, "\r\n") {
		switch name, value, _ := strings.Cut(line, ":"); strings.ToLower(name) {
		case "via", "from", "call-id", "cseq", "record-route":
			b.WriteString(line + "\r\n")
		case "to":
			if !strings.Contains(value, "tag=") {
				line += ";tag=phone"
			}
			b.WriteString(line + "\r\n")
		}
	}
	if contact != "" {
		fmt.Fprintf(&b, "Contact: %s\r\n", contact)
	}
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}
