package sip

import (
	"testing"

	"pbx/channel"
)

// TestChannelStats: the field's layout of a call's packets.
func TestChannelStats(t *testing.T) {
	withFlow(t, office, map[string]func(*channel.Channel){"1000": answerAndWait, "1001": indicate(channel.ControlRinging)}, func(f *flow) {
		f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			bob > INVITE 1001 sdp
			bob < 100
			bob < 180
			wait 65s`)
		const head = "Peer             Call ID      Duration Recv: Pack  Lost       (     %) Jitter Send: Pack  Lost       (     %) Jitter\n"
		const a = "192.0.2.10       alice-1@tes  00:01:05 0000000000  0000000000 ( 0.00%) 0.0000 0000000000  0000000000 ( 0.00%) 0.0000\n"
		const b = "192.0.2.20       bob-1@test            0000000000  0000000000 ( 0.00%) 0.0000 0000000000  0000000000 ( 0.00%) 0.0000\n"
		const foot = "2 active SIP channels\n"
		if got := console(t, f.d, "sip show channelstats"); got != head+a+b+foot && got != head+b+a+foot {
			t.Errorf("sip show channelstats:\n%s", got)
		}
		if got := console(t, f.d, "sip show sched"); got != "1 timers; the next is due in 55000 ms.\n" {
			t.Errorf("sip show sched: %s", got)
		}
		f.play(`
			alice > BYE
			alice < 200
			bob < 180
			bob > CANCEL
			bob < 200
			bob < 487
			bob > ACK`)
	})
}
