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
	return steady(strings.ReplaceAll(x.command(line), x.dir+"/", ""))
}

// steady is a text of core explain that is the same in every run.
func steady(text string) string {
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

// TestExplainStories holds how calls are told that change their parties.
func TestExplainStories(t *testing.T) {
	for _, tt := range []struct {
		name, command string
		files         map[string]string
		script        string
	}{
		{"blind-transfer", "core explain SIP/alice-00000000", map[string]string{"extensions.conf": transferPlan}, talk + `
	wait 5s
	bob > REFER A | Refer-To: <sip:103@127.0.60.1> | Referred-By: <sip:bob@127.0.60.1>
	bob < 202 A
	bob < NOTIFY A
	bob > 200
	carol < INVITE call=C
	carol > 180
	bob > BYE A
	bob < 200 A
	wait 3s
	carol > 200
	carol < ACK C
	wait 10s
	alice > BYE A
	alice < 200 A
	carol < BYE C
	carol > 200`},
		{"attended-transfer", "core explain SIP/alice-00000000", map[string]string{"extensions.conf": transferPlan}, talk + `
	wait 5s
` + consult + `
	wait 4s
	bob > REFER A | Refer-To: <sip:103@127.0.60.1?Replaces={B}> | Referred-By: <sip:bob@127.0.60.1>
	bob < 202 A
	bob < NOTIFY A | SIP/2.0 200 OK
	bob > 200
	bob < BYE B
	bob > 200
	bob > BYE A
	bob < 200 A
	wait 10s
	alice > BYE A
	alice < 200 A
	carol < BYE B
	carol > 200`},
		{"pickup", "core explain SIP/alice-00000000", map[string]string{"extensions.conf": pickupPlan, "sip.conf": pickupSIP}, `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=B
	bob > 180
	alice < 180
	wait 2s
	carol > INVITE *8 call=C
	carol < 100
	carol < 200 C
	carol > ACK C
	bob < CANCEL B
	bob > 200
	bob > 487 B
	bob < ACK B
	alice < 200 A
	alice > ACK A
	wait 10s
	carol > BYE C
	carol < 200 C
	alice < BYE A
	alice > 200`},
		{"hold", "core explain SIP/alice-00000000", map[string]string{"extensions.conf": transferPlan}, talk + `
	wait 5s
	alice > INVITE A hold
	alice < 200 A
	alice > ACK A
	wait 20s
	alice > INVITE A
	alice < 200 A
	alice > ACK A
	wait 3s
	bob > BYE A
	bob < 200 A
	alice < BYE A
	alice > 200`},
		{"forward", "core explain SIP/alice-00000000", map[string]string{"extensions.conf": transferPlan}, `
	alice > INVITE 102 call=A
	alice < 100
	bob < INVITE call=A
	bob > 302 | Contact: <sip:103@127.0.60.1>
	bob < ACK A
	alice < 181 A
	carol < INVITE call=C
	carol > 180
	alice < 180 A
	wait 2s
	carol > 200
	carol < ACK C
	alice < 200 A
	alice > ACK A
	wait 5s
	alice > BYE A
	alice < 200 A
	carol < BYE C
	carol > 200`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// What the driver says at the end would stand before or behind h.
				tt.files["extensions.conf"] = regexp.MustCompile(`(?m)^exten => h,.*$`).ReplaceAllString(tt.files["extensions.conf"], "")
				s := newStory(t, tt.files)
				defer s.stop()
				s.play(tt.script)
				s.end()
				golden(t, filepath.Join("testdata", "explain", tt.name+".txt"), steady(s.show(tt.command)))
			})
		})
	}
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
