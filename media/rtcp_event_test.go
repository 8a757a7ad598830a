package media

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pbx/media/rtp"
)

// reportEvents also notes reports.
type reportEvents struct {
	events
	deaf bool
}

func (e *reportEvents) WantsReports() bool { return !e.deaf }
func (e *reportEvents) Reported(r *Report) {
	e.note(fmt.Sprintf("sent %t far %v sender %t blocks %d rtt %v", r.Sent, r.Far, r.Sender, len(r.Blocks), r.RTT.Round(time.Millisecond)))
}

// TestReportEvents: whoever wants to hears of the reports both ways.
func TestReportEvents(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
			ev := &reportEvents{deaf: deaf}
			a, pa := o.call(t, alice, "ulaw", SessionOptions{Events: ev})
			for range 500 { // 10 s
				pa.say("x")
				time.Sleep(20 * time.Millisecond)
			}
			synctest.Wait()
			sent := ev.take()
			now := time.Now()
			pa.report(rtp.Report{SSRC: pa.ssrc, Sender: true, NTP: rtp.NTP(now), Packets: 500, Octets: 80000}, rtp.Block{SSRC: a.SSRC(), LSR: rtp.Short(rtp.NTP(now.Add(-60 * time.Millisecond))), DLSR: 40 * 65536 / 1000})
			got := ev.take()
			if deaf {
				if len(sent)+len(got) != 0 {
					t.Errorf("told %q %q", sent, got)
				}
				return
			}
			if len(sent) == 0 || sent[0] != fmt.Sprintf("sent true far %v sender false blocks 1 rtt 0s", addPort(pa.rtp.Local())) {
				t.Errorf("of ours told %q", sent)
			}
			if want := fmt.Sprintf("[sent false far %v sender true blocks 1 rtt 20ms]", addPort(pa.rtp.Local())); fmt.Sprint(got) != want {
				t.Errorf("of the far end's told %q, want %s", got, want)
			}
		})
	}
}
