package sip

import (
	"net/netip"
	"testing"
	"testing/synctest"

	"pbx/channel"
	"pbx/event"
	"pbx/media"
	"pbx/media/rtp"
)

// TestRTCPEvents: what programs are told of RTCP.
func TestRTCPEvents(t *testing.T) {
	var leg *pvt
	plan := map[string]func(*channel.Channel){"1000": func(ch *channel.Channel) {
		leg = ch.Leg().(*pvt)
		answerAndWait(ch)
	}}
	withFlow(t, office, plan, func(f *flow) {
		f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK`)
		synctest.Wait()
		e := (*legEvents)(leg)
		if e.WantsReports() {
			t.Error("reports are wanted by nobody")
		}
		sub := f.bus.Subscribe(8, event.RTCPSent, event.RTCPReceived)
		if !e.WantsReports() {
			t.Error("reports are not wanted")
		}
		far := netip.MustParseAddrPort("192.0.2.10:30001")
		block := rtp.Block{SSRC: 0x1f, FractionLost: 3, Lost: -1, Highest: 2<<16 | 700, Jitter: 6, LSR: 28438184, DLSR: 6554}
		e.Reported(&media.Report{Report: rtp.Report{SSRC: 0xabc}, Far: far, Blocks: []rtp.Block{block}, RTT: 20e6})
		e.Reported(&media.Report{Report: rtp.Report{SSRC: 0xabc, Sender: true, NTP: (2208988800+1436889219)<<32 | 1<<31, Timestamp: 67040, Packets: 419, Octets: 67040}, Sent: true, Far: far})
		sub.Close()
		want := []event.Event{
			{Kind: event.RTCPReceived, AppData: "SSRC: 0x00000abc\nPT: 201(RR)\nReportCount: 1\nFrom: 192.0.2.10:30001\nRTT: 0.0200\n" +
				"Report0SourceSSRC: 0x0000001f\nReport0FractionLost: 3\nReport0CumulativeLost: -1\nReport0HighestSequence: 700\nReport0SequenceNumberCycles: 2\n" +
				"Report0IAJitter: 6\nReport0LSR: 28438184\nReport0DLSR: 0.1000"},
			{Kind: event.RTCPSent, AppData: "SSRC: 0x00000abc\nPT: 200(SR)\nReportCount: 0\nTo: 192.0.2.10:30001\nSentNTP: 1436889219.500000\nSentRTP: 67040\nSentPackets: 419\nSentOctets: 67040"},
		}
		for _, w := range want {
			if got := <-sub.C; got.Kind != w.Kind || got.AppData != w.AppData || got.Channel == "" {
				t.Errorf("%d %s\n%s\nwant\n%s", got.Kind, got.Channel, got.AppData, w.AppData)
			}
		}
		f.play(`
			alice > BYE
			alice < 200`)
	})
}
