package sip

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"pbx/channel"
	"pbx/event"
	pbxio "pbx/io"
	"pbx/media"
)

// benchCalls runs a driver on the machine's loopback with one phone that calls and
// one that is called.
type benchCalls struct {
	d           *Driver
	media       *media.Engine
	caller, uas pbxio.Socket
	pbx         netip.AddrPort
	in, out     [65536]byte
	n           int
}

func newBenchCalls(b *testing.B, network pbxio.Network, extens map[string]func(*channel.Channel)) *benchCalls {
	b.Helper()
	c := &benchCalls{}
	log := slog.New(slog.DiscardHandler)
	listen := func(addr string) pbxio.Socket {
		s, err := network.ListenUDP(netip.MustParseAddrPort(addr), pbxio.SocketOptions{RecvBuffer: 1 << 20})
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	c.caller, c.uas = listen("127.0.0.1:0"), listen("127.0.0.1:0")
	var err error
	if c.media, err = media.NewEngine(network, media.EngineOptions{RTPStart: 20000, RTPEnd: 59999, Log: log}); err != nil {
		b.Fatal(err)
	}
	reg := channel.NewRegistry(&event.Bus{}, log, time.Now, "")
	c.pbx = netip.MustParseAddrPort("127.0.0.1:15070")
	conf := fmt.Sprintf("[general]\nudpbindaddr=%v\ndisallow=all\nallow=ulaw,alaw\n"+
		"[load]\ntype=peer\nhost=127.0.0.1\nport=%d\ninsecure=port,invite\ncontext=x\n[uas]\ntype=peer\nhost=127.0.0.1\nport=%d\ncontext=x\n",
		c.pbx, c.caller.Local().Port(), c.uas.Local().Port())
	c.d, err = New(testConfig(b, conf), Deps{
		Network: network, Registry: reg, Dialplan: &fakePlan{extens: extens}, Media: c.media,
		Bus: &event.Bus{}, Log: log, Now: time.Now, Random: rand.Reader, Version: "bench",
	})
	if err != nil {
		b.Fatal(err)
	}
	reg.Register(c.d)
	go func() { _ = c.d.Run() }()
	b.Cleanup(func() {
		c.d.Close()
		c.media.Close()
		_ = c.caller.Close()
		_ = c.uas.Close()
	})
	return c
}

// recv waits for a datagram that begins with want, skipping others.
func (c *benchCalls) recv(b *testing.B, s pbxio.Socket, buf []byte, want string) []byte {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		n, _, err := s.Recv(buf)
		if err == nil && bytes.HasPrefix(buf[:n], []byte(want)) {
			return buf[:n]
		}
	}
	b.Fatalf("no %s", want)
	return nil
}

const benchSDP = "v=0\r\no=load 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 101\r\n" +
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"

func (c *benchCalls) request(method, exten, toTag string, seq int, body string) []byte {
	me := c.caller.Local()
	return fmt.Appendf(nil, "%s sip:%s@%v SIP/2.0\r\nVia: SIP/2.0/UDP %v;branch=z9hG4bK-%d-%d-%s;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:load@%v>;tag=i%d\r\nTo: <sip:%s@%v>%s\r\nCall-ID: %d@bench\r\nCSeq: %d %s\r\nContact: <sip:load@%v>\r\n"+
		"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		method, exten, c.pbx, me, c.n, seq, method, me, c.n, exten, c.pbx, toTag, c.n, seq, method, me, len(body), body)
}

func tagOf(b []byte) string {
	i := bytes.Index(b, []byte("\r\nTo: "))
	line, _, _ := bytes.Cut(b[i+2:], []byte("\r\n"))
	_, tag, _ := bytes.Cut(line, []byte(";tag="))
	return ";tag=" + string(tag)
}

func response(req []byte, status, tag, body string, contact netip.AddrPort) []byte {
	var out bytes.Buffer
	out.WriteString("SIP/2.0 " + status + "\r\n")
	for line := range bytes.SplitSeq(req, []byte("\r\n")) {
		switch {
		case bytes.HasPrefix(line, []byte("To: ")):
			out.Write(line)
			if !bytes.Contains(line, []byte("tag=")) {
				out.WriteString(";tag=" + tag)
			}
			out.WriteString("\r\n")
		case bytes.HasPrefix(line, []byte("Via: ")), bytes.HasPrefix(line, []byte("From: ")), bytes.HasPrefix(line, []byte("Call-ID: ")), bytes.HasPrefix(line, []byte("CSeq: ")):
			out.Write(line)
			out.WriteString("\r\n")
		}
		if len(line) == 0 {
			break
		}
	}
	fmt.Fprintf(&out, "Contact: <sip:uas@%v>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", contact, len(body), body)
	return out.Bytes()
}

func (c *benchCalls) answered(b *testing.B) {
	c.n++
	_ = c.caller.Send(c.request("INVITE", "1000", "", 1, benchSDP), c.pbx)
	tag := tagOf(c.recv(b, c.caller, c.in[:], "SIP/2.0 200"))
	_ = c.caller.Send(c.request("ACK", "1000", tag, 1, ""), c.pbx)
	_ = c.caller.Send(c.request("BYE", "1000", tag, 2, ""), c.pbx)
	c.recv(b, c.caller, c.in[:], "SIP/2.0 200")
}

func (c *benchCalls) dialled(b *testing.B) {
	c.n++
	_ = c.caller.Send(c.request("INVITE", "2000", "", 1, benchSDP), c.pbx)
	invite := c.recv(b, c.uas, c.out[:], "INVITE")
	utag := fmt.Sprintf("u%d", c.n)
	_ = c.uas.Send(response(invite, "180 Ringing", utag, "", c.uas.Local()), c.pbx)
	_ = c.uas.Send(response(invite, "200 OK", utag, benchSDP, c.uas.Local()), c.pbx)
	c.recv(b, c.uas, c.out[:], "ACK")
	tag := tagOf(c.recv(b, c.caller, c.in[:], "SIP/2.0 200"))
	_ = c.caller.Send(c.request("ACK", "2000", tag, 1, ""), c.pbx)
	_ = c.caller.Send(c.request("BYE", "2000", tag, 2, ""), c.pbx)
	c.recv(b, c.caller, c.in[:], "SIP/2.0 200")
	_ = c.uas.Send(response(c.recv(b, c.uas, c.out[:], "BYE"), "200 OK", utag, "", c.uas.Local()), c.pbx)
}

// BenchmarkAnsweredCall is INVITE, 100, 200, ACK, BYE, 200 over loopback, the
// phone's share included.
func BenchmarkAnsweredCall(b *testing.B) {
	c := newBenchCalls(b, pbxio.System(), map[string]func(*channel.Channel){"1000": answerAndWait})
	b.ReportAllocs()
	for b.Loop() {
		c.answered(b)
	}
}

// BenchmarkDialCall is a call through the exchange from phone to phone.
func BenchmarkDialCall(b *testing.B) {
	c := newBenchCalls(b, pbxio.System(), map[string]func(*channel.Channel){"2000": dial(nil, "SIP/uas/2000")})
	b.ReportAllocs()
	for b.Loop() {
		c.dialled(b)
	}
}
