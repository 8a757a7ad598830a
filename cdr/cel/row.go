// Package cel is the channel event log: a row for each thing that happens to a channel,
// for who wants to know more of a call than its records tell (cel.conf).
//
// An Engine reads the exchange's events on the goroutines that publish them, and only
// those that cel.conf asks for; without it, it costs nothing. Finished rows go to the queue
// of package spool.
package cel

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Row is one event.
type Row struct {
	ID   string
	Type string // CHAN_START …
	// TimeText is the time as cel.conf wants it.
	Time                                  time.Time
	TimeText                              string
	Name, Number, ANI, RDNIS, DNID        string // of the caller
	Exten, Context, Channel, App, AppData string
	AMAFlags                              int
	AccountCode, PeerAccount              string
	UniqueID, LinkedID, Peer, UserField   string
	UserDefType                           string // of USER_DEFINED
	Extra                                 string // JSON, "" for none
}

// numbers are the events' numbers, as in a database's column of numbers.
var numbers = map[string]int{
	"CHAN_START": 1, "CHAN_END": 2, "HANGUP": 3, "ANSWER": 4, "APP_START": 5, "APP_END": 6, "BRIDGE_ENTER": 7, "BRIDGE_EXIT": 8,
	"PARK_START": 9, "PARK_END": 10, "BLINDTRANSFER": 11, "ATTENDEDTRANSFER": 12, "USER_DEFINED": 13, "PICKUP": 14, "FORWARD": 15,
	"LINKEDID_END": 16, "LOCAL_OPTIMIZE": 17, "LOCAL_OPTIMIZE_BEGIN": 18, "STREAM_BEGIN": 19, "STREAM_END": 20, "DTMF": 21,
}

// Known reports whether templates of cel_custom.conf may name a value.
func Known(name string, call bool) bool {
	name = strings.ToLower(name)
	if call {
		return name == "callerid" || name == "channel"
	}
	switch name {
	case "eventtype", "eventtime", "eventenum", "eventextra", "userdeftype", "bridgepeer", "cel_eventtype", "uniqueid", "accountcode":
		return true
	}
	return false
}

// Value is what a template names: ${eventtype}, ${CALLERID(num)}, ${CHANNEL(uniqueid)} …
func (r *Row) Value(name, args string) string {
	switch strings.ToLower(name) {
	case "eventtype":
		if r.Type == "USER_DEFINED" {
			return r.UserDefType
		}
		return r.Type
	case "eventtime":
		return r.TimeText
	case "eventenum": // a name all the same
		return r.Type
	case "eventextra":
		return r.Extra
	case "userdeftype":
		return r.UserDefType
	case "bridgepeer":
		return r.Peer
	case "callerid":
		switch strings.ToLower(args) {
		case "name":
			return r.Name
		case "num", "number":
			return r.Number
		case "ani":
			return r.ANI
		case "rdnis":
			return r.RDNIS
		case "dnid":
			return r.DNID
		}
	case "channel":
		switch strings.ToLower(args) {
		case "exten":
			return r.Exten
		case "context":
			return r.Context
		case "channame", "name":
			return r.Channel
		case "appname":
			return r.App
		case "appdata":
			return r.AppData
		case "amaflags":
			return strconv.Itoa(r.AMAFlags)
		case "accountcode":
			return r.AccountCode
		case "peeraccount":
			return r.PeerAccount
		case "uniqueid":
			return r.UniqueID
		case "linkedid":
			return r.LinkedID
		case "userfield":
			return r.UserField
		}
	}
	return ""
}

// pairs is a JSON object whose fields keep their order.
func pairs(kv ...any) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; i < len(kv); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, v := range kv[i : i+2] {
			text, err := json.Marshal(v)
			if err != nil {
				text = []byte(`""`)
			}
			if j > 0 {
				b.WriteByte(':')
			}
			b.Write(text)
		}
	}
	return b.String() + "}"
}
