package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer is a small DNS over UDP: "TYPE name" leads to records with ";" between
// them. A name that it does not have does not exist; "silent" is never answered.
type nameServer struct {
	zone  map[string]string
	dead  atomic.Bool
	asked atomic.Int32
}

// serveNames starts a name server on a port of the host.
func serveNames(t *testing.T, addr string, zone map[string]string) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s, done := &nameServer{zone: zone}, make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			s.asked.Add(1)
			if b := s.answer(buf[:n]); b != nil && !s.dead.Load() {
				_, _ = conn.WriteTo(b, from)
			}
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return s
}

func (s *nameServer) answer(b []byte) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(b)
	if err != nil {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	kinds := map[dnsmessage.Type]string{dnsmessage.TypeA: "A", dnsmessage.TypeSRV: "SRV", 35: "NAPTR"}
	name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	records, ok := s.zone[kinds[q.Type]+" "+name]
	if records == "silent" {
		return nil
	}
	h.Response, h.RecursionAvailable = true, true
	if !ok {
		h.RCode = dnsmessage.RCodeNameError
	}
	out := dnsmessage.NewBuilder(nil, h)
	err = errors.Join(out.StartQuestions(), out.Question(q), out.StartAnswers())
	head := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 1}
	for rec := range strings.SplitSeq(records, ";") {
		switch {
		case !ok:
		case q.Type == dnsmessage.TypeA:
			err = errors.Join(err, out.AResource(head, dnsmessage.AResource{A: netip.MustParseAddr(rec).As4()}))
		case q.Type == dnsmessage.TypeSRV:
			var r dnsmessage.SRVResource
			var target string
			_, e := fmt.Sscan(rec, &r.Priority, &r.Weight, &r.Port, &target)
			r.Target = dnsmessage.MustNewName(target + ".")
			err = errors.Join(err, e, out.SRVResource(head, r))
		}
	}
	if err != nil {
		panic(err)
	}
	b, err = out.Finish()
	if err != nil {
		panic(err)
	}
	return b
}

const byName = `
-- sip.conf --
[general]
udpbindaddr=@PBX@
allowguest=yes
context=in
[trunk]
type=peer
host=provider.test
context=in
-- resolver_unbound.conf --
[general]
hosts=/dev/null
nameserver=@7@@5353
-- extensions.conf --
[in]
exten => 77,1,Dial(SIP/77@trunk,20)
 same => n,NoOp(${DIALSTATUS})
 same => n,Hangup(${HANGUPCAUSE})
exten => 88,1,Dial(SIP/88@dead.test)
exten => 99,1,Answer()
 same => n,Wait(1)
`

// takes is an agent that answers one call after the other and says so.
func takes(calls chan<- string) func(*leg, string) {
	return func(l *leg, invite string) {
		l.reply(invite, "200 OK", l.sdp(30000, "0 101"))
		if _, ok := l.await("ACK ", "ACK", 5*time.Second); !ok {
			return
		}
		calls <- strings.Fields(invite)[1]
		if bye, ok := l.await("BYE ", "BYE", 30*time.Second); ok {
			l.reply(bye, "200 OK", "")
		}
	}
}

// ring makes a call and ends it as soon as it is answered; it returns how long that
// took.
func ring(t *testing.T, a *agent, id, exten string) (time.Duration, bool) {
	t.Helper()
	l := a.call(id, exten)
	begun := time.Now()
	l.request("INVITE", 1, l.sdp(30002, "0 101"))
	m, ok := l.await("SIP/2.0 ", "INVITE", 15*time.Second)
	for ok && strings.HasPrefix(m, "SIP/2.0 1") {
		m, ok = l.await("SIP/2.0 ", "INVITE", 15*time.Second)
	}
	took := time.Since(begun)
	if !ok || !strings.HasPrefix(m, "SIP/2.0 200") {
		l.request("ACK", 1, "")
		return took, false
	}
	l.request("ACK2", 1, "")
	l.request("BYE", 2, "")
	_, ok = l.await("SIP/2.0 200", "BYE", 5*time.Second)
	return took, ok
}

// TestTrunkByName: a provider is an SRV pair whose first server is down. Calls go to
// the second one, without waiting for the first; they go on while the DNS is dead;
// and who calls a name that no server answers for waits alone.
func TestTrunkByName(t *testing.T) {
	t.Parallel()
	net := newNetwork()
	dns := serveNames(t, net.host(7)+":5353", map[string]string{
		"SRV _sip._udp.provider.test": "10 0 5070 a.provider.test;20 0 5070 b.provider.test",
		"A a.provider.test":           net.host(8),
		"A b.provider.test":           net.host(9),
		"A dead.test":                 "silent",
	})
	x := newExchangeOn(t, net, byName)
	calls := make(chan string, 10)
	newAgent(t, x.net.host(9)+":5070", x.addr(), takes(calls))
	caller := newAgent(t, x.net.host(2)+":5061", x.addr(), nil)

	for _, id := range []string{"one", "two"} {
		took, ok := ring(t, caller, id, "77")
		if !ok || took > 3*time.Second {
			t.Fatalf("call %s: answered %v after %v", id, ok, took)
		}
		if uri := <-calls; uri != "sip:77@provider.test" {
			t.Errorf("call %s was to %s", id, uri)
		}
	}
	if out := x.console("sip show blacklist"); !strings.Contains(out, x.net.host(8)+":5070") || !strings.Contains(out, "1 servers") {
		t.Errorf("sip show blacklist:\n%s", out)
	}
	if out := x.console("sip show peer trunk"); !strings.Contains(out, x.net.host(8)) {
		t.Errorf("sip show peer trunk:\n%s", out)
	}
	x.console("sip blacklist clear")

	dns.dead.Store(true)
	slow := make(chan time.Duration, 1)
	stranger := newAgent(t, x.net.host(3)+":5061", x.addr(), nil)
	go func() {
		took, ok := ring(t, stranger, "slow", "88")
		if ok {
			took = 0
		}
		slow <- took
	}()
	eventually(t, 5*time.Second, "the slow call waits", func() bool { return strings.Contains(x.console("core show channels"), "dead.test") })
	for id, exten := range map[string]string{"other": "99", "trunk": "77"} {
		if took, ok := ring(t, caller, id, exten); !ok || took > 3*time.Second {
			t.Errorf("call %s while the DNS is dead: answered %v after %v", id, ok, took)
		}
	}
	if took := <-slow; took < 4*time.Second || took > 9*time.Second {
		t.Errorf("the call to a name without answer ended after %v", took)
	}
	x.idle()
	if dns.asked.Load() == 0 {
		t.Error("the name server was never asked")
	}
}
