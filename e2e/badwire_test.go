package e2e

import (
	"encoding/csv"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pbx/io"
)

// badOffice is one of two exchanges that call each other over a bad wire.
const badOffice = `
-- sip.conf --
[general]
context=nowhere
udpbindaddr=HERE
disallow=all
allow=ulaw
[other]
type=peer
host=THERE
context=in
insecure=port,invite
-- extensions.conf --
[nowhere]
[in]
exten => _1XXX,1,Answer()
 same => n,Echo()
exten => _2XXX,1,Ringing()
 same => n,Wait(1)
 same => n,Answer()
 same => n,Wait(4)
 same => n,Hangup()
exten => h,1,Log(NOTICE,heard ${RTPAUDIOQOS})
-- cdr.conf --
[general]
unanswered=yes
[csv]
loguniqueid=yes
-- manager.conf --
[general]
enabled=yes
[crm]
secret=correct horse
permit=127.0.0.0/8
read=call
write=all
-- rtp.conf --
[general]
rtpstart=20000
rtpend=20999
`

// TestBadWire: two exchanges call each other over a wire that loses, doubles, delays,
// reorders and damages. Calls are set up all the same, each has one record on either
// side, nothing is left of them, and those that talk hear each other again.
func TestBadWire(t *testing.T) {
	t.Parallel()
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	heard := regexp.MustCompile(`heard ssrc=\d+;themssrc=\d+;lp=-?\d+;rxjitter=[\d.]+;rxcount=(\d+)`)
	for _, tt := range []struct {
		name   string
		faults io.Faults
		calls  int
		least  int // of 200 packets that a call of four seconds says
	}{
		{"a fifth is lost each way", io.Faults{Loss: 0.2}, 100, 40},
		{"eight in a row are lost", io.Faults{Loss: 0.1, Burst: 8}, 40, 60},
		{"half of all comes twice", io.Faults{Duplicate: 0.5}, 40, 190},
		{"slow and out of order", io.Faults{Delay: ms(300), Jitter: ms(200), Reorder: 0.2}, 40, 100},
		{"damaged", io.Faults{Corrupt: 0.01}, 40, 150},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, "10.99.0.1/24", "10.99.0.2/24")
			route := tt.faults.Route(7)
			ends := [2]netip.AddrPort{netip.MustParseAddrPort("10.99.0.1:1"), netip.MustParseAddrPort("10.99.0.2:1")}
			l.carry(t, func(fromNear bool, frame []byte) []time.Duration {
				from, to := ends[1], ends[0]
				if fromNear {
					from, to = to, from
				}
				return route(from, to, frame[34:]) // behind the headers of Ethernet and IP
			})
			place := func(here, there string) string {
				return strings.NewReplacer("HERE", here, "THERE", there).Replace(badOffice)
			}
			a := l.exchange(t, l.near, place("10.99.0.1", "10.99.0.2"))
			b := l.exchange(t, l.far, place("10.99.0.2", "10.99.0.1"))

			m := dialAMI(t, a)
			for i := range tt.calls {
				m.send("Action: Originate", fmt.Sprintf("Channel: SIP/other/%d%03d", 1+i%2, i), "Application: Milliwatt", "Timeout: 64000", "Async: true", fmt.Sprintf("ActionID: c%d", i))
			}
			// Those that are answered talk for four seconds; then we hang them up, or are hung up.
			answered := 0
			var talks sync.WaitGroup // what the other end hung up may be gone before its talk is over
			for range tt.calls {
				if r := m.await("Event", "OriginateResponse"); r["Response"] == "Success" {
					answered++
					channel := r["Channel"]
					talks.Add(1)
					time.AfterFunc(4*time.Second, func() {
						defer talks.Done()
						m.send("Action: Hangup", "Channel: "+channel)
					})
				}
			}
			talks.Wait()
			if answered*100 < tt.calls*99 {
				t.Errorf("%d of %d calls were set up", answered, tt.calls)
			}
			eventually(t, time.Minute, "nothing is left", func() bool {
				return strings.Contains(a.console("core show channels"), "0 active channels") && strings.Contains(b.console("core show channels"), "0 active channels")
			})
			eventually(t, time.Minute, "no dialog is left", func() bool {
				return strings.Contains(a.console("sip show channels"), "0 active SIP dialogs") && strings.Contains(b.console("sip show channels"), "0 active SIP dialogs")
			})
			eventually(t, 10*time.Second, "the records are written", func() bool {
				return len(a.destinations(t)) >= tt.calls && len(b.destinations(t)) >= answered
			})
			if n := len(a.destinations(t)); n != tt.calls {
				t.Errorf("the caller has %d records of %d calls", n, tt.calls)
			}
			called := b.destinations(t)
			slices.Sort(called)
			if n := len(called); len(slices.Compact(called)) != n {
				t.Errorf("the callee has more than one record of a call: %q", called)
			}
			deaf, echoes, packets := 0, 0, 0
			for _, q := range heard.FindAllStringSubmatch(b.out.String(), -1) {
				echoes++
				n, _ := strconv.Atoi(q[1])
				packets += n
				if n < tt.least {
					deaf++
				}
			}
			t.Logf("%d of %d calls were set up; each heard %d packets on average", answered, tt.calls, packets/max(echoes, 1))
			if echoes < answered || deaf*20 > echoes {
				t.Errorf("%d of %d calls heard less than %d packets; %d were answered", deaf, echoes, tt.least, answered)
			}
		})
	}
}

// destinations are the extensions that the records of Master.csv tell of.
func (x *exchange) destinations(t *testing.T) (list []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(x.state, "log", "cdr-csv", "Master.csv"))
	if err != nil {
		return nil
	}
	rows, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
	if err != nil {
		t.Fatalf("Master.csv: %v", err)
	}
	for _, r := range rows {
		list = append(list, r[2])
	}
	return list
}
