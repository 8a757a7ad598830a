package sip

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"pbx/channels/sip/history"
	"pbx/channels/sip/transaction"
	"pbx/decl"
)

// historyCommands are the console commands that show what happened.
func (d *Driver) historyCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "sip show history", Synopsis: "Show the messages of a call",
			Help: "Draws what a call and the exchange said to each other, as a ladder, for a Call-ID, its beginning, or a channel; the calls that belong together are drawn together. " +
				"Without one it lists the calls that are up and the last ones, with a number the last so many.",
			Args: []decl.Arg{{Name: "call-id|channel|number", Optional: true}}, Run: d.print(d.showHistory), Complete: d.completeHistory,
		},
		{
			Words: "sip set history", Synopsis: "Keep the messages of calls, or not",
			Help: "Until the next reload; recordhistory in sip.conf says it for good.",
			Args: []decl.Arg{{Name: "on|off"}}, Run: d.print(d.setHistory), Complete: oneOf("on", "off"),
		},
		{
			Words: "sip show stats", Synopsis: "Show counters of messages and transactions",
			Help: "Counts since the start, or since 'sip stats reset': transactions and responses by class, what was sent again, what nobody answered.",
			Run:  d.print(d.showStats),
		},
		{Words: "sip stats reset", Synopsis: "Begin to count anew", Run: d.print(d.resetStats)},
	}
}

func (d *Driver) showHistory(w io.Writer, r *decl.Request) error {
	book := d.tap.history
	if !d.tap.recording && book.Len() == 0 {
		return errors.New("No history is kept: recordhistory=yes in sip.conf, or 'sip set history on'")
	}
	text := r.Arg(0)
	n, err := strconv.Atoi(text)
	if text == "" || err == nil && n > 0 && n <= 3*history.Ended {
		d.listHistory(w, n)
		return nil
	}
	calls := book.Find(text)
	if len(calls) == 0 {
		return fmt.Errorf("No such SIP call '%s'", text)
	}
	history.Ladder(w, calls)
	return nil
}

// listHistory lists the last n calls, all for 0.
func (d *Driver) listHistory(w io.Writer, n int) {
	calls := d.tap.history.All()
	slices.SortStableFunc(calls, func(a, b *history.Call) int { return a.Began.Compare(b.Began) })
	if n > 0 && n < len(calls) {
		calls = calls[len(calls)-n:]
	}
	const format = "%-19.19s %-8.8s %-30.30s %-8.8s %-24.24s %s\n"
	fmt.Fprintf(w, format, "Began", "Seconds", "Channel", "Messages", "Last", "Call-ID")
	for _, c := range calls {
		over, last := "up", ""
		if !c.Over.IsZero() {
			over = strconv.FormatFloat(c.Over.Sub(c.Began).Seconds(), 'f', 1, 64)
		}
		if len(c.Entries) > 0 {
			last = c.Entries[len(c.Entries)-1].Text()
		}
		fmt.Fprintf(w, format, c.Began.Format("2006-01-02 15:04:05"), over, orText(c.Channel, "-"), strconv.Itoa(len(c.Entries)+c.Dropped), last, c.CallID)
	}
	fmt.Fprintf(w, "%d call%s\n", len(calls), pick(len(calls) == 1, "", "s"))
}

// completeHistory offers Call-IDs and channels.
func (d *Driver) completeHistory(args []string, prefix string) []string {
	if len(args) > 0 {
		return nil
	}
	return d.complete(prefix, func(offer func(string)) {
		for _, c := range d.tap.history.All() {
			offer(c.CallID)
			if c.Channel != "" {
				offer(c.Channel)
			}
		}
	})
}

func (d *Driver) setHistory(w io.Writer, r *decl.Request) error {
	switch r.Arg(0) {
	case "on":
		d.tap.recording = true
		fmt.Fprintln(w, "SIP History Recording Enabled (use 'sip show history')")
	case "off":
		d.tap.recording = false
		fmt.Fprintln(w, "SIP History Recording Disabled")
	default:
		return errors.New("usage: sip set history on|off")
	}
	return nil
}

func (d *Driver) showStats(w io.Writer, _ *decl.Request) error {
	t, s := &d.tap, &d.txs.Stats
	servers, clients := d.txs.Len()
	fmt.Fprintf(w, "\nSince %s (%d seconds)\n\n", t.since.Format("2006-01-02 15:04:05"), seconds64(d.now().Sub(t.since)))
	row := func(name string, n uint64) { fmt.Fprintf(w, "  %-28s %12d\n", name+":", n) }
	row("Messages received", t.heardAll)
	row("Messages sent", t.toldAll)
	row("Requests received", s.Requests)
	row("Requests sent", s.Begun)
	row("Transactions kept", s.Kept)
	row("Sent again", s.Resent)
	row("Received again", s.Absorbed)
	row("Not answered", s.Timeouts)
	row("Not sent", s.Failed)
	row("Malformed", t.malformed)
	row("Responses to nothing", s.Strays)
	row("In use, of far ends", uint64(servers))
	row("In use, ours", uint64(clients))
	row("Calls", uint64(d.calls.len()))
	if t.capture.on() {
		row("Copies to the capture server", t.capture.sent)
		row("Copies that were lost", t.capture.failed)
	}
	fmt.Fprintf(w, "\n  %-28s %10s %10s %10s %10s %10s %10s %10s\n", "", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx", "all")
	class := func(name string, c *transaction.Class) {
		fmt.Fprintf(w, "  %-28s", name)
		for _, n := range c[1:] {
			fmt.Fprintf(w, " %10d", n)
		}
		fmt.Fprintf(w, " %10d\n", c.Total())
	}
	class("Responses sent (local)", &s.Sent)
	class("Responses received", &s.Received)
	class("Transactions of far ends", &s.Served)
	class("Transactions of ours", &s.Answered)
	fmt.Fprintln(w)
	return nil
}

func (d *Driver) resetStats(w io.Writer, _ *decl.Request) error {
	d.txs.Stats = transaction.Stats{}
	t := &d.tap
	t.heardAll, t.toldAll, t.malformed, t.capture.sent, t.capture.failed = 0, 0, 0, 0, 0
	t.since = d.now()
	fmt.Fprintln(w, "SIP counters begin anew")
	return nil
}

// Stats is what the driver has counted since a moment.
type Stats struct {
	transaction.Stats
	Since                time.Time
	Heard, Told          uint64 // messages
	Malformed            uint64
	Servers, Clients     int // transactions in use
	Calls                int
	Captured, Uncaptured uint64
	// Peers are those of the configuration, Reachable those that a call could reach.
	Peers, Reachable int
}

// Stats returns the counters. Any goroutine but the loop's may call it.
func (d *Driver) Stats() (s Stats, err error) {
	err = d.Call(func() {
		t := &d.tap
		s = Stats{
			Stats: d.txs.Stats, Since: t.since, Heard: t.heardAll, Told: t.toldAll, Malformed: t.malformed,
			Calls: d.calls.len(), Captured: t.capture.sent, Uncaptured: t.capture.failed,
		}
		s.Servers, s.Clients = d.txs.Len()
		for _, p := range d.peers.list {
			if !p.Type.IsPeer() {
				continue
			}
			s.Peers++
			if (!p.Dynamic || p.registered() > 0) && (p.Qualify == 0 || p.reach().callable()) {
				s.Reachable++
			}
		}
	})
	return s, err
}
