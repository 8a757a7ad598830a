// Package metrics tells a Prometheus server how the exchange fares: a page of
// counters, gauges and histograms, with the settings of prometheus.conf.
//
// A Metrics is asked by any goroutine, and observes the event bus on those that
// publish.
package metrics
