package server

import (
	"fmt"
	"strings"
	"sync"

	"pbx/decl"
	"pbx/event"
)

// rtcpDebug shows RTCP reports in the log while an operator wants them. The zero value
// shows none, and nobody listens to them then.
type rtcpDebug struct {
	mu           sync.Mutex
	sub          *event.Subscription
	ended        chan struct{}
	debug, stats bool
}

// rtcpQueue is how many reports may wait to be shown; more are left out.
const rtcpQueue = 256

// set switches reports, or what they say of loss alone, on or off.
func (d *rtcpDebug) set(s *Server, r *decl.Request, what string, stats bool) error {
	on := r.Arg(0) == "on"
	if len(r.Args) != 1 || !on && r.Arg(0) != "off" {
		return decl.ErrUsage
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if stats {
		d.stats = on
	} else {
		d.debug = on
	}
	switch wanted := d.debug || d.stats; {
	case wanted && d.sub == nil:
		d.sub, d.ended = s.bus.Subscribe(rtcpQueue, event.RTCPSent, event.RTCPReceived), make(chan struct{})
		go d.show(s, d.sub, d.ended)
	case !wanted && d.sub != nil:
		d.sub.Close()
		d.sub = nil
	}
	fmt.Fprintf(r.Out, "%s %s\n", what, map[bool]string{true: "Enabled", false: "Disabled"}[on])
	return nil
}

// show writes reports to the log until the subscription ends.
func (d *rtcpDebug) show(s *Server, sub *event.Subscription, ended chan struct{}) {
	defer close(ended)
	for e := range sub.C {
		d.mu.Lock()
		all := d.debug
		d.mu.Unlock()
		verb := "Got RTCP report on"
		if e.Kind == event.RTCPSent {
			verb = "Sent RTCP report on"
		}
		if text := rtcpText(e.AppData, all); text != "" {
			event.Verbose(s.log, 0, "%s %s: %s", verb, e.Channel, text)
		}
	}
}

// rtcpText is a report in a line: all of it, or what it says of the audio that came.
func rtcpText(lines string, all bool) string {
	var words []string
	for line := range strings.SplitSeq(lines, "\n") {
		if line != "" && (all || strings.HasPrefix(line, "Report0")) {
			words = append(words, line)
		}
	}
	return strings.Join(words, ", ")
}

// close ends it.
func (d *rtcpDebug) close() {
	d.mu.Lock()
	sub, ended := d.sub, d.ended
	d.sub = nil
	d.mu.Unlock()
	if sub != nil {
		sub.Close()
		<-ended
	}
}
