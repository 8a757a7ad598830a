package media

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
	"sync"
	"time"

	"pbx/media/rtp"
)

// Stats is what a session saw so far.
type Stats struct {
	SSRC, RemoteSSRC uint32
	// Source is where the far end's RTP is believed to come from, not valid while none
	// came.
	Source netip.AddrPort
	// Received and sent RTP, in packets and bytes of payload.
	RxPackets, RxOctets, TxPackets, TxOctets uint64
	// Lost packets of the far end's, and of ours as the far end reports.
	RxLost, TxLost int64
	// Jitter of what we hear, and as the far end reports of what it hears.
	RxJitter, TxJitter time.Duration
	// RTT is the last round trip that RTCP told, 0 when none did.
	RTT time.Duration
	// What the reports told one by one, in seconds, packets, and as a score of 0 to
	// 100: ours of what we hear (Rx), the far end's of what it hears (Tx).
	RxJitters, TxJitters, RxLosses, TxLosses, RTTs, RxScores, TxScores Spread
	// Garbage is what was no RTP or of an unknown type, Strangers what came from
	// elsewhere than strict RTP allows, Refused what the network would not take.
	Garbage, Strangers, Refused, Untranslatable uint64
}

// Reported says whether the far end has told what it hears: without that TxLost and
// TxJitter say nothing.
func (s Stats) Reported() bool { return s.TxJitters.n > 0 }

// QOS is the summary that the variable RTPAUDIOQOS holds.
func (s Stats) QOS() string {
	return fmt.Sprintf("ssrc=%d;themssrc=%d;lp=%d;rxjitter=%f;rxcount=%d;txjitter=%f;txcount=%d;rlp=%d;rtt=%f;rxmes=%f;txmes=%f",
		s.SSRC, s.RemoteSSRC, s.RxLost, s.RxJitter.Seconds(), s.RxPackets, s.TxJitter.Seconds(), s.TxPackets, s.TxLost, s.RTT.Seconds(),
		score(s.RxLost, s.RxPackets, s.RxJitter, s.RTT), score(s.TxLost, s.TxPackets, s.TxJitter, s.RTT))
}

// Variables are what the variables RTPAUDIOQOS and its kin hold at the end of a
// call, in the order in which they are set: by their names' endings, "" for the
// summary.
func (s Stats) Variables() [5][2]string {
	return [5][2]string{
		{"", s.QOS()},
		{"JITTER", s.RxJitters.text("rxjitter") + s.TxJitters.text("txjitter")},
		{"LOSS", s.RxLosses.text("rxlost") + s.TxLosses.text("txlost")},
		{"RTT", s.RTTs.text("rtt")},
		{"MES", s.RxScores.text("rxmes") + s.TxScores.text("txmes")},
	}
}

// Item is one figure of the statistics, by the name that CHANNEL(rtpqos) has for
// it: all, rtt, and local_ or remote_ with ssrc, count, lostpackets, jitter and their
// spreads. ok is false for a name that is none.
func (s Stats) Item(name string) (value string, ok bool) {
	float := func(f float64) (string, bool) { return fmt.Sprintf("%f", f), true }
	switch name {
	case "all":
		return s.QOS(), true
	case "local_ssrc":
		return fmt.Sprint(s.SSRC), true
	case "remote_ssrc":
		return fmt.Sprint(s.RemoteSSRC), true
	case "local_count":
		return fmt.Sprint(s.RxPackets), true
	case "remote_count":
		return fmt.Sprint(s.TxPackets), true
	case "local_lostpackets":
		return fmt.Sprint(s.RxLost), true
	case "remote_lostpackets":
		return fmt.Sprint(s.TxLost), true
	case "local_jitter":
		return float(s.RxJitter.Seconds())
	case "remote_jitter":
		return float(s.TxJitter.Seconds())
	case "rtt":
		return float(s.RTT.Seconds())
	}
	for _, x := range [...]struct {
		prefix, suffix string
		of             *Spread
	}{
		{"local_", "jitter", &s.RxJitters},
		{"remote_", "jitter", &s.TxJitters},
		{"local_", "rxploss", &s.RxLosses},
		{"remote_", "rxploss", &s.TxLosses},
		{"", "rtt", &s.RTTs},
	} {
		which, ours := strings.CutPrefix(name, x.prefix)
		which, found := strings.CutSuffix(which, x.suffix)
		if !ours || !found {
			continue
		}
		switch which {
		case "min":
			return float(x.of.min)
		case "max":
			return float(x.of.max)
		case "normdev":
			return float(x.of.mean)
		case "stdev":
			return float(x.of.deviation())
		}
	}
	return "", false
}

