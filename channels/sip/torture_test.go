package sip

import (
	"bytes"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/message/messagetest"
)

// TestTorture sends the messages of RFC 4475 and RFC 5118 to a driver, from the
// address of a peer that may call without proof and whose context answers
// everything, and compares what comes back with what the set expects. After each
// the driver must still answer.
func TestTorture(t *testing.T) { torture(t, messagetest.Corpus(t)) }

// TestVariants does the same with messages that break one rule each.
func TestVariants(t *testing.T) { torture(t, messagetest.Variants()) }

func torture(t *testing.T, cases []messagetest.Case) {
	const conf = `
[general]
udpbindaddr=192.0.2.1:5060
allowguest=no
disallow=all
allow=ulaw,alaw
rtptimeout=0
[alice]
type=peer
host=192.0.2.10
context=phones
insecure=port,invite
`
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			withFlow(t, conf, nil, func(f *flow) {
				f.plan.any = answerAndWait
				p := f.phone("alice")
				// Many want their answer at another port: all that leaves is looked at.
				var mu sync.Mutex
				var sent [][]byte
				f.net.SetRoute(func(from, _ netip.AddrPort, b []byte) []time.Duration {
					if from == flowAddr {
						mu.Lock()
						sent = append(sent, b)
						mu.Unlock()
					}
					return []time.Duration{0}
				})
				if err := p.socket.Send(c.Message, flowAddr); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				f.net.SetRoute(nil)
				status := 0
				for _, b := range sent {
					var m message.Message
					if err := m.Parse(bytes.Clone(b)); err != nil {
						t.Fatalf("the answer does not parse: %v\n%s", err, b)
					}
					if !m.IsResponse() {
						continue
					}
					status = m.Status()
					if len(b) > 2*len(c.Message) && status >= 400 && status != 401 {
						t.Errorf("%d bytes were answered with %d", len(c.Message), len(b))
					}
				}
				if !c.Accepts(status) {
					t.Errorf("answered %d, want %s: %s", status, c.Want, c.Rule)
				}
				for _, ok := f.next(p, 0); ok; _, ok = f.next(p, 0) {
				}
				f.play(`
					alice > OPTIONS 1000 call=new
					alice < 200`)
				_ = f.d.Call(func() { f.d.calls.each(func(p *pvt) { p.channel.SoftHangup(channel.CauseNormalClearing) }) })
				synctest.Wait()
				time.Sleep(2 * time.Minute)
			})
		})
	}
}
