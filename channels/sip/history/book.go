// Package history keeps what was said in every call: a bounded list of messages
// and remarks for each that is up, and for the last ones that ended. Ladder draws
// it.
//
// It does no I/O and reads no clock. A Book belongs to one goroutine, the monitor
// loop of the SIP driver.
package history

import (
	"container/list"
	"hash/maphash"
	"net/netip"
	"strings"
	"time"
)

// The bounds of a Book.
const (
	// Ended is how many calls are remembered after their end, and how many that
	// came to nothing.
	Ended  = 200
	failed = 100
	// Entries is how many messages of one call are kept. Of a longer one the first
	// are kept and the last.
	Entries = 120
	first   = 40
)

// Message is a message as it passed.
type Message struct {
	Time     time.Time
	Far      netip.AddrPort
	Out      bool   // from us
	Protocol string // UDP, TLS …
	CallID   []byte
	Status   int    // 0 for a request
	Text     []byte // the method of a request, the reason of a response
	Method   []byte // of CSeq
	Seq      uint32
	SDP      bool
}

// Entry is one message, or a remark when Far is not valid.
type Entry struct {
	At       int64 // nanoseconds of the epoch
	Far      netip.AddrPort
	Protocol string
	Seq      uint32
	Out, SDP bool
	Again    bool // it was sent before
	size     uint8
	text     [54]byte
}

// Text is the entry's label: "INVITE", "180 Ringing", or the remark.
func (e *Entry) Text() string { return string(e.text[:e.size]) }

func (e *Entry) label(parts ...[]byte) {
	e.size = 0
	for _, p := range parts {
		n := copy(e.text[e.size:], p)
		e.size += uint8(n)
	}
}

// Call is the history of one Call-ID.
type Call struct {
	CallID   string
	Channel  string // "" while it has none
	Linkedid string
	Began    time.Time
	Over     time.Time // zero while it is up
	Entries  []Entry
	Dropped  int // entries that there was no room for

	owners int // dialogs that share the Call-ID
	home   *list.List
	at     *list.Element
}

// Book is the histories of one exchange.
type Book struct {
	seed  maphash.Seed
	calls map[uint64]*Call
	// A call is in one of these, oldest first: up, ended, or answered by nobody.
	up, ended, failed list.List
	spare             []*Call
}

// NewBook makes an empty one.
func NewBook() *Book {
	return &Book{seed: maphash.MakeSeed(), calls: make(map[uint64]*Call)}
}

// Len is how many calls there are.
func (b *Book) Len() int { return len(b.calls) }

// Clear forgets everything.
func (b *Book) Clear() { *b = *NewBook() }

func (b *Book) find(callID []byte) (key uint64, c *Call) {
	key = maphash.Bytes(b.seed, callID)
	if c = b.calls[key]; c != nil && c.CallID != string(callID) {
		c = nil // a collision: the first one stays
	}
	return key, c
}

// Add notes a message. An INVITE begins the history of its Call-ID; messages of
// others are left out.
func (b *Book) Add(m *Message) {
	key, c := b.find(m.CallID)
	if c == nil {
		if m.Status != 0 || string(m.Text) != "INVITE" || b.calls[key] != nil {
			return
		}
		c = b.begin(key, m)
	}
	e := Entry{At: m.Time.UnixNano(), Far: m.Far, Protocol: m.Protocol, Seq: m.Seq, Out: m.Out, SDP: m.SDP}
	if m.Status == 0 {
		e.label(m.Text)
	} else {
		digits := [4]byte{byte('0' + m.Status/100%10), byte('0' + m.Status/10%10), byte('0' + m.Status%10), ' '}
		e.label(digits[:], m.Text)
		if string(m.Method) != "INVITE" { // which of several it answers
			e.label(digits[:], m.Text, []byte(" ("), m.Method, []byte(")"))
		}
	}
	for i := range c.Entries {
		o := &c.Entries[i]
		if o.Seq == e.Seq && o.Out == e.Out && o.Far == e.Far && o.size == e.size && o.text == e.text {
			e.Again = true
			break
		}
	}
	c.put(e)
}

