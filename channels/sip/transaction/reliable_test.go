package transaction

import "testing"

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
