package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"pbx/channels/sip/transaction"
	"pbx/decl"
	"pbx/metrics"
)

// patience is how long the SIP driver's loop may take to answer a page about the
// exchange's health.
const patience = 2 * time.Second

// serveHealth puts the pages on the HTTP server that say how the exchange is:
// /healthz that its loop turns, /readyz that it takes calls, and the counters.
func (s *Server) serveHealth() {
	s.metrics = metrics.New(metrics.Sources{
		Registry: s.registry, Version: s.opts.Version, Sessions: s.media.Sessions, Queues: s.queues, Signalling: s.signalling,
	})
	s.media.OnEnd(s.metrics.SessionEnded)
	say := func(w http.ResponseWriter, ok bool, no string) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if !ok {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(no + "\n"))
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	}
	s.web.Mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		say(w, s.turns(), "the SIP driver does not answer")
	})
	s.web.Mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		say(w, s.running.Load() && !s.registry.Closing() && s.turns(), "no calls are taken")
	})
	s.web.Mux.Handle("/", s.metrics.Handler(func() metrics.Settings { return s.configuration().metrics }))
}

// metricsCommands are the commands about the counters.
func (s *Server) metricsCommands() []decl.Command {
	return []decl.Command{
		{Words: "prometheus show status", Synopsis: "Show who may see the counters, and when they were read", Run: s.showMetricsStatus},
		{
			Words: "prometheus show metrics", Synopsis: "Show the counters, as Prometheus would read them",
			Help: "Calls are counted while http.conf enables the HTTP server.",
			Run:  func(ctx context.Context, r *decl.Request) error { return s.metrics.Write(ctx, r.Out) },
		},
	}
}

func (s *Server) showMetricsStatus(_ context.Context, r *decl.Request) error {
	c := s.configuration()
	yes := map[bool]string{true: "Yes", false: "No"}
	fmt.Fprintf(r.Out, "Prometheus Metrics Status:\n\tEnabled: %s\n\tURI: %s\n\tBasic Auth: %s\n", yes[c.metrics.Enabled], esc(c.metrics.URI), yes[c.metrics.User != ""])
	at, took := "(N/A)", "(N/A)"
	if last := s.metrics.LastScrape(); last != nil {
		at, took = last.At.Format("2006-01-02 15:04:05"), fmt.Sprintf("%d ms", last.Took.Milliseconds())
	}
	fmt.Fprintf(r.Out, "\tLast Scrape Time: %s\n\tLast Scrape Duration: %s\n", at, took)
	return nil
}

// queues are how many bytes wait on disk for somebody who takes them.
func (s *Server) queues() map[string]int64 {
	all := make(map[string]int64)
	if s.cdr != nil && s.cdr.queue != nil {
		all["records"] = s.cdr.queue.Waiting()
	}
	for name, n := range s.sinks.Waiting() {
		all["events/"+name] = n
	}
	return all
}

// turns reports whether the SIP driver's loop turns.
func (s *Server) turns() bool {
	answered := make(chan bool, 1)
	go func() { answered <- s.sip.Call(func() {}) == nil }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case ok := <-answered:
		return ok
	case <-timer.C:
		return false
	}
}

// signalling asks the SIP driver for its counters.
func (s *Server) signalling() (m metrics.Signalling, ok bool) {
	if !s.turns() {
		return m, false
	}
	stats, err := s.sip.Stats()
	if err != nil {
		return m, false
	}
	classes := func(c transaction.Class) (list []metrics.Counter) {
		for i, n := range c[1:] {
			list = append(list, metrics.Counter{Class: strconv.Itoa(i+1) + "xx", N: n})
		}
		return list
	}
	return metrics.Signalling{
		Sent: stats.Told, Received: stats.Heard, Malformed: stats.Malformed, Resent: stats.Resent, Timeouts: stats.Timeouts,
		Served: classes(stats.Served), Answered: classes(stats.Answered), InUse: stats.Servers + stats.Clients,
		Peers: stats.Peers, Reachable: stats.Reachable,
	}, true
}
