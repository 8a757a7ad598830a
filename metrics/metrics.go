package metrics

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"pbx/channel"
	"pbx/event"
)

// Counter is a number that only grows, with the class that it is of.
type Counter struct {
	Class string
	N     uint64
}

// Signalling is what a SIP driver has counted.
type Signalling struct {
	// Requests are the requests sent and received, Served and Answered the
	// transactions of far ends and ours by the class of their final response.
	Sent, Received, Malformed, Resent, Timeouts uint64
	Served, Answered                            []Counter
	// InUse are transactions that are not over.
	InUse int
	// Peers are those of the configuration, Reachable those that a call could reach.
	Peers, Reachable int
}

// Sources are what is asked when the page is.
type Sources struct {
	Registry *channel.Registry
	Version  string
	// Sessions are the RTP sessions that are open.
	Sessions func() int
	// Queues are how many bytes wait on disk for somebody who takes them, by name.
	Queues func() map[string]int64
	// Signalling asks the SIP driver; false is that it does not answer.
	Signalling func() (Signalling, bool)
}

// Metrics is the page.
type Metrics struct {
	sources  Sources
	registry *prometheus.Registry
	handler  http.Handler
	watch    *event.Subscription
	on       atomic.Bool
	scrape   atomic.Pointer[Scrape]

	hangups *prometheus.CounterVec
	dials   *prometheus.CounterVec
	setup   prometheus.Histogram
	talk    prometheus.Histogram
	waiting prometheus.Histogram // the time that the SIP driver's loop took to answer
	sound   sound

	mu    sync.Mutex
	begun map[string]time.Time // by the called channel's Uniqueid: when it was called
	up    map[string]time.Time // by Uniqueid: when the channel was answered
}

// What is asked of the sources.
var (
	active    = prometheus.NewDesc("pbx_calls", "Calls that are up.", nil, nil)
	placed    = prometheus.NewDesc("pbx_calls_total", "Calls since the start.", nil, nil)
	channels  = prometheus.NewDesc("pbx_channels", "Channels (legs of calls) by technology and state.", []string{"technology", "state"}, nil)
	sessions  = prometheus.NewDesc("pbx_rtp_sessions", "RTP sessions that are open.", nil, nil)
	queued    = prometheus.NewDesc("pbx_queue_bytes", "Bytes that wait on disk for a backend or a server.", []string{"queue"}, nil)
	reachable = prometheus.NewDesc("pbx_sip_peers_reachable", "SIP peers that a call could reach.", nil, nil)
	peers     = prometheus.NewDesc("pbx_sip_peers", "SIP peers of the configuration.", nil, nil)
	messages  = prometheus.NewDesc("pbx_sip_messages_total", "SIP messages.", []string{"direction"}, nil)
	malformed = prometheus.NewDesc("pbx_sip_malformed_total", "What came and is no SIP message.", nil, nil)
	resent    = prometheus.NewDesc("pbx_sip_retransmissions_total", "Messages sent again because nobody answered.", nil, nil)
	timeouts  = prometheus.NewDesc("pbx_sip_timeouts_total", "Requests that nobody answered.", nil, nil)
	ended     = prometheus.NewDesc("pbx_sip_transactions_total", "Transactions by the class of their final response; side is who answered.", []string{"side", "class"}, nil)
	inUse     = prometheus.NewDesc("pbx_sip_transactions", "Transactions that are not over.", nil, nil)
	build     = prometheus.NewDesc("pbx_build_info", "The version, as a label.", []string{"version"}, nil)
)

