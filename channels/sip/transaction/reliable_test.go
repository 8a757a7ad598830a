package transaction

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pbx/channels/sip/message"
	"pbx/sched"
)

// Over a reliable transport nothing is repeated, and what only waits for copies
// ends at once (RFC 3261 figures 5 to 8, RFC 6026 7).
func TestReliableTransport(t *testing.T) {
	for name, script := range map[string]string{
		"17.1.1 no timer A, timer B": `
			reliable
			send INVITE
			out INVITE
			+31s
			out nothing
			+2s
			out nothing
			got failed
			none`,
		"17.1.1 timer D is 0": `
			reliable
			send INVITE
			out INVITE
			in 486
			out ACK
			got response 486
			none`,
		"17.1.1 Accepted lasts for the 2xx of other forks": `
			reliable
			send INVITE
			out INVITE
			in 200
			got response 200
			in 200 tag=other
			got response 200
			state Accepted
			+33s
			none`,
		"17.1.2 no timer E, timer F": `
			reliable
			send OPTIONS
			out OPTIONS
			+33s
			out nothing
			got failed
			none`,
		"17.1.2 timer K is 0": `
			reliable
			send OPTIONS
			out OPTIONS
			in 200 method=OPTIONS
			got response 200
			none`,
		"17.2.1 no timer G, timer I is 0": `
			reliable
			in INVITE
			got request INVITE
			respond 486
			out 486
			+10s
			out nothing
			in ACK
			none`,
		"17.2.1 timer H": `
			reliable
			in INVITE
			got request INVITE
			respond 486
			out 486
			+33s
			out nothing
			none`,
		"13.3.1.4 the 2xx is repeated all the same": `
			reliable
			in INVITE
			got request INVITE
			respond 200
			out 200
			+500ms
			out 200
			+1s
			out 200
			acked
			+33s
			out nothing
			none`,
		"17.2.2 timer J is 0": `
			reliable
			in OPTIONS
			got request OPTIONS
			respond 200
			out 200
			none`,
		"17.1.4 a lost connection fails what had no answer": `
			reliable
			send OPTIONS
			out OPTIONS
			lost
			got failed
			none`,
		"a connection that is closed as it is used": `
			reliable
			send OPTIONS
			out OPTIONS
			closed
			out OPTIONS
			got nothing
			in 200 method=OPTIONS
			got response 200
			none`,
		"so is the next one": `
			reliable
			send INVITE
			out INVITE
			closed
			out INVITE
			closed
			out nothing
			got failed
			none`,
		"there is no next one": `
			reliable
			send INVITE
			out INVITE
			closed
			out INVITE
			lost
			out nothing
			got failed
			none`,
		"an ACK is sent again": `
			reliable
			ack 5s
			out ACK
			closed
			out ACK
			+5s
			got nothing
			none`,
		"17.1.4 an INVITE that rings outlives its connection": `
			reliable
			send INVITE
			out INVITE
			in 180
			got response 180
			lost
			got nothing
			in 200
			got response 200
			+33s
			none`,
	} {
		t.Run(name, func(t *testing.T) { newScript(t).run(script) })
	}
}

func TestProtocols(t *testing.T) {
	for p, want := range map[Protocol]struct {
		name, param      string
		reliable, secure bool
		port             uint16
	}{
		UDP: {"UDP", "udp", false, false, 5060},
		TCP: {"TCP", "tcp", true, false, 5060},
		TLS: {"TLS", "tls", true, true, 5061},
		WS:  {"WS", "ws", true, false, 80},
		WSS: {"WSS", "ws", true, true, 443},
	} {
		if p.String() != want.name || p.Param() != want.param || p.Reliable() != want.reliable || p.Secure() != want.secure || p.DefaultPort() != want.port {
			t.Errorf("%v: %s %v %v %d", p, p.Param(), p.Reliable(), p.Secure(), p.DefaultPort())
		}
		if q, ok := ParseProtocol(want.name); !ok || q != p {
			t.Errorf("%s is taken for %v", want.name, q)
		}
	}
	if _, ok := ParseProtocol("sctp"); ok {
		t.Error("sctp is not served")
	}
}

// wires notes what is sent where.
type wires struct {
	silent
	sent []string
	fail error // of TCP
}

func (w *wires) Send(b []byte, r Route) (Flow, error) {
	via, _, _ := strings.Cut(string(b[bytes.Index(b, []byte("SIP/2.0/")):]), " ")
	w.sent = append(w.sent, fmt.Sprintf("%v %s", r.Protocol, via))
	if r.Protocol == TCP {
		return 7, w.fail
	}
	return 0, nil
}

// A request that is too long for UDP goes by TCP where it may, and by UDP after all
// where nobody takes it there (RFC 3261 18.1.1).
func TestLargeRequests(t *testing.T) {
	for name, tt := range map[string]struct {
		size  int
		large bool
		fail  error // when it is sent
		lost  bool  // the connection is refused later
		want  string
	}{
		"short":               {1200, true, nil, false, "[UDP SIP/2.0/UDP]"},
		"long":                {1400, true, nil, false, "[TCP SIP/2.0/TCP]"},
		"short names, long":   {1400, true, nil, false, "[TCP SIP/2.0/TCP]"},
		"long, UDP alone":     {1400, false, nil, false, "[UDP SIP/2.0/UDP]"},
		"long, refused":       {1400, true, nil, true, "[TCP SIP/2.0/TCP UDP SIP/2.0/UDP]"},
		"long, no way by TCP": {1400, true, errors.New("no"), false, "[TCP SIP/2.0/TCP UDP SIP/2.0/UDP]"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &wires{fail: tt.fail}
			l := New(sched.New(time.Now), w, w, Timers{})
			text := request("INVITE", string(Branch(1).AppendTo(nil)), "", "c", 7)
			if strings.HasPrefix(name, "short names") {
				text = bytes.Replace(text, []byte("\r\nVia: "), []byte("\r\nv: "), 1)
			}
			text = append(text, bytes.Repeat([]byte{'x'}, tt.size-len(text))...)
			route := there
			route.Large = tt.large
			c := l.Send(text, message.INVITE, 1, route, Timers{}, w)
			if tt.lost {
				l.Lost(7, there.Remote, errors.New("refused"))
			}
			if got := fmt.Sprint(w.sent); got != tt.want {
				t.Errorf("sent %s, want %s", got, tt.want)
			}
			if c.State() != Calling {
				t.Errorf("it is %v", c.State())
			}
			l.Close()
			if len(l.waiting) > 0 {
				t.Error("something still waits for a connection")
			}
		})
	}
}
