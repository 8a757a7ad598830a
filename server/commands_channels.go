package server

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/console"
	"pbx/decl"
)

// channelCommands are the commands that look at calls and end them. Their
// layouts are those of the field, since programs read them.
func (s *Server) channelCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "core show channels", Synopsis: "Show the channels that are up",
			Args: []decl.Arg{{Name: "concise|verbose|count", Optional: true}},
			Help: "concise is for programs: 14 fields joined by !, nothing at all without channels.",
			Run:  s.showChannels,
			Complete: func(args []string, _ string) []string {
				if len(args) == 0 {
					return []string{"concise", "verbose", "count"}
				}
				return nil
			},
		},
		{
			Words: "core show channel", Synopsis: "Show everything about one channel",
			Args: []decl.Arg{{Name: "channel", Help: "its name, such as SIP/101-0000002a"}},
			Run:  s.showChannel, Complete: s.completeChannel,
		},
		{
			Words: "core show calls", Synopsis: "Count the calls", Run: s.showCalls,
			Help: "With uptime also how long the exchange has been up; seconds behind it has that in seconds.",
			Args: []decl.Arg{{Name: "uptime", Optional: true}, {Name: "seconds", Optional: true}},
			Complete: func(args []string, _ string) []string {
				switch len(args) {
				case 0:
					return []string{"uptime"}
				case 1:
					return []string{"seconds"}
				}
				return nil
			},
		},
		{
			Words: "core eval", Synopsis: "Show what a text becomes with a call's variables",
			Args:     []decl.Arg{{Name: "channel", Help: "the channel's name"}, {Name: "text", Help: "as in a priority: variables, functions and $[ ]"}},
			Run:      s.coreEval,
			Complete: s.completeChannel,
		},
		{
			Words: "channel request hangup", Synopsis: "End a call, or all of them",
			Args: []decl.Arg{{Name: "channel|all"}},
			Run:  s.requestHangup,
			Complete: func(args []string, prefix string) []string {
				return append(s.completeChannel(args, prefix), "all")
			},
		},
	}
}

// coreEval expands the rest of the line.
func (s *Server) coreEval(_ context.Context, r *decl.Request) error {
	if len(r.Args) < 2 {
		return decl.ErrUsage
	}
	ch, ok := s.registry.Find(r.Arg(0))
	if !ok {
		return fmt.Errorf("%s is not a known channel", r.Arg(0))
	}
	_, text, _ := strings.Cut(r.Line, r.Arg(0))
	fmt.Fprintln(r.Out, s.engine.Expand(ch, strings.TrimSpace(text)).S)
	return nil
}

func (s *Server) completeChannel(args []string, _ string) []string {
	if len(args) > 0 {
		return nil
	}
	var names []string
	for _, c := range s.registry.Channels() {
		names = append(names, c.Name())
	}
	return names
}

// calls counts the calls that the channels belong to.
func calls(snaps []channel.Snapshot) int {
	seen := make(map[string]bool, len(snaps))
	for i := range snaps {
		seen[snaps[i].Linkedid] = true
	}
	return len(seen)
}

func (s *Server) snapshots() []channel.Snapshot {
	chans := s.registry.Channels()
	snaps := make([]channel.Snapshot, len(chans))
	for i, c := range chans {
		snaps[i] = c.Snapshot()
	}
	return snaps
}

