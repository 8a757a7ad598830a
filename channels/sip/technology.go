package sip

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pbx/channel"
)

// Name implements channel.Technology.
func (d *Driver) Name() string { return "SIP" }

// Description implements channel.Technology.
func (d *Driver) Description() string { return "Session Initiation Protocol (SIP)" }

// Why a leg cannot be made.
var (
	errNoHost    = errors.New("no such peer or host")
	errNoCodec   = errors.New("no codec that this exchange has is allowed")
	errCallLimit = errors.New("call limit reached")
)

// lookupLimit bounds the wait for the DNS.
const lookupLimit = 5 * time.Second

// Request implements channel.Technology: it makes an outbound leg and its RTP
// ports. The caller's goroutine waits, for the loop and, for a host that is no
// peer, for the DNS.
func (d *Driver) Request(r channel.Request) (*channel.Channel, error) {
	fail := func(c channel.Cause, err error) (*channel.Channel, error) {
		return nil, &channel.RequestError{Dest: "SIP/" + r.Resource, Cause: c, Err: err}
	}
	if d.registry.Closing() {
		return fail(channel.CauseCongestion, ErrClosed)
	}
	ds := parseDialString(r.Resource)
	var p *pvt
	var err error
	ask := func() { p, err = d.prepare(ds, r) }
	if e := d.Call(ask); e != nil {
		return fail(channel.CauseFailure, e)
	}
	if unknown := (*unresolved)(nil); errors.As(err, &unknown) {
		ctx, cancel := context.WithTimeout(context.Background(), lookupLimit)
		addr, e := d.lookup(ctx, unknown.host)
		cancel()
		if e != nil {
			return fail(channel.CauseSubscriberAbsent, e)
		}
		ds.resolved = addr
		if e := d.Call(ask); e != nil {
			return fail(channel.CauseFailure, e)
		}
	}
	switch {
	case errors.Is(err, errCallLimit):
		return fail(channel.CauseUserBusy, err)
	case errors.Is(err, errNoCodec):
		return fail(channel.CauseBearerNotAvailable, err)
	case err != nil:
		return fail(channel.CauseSubscriberAbsent, err)
	}
	if err := p.openMedia(r.From); err != nil {
		d.Post(p.uncount)
		return fail(channel.CauseCongestion, fmt.Errorf("RTP: %w", err))
	}
	p.channel = d.registry.New(p.channelOptions(r.From))
	return p.channel, nil
}

// unresolved says that a host name must be looked up first.
type unresolved struct{ host string }

func (e *unresolved) Error() string { return e.host + ": not looked up" }
