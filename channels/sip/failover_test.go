package sip

import (
	"strings"
	"testing"
	"time"

	"pbx/channel"
)

// edge is a way into the office through a proxy whose name leads to bob and carol.
const edge = office + `
;dns SRV _sip._udp.edge.example.com = 10 0 5060 b.example.com;20 0 5060 c.example.com
;dns A b.example.com = 192.0.2.20
;dns A c.example.com = 192.0.2.30
`

// TestFailoverInDialog: a request within a call goes to the next server of its next
// hop when one is dead or refuses it (RFC 3263 4.3).
func TestFailoverInDialog(t *testing.T) {
	const up = `
			alice > INVITE 1000 sdp | Record-Route: <sip:edge.example.com;lr>
			alice < 100
			alice < 200 sdp
			alice > ACK
			wait 1s`
	hangsUp := func(ch *channel.Channel) {
		_ = ch.Leg().Answer()
		_, _ = ch.Wait(2 * time.Second)
	}
	press := func(ch *channel.Channel) {
		_ = ch.Leg().Answer()
		_, _ = ch.Wait(2 * time.Second)
		_ = ch.Leg().SendDigit('5', 100*time.Millisecond)
		untilHangup(ch)
	}
	const ended = `
			alice > BYE
			alice < 200`
	for name, tt := range map[string]struct {
		conf   string
		app    func(*channel.Channel)
		script string
	}{
		"the first is there": {edge, hangsUp, up + `
			bob < BYE @1s
			bob > 200
			carol < nothing 10s`},
		"BYE, the first is dead": {edge, hangsUp, up + `
			bob < BYE @1s
			carol < BYE @5s
			carol > 200
			carol < nothing 10s`},
		"BYE, the first says 503": {edge, hangsUp, up + `
			bob < BYE @1s
			bob > 503
			carol < BYE
			carol > 200`},
		"BYE, all are dead": {edge, hangsUp, up + `
			bob < BYE @1s
			carol < BYE @5s
			wait 40s`},
		"INFO, and what follows goes where it went": {edge + "[alice](+)\ndtmfmode=info\n", press, up + `
			bob < INFO @1s
			carol < INFO @5s
			carol > 200` + ended},
		"INFO, the first says 503": {edge + "[alice](+)\ndtmfmode=info\n", press, up + `
			bob < INFO @1s
			bob > 503
			carol < INFO
			carol > 200` + ended},
		"a refresh of the session, the first is dead": {edge, answerAndWait, `
			alice > INVITE 1000 sdp | Record-Route: <sip:edge.example.com;lr> | Supported: timer | Session-Expires: 90;refresher=uas | Allow: INVITE, UPDATE
			alice < 100
			alice < 200 sdp
			alice > ACK
			bob < UPDATE @45s
			carol < UPDATE @5s
			carol > 200
			carol < UPDATE @45s
			carol > 200` + ended},
		"the transports are the device's": {edge + `
[general](+)
transport=tcp
tcpenable=yes
;dns SRV _sip._tcp.edge.example.com = 10 0 5060 b.example.com
;dns SRV _sip._udp.edge.example.com = 10 0 5060 c.example.com
[alice](+)
transport=udp
`, hangsUp, up + `
			carol < BYE @1s
			carol > 200`},
	} {
		t.Run(name, func(t *testing.T) {
			runFlow(t, tt.conf, map[string]func(*channel.Channel){"1000": tt.app}, tt.script)
		})
	}
}

// TestSubscriptionFailover: NOTIFY does the same.
func TestSubscriptionFailover(t *testing.T) {
	withFlow(t, edge, nil, func(f *flow) {
		f.play(`
			alice > SUBSCRIBE 107 | Event: dialog | Accept: application/dialog-info+xml | Expires: 600 | Record-Route: <sip:edge.example.com;lr>
			alice < 200
			bob < NOTIFY
			carol < NOTIFY @5s
			carol > 200
			alice < nothing 60s`)
	})
}

// TestAckFailover: the ACK of a 2xx goes to the next server of its next hop when the
// first refuses it, or when the 2xx keeps coming; what follows goes there as well
// (RFC 3261 13.2.2.4, RFC 3263 4.3).
func TestAckFailover(t *testing.T) {
	const (
		edgeRoute = " | Record-Route: <sip:edge.example.com;lr>"
		rings     = `
			mallory > INVITE 2000 sdp
			mallory < 100
			alice < INVITE sdp
			alice > 200 sdp` + edgeRoute
		talks = `
			mallory < 200 sdp
			mallory > ACK`
		hangsUp = `
			wait 6s
			mallory > BYE
			mallory < 200
			carol < BYE
			carol > 200
			carol < nothing 40s`
	)
	guests := strings.Replace(edge, "allowguest=no", "allowguest=yes\ncontext=phones", 1)
	for name, tt := range map[string]struct {
		refuses bool
		script  string
	}{
		"refused": {true, rings + `
			carol < ACK` + talks + hangsUp},
		"the answer of another fork": {true, rings + `
			carol < ACK` + talks + `
			alice > answer sdp fork=late` + edgeRoute + `
			carol < ACK | tag=late
			carol < BYE | tag=late
			carol > 200
			mallory > BYE
			mallory < 200
			carol < BYE
			carol > 200`},
		"silent": {false, rings + `
			bob < ACK` + talks + `
			wait 4s
			alice > again
			bob < ACK
			wait 1s
			alice > again
			carol < ACK
			alice > again
			carol < ACK` + hangsUp},
		"of a re-INVITE": {false, `
			alice > INVITE 1000 sdp | Supported: timer | Session-Expires: 90;refresher=uas` + edgeRoute + `
			alice < 100
			alice < 200 sdp
			alice > ACK
			bob < INVITE @45s sdp
			bob > 200 sdp | Session-Expires: 90;refresher=uas
			bob < ACK
			wait 5s
			bob > again
			carol < ACK
			alice > BYE
			alice < 200`},
	} {
		t.Run(name, func(t *testing.T) {
			withFlow(t, guests, map[string]func(*channel.Channel){"1000": answerAndWait, "2000": dial(nil, "SIP/alice")}, func(f *flow) {
				f.net.SetRefuses(tt.refuses)
				f.play(tt.script)
			})
		})
	}
}
