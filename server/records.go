package server

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pbx/cdr"
	"pbx/cdr/cel"
	"pbx/config"
	"pbx/console"
	"pbx/decl"
	"pbx/event"
	"pbx/spool"
	"pbx/store"
)

// records are the call detail records of the exchange: the engines, and the queue to
// the backends.
type records struct {
	engine *cdr.Engine
	queue  *spool.Spool // nil where nothing can be written
	cel    *cel.Engine
}

func (c *configuration) readRecords(l *config.Loader) ([]config.Finding, error) {
	var found, more []config.Finding
	var err, err2 error
	c.records, found, err = cdr.Load(l, c.dirs.Log)
	c.cel, more, err2 = cel.Load(l, c.dirs.Log, console.TimeFormat)
	return append(found, more...), errors.Join(err, err2)
}

// buildRecords makes the engine and opens the queue. Where it cannot be opened the
// exchange goes on without records, which is said once.
func (s *Server) buildRecords(c *configuration) {
	r := &records{}
	s.cdr = r
	o := spool.Options{
		Dir: filepath.Join(c.dirs.Spool, "cdr"), Log: s.log, Stored: s.tellRecords, Batch: c.recordBatch(),
		Awaited: func() bool { return s.bus.Wants(event.CallRecord) || s.bus.Wants(event.CallEvent) },
	}
	var err error
	if r.queue, err = spool.Open(o, c.recordBackends()...); err != nil {
		s.log.Error(fmt.Sprintf("call records are not written: %v", err))
	}
	queueLog{s}.Add("", "", "", "QUEUESTART", "")
	r.cel = cel.New(s.bus, s.now(), c.cel.Settings, r.events)
	r.engine = cdr.New(s.bus, s.now, c.records.Settings, r.rows, r.call)
}

// reload takes in settings and backends. Backends that hold up a batch are waited
// for.
func (r *records) reload(c *configuration) {
	r.cel.Configure(c.cel.Settings)
	r.engine.Configure(c.records.Settings)
	if r.queue != nil {
		r.queue.Use(c.recordBatch(), c.recordBackends()...)
	}
}

func (c *configuration) recordBatch() (b spool.Batch) {
	if c.records.Batch {
		b = spool.Batch{Size: c.records.Size, Every: c.records.Time, Leave: !c.records.SafeShutdown}
	}
	return b
}

// recordBackends makes the backends that the files ask for.
func (c *configuration) recordBackends() (backends []spool.Backend) {
	open := func(path string) func() (*sql.DB, error) {
		return func() (*sql.DB, error) { return store.OpenSQL(path) }
	}
	if c.records.CSV != nil {
		backends = append(backends, c.records.CSV.Backend())
	}
	if len(c.records.Custom) > 0 {
		backends = append(backends, cdr.CustomBackend(c.records.Custom))
	}
	if c.records.SQLite {
		backends = append(backends, &cdr.SQLite{SQL: spool.SQL{Open: open(filepath.Join(c.dirs.DB, "pbx.sqlite3"))}})
	}
	if own := c.records.SQLiteCustom; own != nil {
		own.Open = open(filepath.Join(c.dirs.Log, "master.db"))
		backends = append(backends, own)
	}
	if c.records.Postgres != nil {
		backends = append(backends, c.records.Postgres)
	}
	if len(c.cel.Custom) > 0 {
		backends = append(backends, cel.Custom(c.cel.Custom))
	}
	if c.cel.Enable && c.records.SQLite {
		backends = append(backends, &cel.SQLite{SQL: spool.SQL{Open: open(filepath.Join(c.dirs.DB, "pbx.sqlite3"))}})
	}
	if c.cel.Enable && c.cel.Postgres != nil {
		backends = append(backends, c.cel.Postgres)
	}
	if c.log.QueueLog != "" {
		backends = append(backends, cdr.QueueLog(c.log.QueueLog))
	}
	return backends
}

// rows takes finished rows off the engine's hands.
func (r *records) rows(rows []*cdr.Row) {
	if r.queue == nil {
		return
	}
	entries := make([]spool.Entry, len(rows))
	for i, row := range rows {
		entries[i] = spool.Entry{Kind: cdr.RowKind, Value: row}
	}
	r.queue.Add(entries...)
}

func (r *records) events(rows []*cel.Row) {
	if r.queue == nil {
		return
	}
	entries := make([]spool.Entry, len(rows))
	for i, row := range rows {
		entries[i] = spool.Entry{Kind: cel.Kind, Value: row}
	}
	r.queue.Add(entries...)
}

