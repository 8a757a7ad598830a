package sip

import (
	"strings"
	"testing"

	"pbx/channel"
)

// TestItems is what CHANNEL() tells of a call from its driver.
func TestItems(t *testing.T) {
	want := map[string]string{
		"peerip": "192.0.2.10", "recvport": "5060", "from": "sip:alice@192.0.2.1", "ruri": "sip:1000@192.0.2.1", "uri": "sip:alice@192.0.2.10:5060",
		"peername": "alice", "t38passthrough": "0", "secure_signaling": "", "secure_media": "",
		"rtpdest": "192.0.2.10:30000", "rtpdest,audio": "192.0.2.10:30000", "rtpdest,video": "", "rtpsource": "192.0.2.1:*", "rtpqos,audio,local_count": "0",
		"rtpqos,audio,remote_jitter": "0.000000", "rtpqos,audio,maxrtt": "0.000000", "rtpqos,audio,stdevrtt": "0.000000", "rtpqos,audio": "ssrc=*",
	}
	got := map[string]string{}
	runFlow(t, office, map[string]func(*channel.Channel){"1000": func(ch *channel.Channel) {
		_ = ch.Leg().Answer()
		for name := range want {
			v, ok := ch.Leg().Item(name)
			if !ok {
				v = "unknown"
			}
			got[name] = v
		}
		for _, name := range []string{"nothing", "rtpqos,audio,nothing", "rtpdest,nothing"} {
			if v, ok := ch.Leg().Item(name); ok {
				t.Errorf("%s is %q", name, v)
			}
		}
	}}, `
		alice > INVITE 1000 sdp
		alice < 100
		alice < 200 sdp
		alice > ACK
		alice < BYE
		alice > 200
	`)
	for name, w := range want {
		if beginning, open := strings.CutSuffix(w, "*"); got[name] != w && (!open || !strings.HasPrefix(got[name], beginning)) {
			t.Errorf("%s: %q, want %q", name, got[name], w)
		}
	}
}
