package cdr

import (
	"strconv"
	"time"
)

// Row is a finished call detail record.
type Row struct {
	// ID is unique in this exchange for ever: what a queue or a database knows the
	// row by.
	ID          string
	AccountCode string
	Src, Dst    string
	Context     string
	CLID        string
	Channel     string
	DstChannel  string
	LastApp     string
	LastData    string
	Start       time.Time
	Answer      time.Time // zero: not answered
	End         time.Time
	// Duration and BillSec are whole seconds from Start and from Answer to End.
	Duration, BillSec int
	Disposition       string
	AMAFlags          string
	UniqueID          string
	UserField         string
	LinkedID          string
	PeerAccount       string
	Sequence          int64
	// Vars are the columns of the dialplan's own.
	Vars map[string]string `json:",omitempty"`
	// Peer is the number of the party that was reached.
	Peer string `json:",omitempty"`
}

// The dispositions.
const (
	NoAnswer   = "NO ANSWER"
	Failed     = "FAILED"
	Busy       = "BUSY"
	Answered   = "ANSWERED"
	Congestion = "CONGESTION"
	Cancelled  = "CANCEL"
)

// dispositionNumbers are the raw values that CDR(disposition,u) tells; a record that goes on has
// no disposition yet.
var dispositionNumbers = map[string]string{"": "1", NoAnswer: "0", Failed: "2", Busy: "4", Answered: "8", Congestion: "16", Cancelled: "32"}

// amaNumbers are those of CDR(amaflags,u).
var amaNumbers = map[string]string{"OMIT": "1", "BILLING": "2", "DOCUMENTATION": "3"}

// columns are the names of a row's fields in the order of Master.csv, then the newer
// ones.
var columns = []string{
	"accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer", "end",
	"duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield", "linkedid", "peeraccount", "sequence",
}

// timeFormat is how records write times.
const timeFormat = "2006-01-02 15:04:05"

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(timeFormat)
}

// Field is a column's value as CDR(name,options) tells it: option u leaves times,
// disposition and amaflags as numbers, f gives duration and billsec fractions. ok is false for a
// name that is neither a column nor a variable of the row.
func (r *Row) Field(name, options string) (value string, ok bool) {
	raw, float := false, false
	for _, o := range options {
		raw, float = raw || o == 'u', float || o == 'f'
	}
	moment := func(t time.Time) string {
		switch {
		case raw && t.IsZero():
			return "0.000000"
		case raw:
			return strconv.FormatInt(t.Unix(), 10) + "." + strconv.FormatInt(int64(t.Nanosecond()/1000)+1_000_000, 10)[1:]
		}
		return formatTime(t)
	}
	seconds := func(n int, from time.Time) string {
		if !float {
			return strconv.Itoa(n)
		}
		d := time.Duration(0)
		if !from.IsZero() {
			d = r.End.Sub(from)
		}
		return strconv.FormatFloat(d.Seconds(), 'f', 6, 64)
	}
	switch name {
	case "accountcode":
		value = r.AccountCode
	case "src":
		value = r.Src
	case "dst":
		value = r.Dst
	case "dcontext":
		value = r.Context
	case "clid":
		value = r.CLID
	case "channel":
		value = r.Channel
	case "dstchannel":
		value = r.DstChannel
	case "lastapp":
		value = r.LastApp
	case "lastdata":
		value = r.LastData
	case "start":
		value = moment(r.Start)
	case "answer":
		value = moment(r.Answer)
	case "end":
		value = moment(r.End)
	case "duration":
		value = seconds(r.Duration, r.Start)
	case "billsec":
		value = seconds(r.BillSec, r.Answer)
	case "disposition":
		switch value = r.Disposition; {
		case raw:
			value = dispositionNumbers[value]
		case value == "":
			value = NoAnswer
		}
	case "amaflags":
		if value = r.AMAFlags; raw {
			value = amaNumbers[value]
		}
	case "uniqueid":
		value = r.UniqueID
	case "userfield":
		value = r.UserField
	case "linkedid":
		value = r.LinkedID
	case "peeraccount":
		value = r.PeerAccount
	case "sequence":
		value = strconv.FormatInt(r.Sequence, 10)
	default:
		value, ok = r.Vars[name]
		return value, ok
	}
	return value, true
}
