package e2e

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// natOffice has a phone behind a NAT. The phone knows only the address it has
// inside, @9@, where nobody listens; what it sends comes from elsewhere.
const natOffice = `
-- sip.conf --
[general]
context=nowhere
udpbindaddr=@PBX@:5060
realm=e2e
disallow=all
allow=ulaw
[caller]
type=peer
host=@2@
insecure=port,invite
context=office
[200]
type=friend
host=dynamic
secret=correct-horse-battery
context=office
qualify=yes
nat=NAT
-- extensions.conf --
[nowhere]
[office]
exten => 200,1,Dial(SIP/200,10)
`

// natted is a phone that writes its inside address into everything.
type natted struct {
	*probe
	inside string
}

func newNatted(t *testing.T, x *exchange) *natted {
	t.Helper()
	p := &natted{newProbe(t, x.net.host(61), x.addr()), x.net.host(9)}
	t.Cleanup(p.close)
	return p
}

// register registers; the Via asks for no rport.
func (p *natted) register(t *testing.T, user, secret string) int {
	t.Helper()
	p.mask = strings.NewReplacer(p.local(), p.inside+":5060", ";rport", "")
	defer func() { p.mask = nil }()
	return p.probe.register(user, secret)
}

// await reads until a request of a method comes.
func (p *natted) await(method string, limit time.Duration) string {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if m, err := p.read(time.Until(end)); err == nil && strings.HasPrefix(m, method+" ") {
			return m
		}
	}
	return ""
}

// reply answers a request.
func (p *natted) reply(request, status, body string) {
	to, kind := header(request, "To"), ""
	if !strings.Contains(to, "tag=") {
		to += ";tag=natted"
	}
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	p.send(fmt.Sprintf("SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:200@%s:5060>\r\n%sContent-Length: %d\r\n\r\n%s",
		status, header(request, "Via"), header(request, "From"), to, header(request, "Call-ID"), header(request, "CSeq"), p.inside, kind, len(body), body))
}

// TestPhoneBehindNAT: with force_rport and comedia, and with their automatic forms,
// a phone behind a NAT registers, is qualified, is called, talks and hears the end
// of the call; without, it does not even hear the answer to its registration.
func TestPhoneBehindNAT(t *testing.T) {
	t.Parallel()
	for _, nat := range []string{"force_rport,comedia", "auto_force_rport,auto_comedia"} {
		t.Run(nat, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, strings.ReplaceAll(natOffice, "NAT\n", nat+"\n"))
			p := newNatted(t, x)
			if status := p.register(t, "200", "correct-horse-battery"); status != 200 {
				t.Fatalf("register: %d", status)
			}
			options := p.await("OPTIONS", 5*time.Second)
			if options == "" {
				t.Fatal("it is not qualified")
			}
			p.reply(options, "200 OK", "")
			eventually(t, 5*time.Second, "the phone is reachable", func() bool {
				peers := x.console("sip show peers")
				return strings.Contains(peers, x.net.host(61)) && strings.Contains(peers, "OK (")
			})

			caller, inside := newTalker(t, x.net.host(2), typePCMU, 101, 440), newTalker(t, x.net.host(61), typePCMU, 101, 1000)
			a := newAgent(t, x.net.host(2)+":5061", x.addr(), nil)
			l := a.call("nat", "200")
			l.request("INVITE", 1, caller.sdp("0"))
			invite := p.await("INVITE", limit)
			if invite == "" {
				t.Fatal("it is not called")
			}
			p.reply(invite, "200 OK", strings.ReplaceAll(inside.sdp("0"), x.net.host(61), p.inside))
			inside.to(invite)
			if p.await("ACK", limit) == "" {
				t.Error("it hears no ACK")
			}
			m, ok := l.await("SIP/2.0 200", "1 INVITE", limit)
			if !ok {
				t.Fatal("no 200")
			}
			l.request("ACK2", 1, "")
			caller.to(m)
			caller.hears(1000)
			inside.hears(440)
			l.request("BYE", 2, "")
			bye := p.await("BYE", limit)
			if bye == "" {
				t.Fatal("it hears no BYE")
			}
			p.reply(bye, "200 OK", "")
			x.idle()
		})
	}
	t.Run("no", func(t *testing.T) {
		t.Parallel()
		x := newExchange(t, strings.ReplaceAll(natOffice, "NAT\n", "no\n"))
		p := newNatted(t, x)
		p.mask = strings.NewReplacer(p.local(), p.inside+":5060", ";rport", "")
		p.send(p.requestFrom("REGISTER", "200", ""))
		if m, err := p.read(time.Second); err == nil { // it goes to the port of the Via
			t.Errorf("the answer found its way:\n%s", m)
		}
	})
}

// TestExternalAddress: what a STUN server sees is what those outside of localnet are
// told, in Contact and for audio; those inside are told our own address.
func TestExternalAddress(t *testing.T) {
	t.Parallel()
	n := newNetwork()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(n.host(30)), Port: 3478})
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{}, 16)
	go func() {
		buf := make([]byte, 512)
		for {
			size, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				close(asked)
				return
			}
			if size < 20 {
				continue
			}
			b := append([]byte{1, 1, 0, 12}, buf[4:20]...) // Binding success, XOR-MAPPED-ADDRESS 203.0.113.9:5062
			b = append(b, 0, 0x20, 0, 8, 0, 1)
			b = binary.BigEndian.AppendUint16(b, 5062^0x2112)
			b = binary.BigEndian.AppendUint32(b, 0xCB007109^0x2112A442)
			_, _ = conn.WriteToUDPAddrPort(b, from)
			asked <- struct{}{}
		}
	}()
	defer func() {
		conn.Close()
		for range asked { // until the server has ended
		}
	}()
	x := newExchangeOn(t, n, strings.Replace(office, "context=nowhere\n", "context=nowhere\nlocalnet="+n.host(2)+"/32\n", 1)+
		"-- res_stun_monitor.conf --\n[general]\nstunaddr="+n.host(30)+"\n")
	<-asked
	eventually(t, 5*time.Second, "the external address", func() bool {
		return strings.Contains(x.console("stun show status"), "203.0.113.9")
	})
	for host, want := range map[int]string{60: "203.0.113.9:5062", 2: x.addr()[:strings.LastIndex(x.addr(), ":")]} {
		p := newProbe(t, n.host(host), x.addr())
		defer p.close()
		m, err := p.options(2 * time.Second)
		if err != nil || !strings.Contains(header(m, "Contact"), want) {
			t.Errorf("to %s: %v, %q", n.host(host), err, header(m, "Contact"))
		}
	}
}
