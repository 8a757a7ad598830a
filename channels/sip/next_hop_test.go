package sip

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
)

// nextHops is an office whose name server knows where carol is, by an address and
// by a service.
const nextHops = office + `
;dns A edge.example.com = 192.0.2.30
;dns SRV _sip._udp.far.example.com = 10 0 5061 edge.example.com
;dns A me.localhost = 127.0.0.1
;dns A loop.example.com = 127.0.0.1
`

// TestNextHopByName: what follows within a dialog goes to the host that the route
// set or the Contact names (RFC 3261 12.2.1.1, RFC 3263 4).
func TestNextHopByName(t *testing.T) {
	const ended = `
		alice < 100
		alice < 200 sdp
		alice > ACK`
	const backHere = ended + `
		alice < BYE @1s
		alice > 200`
	called := func(answer, then string) string {
		return begin + `
		bob < INVITE sdp
		bob > 200 sdp ` + answer + then
	}
	const over = `
		alice < 200 sdp
		alice > ACK
		alice > BYE
		alice < 200
		`
	tests := []struct{ name, dns, script string }{
		{"a Record-Route of a caller", "", `
			alice > INVITE 1000 sdp call=new | Record-Route: <sip:edge.example.com;lr>` + ended + `
			carol < BYE @1s | Route: <sip:edge.example.com;lr>
			carol > 200`},
		{"a Contact of a caller", "", `
			alice > INVITE 1000 sdp call=new contact=sip:alice@edge.example.com` + ended + `
			carol < BYE @1s | BYE sip:alice@edge.example.com SIP/2.0
			carol > 200`},
		{"a service", "", `
			alice > INVITE 1000 sdp call=new contact=sip:alice@far.example.com` + ended + `
			carol1 < BYE @1s
			carol1 > 200`},
		{"a port is no service", "", `
			alice > INVITE 1000 sdp call=new contact=sip:alice@edge.example.com:5061` + ended + `
			carol1 < BYE @1s
			carol1 > 200`},
		{"a name that is not there", "", `
			alice > INVITE 1000 sdp call=new contact=sip:alice@nowhere.example.com` + backHere},
		{"a name that there cannot be", "*=dead", `
			alice > INVITE 1000 sdp call=new contact=sip:alice@x7.invalid` + backHere},
		{"his own name for himself", "*=dead", `
			alice > INVITE 1000 sdp call=new contact=sip:alice@me.localhost` + backHere},
		{"a name that leads to ourselves", "", `
			alice > INVITE 1000 sdp call=new contact=sip:alice@loop.example.com` + backHere},
		{"a BYE waits for a slow name server", "A edge.example.com=192.0.2.30;slow=3s", `
			alice > INVITE 1000 sdp call=new | Record-Route: <sip:edge.example.com;lr>` + ended + `
			carol < BYE @3s
			carol > 200
			alice < nothing 1s`},
		{"a BYE does not wait for ever", "*=dead", `
			alice > INVITE 1000 sdp call=new | Record-Route: <sip:edge.example.com;lr>` + ended + `
			alice < BYE @5s
			alice > 200`},
		{"a BYE that crosses the search", "A edge.example.com=192.0.2.30;slow=4s", `
			alice > INVITE 1000 sdp call=new | Record-Route: <sip:edge.example.com;lr>` + ended + `
			wait 2s
			alice > BYE
			alice < 200
			carol < nothing 10s`},
		{"a Record-Route of the called", "", called("| Record-Route: <sip:edge.example.com;lr>", `
			carol < ACK | Route: <sip:edge.example.com;lr>`+over+`
			carol < BYE | Route: <sip:edge.example.com;lr>
			carol > 200
			bob < nothing 1s`)},
		{"a Contact of the called", "", called("contact=sip:bob@far.example.com", `
			carol1 < ACK | ACK sip:bob@far.example.com SIP/2.0`+over+`
			carol1 < BYE | BYE sip:bob@far.example.com SIP/2.0
			carol1 > 200
			bob < nothing 1s`)},
		{"an ACK waits for a slow name server", "A edge.example.com=192.0.2.30;slow=2s", called("| Record-Route: <sip:edge.example.com;lr>", `
			alice < 200 sdp
			alice > ACK
			wait 500ms
			bob > again
			carol < ACK @1500ms
			bob > again
			carol < ACK
			alice > BYE
			alice < 200
			carol < BYE
			carol > 200
			bob < nothing 1s`)},
		{"an ACK and a BYE that wait", "A edge.example.com=192.0.2.30;slow=2s", called("| Record-Route: <sip:edge.example.com;lr>", over+`
			carol < ACK @2s
			carol < BYE
			carol > 200
			bob < nothing 1s`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			withFlow(t, nextHops, map[string]func(*channel.Channel){"1000": answerFor(time.Second), "2000": dial(&got, "SIP/bob")}, func(f *flow) {
				synctest.Wait()
				if q, a, ok := strings.Cut(tt.dns, "="); ok {
					f.dns.set(q, a)
				}
				f.play(tt.script)
				f.endAll()
			})
		})
	}
}