func plural(n int, word string) string {
	if n == 1 {
		return strconv.Itoa(n) + " " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

func (s *Server) showChannels(_ context.Context, r *decl.Request) error {
	snaps := s.snapshots()
	switch r.Arg(0) {
	case "concise":
		s.concise(r.Out, snaps)
		return nil
	case "count":
	case "verbose":
		s.verbose(r.Out, snaps)
	case "":
		fmt.Fprintf(r.Out, "%-64.64s %-32.32s %-7.7s %-30.30s\n", "Channel", "Location", "State", "Application(Data)")
		for i := range snaps {
			c := &snaps[i]
			place, app := "(None)", "(None)"
			if c.Location.Context != "" && c.Location.Exten != "" {
				place = fmt.Sprintf("%s@%s:%d", c.Location.Exten, c.Location.Context, c.Location.Priority)
			}
			if c.App != "" {
				app = c.App + "(" + c.Data + ")"
			}
			fmt.Fprintf(r.Out, "%-64.64s %-32.32s %-7.7s %-30.30s\n", c.Name, esc(place), c.State, esc(app))
		}
	default:
		return decl.ErrUsage
	}
	fmt.Fprintln(r.Out, plural(len(snaps), "active channel"))
	s.summary(r.Out, snaps)
	return nil
}

// esc keeps what a caller sent from acting on the operator's terminal.
func esc(text string) string { return console.Escape(text) }

func (s *Server) summary(w io.Writer, snaps []channel.Snapshot) {
	n := calls(snaps)
	if most := s.maxCalls(); most > 0 {
		word := "calls"
		if n == 1 {
			word = "call"
		}
		fmt.Fprintf(w, "%d of %d max active %s (%5.2f%% of capacity)\n", n, most, word, 100*float64(n)/float64(most))
	} else {
		fmt.Fprintln(w, plural(n, "active call"))
	}
	_, total := s.registry.Count()
	word := "calls"
	if total == 1 {
		word = "call"
	}
	fmt.Fprintf(w, "%d %s processed\n", total, word)
}

func (s *Server) showCalls(_ context.Context, r *decl.Request) error {
	up := s.now().Sub(s.started)
	switch words := strings.ToLower(strings.Join(r.Args, " ")); words {
	case "":
		s.summary(r.Out, s.snapshots())
	case "uptime":
		s.summary(r.Out, s.snapshots())
		fmt.Fprintf(r.Out, "System uptime: %s\n", span(up))
	case "uptime seconds":
		s.summary(r.Out, s.snapshots())
		fmt.Fprintf(r.Out, "System uptime: %d\n", int(up.Seconds()))
	default:
		return decl.ErrUsage
	}
	return nil
}

// amaNumber is the number the field gives to an AMA flag; nothing set is
// DOCUMENTATION.
func amaNumber(flag string) int {
	switch strings.ToLower(flag) {
	case "omit":
		return 1
	case "billing":
		return 2
	}
	return 3
}

func orNone(text, none string) string {
	if text == "" {
		return none
	}
	return text
}

func (s *Server) concise(w io.Writer, snaps []channel.Snapshot) {
	now := s.now()
	for i := range snaps {
		c := &snaps[i]
		// A "!" inside a field would be one field more.
		clean := func(text string) string { return strings.ReplaceAll(esc(text), "!", " ") }
		fmt.Fprintf(w, "%s!%s!%s!%d!%s!%s!%s!%s!%s!%s!%d!%d!%s!%s\n", c.Name, clean(c.Location.Context), clean(c.Location.Exten),
			max(1, c.Location.Priority), c.State, orNone(c.App, "(None)"), clean(c.Data), clean(c.Identity.Caller.Number), clean(c.Account),
			clean(peerAccount(snaps, c)), amaNumber(c.AMAFlags), int(now.Sub(c.Created).Seconds()), c.BridgeID, c.Uniqueid)
	}
}

func peerAccount(snaps []channel.Snapshot, c *channel.Snapshot) string {
	if c.BridgePeer == "" {
		return ""
	}
	for i := range snaps {
		if snaps[i].Name == c.BridgePeer {
			return snaps[i].Account
		}
	}
	return ""
}

func (s *Server) verbose(w io.Writer, snaps []channel.Snapshot) {
	fmt.Fprintf(w, "%-80.80s %-24.24s %-24.24s %-4.4s %-7.7s %-12.12s %-25.25s %-15.15s %8.8s %-11.11s %-11.11s %-20.20s\n",
		"Channel", "Context", "Extension", "Prio", "State", "Application", "Data", "CallerID", "Duration", "Accountcode", "PeerAccount", "BridgeID")
	now := s.now()
	for i := range snaps {
		c := &snaps[i]
		d := int(now.Sub(c.Created).Seconds())
		fmt.Fprintf(w, "%-80.80s %-24.24s %-24.24s %4d %-7.7s %-12.12s %-25.25s %-15.15s %8.8s %-11.11s %-11.11s %-20.20s\n",
			c.Name, esc(c.Location.Context), esc(c.Location.Exten), max(1, c.Location.Priority), c.State, orNone(c.App, "(None)"),
			esc(orNone(c.Data, "(Empty)")), esc(c.Identity.Caller.Number), fmt.Sprintf("%02d:%02d:%02d", d/3600, d/60%60, d%60),
			esc(c.Account), esc(peerAccount(snaps, c)), c.BridgeID)
	}
}

func (s *Server) requestHangup(_ context.Context, r *decl.Request) error {
	if r.Arg(0) == "all" {
		for _, c := range s.registry.Channels() {
			fmt.Fprintf(r.Out, "Requested Hangup on channel '%s'\n", c.Name())
			c.SoftHangup(channel.CauseNormalClearing)
		}
		return nil
	}
	c, ok := s.registry.Find(r.Arg(0))
	if !ok { // no failure: it may have gone by itself just now
		fmt.Fprintf(r.Out, "%s is not a known channel\n", esc(r.Arg(0)))
		return nil
	}
	fmt.Fprintf(r.Out, "Requested Hangup on channel '%s'\n", c.Name())
	c.SoftHangup(channel.CauseNormalClearing)
	return nil
}

func (s *Server) showChannel(_ context.Context, r *decl.Request) error {
	ch, ok := s.registry.Find(r.Arg(0))
	if !ok { // no failure, as with `channel request hangup`
		fmt.Fprintf(r.Out, "%s is not a known channel\n", esc(r.Arg(0)))
		return nil
	}
	c, set := ch.Snapshot(), ch.Settings()
	w := r.Out
	line := func(name, value string) { fmt.Fprintf(w, "%15s: %s\n", name, esc(value)) }
	formats, first := "(nothing)", "none"
	if len(set.Formats) > 0 {
		formats, first = "("+strings.Join(set.Formats, "|")+")", set.Formats[0]
	}
	party := func(text string) string { return orNone(text, "(N/A)") }
	fmt.Fprintln(w, " -- General --")
	line("Name", c.Name)
	line("Type", c.Tech)
	line("UniqueID", c.Uniqueid)
	line("LinkedID", c.Linkedid)
	line("Caller ID", party(c.Identity.Caller.Number))
	line("Caller ID Name", party(c.Identity.Caller.Name))
	line("Connected Line ID", party(c.Identity.Connected.Number))
	line("Connected Line ID Name", party(c.Identity.Connected.Name))
	line("Eff. Connected Line ID", party(c.Identity.Connected.Number))
	line("Eff. Connected Line ID Name", party(c.Identity.Connected.Name))
	line("DNID Digits", party(c.Identity.DNID))
	line("Language", orNone(c.Language, "en"))
	line("State", fmt.Sprintf("%s (%d)", c.State, c.State))
	line("NativeFormats", formats)
	line("WriteFormat", first)
	line("ReadFormat", first)
	line("WriteTranscode", "No ")
	line("ReadTranscode", "No ")
	line("Time to Hangup", "0")
	d := s.now().Sub(c.Created)
	line("Elapsed Time", fmt.Sprintf("%dh%dm%ds", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60))
	line("Bridge ID", orNone(c.BridgeID, "(Not bridged)"))
	if g := ch.LogGroup(); g != "" {
		line("Log Group", g)
	}
	fmt.Fprintln(w, " --   PBX   --")
	line("Context", c.Location.Context)
	line("Extension", c.Location.Exten)
	line("Priority", strconv.Itoa(c.Location.Priority))
	line("Call Group", strconv.FormatUint(set.CallGroup, 10))
	line("Pickup Group", strconv.FormatUint(set.PickupGroup, 10))
	line("Application", orNone(c.App, "(N/A)"))
	line("Data", orNone(c.Data, "(Empty)"))
	if id := ch.CallID(); id != "" {
		fmt.Fprintf(w, " Call Identifier: [%s]\n", id)
	}
	fmt.Fprintln(w, "      Variables:")
	for _, v := range ch.Variables() {
		fmt.Fprintf(w, "%s=%s\n", esc(v.Prefixed()), esc(v.Value.S))
	}
	s.showRecord(w, c.Uniqueid)
	return nil
}

// recordFields are the columns of a call record in the order of `core show channel`.
var recordFields = []string{
	"clid", "src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer", "end", "duration", "billsec",
	"disposition", "amaflags", "accountcode", "peeraccount", "uniqueid", "linkedid", "userfield", "sequence",
}

// showRecord shows the call record of the moment, as CDR(NAME,u) has it.
func (s *Server) showRecord(w io.Writer, uniqueid string) {
	records := s.callRecords()
	if records == nil {
		return
	}
	said := false
	for _, name := range recordFields {
		value, ok := records.Field(uniqueid, name, "u")
		if !ok || value == "" {
			continue
		}
		if !said {
			said = true
			fmt.Fprintln(w, "  CDR Variables:")
		}
		fmt.Fprintf(w, "level 1: %s=%s\n", name, esc(value))
	}
}

// span says a duration in words, as `core show uptime` does.
func span(d time.Duration) string {
	left := int(d.Seconds())
	var words []string
	for _, u := range []struct {
		name string
		secs int
	}{{"year", 365 * 24 * 3600}, {"week", 7 * 24 * 3600}, {"day", 24 * 3600}, {"hour", 3600}, {"minute", 60}, {"second", 1}} {
		if n := left / u.secs; n > 0 {
			words = append(words, plural(n, u.name))
			left -= n * u.secs
		}
	}
	if len(words) == 0 {
		return "0 seconds"
	}
	return strings.Join(words, ", ")
}
