package cdr

import (
	"time"
)

// Call is the summary of one call: all its channels and rows, by their Linkedid. It is
// what somebody asks who wants one line a call, whatever forks and transfers did.
type Call struct {
	LinkedID           string
	Src, CLID, Dst     string
	Context            string
	Channel            string
	Account            string
	Start, Answer, End time.Time
	Duration, Talk     int // seconds; Talk is the sum of the conversations
	Disposition        string
	Reached, ReachedBy string // the party that the caller talked to last: number, channel
	Channels, Rows     int
}

// call is a Call in the making.
type call struct {
	Call
	open map[*party]struct{}
}

func (e *Engine) enterCall(p *party, at time.Time) {
	c := e.calls[p.linkedid]
	if c == nil {
		c = &call{open: map[*party]struct{}{}}
		c.Call = Call{
			LinkedID: p.linkedid, Src: p.number, CLID: p.clid(), Dst: p.exten, Context: p.context, Channel: p.name, Account: p.account,
			Start: at, Disposition: NoAnswer,
		}
		e.calls[p.linkedid] = c
	}
	p.call = c
	c.open[p] = struct{}{}
	c.Channels++
}

func (e *Engine) answerCall(p *party, at time.Time) {
	if c := p.call; c.Answer.IsZero() && !p.dialled {
		c.Answer = at
	}
}

// rank orders dispositions: the best of its rows is that of a call.
var rank = map[string]int{NoAnswer: 0, Cancelled: 0, Failed: 1, Congestion: 2, Busy: 3, Answered: 4}

func (c *call) count(r *Row) {
	c.Rows++
	if rank[r.Disposition] > rank[c.Disposition] {
		c.Disposition = r.Disposition
	}
	if r.Disposition == Answered && r.DstChannel != "" {
		c.Talk += r.BillSec
		c.Reached, c.ReachedBy = r.Peer, r.DstChannel
	}
}

func (e *Engine) leaveCall(p *party, at time.Time) {
	c := p.call
	delete(c.open, p)
	if len(c.open) > 0 {
		return
	}
	delete(e.calls, c.LinkedID)
	c.End = at
	c.Duration = int(at.Sub(c.Start) / time.Second)
	if e.summary != nil && c.Rows > 0 {
		sum := c.Call
		e.summary(&sum)
	}
}
