package cdr

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pbx/spool"
)

// The kinds of entries in the queue.
const (
	RowKind  = "cdr"
	CallKind = "call"
)

// CSV are the [csv] options of cdr.conf: Master.csv.
type CSV struct {
	GMT        bool `conf:"usegmtime"`
	UniqueID   bool `conf:"loguniqueid"`
	UserField  bool `conf:"loguserfield"`
	Accounts   bool `conf:"accountlogs"`
	NewColumns bool `conf:"newcdrcolumns"`
	// Dir is where the files are: cdr-csv in the log directory.
	Dir string
}

// Backend is Master.csv, and a file for each account, as a backend.
func (c CSV) Backend() spool.Backend {
	return &spool.Files{ID: "csv", Format: func(e spool.Entry) []spool.Line {
		r, ok := decodeRow(e)
		if !ok {
			return nil
		}
		text := c.Append(nil, r)
		lines := []spool.Line{{Path: filepath.Join(c.Dir, "Master.csv"), Text: text}}
		if c.Accounts && plainName(r.AccountCode) {
			lines = append(lines, spool.Line{Path: filepath.Join(c.Dir, r.AccountCode+".csv"), Text: text})
		}
		return lines
	}}
}

// plainName reports whether an account code may name a file: it is set by dialplans,
// perhaps to what somebody dialled.
func plainName(s string) bool {
	return s != "" && s[0] != '.' && !strings.ContainsAny(s, "/\\\x00\r\n") && len(s) < 200 && !strings.EqualFold(s, "Master")
}

func decodeRow(e spool.Entry) (*Row, bool) {
	r, ok := spool.Decode[Row](e, RowKind)
	return &r, ok
}

// Append appends the row as a line of Master.csv.
func (c CSV) Append(b []byte, r *Row) []byte {
	for _, s := range [...]string{r.AccountCode, r.Src, r.Dst, r.Context, r.CLID, r.Channel, r.DstChannel, r.LastApp, r.LastData} {
		b = append(appendQuoted(b, s), ',')
	}
	for _, t := range [...]time.Time{r.Start, r.Answer, r.End} {
		if !t.IsZero() {
			if t = t.Local(); c.GMT {
				t = t.UTC()
			}
			b = append(t.AppendFormat(append(b, '"'), timeFormat), '"')
		}
		b = append(b, ',')
	}
	b = append(strconv.AppendInt(b, int64(r.Duration), 10), ',')
	b = append(strconv.AppendInt(b, int64(r.BillSec), 10), ',')
	b = append(appendQuoted(b, r.Disposition), ',')
	b = appendQuoted(b, r.AMAFlags)
	if c.UniqueID {
		b = appendQuoted(append(b, ','), r.UniqueID)
	}
	if c.UserField {
		b = appendQuoted(append(b, ','), r.UserField)
	}
	if c.NewColumns {
		b = appendQuoted(append(b, ','), r.PeerAccount)
		b = appendQuoted(append(b, ','), r.LinkedID)
		b = strconv.AppendInt(append(b, ','), r.Sequence, 10)
	}
	return append(b, '\n')
}

// appendQuoted appends a text between quotes, its own doubled. A line stays a line
// whatever a phone sent.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch s[i] {
		case '"':
			b = append(b, '"', '"')
		case '\r', '\n', 0:
			b = append(b, ' ')
		default:
			b = append(b, s[i])
		}
	}
	return append(b, '"')
}
