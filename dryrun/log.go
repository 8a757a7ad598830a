package dryrun

import (
	"context"
	"log/slog"
	"strings"

	"pbx/event"
)

// logged hands the warnings and errors of the exchange to the trace.
type logged struct{ office *Office }

// Enabled implements slog.Handler.
func (l logged) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle implements slog.Handler.
func (l logged) Handle(_ context.Context, r slog.Record) error {
	ch := l.office.caller
	if ch == nil {
		return nil // before the call: the plan's own findings say it
	}
	var b strings.Builder
	if r.Level >= slog.LevelError {
		b.WriteString("error: ")
	} else {
		b.WriteString("warning: ")
	}
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(" " + a.String())
		return true
	})
	ch.Publish(event.Event{Kind: event.Note, Value: b.String()})
	return nil
}

// WithAttrs implements slog.Handler; the attributes are not shown.
func (l logged) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements slog.Handler.
func (l logged) WithGroup(string) slog.Handler { return l }
