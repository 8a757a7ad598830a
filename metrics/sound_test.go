package metrics

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pbx/channel"
	"pbx/event"
	"pbx/media"
)

// TestSessionEnded: loss, jitter and round trips of sessions that are over are on the
// page, of each direction as far as anything is known of it.
func TestSessionEnded(t *testing.T) {
	m := New(Sources{
		Registry: channel.NewRegistry(&event.Bus{}, slog.New(slog.DiscardHandler), time.Now, ""),
		Sessions: func() int { return 0 }, Queues: func() map[string]int64 { return map[string]int64{"cdr": 7} },
		Signalling: func() (Signalling, bool) { return Signalling{}, false },
	})
	defer m.Close()
	m.SessionEnded(media.Stats{RxPackets: 7}) // before anybody can ask
	m.Switch(true)
	m.SessionEnded(media.Stats{RxPackets: 990, RxLost: 10, RxJitter: 4 * time.Millisecond, TxPackets: 1000, RTT: 15 * time.Millisecond})
	m.SessionEnded(media.Stats{RxPackets: 100, RxLost: -3, RxJitter: 40 * time.Millisecond, TxPackets: 100})
	m.SessionEnded(media.Stats{TxPackets: 50}) // nobody was heard
	w := httptest.NewRecorder()
	m.handler.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	page := "\n" + w.Body.String()
	for _, line := range []string{
		`pbx_queue_bytes{queue="cdr"} 7`,
		`pbx_rtp_packets_total{direction="received"} 1090`, `pbx_rtp_packets_total{direction="sent"} 1150`,
		`pbx_rtp_lost_packets_total{direction="received"} 10`,
		`pbx_rtp_jitter_seconds_bucket{direction="received",le="0.005"} 1`, `pbx_rtp_jitter_seconds_count{direction="received"} 2`,
		`pbx_rtp_loss_ratio_bucket{direction="received",le="0"} 1`, `pbx_rtp_loss_ratio_bucket{direction="received",le="0.01"} 2`,
		`pbx_rtp_round_trip_seconds_count 1`,
	} {
		if !strings.Contains(page, "\n"+line+"\n") {
			t.Errorf("not there: %s", line)
		}
	}
	for _, none := range []string{`pbx_rtp_jitter_seconds_count{direction="sent"}`, `pbx_rtp_lost_packets_total{direction="sent"}`} {
		if strings.Contains(page, none) {
			t.Errorf("nobody reported, and there is %s", none)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}
