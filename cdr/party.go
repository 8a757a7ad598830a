package cdr

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"pbx/event"
)

// party is what the engine knows of a channel.
type party struct {
	name, uniqueid, linkedid string
	number, callerName       string
	account, ama             string
	context, exten           string
	app, data                string
	seq                      int64
	up                       bool
	dialled                  bool // somebody's Dial made it
	talked                   bool // it has been in a bridge
	dead                     bool // h runs: nothing begins any more
	replaced                 bool // another phone has its place: it is about to end
	bridge                   string
	at                       time.Time // of the last event
	disabled                 bool
	prefersA                 bool // CDR_PROP(party_a)
	records                  []*record
	second                   []*record // those of others that it is the second party of
	call                     *call
}

// take copies what an event says of its channel.
func (p *party) take(e *event.Event) {
	p.name, p.linkedid = e.Channel, e.Linkedid
	p.number, p.callerName = e.CallerNum, e.CallerName
	p.account, p.ama = e.AccountCode, e.AMAFlags
}

// clid is the caller ID as records write it.
func (p *party) clid() string {
	return `"` + p.callerName + `" <` + p.number + `>`
}

func (p *party) last() *record { return p.records[len(p.records)-1] }

// AMAName is the word of records for an amaflags setting.
func AMAName(s string) string {
	switch strings.ToLower(s) {
	case "omit", "1":
		return "OMIT"
	case "billing", "2":
		return "BILLING"
	}
	if n, err := strconv.Atoi(s); err == nil && n != 3 {
		return "Unknown"
	}
	return "DOCUMENTATION"
}

// state is where a record is in its life.
type state uint8

const (
	single  state = iota // the channel is alone
	dialing              // with b, which rings
	pending              // b answered and is not joined yet
	bridged              // in a bridge, with b or, as the other party of a record, without
	final
)

// record is one row in the making.
type record struct {
	Row
	state    state
	a, b     *party // b is nil without a second party
	bUID     string
	bridge   string // where the parties are together
	ended    bool   // it has its end, in whatever state
	locked   bool   // its application is that which dialled
	disabled bool
	dialled  bool // the channel was one that Dial made
	renew    bool // begins again when the parties meet: they were put together while it rang
	// What the second party's dialplan set for its own record.
	bUserField string
	bVars      map[string]string
}

// open reports whether the record goes on.
func (r *record) open() bool { return r.state != final && !r.ended }

// place copies where the channel is in the dialplan. What comes after a Dial on the same record
// does not take the place of the Dial.
func (r *record) place(p *party) {
	r.Context, r.Dst = p.context, p.exten
	if !r.locked {
		r.LastApp, r.LastData = p.app, p.data
		r.locked = p.app == "Dial"
	}
}

// with makes b the second party.
func (r *record) with(b *party) {
	r.b, r.bUID = b, b.uniqueid
	b.second = append(b.second, r)
}

// dial has the record ring b.
func (r *record) dial(b *party) {
	r.state = dialing
	if !r.ended {
		r.place(r.a)
	}
	r.locked = true
	r.with(b)
}

// join puts the record into a bridge, with b if that is not nil.
func (r *record) join(bridge string, b *party, at time.Time) {
	r.state, r.bridge = bridged, bridge
	if b == nil {
		return
	}
	if r.b != b {
		r.with(b)
		r.ended = false
	}
	if r.Answer.IsZero() {
		r.Answer = at
	}
	own := b.last()
	r.bUserField, r.bVars = own.UserField, maps.Clone(own.Vars)
}

// capture copies what a row tells of its parties.
func (r *record) capture() {
	p := r.a
	r.AccountCode, r.Src, r.CLID = p.account, p.number, p.clid()
	r.Channel, r.UniqueID, r.LinkedID, r.AMAFlags = p.name, p.uniqueid, p.linkedid, AMAName(p.ama)
	r.dialled = p.dialled
	if r.b != nil {
		r.DstChannel, r.PeerAccount, r.Peer = r.b.name, r.b.account, r.b.number
	}
}

// merge adds what the second party's dialplan set: its user field after a semicolon, and the columns
// that the first party's has not set.
func (r *record) merge() {
	if r.bUserField != "" {
		r.UserField += ";" + r.bUserField
	}
	for name, value := range r.bVars {
		if _, ok := r.Vars[name]; ok {
			continue
		}
		if r.Vars == nil {
			r.Vars = map[string]string{}
		}
		r.Vars[name] = value
	}
}

// measure sets the durations as of end.
func (r *record) measure(end time.Time, initiated bool) {
	r.End = end
	r.Duration = int(end.Sub(r.Start) / time.Second)
	r.BillSec = 0
	if r.Answer.IsZero() {
		return
	}
	d := end.Sub(r.Answer)
	r.BillSec = int(d / time.Second)
	if initiated && d%time.Second >= 500*time.Millisecond {
		r.BillSec++
	}
}