func (r *records) call(c *cdr.Call) {
	if r.queue != nil {
		r.queue.Add(spool.Entry{Kind: cdr.CallKind, Value: c})
	}
}

// tellRecords tells the bus of rows, on the queue's goroutine.
func (s *Server) tellRecords(entries []spool.Entry) {
	for _, e := range entries {
		switch row := e.Value.(type) {
		case *cdr.Row:
			s.bus.Publish(event.Event{
				Kind: event.CallRecord, Time: row.End, Channel: row.Channel, Uniqueid: row.UniqueID, Linkedid: row.LinkedID, Detail: row,
			})
		case *cel.Row:
			s.bus.Publish(event.Event{
				Kind: event.CallEvent, Time: row.Time, Channel: row.Channel, Uniqueid: row.UniqueID, Linkedid: row.LinkedID, Detail: row,
			})
		}
	}
}

// queueLog writes queue_log through the queue of records.
type queueLog struct{ s *Server }

// Add implements channel.QueueLog.
func (q queueLog) Add(call, queue, agent, name, data string) {
	if r := q.s.cdr; r != nil && r.queue != nil {
		r.queue.Add(spool.Entry{Kind: cdr.QueueKind, Value: &cdr.QueueLine{Time: q.s.now(), Call: call, Queue: queue, Agent: agent, Event: name, Data: data}})
	}
}

func (r *records) close() {
	r.engine.Close()
	r.cel.Close()
	if r.queue != nil {
		r.queue.Close()
	}
}

// recordCommands are the console commands of the call records.
func (s *Server) recordCommands() []decl.Command {
	return []decl.Command{
		{Words: "cdr show status", Synopsis: "Show the settings of the call records", Run: s.showRecords},
		{
			Words: "cdr show active", Synopsis: "Show the call records that are open", Run: s.showOpenRecords,
			Args:     []decl.Arg{{Name: "channel", Help: "only its records", Optional: true}},
			Complete: s.completeChannel,
		},
		{Words: "cel show status", Synopsis: "Show the settings of the channel event log", Run: s.showEvents},
		{Words: "cdr submit", Synopsis: "Hand over the call records that wait for a batch", Run: s.submitRecords},
	}
}

func (s *Server) showRecords(_ context.Context, r *decl.Request) error {
	c, conf := s.cdr.engine.Settings(), s.conf.Load()
	yes := func(b bool) string { return map[bool]string{true: "Yes", false: "No"}[b] }
	enabled := func(b bool) string { return map[bool]string{true: "Enabled", false: "Disabled"}[b] }
	fmt.Fprintf(r.Out, "\nCall Detail Record (CDR) settings\n----------------------------------\n")
	fmt.Fprintf(r.Out, "  Logging:                    %s\n", enabled(c.Enable))
	mode := "Simple"
	if conf.records.Batch {
		mode = "Batch"
	}
	fmt.Fprintf(r.Out, "  Mode:                       %s\n", mode)
	if !c.Enable {
		return nil
	}
	fmt.Fprintf(r.Out, "  Log calls by default:       %s\n", yes(c.ChannelDefault))
	fmt.Fprintf(r.Out, "  Log unanswered calls:       %s\n", yes(c.Unanswered))
	fmt.Fprintf(r.Out, "  Log congestion:             %s\n", yes(c.Congestion)+"\n")
	fmt.Fprintf(r.Out, "  Ignore bridging changes:    %s\n", yes(c.IgnoreBridges)+"\n")
	fmt.Fprintf(r.Out, "  Ignore dial state changes:  %s\n", yes(c.IgnoreDials)+"\n")
	fmt.Fprintf(r.Out, "  Cancel disposition enabled: %s\n\n", yes(c.Cancel))
	waiting := 0
	if s.cdr.queue != nil {
		waiting = s.cdr.queue.Pending()
	}
	if conf.records.Batch {
		fmt.Fprintf(r.Out, "* Batch Mode Settings\n  -------------------\n")
		fmt.Fprintf(r.Out, "  Safe shutdown:              %s\n  Current batch size:         %s\n  Maximum batch size:         %s\n  Maximum batch time:         %s\n\n",
			enabled(conf.records.SafeShutdown), plural(waiting, "record"), plural(conf.records.Size, "record"), plural(int(conf.records.Time.Seconds()), "second"))
	}
	fmt.Fprintf(r.Out, "* Registered Backends\n  -------------------\n")
	var names []string
	if s.cdr.queue != nil {
		names = s.cdr.queue.Backends()
	}
	if conf.manager.Records.Calls {
		names = append(names, "cdr_manager")
	}
	for _, n := range slices.Sorted(slices.Values(names)) {
		if strings.HasPrefix(n, "cel") || n == "queue_log" {
			continue
		}
		fmt.Fprintf(r.Out, "    %s\n", n)
	}
	if waiting > 0 && !conf.records.Batch {
		fmt.Fprintf(r.Out, "\n  %s for a backend\n", plural(waiting, "record")+" waiting")
	}
	return nil
}

