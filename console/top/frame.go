// Package top draws calls, peers and load of a running exchange as text: what `pbx top`
// shows.
//
// Frame is pure. Watch draws again and again on the caller's goroutine until somebody
// presses q; what it asks and where it draws is handed in.
package top

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"pbx/api"
	"pbx/console"
)

// Sample is what the exchange said at one moment.
type Sample struct {
	Time     time.Time
	Stats    api.Stats
	Channels []api.Channel
	Peers    []api.Peer
	// Load is the load of the machine as /proc/loadavg has it, "" where it is not known.
	Load string
}

// The looks of text (ECMA-48 SGR).
const (
	bold    = "1"
	reverse = "7"
	red     = "31"
	green   = "32"
	yellow  = "33"
)

// Options say how a frame looks.
type Options struct {
	// Width and Height are those of the screen; 0 draws everything, as wide as it is.
	Width, Height int
	Colour        bool
}

// frame is one being drawn.
type frame struct {
	Options
	lines []string
}

// Frame draws a sample. Rates are those since before, which may be nil.
func Frame(before, now *Sample, o Options) string {
	f := &frame{Options: o}
	f.head(before, now)
	calls := callsOf(now.Channels)
	peers := slices.Clone(now.Peers)
	slices.SortStableFunc(peers, func(a, b api.Peer) int {
		return cmp.Or(cmp.Compare(interest(&b), interest(&a)), cmp.Compare(a.Name, b.Name))
	})
	// Calls get half of the screen, or what peers leave.
	room := 1 << 30
	if o.Height > 0 {
		room = max(o.Height-len(f.lines)-4, 2) // a blank line and a heading each
	}
	forCalls := min(len(calls), max(room/2, room-len(peers)))
	f.calls(calls, forCalls, now.Time)
	f.peers(peers, room-forCalls)
	if o.Height > 0 && len(f.lines) > o.Height {
		f.lines = f.lines[:o.Height]
	}
	return strings.Join(f.lines, "\n") + "\n"
}

// line adds a line, cut to the width; look is "" for plain text.
func (f *frame) line(look, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if f.Width > 0 && utf8.RuneCountInString(text) > f.Width {
		text = string([]rune(text)[:f.Width])
	}
	text = strings.TrimRight(text, " ")
	if f.Colour && look != "" && text != "" {
		if look == reverse && f.Width > 0 {
			text += strings.Repeat(" ", f.Width-utf8.RuneCountInString(text))
		}
		text = "\x1b[" + look + "m" + text + "\x1b[0m"
	}
	f.lines = append(f.lines, text)
}

// head draws what the exchange as a whole does.
func (f *frame) head(before, now *Sample) {
	s := &now.Stats
	rate := func(old, new uint64) string {
		d := now.Time.Sub(before.Time).Seconds()
		if d <= 0 || new < old { // it has been started again
			return "-"
		}
		return fmt.Sprintf("%.1f/s", float64(new-old)/d)
	}
	calls, in, out, cpu := "-", "-", "-", "-"
	if before != nil {
		b := &before.Stats
		calls, in, out = rate(b.CallsTotal, s.CallsTotal), rate(b.SIP.Received, s.SIP.Received), rate(b.SIP.Sent, s.SIP.Sent)
		if d := now.Time.Sub(before.Time).Seconds(); d > 0 && s.CPUSeconds >= b.CPUSeconds {
			cpu = fmt.Sprintf("%.1f%%", 100*(s.CPUSeconds-b.CPUSeconds)/d)
		}
	}
	name := strings.TrimSpace("pbx " + s.Version + " " + console.Escape(s.SystemName))
	f.line(bold, "%s   up %s   calls %d (%d in all, %s)   channels %d   audio %d", name, span(time.Duration(s.UptimeSeconds)*time.Second), s.Calls, s.CallsTotal, calls, s.Channels, s.RTPSessions)
	f.line("", "SIP in %s   out %s   transactions %d   resent %d   timed out %d   malformed %d", in, out, s.SIP.Transactions, s.SIP.Retransmissions, s.SIP.Timeouts, s.SIP.Malformed)
	f.line("", "cpu %s   memory %d MB   load %s   peers %d, reachable %d", cpu, s.MemoryBytes>>20, cmp.Or(now.Load, "-"), s.SIP.Peers, s.SIP.Reachable)
}