func (b *Book) begin(key uint64, m *Message) *Call {
	var c *Call
	if n := len(b.spare); n > 0 {
		c, b.spare = b.spare[n-1], b.spare[:n-1]
		*c = Call{Entries: c.Entries[:0]}
	} else {
		c = &Call{Entries: make([]Entry, 0, 16)}
	}
	c.CallID, c.Began, c.Over = string(m.CallID), m.Time, m.Time
	b.calls[key] = c
	b.move(c, &b.failed, failed)
	return c
}

// put appends an entry; where there is no room one of the middle goes.
func (c *Call) put(e Entry) {
	if len(c.Entries) >= Entries {
		copy(c.Entries[first:], c.Entries[first+1:])
		c.Entries = c.Entries[:Entries-1]
		c.Dropped++
	}
	c.Entries = append(c.Entries, e)
}

// move puts a call into another list, whose oldest goes when it is too long.
func (b *Book) move(c *Call, to *list.List, limit int) {
	if c.home != nil {
		c.home.Remove(c.at)
	}
	c.home, c.at = to, to.PushBack(c)
	if limit == 0 || to.Len() <= limit {
		return
	}
	old := to.Remove(to.Front()).(*Call)
	old.home = nil
	delete(b.calls, maphash.String(b.seed, old.CallID))
	if len(b.spare) < 16 {
		b.spare = append(b.spare, old)
	}
}

// Up says that a call is in progress: its history is kept until Over.
func (b *Book) Up(callID string) {
	if _, c := b.find([]byte(callID)); c != nil {
		c.owners++
		c.Over = time.Time{}
		b.move(c, &b.up, 0)
	}
}

// Name says which channel a call has, and which call of the exchange it is part
// of.
func (b *Book) Name(callID, channel, linkedid string) {
	if _, c := b.find([]byte(callID)); c != nil {
		c.Channel, c.Linkedid = channel, linkedid
	}
}

// Over says that a call is no longer in progress. It returns its history when it
// was the last of its Call-ID.
func (b *Book) Over(callID string, at time.Time) *Call {
	_, c := b.find([]byte(callID))
	if c == nil || c.owners == 0 {
		return nil
	}
	if c.owners--; c.owners > 0 {
		return nil
	}
	c.Over = at
	b.move(c, &b.ended, Ended)
	return c
}

// Remark notes something that is no message.
func (b *Book) Remark(callID string, at time.Time, text string) {
	if _, c := b.find([]byte(callID)); c != nil {
		e := Entry{At: at.UnixNano()}
		e.label([]byte(text))
		c.put(e)
	}
}

// All returns every call, oldest first: those that came to nothing, then the ended
// ones, then those that are up.
func (b *Book) All() (calls []*Call) {
	for _, l := range []*list.List{&b.failed, &b.ended, &b.up} {
		for e := l.Front(); e != nil; e = e.Next() {
			calls = append(calls, e.Value.(*Call))
		}
	}
	return calls
}

// Find returns the calls that are meant by a Call-ID, by its beginning, or by the
// name of a channel, and with them those of the same call of the exchange.
func (b *Book) Find(text string) (calls []*Call) {
	linked := make(map[string]bool)
	match := func(c *Call) bool {
		return c.CallID == text || strings.EqualFold(c.Channel, text) || len(text) >= 4 && strings.HasPrefix(c.CallID, text)
	}
	all := b.All()
	for _, c := range all {
		if match(c) && c.Linkedid != "" {
			linked[c.Linkedid] = true
		}
	}
	for _, c := range all {
		if match(c) || linked[c.Linkedid] {
			calls = append(calls, c)
		}
	}
	return calls
}
