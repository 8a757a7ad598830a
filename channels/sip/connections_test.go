package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	pbxio "pbx/io"
)

// connected is an office whose phones call over TCP.
const connected = tcpOffice + `
[carol]
type=friend
host=dynamic
insecure=invite
transport=tcp
`

const tcpOffer = "v=0\no=- 1 1 IN IP4 127.0.50.9\ns=-\nc=IN IP4 127.0.50.9\nt=0 0\nm=audio 30000 RTP/AVP 0\n"

// call calls 1000 and acknowledges the answer, which it returns.
func (p *streamPhone) call(contact string) *message.Message {
	p.r.t.Helper()
	body := strings.ReplaceAll(tcpOffer, "\n", "\r\n")
	invite := string(p.request("INVITE", "1000", contact+"Content-Type: application/sdp\n", ""))
	if err := p.write([]byte(strings.Replace(invite, "Content-Length: 0\r\n\r\n", fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body), 1))); err != nil {
		p.r.t.Fatal(err)
	}
	m := p.await(200, time.Second)
	seq, _ := m.CSeq()
	ack := fmt.Sprintf("ACK sip:1000@127.0.50.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.50.9:5070;branch=z9hG4bKack\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d ACK\r\nContent-Length: 0\r\n\r\n",
		m.Header(message.HeaderFrom), m.Header(message.HeaderTo), m.CallID(), seq)
	if err := p.write([]byte(ack)); err != nil {
		p.r.t.Fatal(err)
	}
	return m
}

// await is the next response of that status, or request if 0.
func (p *streamPhone) await(status int, patience time.Duration) *message.Message {
	p.r.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		for _, m := range p.messages() {
			if m.Status() == status || status == 0 && m.IsRequest() {
				return m
			}
		}
		if time.Now().After(end) {
			p.r.t.Fatalf("no message of status %d came", status)
		}
	}
}

// TestCallGoesOnByNewConnection: a call whose connection broke goes on by the one
// that the phone registers with next (RFC 5626 4.4), or by its other one. So does one whose
// connection nobody has closed: a phone that changes its network says nothing by the old.
func TestCallGoesOnByNewConnection(t *testing.T) {
	const (
		contact  = "Contact: <sip:carol@10.0.0.9:5070;transport=tcp>\n"
		moved    = "Contact: <sip:carol@10.0.0.9:5071;transport=tcp>\n"
		instance = ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\""
		first    = "Supported: outbound\nContact: <sip:carol@10.0.0.9:5070;transport=tcp>;reg-id=1" + instance + "\n"
		second   = "Supported: outbound\nContact: <sip:carol@10.0.0.9:5070;transport=tcp>;reg-id=2" + instance + "\n"
		newPort  = "Contact: <sip:carol@10.0.0.9:5071;transport=tcp>" + instance + "\n"
		oldPort  = "Contact: <sip:carol@10.0.0.9:5070;transport=tcp>" + instance + "\n"
		stranger = "Contact: <sip:carol@10.0.0.9:5071;transport=tcp>;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E129>\"\n"
	)
	for name, tt := range map[string]struct {
		before, after string
		// open: the old connection is never closed, late: only after the phone has registered
		// by the new one.
		open, late bool
		moves      bool
	}{
		"the same Contact":                {contact, contact, false, false, true},
		"the same Contact, half-open":     {contact, contact, true, false, true},
		"another port":                    {contact, moved, false, false, true},
		"another port, closed late":       {contact, moved, false, true, true},
		"another phone of the account":    {contact, moved, true, false, false},
		"an instance, another port":       {oldPort, newPort, false, false, true},
		"an instance, half-open":          {oldPort, newPort, true, false, true},
		"another instance":                {oldPort, stranger, true, false, false},
		"a flow":                          {first, first, false, false, true},
		"a flow, half-open":               {first, first, true, false, true},
		"the other flow":                  {first, second, false, true, true},
		"the other flow, both are there":  {first, second, true, false, false},
		"the other flow, made afterwards": {first, second, false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			several := connected
			if strings.Contains(tt.before, "reg-id") || tt.after == stranger {
				several += "max_contacts=2\n"
			}
			withFlow(t, several, map[string]func(*channel.Channel){"1000": answerFor(10 * time.Second)}, func(f *flow) {
				t := f.t // that of the bubble
				r := &rig{Driver: f.d, t: t, net: f.net}
				p := r.dial("127.0.50.1:5060", "carol")
				if m := p.register(tt.before); m.Status() != 200 {
					t.Fatal(m.Status())
				}
				answer := p.call(strings.TrimPrefix(tt.before, "Supported: outbound\n"))
				time.Sleep(2 * time.Second)
				if !tt.open && !tt.late {
					_ = p.c.Close()
				}
				time.Sleep(2 * time.Second)
				again := r.dial("127.0.50.1:5060", "carol")
				if m := again.register(tt.after); m.Status() != 200 {
					t.Fatal(m.Status())
				}
				if tt.late {
					_ = p.c.Close()
				}
				way := again
				if !tt.moves {
					way = p
				}
				bye := way.await(0, 10*time.Second)
				if bye.Method() != message.BYE || string(bye.CallID()) != string(answer.CallID()) {
					t.Fatalf("came %s", bye.Bytes())
				}
				b := message.NewBuilder(nil)
				b.Response(bye, 200, "", "")
				if err := way.write(b.Bytes()); err != nil {
					t.Fatal(err)
				}
				f.endAll()
			})
		})
	}
}

// TestAnswerWithoutConnection: the response to a request whose connection is gone
// goes to where its Via says that the sender listens (RFC 3261 18.2.2).
func TestAnswerWithoutConnection(t *testing.T) {
	withFlow(t, connected, map[string]func(*channel.Channel){"1000": func(ch *channel.Channel) {
		_ = ch.Sleep(2 * time.Second)
		answerFor(time.Second)(ch)
	}}, func(f *flow) {
		t := f.t // that of the bubble
		r := &rig{Driver: f.d, t: t, net: f.net}
		l, err := f.net.ListenTCP(netip.MustParseAddrPort("127.0.50.9:5070"), pbxio.SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		came := make(chan *streamPhone, 4)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				came <- r.over(c, "TCP", "carol")
			}
		}()
		conn, err := f.net.DialTCP(t.Context(), netip.MustParseAddr("127.0.50.9"), netip.MustParseAddrPort("127.0.50.1:5060"), pbxio.SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p := r.over(conn, "TCP", "carol")
		if m := p.register("Contact: <sip:carol@127.0.50.9:5070;transport=tcp>\n"); m.Status() != 200 {
			t.Fatal(m.Status())
		}
		if err := p.write(p.request("INVITE", "1000", "Contact: <sip:carol@127.0.50.9:5070;transport=tcp>\n", "")); err != nil {
			t.Fatal(err)
		}
		p.await(100, time.Second)
		_ = p.c.Close()
		time.Sleep(3 * time.Second)
		select {
		case to := <-came:
			m := to.await(200, time.Second)
			if _, method := m.CSeq(); method != message.INVITE {
				t.Errorf("came %s", m.Bytes())
			}
		default:
			t.Fatal("nobody connected to where the Via says")
		}
		f.endAll()
	})
}
