package e2e

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// nat is a NAT between the two ends of a cable, of the kind that most homes have: an
// address and port inside has one port outside, and only those that were spoken to may
// answer.
type nat struct {
	outside netip.Addr
	mu      sync.Mutex
	next    uint16
	ports   map[netip.AddrPort]uint16
	inside  map[uint16]netip.AddrPort
	spoken  map[uint16]map[netip.AddrPort]bool
}

func newNAT(outside string) *nat {
	return &nat{
		outside: netip.MustParseAddr(outside), next: 40000,
		ports: map[netip.AddrPort]uint16{}, inside: map[uint16]netip.AddrPort{}, spoken: map[uint16]map[netip.AddrPort]bool{},
	}
}

// forget has every connection begin anew at another port, as a NAT does that was
// switched off.
func (n *nat) forget() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.ports)
	clear(n.inside)
	clear(n.spoken)
}

// pass changes a frame with a UDP datagram of IPv4 as it goes out, or comes in.
func (n *nat) pass(comesIn bool, frame []byte) []time.Duration {
	ip := frame[14:]
	head := int(ip[0]&15) * 4
	if len(ip) < head+8 || ip[9] != 17 {
		return nil
	}
	udp := ip[head:]
	src, _ := netip.AddrFromSlice(ip[12:16])
	dst, _ := netip.AddrFromSlice(ip[16:20])
	from := netip.AddrPortFrom(src, binary.BigEndian.Uint16(udp))
	to := netip.AddrPortFrom(dst, binary.BigEndian.Uint16(udp[2:]))
	n.mu.Lock()
	defer n.mu.Unlock()
	if comesIn {
		there, ok := n.inside[to.Port()]
		if !ok || dst != n.outside || !n.spoken[to.Port()][from] {
			return nil
		}
		a := there.Addr().As4()
		copy(ip[16:20], a[:])
		binary.BigEndian.PutUint16(udp[2:], there.Port())
	} else {
		port := n.ports[from]
		if port == 0 {
			n.next++
			port = n.next
			n.ports[from], n.inside[port], n.spoken[port] = port, from, map[netip.AddrPort]bool{}
		}
		n.spoken[port][to] = true
		a := n.outside.As4()
		copy(ip[12:16], a[:])
		binary.BigEndian.PutUint16(udp, port)
	}
	binary.BigEndian.PutUint16(udp[6:], 0) // IPv4 can do without it (RFC 768)
	binary.BigEndian.PutUint16(ip[10:], 0)
	sum := uint32(0)
	for i := 0; i < head; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum>>16+sum))
	return []time.Duration{0}
}

// received are the packets of a call in `sip show channelstats`.
var received = regexp.MustCompile(`(?m)^\S+ +\S+ +[\d:]+ (\d{10}) `)

// TestPhoneBehindRealNAT: a softphone that knows nothing of the NAT that it is behind
// registers, calls, talks and is called; and again when the NAT was switched off and
// has other ports, as soon as the phone has registered anew.
func TestPhoneBehindRealNAT(t *testing.T) {
	t.Parallel()
	l := newLab(t, "203.0.113.1/24", "192.168.1.2/24")
	l.knows(t, l.near, "203.0.113.9")
	l.knows(t, l.far, "203.0.113.1")
	n := newNAT("203.0.113.9")
	l.carry(t, n.pass)
	x := l.exchange(t, l.near, strings.NewReplacer("udpbindaddr=@PBX@:5060", "udpbindaddr=203.0.113.1\nnat=force_rport,comedia\nqualify=yes\nminexpiry=5\nmaxexpiry=10").Replace(home)+`
-- manager.conf --
[general]
enabled=yes
[crm]
secret=correct horse
permit=127.0.0.0/8
read=call
write=all
`)
	alice := startBaresipAt(t, l.far, "", "192.168.1.2", "203.0.113.1", "alice", "correct-horse-battery", 400, true)
	alice.registered(x, "alice", "203.0.113.9")
	eventually(t, 5*time.Second, "the phone is reachable", func() bool { return strings.Contains(x.console("sip show peers"), "OK (") })

	alice.do("dial", "sip:600@203.0.113.1")
	alice.await("CALL_ESTABLISHED")
	alice.hears(400)
	alice.do("hangup", "")
	alice.await("CALL_CLOSED")
	x.idle()

	m := dialAMI(t, x)
	ring := func(id string) {
		t.Helper()
		m.send("Action: Originate", "Channel: SIP/alice", "Application: Echo", "Async: true", "ActionID: "+id)
		r := m.await("Event", "OriginateResponse")
		if r["Response"] != "Success" {
			t.Fatalf("the phone is not reached: %v", r)
		}
		eventually(t, 10*time.Second, "the phone is heard", func() bool {
			got := received.FindStringSubmatch(x.console("sip show channelstats"))
			return got != nil && got[1] > "0000000020"
		})
		m.send("Action: Hangup", "Channel: "+r["Channel"])
		x.idle()
	}
	ring("a")
	n.forget()
	// It registers again within ten seconds, from another port for all that the exchange sees.
	eventually(t, 20*time.Second, "it is called at another port", func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		for port := range n.inside {
			if strings.Contains(x.console("sip show peer alice"), fmt.Sprint("203.0.113.9:", port)) {
				return true
			}
		}
		return false
	})
	ring("b")
}