// call is the channels of one LinkedID.
type call struct {
	first *api.Channel
	up    *api.Channel // the leg that answered last, nil for none
	legs  int
}

// callsOf groups channels, oldest call first.
func callsOf(channels []api.Channel) []*call {
	var list []*call
	of := make(map[string]*call)
	for i := range channels {
		c := &channels[i]
		x := of[c.LinkedID]
		if x == nil {
			x = &call{first: c}
			of[c.LinkedID] = x
			list = append(list, x)
		}
		x.legs++
		if x.first.Created.After(c.Created) {
			x.first = c
		}
		if c.Answered != nil && (x.up == nil || c.Answered.After(*x.up.Answered)) {
			x.up = c
		}
	}
	slices.SortStableFunc(list, func(a, b *call) int { return a.first.Created.Compare(b.first.Created) })
	return list
}

func (f *frame) calls(list []*call, show int, now time.Time) {
	f.line("", "")
	f.line(reverse, "%-9s %-8s %-24s %-20s %-24s %4s  %s", "TIME", "STATE", "CALLER", "TO", "WITH", "LEGS", "APPLICATION")
	show = shown(len(list), show)
	for _, c := range list[:show] {
		x, since, look := c.first, c.first.Created, yellow
		if c.up != nil {
			since, look = *c.up.Answered, green
		}
		f.line(look, "%-9s %-8s %-24s %-20s %-24s %4d  %s", span(now.Sub(since)), cell(x.State, 8), cell(cmp.Or(party(x.Caller), x.Name), 24),
			cell(x.Extension+"@"+x.Context, 20), cell(cmp.Or(x.BridgedTo, party(x.Connected)), 24), c.legs, cell(x.Application+"("+x.Data+")", 60))
	}
	f.more(len(list)-show, "calls")
}

// interest orders peers: those that do something first, then those that cannot be
// reached.
func interest(p *api.Peer) int {
	switch {
	case p.InUse+p.Ringing > 0:
		return 2
	case p.Status == "UNREACHABLE":
		return 1
	}
	return 0
}

func (f *frame) peers(list []api.Peer, show int) {
	f.line("", "")
	f.line(reverse, "%-20s %-14s %-18s %-24s %7s  %s", "PEER", "STATE", "STATUS", "ADDRESS", "IN USE", "NAME")
	show = shown(len(list), show)
	for i := range list[:show] {
		p := &list[i]
		look := ""
		switch {
		case p.Status == "UNREACHABLE":
			look = red
		case p.Ringing > 0:
			look = yellow
		case p.InUse > 0:
			look = green
		}
		f.line(look, "%-20s %-14s %-18s %-24s %7d  %s", cell(p.Name, 20), cell(p.State, 14), cell(p.Status, 18), cell(cmp.Or(p.Address, "-"), 24), p.InUse, cell(party(p.Caller), 40))
	}
	f.more(len(list)-show, "peers")
}

// shown is how many of n rows are drawn where there is room for some; the last place is
// kept to say how many are not.
func shown(n, room int) int {
	if n <= room {
		return n
	}
	return max(room-1, 0)
}

func (f *frame) more(n int, what string) {
	if n > 0 {
		f.line("", "and %d more %s", n, what)
	}
}

// party is a person as one reads it.
func party(p api.Party) string {
	if p.Name != "" && p.Number != "" {
		return p.Name + " <" + p.Number + ">"
	}
	return p.Name + p.Number
}

// cell makes text fit into a column and harmless for a terminal.
func cell(text string, width int) string {
	text = console.Escape(text)
	if utf8.RuneCountInString(text) > width {
		text = string([]rune(text)[:width-1]) + "…"
	}
	return text
}

// span is a time as one reads it: 12:34, 1:02:03 or 3d04:05.
func span(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	switch {
	case s >= 86400:
		return fmt.Sprintf("%dd%02d:%02d", s/86400, s/3600%24, s/60%60)
	case s >= 3600:
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}
