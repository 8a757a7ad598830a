// Package sip is the SIP channel driver: phones and trunks of sip.conf over
// UDP.
//
// One goroutine, the monitor loop in Driver.Run, owns every call (pvt),
// transaction, peer and registration; nothing else touches them, so nothing is
// locked. Other goroutines come in through Post and Call. Dialplan threads hold
// a call by its channel, whose channel.Leg methods post; what happens on the
// wire reaches them as frames.
package sip

import (
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/channels/sip/transport"
	"pbx/event"
	pbxio "pbx/io"
	"pbx/media"
	"pbx/sched"
)

// Deps is what the driver is built on.
type Deps struct {
	Network  pbxio.Network
	Registry *channel.Registry
	Dialplan channel.Dialplan
	Media    *media.Engine
	Bus      *event.Bus
	Store    channel.Store // nil keeps nothing
	Log      *slog.Logger
	Now      func() time.Time
	Random   io.Reader // cryptographically strong
	Version  string
}

// source says where a message came from.
type source struct {
	addr     netip.AddrPort // the sender of the datagram
	local    netip.AddrPort // the listener that took it
	listener int
}

// ErrClosed is returned by what needs the loop of a driver that was closed.
var ErrClosed = errors.New("sip: the driver is closed")

// Driver is the SIP technology of one exchange.
type Driver struct {
	cfg      *Config // replaced by Reload, on the loop
	registry *channel.Registry
	plan     channel.Dialplan
	media    *media.Engine
	bus      *event.Bus
	store    channel.Store
	log      *slog.Logger
	now      func() time.Time
	random   *entropy
	version  string
	network  pbxio.Network

	ctx   *pbxio.Context
	sched *sched.Scheduler
	udp   *transport.UDP
	txs   *transaction.Layer
	calls table
	trace tracer

	peers peerTable
	auth  authenticator

	out    []byte          // the message being built
	parsed message.Message // the message being handled
	done   chan struct{}   // closed when Run has returned
	quit   bool            // Run returns
	panics int             // messages whose handling panicked
}

// New binds the listeners of cfg and makes the driver; Run starts it.
func New(cfg *Config, deps Deps) (*Driver, error) {
	return nil, errors.New("sip: not bound")
}
