package sip

import (
	"errors"
	"fmt"

	"pbx/channel"
)

// Name implements channel.Technology.
func (d *Driver) Name() string { return "SIP" }

// Description implements channel.Technology.
func (d *Driver) Description() string { return "Session Initiation Protocol (SIP)" }

// Still implements channel.Stiller.
func (d *Driver) Still(f func()) error { return d.Call(f) }

// Why a leg cannot be made.
var (
	errNoHost    = errors.New("no such peer or host")
	errNoCodec   = errors.New("no codec that this exchange has is allowed")
	errCallLimit = errors.New("call limit reached")
	errRefused   = errors.New("refused at another contact")
	errPanic     = errors.New("the call could not be prepared")
	errCallRate  = errors.New("max_calls_per_minute reached")
	errInsecure  = errors.New("the caller wants TLS, which does not lead there (CHANNEL(secure_bridge_signaling))")
	errNoSRTP    = errors.New("the caller wants encrypted audio, and there is no SRTP (CHANNEL(secure_bridge_media))")
	errTotalRate = errors.New("total_calls_per_minute reached")
)

// Request implements channel.Technology: it makes an outbound leg and its RTP
// ports. The caller's goroutine waits, for the loop and for the DNS where a host name
// is not in the cache.
func (d *Driver) Request(r channel.Request) (*channel.Channel, error) {
	fail := func(c channel.Cause, err error) (*channel.Channel, error) {
		return nil, &channel.RequestError{Dest: "SIP/" + r.Resource, Cause: c, Err: err}
	}
	if d.registry.Closing() {
		return fail(channel.CauseCongestion, ErrClosed)
	}
	p, err := d.prepared(parseDialString(r.Resource), r)
	switch {
	case errors.Is(err, ErrClosed), errors.Is(err, errPanic):
		return fail(channel.CauseFailure, err)
	case errors.Is(err, errTotalRate), errors.Is(err, errTollHours), errors.Is(err, errTollSpent):
		return fail(channel.CauseCongestion, err)
	case errors.Is(err, errCallLimit), errors.Is(err, errCallRate), errors.Is(err, errRefused):
		return fail(channel.CauseUserBusy, err)
	case errors.Is(err, errNoCodec), errors.Is(err, errInsecure), errors.Is(err, errNoSRTP):
		return fail(channel.CauseBearerNotAvailable, err)
	case err != nil:
		return fail(channel.CauseSubscriberAbsent, err)
	}
	if err := p.openMedia(r.From); err != nil {
		d.Post(p.uncount)
		return fail(channel.CauseCongestion, fmt.Errorf("RTP: %w", err))
	}
	o := p.channelOptions(r.From)
	o.Uniqueid = r.Uniqueid
	p.setChannel(d.registry.New(o))
	return p.channel, nil
}

// prepared has the loop prepare a call and waits for it.
func (d *Driver) prepared(ds dialString, r channel.Request) (*pvt, error) {
	type result struct {
		p   *pvt
		err error
	}
	ready := make(chan result, 1)
	d.Post(func() {
		d.prepare(ds, r, nil, func(p *pvt, err error) { ready <- result{p, err} })
	})
	select {
	case got := <-ready:
		return got.p, got.err
	case <-d.done:
		return nil, ErrClosed
	}
}
