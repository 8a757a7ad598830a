package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"pbx/media"
)

// sound is what is counted of the RTP of calls that are over: of what came, and of what
// was sent as the far ends told by RTCP (RFC 3550 section 6.4).
type sound struct {
	packets, lost *prometheus.CounterVec
	jitter, loss  *prometheus.HistogramVec
	roundTrip     prometheus.Histogram
}

func newSound() sound {
	direction := []string{"direction"}
	return sound{
		packets: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pbx_rtp_packets_total", Help: "RTP packets of sessions that are over."}, direction),
		lost: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pbx_rtp_lost_packets_total", Help: "RTP packets of sessions that are over that were lost; of those sent as the far ends told.",
		}, direction),
		jitter: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pbx_rtp_jitter_seconds", Help: "Jitter at the end of a session.", Buckets: []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2},
		}, direction),
		loss: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pbx_rtp_loss_ratio", Help: "Share of the packets of a session that were lost.", Buckets: []float64{0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2},
		}, direction),
		roundTrip: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pbx_rtp_round_trip_seconds", Help: "The last round trip that RTCP told of a session.", Buckets: []float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1},
		}),
	}
}

func (s *sound) all() []prometheus.Collector {
	return []prometheus.Collector{s.packets, s.lost, s.jitter, s.loss, s.roundTrip}
}

// SessionEnded counts what an RTP session saw; a media loop may call it.
func (m *Metrics) SessionEnded(st media.Stats) {
	if !m.on.Load() {
		return
	}
	m.sound.half("received", st.RxPackets, st.RxLost, st.RxJitter.Seconds(), st.RxPackets > 0)
	m.sound.half("sent", st.TxPackets, st.TxLost, st.TxJitter.Seconds(), st.Reported())
	if st.RTT > 0 {
		m.sound.roundTrip.Observe(st.RTT.Seconds())
	}
}

// half counts one direction; known says that anything is known of its losses.
func (s *sound) half(direction string, packets uint64, lost int64, jitter float64, known bool) {
	s.packets.WithLabelValues(direction).Add(float64(packets))
	if !known {
		return
	}
	lost = max(lost, 0) // RFC 3550 counts what came twice against it
	s.lost.WithLabelValues(direction).Add(float64(lost))
	s.jitter.WithLabelValues(direction).Observe(jitter)
	all := float64(lost)
	if direction == "received" {
		all += float64(packets)
	} else {
		all = max(float64(packets), all)
	}
	if all > 0 {
		s.loss.WithLabelValues(direction).Observe(float64(lost) / all)
	}
}