// showOpenRecords tells one line of each channel, or each record of one.
func (s *Server) showOpenRecords(_ context.Context, r *decl.Request) error {
	chains, at := s.cdr.engine.Active(), func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Local().Format(time.TimeOnly)
	}
	if name := r.Arg(0); name != "" {
		i := slices.IndexFunc(chains, func(c []cdr.Row) bool { return strings.EqualFold(c[0].Channel, name) })
		if i < 0 {
			fmt.Fprintf(r.Out, "Unknown channel: %s\n", name)
			return nil
		}
		const title = "%-10.10s %-20.20s %-25.25s %-15.15s %-15.15s %-8.8s %-8.8s %-8.8s "
		fmt.Fprintf(r.Out, "\nCall Detail Record (CDR) Information for %s\n--------------------------------------------------\n", name)
		fmt.Fprintf(r.Out, title+"%-8.8s %-8.8s\n", "AccountCode", "CallerID", "Dst. Channel", "LastApp", "Data", "Start", "Answer", "End", "Billsec", "Duration")
		for _, row := range chains[i] {
			fmt.Fprintf(r.Out, title+"%08d %08d\n", esc(row.AccountCode), esc(row.CLID), orNone(row.DstChannel, "<none>"), row.LastApp, esc(row.LastData),
				at(row.Start), at(row.Answer), at(row.End), row.BillSec, row.Duration)
		}
		return nil
	}
	const title = "%-25.25s %-25.25s %-15.15s %-8.8s %-8.8s %-8.8s "
	fmt.Fprintf(r.Out, "\nChannels with Call Detail Record (CDR) Information\n--------------------------------------------------\n")
	fmt.Fprintf(r.Out, title+"%-8.8s %-8.8s\n", "Channel", "Dst. Channel", "LastApp", "Start", "Answer", "End", "Billsec", "Duration")
	for _, chain := range chains {
		last := chain[len(chain)-1]
		start, answer, talked := chain[0].Start, time.Time{}, time.Duration(0)
		for _, row := range chain {
			if answer.IsZero() {
				answer = row.Answer
			}
		}
		if !answer.IsZero() {
			talked = last.End.Sub(answer)
		}
		fmt.Fprintf(r.Out, title+"%08d %08d\n", last.Channel, orNone(last.DstChannel, "<none>"), last.LastApp, at(start), at(answer), at(last.End),
			talked/time.Second, last.End.Sub(start)/time.Second)
	}
	return nil
}

func (s *Server) submitRecords(_ context.Context, r *decl.Request) error {
	if s.cdr.queue != nil {
		s.cdr.queue.Flush()
	}
	fmt.Fprintln(r.Out, "Submitted CDRs to backend engines for processing.  This may take a while.")
	return nil
}

func (s *Server) showEvents(_ context.Context, r *decl.Request) error {
	c := s.cdr.cel.Settings()
	fmt.Fprintf(r.Out, "CEL Logging: %s\n", map[bool]string{true: "Enabled", false: "Disabled"}[c.Enable])
	if !c.Enable {
		return nil
	}
	for _, name := range c.Tracked() {
		fmt.Fprintf(r.Out, "CEL Tracking Event: %s\n", name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Apps)) {
		fmt.Fprintf(r.Out, "CEL Tracking Application: %s\n", name)
	}
	var names []string
	if s.cdr.queue != nil {
		names = s.cdr.queue.Backends()
	}
	if conf := s.conf.Load(); conf.manager.Records.Channels {
		names = append(names, "cel-manager")
	}
	for _, n := range slices.Sorted(slices.Values(names)) {
		if strings.HasPrefix(n, "cel") {
			fmt.Fprintf(r.Out, "CEL Event Subscriber: %s\n", n)
		}
	}
	return nil
}
