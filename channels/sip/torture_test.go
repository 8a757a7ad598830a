package sip

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
)

// TestTorture sends the messages of RFC 4475 and RFC 5118 to a driver, from the
// address of a peer that may call without proof and whose context answers
// everything, and compares what comes back with what the set expects. After each
// the driver must still answer.
func TestTorture(t *testing.T) {
	corpus := os.Getenv("PBX_CORPUS")
	if corpus == "" {
		t.Skip("PBX_CORPUS is not set")
	}
	dir := filepath.Join(corpus, "torture")
	table, err := os.ReadFile(filepath.Join(dir, "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
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
	numbers := regexp.MustCompile(`\b[1-6]\d\d\b`)
	lines := strings.Split(strings.TrimSpace(string(table)), "\n")[1:]
	for _, line := range lines {
		cols := strings.Split(line, "\t")
		name, want := cols[0], cols[4]
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, name+".sip"))
			if err != nil {
				t.Fatal(err)
			}
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
				if err := p.socket.Send(text, flowAddr); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				f.net.SetRoute(nil)
				var got []int
				for _, b := range sent {
					var m message.Message
					if err := m.Parse(bytes.Clone(b)); err != nil {
						t.Fatalf("the answer does not parse: %v\n%s", err, b)
					}
					if m.IsResponse() {
						got = append(got, m.Status())
						if len(b) > 2*len(text) && m.Status() >= 400 && m.Status() != 401 {
							t.Errorf("%d bytes were answered with %d", len(text), len(b))
						}
					}
				}
				status := 0
				if len(got) > 0 {
					status = got[len(got)-1]
				}
				var codes []int
				for _, c := range numbers.FindAllString(want, -1) {
					n, _ := strconv.Atoi(c)
					codes = append(codes, n)
				}
				ok := slices.Contains(codes, status)
				switch {
				case strings.Contains(want, "any-but-400"):
					ok = status != 0 && status != 400
				case want == "any":
					ok = true
				case strings.Contains(want, "(response)"), want == "drop":
					ok = status == 0
				case strings.Contains(want, "drop"):
					ok = ok || status == 0
				case slices.Contains(codes, 200):
					ok = ok || status == 401 || status == 404
				}
				t.Logf("answered %v, want %s", got, want)
				if !ok {
					t.Errorf("answered %v, want %s: %s", got, want, cols[5])
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
