package sip

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"pbx/channels/sip/transaction"
	pbxio "pbx/io"
)

// TestReloadOverlap: an address and all addresses of the same port cannot be open at
// once; a reload goes from the one to the other and back, over the sockets of the
// machine. Where that fails the old one serves on.
func TestReloadOverlap(t *testing.T) {
	t.Parallel()
	free, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	port := free.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	free.Close()
	conf := func(binds string) *Config { return testConfig(t, "[general]\nudpbindaddr="+binds+"\n") }
	one, all := fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("0.0.0.0:%d", port)
	o := startOffice2(t, pbxio.System(), conf(one), peerPlan{}, "overlap")
	defer o.stop(t)
	listening := func() (list string) {
		if err := o.d.Call(func() {
			for _, n := range o.d.net.Listening(transaction.UDP) {
				list += o.d.net.Asked(n).String() + " "
			}
		}); err != nil {
			t.Fatal(err)
		}
		return list
	}
	answers := func() bool {
		conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(one)))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "OPTIONS sip:x@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKo\r\nMax-Forwards: 70\r\nFrom: <sip:p@x>;tag=1\r\nTo: <sip:x@x>\r\nCall-ID: overlap\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", one, conn.LocalAddr())
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := conn.Read(make([]byte, 2048))
		return err == nil && n > 0
	}
	for _, binds := range []string{all, one, one, all, all, one} {
		o.d.Reload(conf(binds))
		if got := listening(); got != binds+" " {
			t.Errorf("after a reload to %s: %s", binds, got)
		}
		if !answers() {
			t.Errorf("on %s nobody answers", binds)
		}
	}
	// Somebody else has the port at another address: all of them cannot be had.
	other, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), port)))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	o.d.Reload(conf(all))
	if got := listening(); got != one+" " {
		t.Errorf("after a reload that fails: %s", got)
	}
	if !answers() {
		t.Error("after a reload that fails nobody answers")
	}
}