// score estimates a quality of 0 to 100 from loss, jitter and round trip with
// the simplified E-model (ITU-T G.107), 0 when nothing is known.
func score(lost int64, packets uint64, jitter, rtt time.Duration) float64 {
	if packets == 0 {
		return 0
	}
	latency := float64(rtt)/2/1e6 + 2*float64(jitter)/1e6 + 10
	r := 93.2 - latency/40
	if latency >= 160 {
		r = 93.2 - (latency-120)/10
	}
	if lost > 0 {
		r -= 2.5 * 100 * float64(lost) / (float64(lost) + float64(packets))
	}
	return math.Max(0, math.Min(100, r))
}

// counters are a session's Stats under a lock of their own: the loop writes
// them, anybody reads.
type counters struct {
	mu sync.Mutex
	Stats
}

// Stats returns what the session saw so far; it does not wait for the loop, and
// may be asked after Close.
func (s *Session) Stats() Stats {
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	st := s.stats.Stats
	st.SSRC = s.send.ssrc
	return st
}

func (c *counters) believed(source netip.AddrPort) {
	c.mu.Lock()
	c.Source = source
	c.mu.Unlock()
}

func (c *counters) received(h *rtp.Header, r *receiver) {
	c.mu.Lock()
	c.RemoteSSRC = h.SSRC
	c.RxPackets++
	c.RxOctets += uint64(h.End - h.Start)
	c.RxLost = int64(r.earlierLost) + int64(max(r.lost(), 0))
	c.RxJitter = time.Duration(r.jitter>>4) * time.Second / time.Duration(r.clock)
	c.mu.Unlock()
}

func (c *counters) sent(octets int, err error) {
	c.mu.Lock()
	c.TxPackets++
	c.TxOctets += uint64(octets)
	if err != nil {
		c.Refused++
	}
	c.mu.Unlock()
}

func (c *counters) reported(b rtp.Block, clock int, rtt time.Duration) {
	c.mu.Lock()
	c.TxLost = int64(b.Lost)
	c.TxJitter = time.Duration(uint64(b.Jitter) * uint64(time.Second) / uint64(clock))
	if rtt > 0 {
		c.RTT = rtt
		c.RTTs.add(rtt.Seconds())
	}
	c.TxJitters.add(c.TxJitter.Seconds())
	c.TxLosses.add(float64(b.Lost))
	c.TxScores.add(score(c.TxLost, c.TxPackets, c.TxJitter, c.RTT))
	c.mu.Unlock()
}

// reporting notes what a report of ours says; lost is since the one before.
func (c *counters) reporting(lost int64) {
	c.mu.Lock()
	c.RxJitters.add(c.RxJitter.Seconds())
	c.RxLosses.add(float64(lost))
	c.RxScores.add(score(c.RxLost, c.RxPackets, c.RxJitter, c.RTT))
	c.mu.Unlock()
}

func (c *counters) garbage()  { c.bump(&c.Garbage) }
func (c *counters) stranger() { c.bump(&c.Strangers) }
func (c *counters) refused()  { c.bump(&c.Refused) }
func (c *counters) unsent()   { c.bump(&c.Untranslatable) }

func (c *counters) bump(n *uint64) {
	c.mu.Lock()
	*n++
	c.mu.Unlock()
}
