package server

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// explained is what core explain says, without the paths and ids of one run.
func (x *exchange) explained(line string) string {
	text := strings.ReplaceAll(x.command(line), x.dir+"/", "")
	text = regexp.MustCompile(`Call-ID [0-9a-f]{8,}\S*`).ReplaceAllString(text, "Call-ID OURS")
	// What the driver and the call's own goroutine say at one moment comes in any
	// order.
	lines := strings.Split(text, "\n")
	moment := func(i int) string { return regexp.MustCompile(`^ {20,}(\d+\.\d+s)`).FindString(lines[i]) }
	for i := 0; i < len(lines); {
		j := i + 1
		for at := moment(i); at != "" && j < len(lines) && moment(j) == at; j++ {
		}
		slices.Sort(lines[i:j])
		i = j
	}
	return strings.Join(lines, "\n")
}

func TestExplain(t *testing.T) {
	tests := []struct {
		name, command string
		edit          func(x *exchange)
		story         func(x *exchange, a, b, c *phone)
	}{
		{"answered", "core explain last", nil, func(_ *exchange, a, b, _ *phone) {
			invite := a.call("102", "call-1")
			offered := b.expect("INVITE")
			b.send(b.response(offered, "180 Ringing", ""))
			a.expect("180")
			time.Sleep(3 * time.Second)
			b.send(b.response(offered, "200 OK", b.sdp()))
			b.expect("ACK")
			answer := a.expect("200")
			a.send(a.ack(invite, answer))
			time.Sleep(30 * time.Second)
			a.bye(invite, answer)
			b.send(b.response(b.expect("BYE"), "200 OK", ""))
		}},
		{"busy", "core explain busy", nil, func(_ *exchange, a, b, _ *phone) {
			invite := a.call("102", "busy")
			b.send(b.response(b.expect("INVITE"), "486 Busy Here", ""))
			b.expect("ACK")
			a.send(a.ack(invite, a.expect("486")))
		}},
		{"cancelled", "core explain last", nil, func(_ *exchange, a, b, _ *phone) {
			invite := a.call("102", "gone")
			offered := b.expect("INVITE")
			b.send(b.response(offered, "180 Ringing", ""))
			a.expect("180")
			time.Sleep(5 * time.Second)
			a.send(a.cancel(invite))
			a.expect("200")
			a.send(a.ack(invite, a.expect("487")))
			lost := b.expect("CANCEL")
			b.send(b.response(lost, "200 OK", ""))
			b.send(b.response(offered, "487 Request Terminated", ""))
			b.expect("ACK")
		}},
		{"pattern", "core explain SIP/101-00000000", func(x *exchange) {
			x.edit("extensions.conf", "[office]", "[office]\nexten => _7XX,1,Set(__WHAT=${EXTEN:1})\n same => n,GotoIf($[\"${WHAT}\" = \"77\"]?there)\n same => n,Hangup(17)\n same => n(there),Set(GREETING=hello ${CALLERID(num)})\n same => n,Hangup(21)\nexten => _[5-7].,1,Hangup(1)\n")
		}, func(_ *exchange, a, _, _ *phone) {
			invite := a.call("777", "pattern")
			a.send(a.ack(invite, a.expect("403")))
		}},
		{"refused", "core explain last", nil, func(_ *exchange, a, _, _ *phone) {
			to := "999@127.0.0.1"
			first := a.request("INVITE", to, "none", 1, "", a.sdp())
			a.send(first)
			challenge := a.expect("401")
			a.send(a.ack(first, challenge))
			invite := a.request("INVITE", to, "none", 2, a.authorize(challenge, "INVITE", "sip:"+to), a.sdp())
			a.send(invite)
			a.send(a.ack(invite, a.expect("404")))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t)
				defer x.stop()
				if tt.edit != nil {
					tt.edit(x)
					if got := x.command("dialplan reload"); strings.Contains(got, "failed") {
						t.Fatal(got)
					}
				}
				var phones [3]*phone
				for i, name := range []string{"101", "102", "103"} {
					phones[i] = x.phone(name)
					phones[i].register()
				}
				tt.story(x, phones[0], phones[1], phones[2])
				time.Sleep(time.Minute)
				synctest.Wait()
				golden(t, filepath.Join("testdata", "explain", tt.name+".txt"), x.explained(tt.command))
				// The same once the plan is another one: nothing needs the old one.
				x.edit("extensions.conf", "[office]", "[office]\nexten => 777,1,NoOp()")
				x.command("dialplan reload")
				golden(t, filepath.Join("testdata", "explain", tt.name+".txt"), x.explained(tt.command))
			})
		})
	}
}
