package e2e

import (
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLinkLocalPhone: a phone that has nothing but an IPv6 address of its link registers,
// talks and is called. No message names the link: it is the one that the phone speaks by
// (RFC 4007 11.2).
func TestLinkLocalPhone(t *testing.T) {
	t.Parallel()
	for name, via := range map[string]string{"udp": "udp", "udp, nat=no": "udp", "tcp": "tcp"} {
		t.Run(name, func(t *testing.T) {
			_, extra, _ := strings.Cut(name, ", ")
			t.Parallel()
			l := newLab(t, "192.0.2.1/24", "192.0.2.2/24")
			for at, addr := range map[site]string{l.near: "fe80::1", l.far: "fe80::2"} {
				if out, err := exec.Command("ip", "-n", string(at), "addr", "add", addr+"/64", "dev", "e0", "nodad").CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			l.carry(t, func(bool, []byte) []time.Duration { return []time.Duration{0} })
			x := l.exchange(t, l.near, strings.Replace(home, "udpbindaddr=@PBX@:5060\n", "udpbindaddr=[::]:5060\ntcpenable=yes\ntransport=udp,tcp\n"+extra+"\n", 1))
			h := &handset{station: newStation(t, nil), x: x, host: "fe80::2", at: "[fe80::1]:5060"}
			h.via = strings.ToUpper(via)
			var sound *net.UDPConn
			l.far.do(t, func() {
				device, err := net.InterfaceByName("e0")
				if err != nil {
					t.Fatal(err)
				}
				zone := "%" + strconv.Itoa(device.Index)
				if h.over, err = net.Dial(via, "[fe80::1"+zone+"]:5060"); err != nil {
					t.Fatal(err)
				}
				if sound, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP("fe80::2"), Port: 30000, Zone: zone[1:]}); err != nil {
					t.Fatal(err)
				}
			})
			defer sound.Close()
			h.keep(h.over)
			h.group.Go(func() { h.read(h.over) })
			h.contact = "<sip:alice@" + h.sentBy() + ";transport=" + via + ">"
			h.register()

			sdp := strings.ReplaceAll(sdpAt("fe80::2"), "IP4", "IP6")
			m := h.begin("INVITE", "sip:600@"+h.at, "call", "Content-Type: application/sdp\n", sdp)
			h.acknowledge("sip:600@"+h.at, "call", m)
			if !strings.Contains(m.text, "c=IN IP6 fe80::1\r\n") || strings.Contains(m.text, "%") {
				t.Errorf("answered\n%s", m.text)
			}
			h.echoes(sound, m.text)
			x.console("channel request hangup all")
			h.answer(h.await("BYE "), "200 OK", "", "")
			x.idle()

			x.console("channel originate SIP/alice application Echo")
			m = h.await("INVITE ")
			if strings.Contains(m.text, "%") {
				t.Errorf("it names its own link:\n%s", m.text)
			}
			h.answer(m, "200 OK", "", sdp)
			h.await("ACK ")
			h.echoes(sound, m.text)
			x.console("channel request hangup all")
			h.answer(h.await("BYE "), "200 OK", "", "")
			x.idle()
		})
	}
}

// echoes sends audio to where a description wants it until some comes back.
func (h *handset) echoes(sound *net.UDPConn, description string) {
	h.t.Helper()
	_, port, _ := strings.Cut(description, "m=audio ")
	port, _, _ = strings.Cut(port, " ")
	to := *sound.LocalAddr().(*net.UDPAddr)
	to.IP = net.ParseIP("fe80::1")
	to.Port, _ = strconv.Atoi(port)
	packet := append([]byte{0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, make([]byte, 160)...)
	buf := make([]byte, 1500)
	for i := range 100 {
		packet[3], packet[7] = byte(i), byte(i)
		if _, err := sound.WriteToUDP(packet, &to); err != nil {
			h.t.Fatal(err)
		}
		_ = sound.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, _, err := sound.ReadFromUDP(buf); err == nil {
			return
		}
	}
	h.t.Errorf("nothing was heard from port %s", port)
}