// New makes the page. The caller closes it.
func New(s Sources) *Metrics {
	m := &Metrics{
		sources: s, registry: prometheus.NewRegistry(), begun: make(map[string]time.Time), up: make(map[string]time.Time),
		hangups: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pbx_hangups_total", Help: "Channels that ended, by their Q.850 cause."}, []string{"cause"}),
		dials:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pbx_dials_total", Help: "Devices called, by how that ended."}, []string{"status"}),
		setup: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pbx_call_setup_seconds", Help: "Time from calling a device to its ringing, early audio or answer.",
			Buckets: []float64{0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30},
		}),
		talk: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pbx_talk_seconds", Help: "Time from the answer of a channel to its end.",
			Buckets: []float64{5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200},
		}),
		waiting: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pbx_sip_loop_seconds", Help: "Time that the SIP driver's loop took to come to a question of this page.",
			Buckets: []float64{0.0001, 0.0005, 0.001, 0.005, 0.02, 0.1, 0.5, 2},
		}),
	}
	m.sound = newSound()
	m.registry.MustRegister(m.sound.all()...)
	m.registry.MustRegister(
		m, m.hangups, m.dials, m.setup, m.talk, m.waiting,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
	m.watch = s.Registry.Bus().Observe(m.observe, kinds...)
	m.watch.Want()
	return m
}

// kinds are the events that are counted.
var kinds = []event.Kind{event.DialBegin, event.DialState, event.DialEnd, event.ChannelState, event.ChannelHangup}

// Switch has calls counted, or not where nobody can ask: a call costs nothing then.
func (m *Metrics) Switch(on bool) {
	if m.on.Swap(on) == on {
		return
	}
	if on {
		m.watch.Want(kinds...)
		return
	}
	m.watch.Want()
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.begun)
	clear(m.up)
}

// Close ends the observation.
func (m *Metrics) Close() { m.watch.Close() }

// observe counts what happens.
func (m *Metrics) observe(e *event.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e.Kind {
	case event.DialBegin:
		m.begun[e.DestUniqueid] = e.Time
	case event.DialState:
		if e.Value == "RINGING" || e.Value == "PROGRESS" {
			m.heard(e)
		}
	case event.DialEnd:
		m.dials.WithLabelValues(e.Value).Inc()
		if e.Value == "ANSWER" {
			m.heard(e)
		}
		delete(m.begun, e.DestUniqueid)
	case event.ChannelState:
		if e.StateText == "Up" {
			m.up[e.Uniqueid] = e.Time
		}
	case event.ChannelHangup:
		m.hangups.WithLabelValues(strconv.Itoa(e.Cause)).Inc()
		delete(m.begun, e.Uniqueid)
		if at, ok := m.up[e.Uniqueid]; ok {
			m.talk.Observe(e.Time.Sub(at).Seconds())
			delete(m.up, e.Uniqueid)
		}
	}
}

// heard is the first that is heard of a device; mu is held.
func (m *Metrics) heard(e *event.Event) {
	if at, ok := m.begun[e.DestUniqueid]; ok {
		m.setup.Observe(e.Time.Sub(at).Seconds())
		delete(m.begun, e.DestUniqueid)
	}
}

// Describe implements prometheus.Collector: what is told is found when it is asked.
func (m *Metrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge(build, 1, m.sources.Version)
	_, all := m.sources.Registry.Count()
	gauge(active, m.sources.Registry.Calls())
	counter(placed, all)
	type kind struct{ tech, state string }
	legs := make(map[kind]int)
	for _, c := range m.sources.Registry.Channels() {
		legs[kind{c.Tech().Name(), c.State().String()}]++
	}
	for k, n := range legs {
		gauge(channels, n, k.tech, k.state)
	}
	gauge(sessions, m.sources.Sessions())
	for name, n := range m.sources.Queues() {
		gauge(queued, int(n), name)
	}
	start := time.Now()
	s, ok := m.sources.Signalling()
	m.waiting.Observe(time.Since(start).Seconds())
	if !ok {
		return
	}
	gauge(reachable, s.Reachable)
	gauge(peers, s.Peers)
	counter(messages, s.Received, "received")
	counter(messages, s.Sent, "sent")
	counter(malformed, s.Malformed)
	counter(resent, s.Resent)
	counter(timeouts, s.Timeouts)
	gauge(inUse, s.InUse)
	for _, c := range s.Served {
		counter(ended, c.N, "here", c.Class)
	}
	for _, c := range s.Answered {
		counter(ended, c.N, "there", c.Class)
	}
}
