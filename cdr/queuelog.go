package cdr

import (
	"strconv"
	"strings"
	"time"

	"pbx/spool"
)

// QueueKind is that of lines of queue_log in the queue of records.
const QueueKind = "queue"

// QueueLine is a line of queue_log: time|call|queue|agent|event|data.
type QueueLine struct {
	Time                            time.Time
	Call, Queue, Agent, Event, Data string
}

// Append appends the line.
func (q *QueueLine) Append(b []byte) []byte {
	b = strconv.AppendInt(b, q.Time.Unix(), 10)
	for _, s := range [...]string{q.Call, q.Queue, q.Agent, q.Event} {
		if s = strings.Map(plain, s); s == "" {
			s = "NONE"
		}
		b = append(append(b, '|'), strings.ReplaceAll(s, "|", " ")...)
	}
	return append(append(append(b, '|'), strings.Map(plain, q.Data)...), '\n')
}

// plain leaves no control character in: a line stays a line.
func plain(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

// QueueLog is the file queue_log as a backend.
func QueueLog(path string) spool.Backend {
	return &spool.Files{ID: "queue_log", Format: func(e spool.Entry) []spool.Line {
		q, ok := spool.Decode[QueueLine](e, QueueKind)
		if !ok {
			return nil
		}
		return []spool.Line{{Path: path, Text: q.Append(nil)}}
	}}
}
