// Package sip is the SIP channel driver: phones and trunks of sip.conf over
// UDP, TCP, TLS and WebSocket.
//
// One goroutine, the monitor loop in Driver.Run, owns every call (pvt),
// transaction, peer and registration; nothing else touches them, so nothing is
// locked. Other goroutines come in through Post and Call. Dialplan threads hold
// a call by its channel, whose channel.Leg methods post; what happens on the
// wire reaches them as frames.
package sip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"pbx/channel"
	"pbx/channels/sip/digest"
	"pbx/channels/sip/gruu"
	"pbx/channels/sip/message"
	"pbx/channels/sip/resolve"
	"pbx/channels/sip/toll"
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
	// Messages takes texts outside of calls; nil refuses them.
	Messages channel.Inbox
	// Hints and Mailboxes drive subscriptions; nil serves none of that kind.
	Hints     channel.Hints
	Mailboxes channel.Mailboxes
	Log       *slog.Logger
	Now       func() time.Time
	Random    io.Reader // cryptographically strong
	// DNS answers questions about host names; nil asks the system's name servers.
	DNS     NameServer
	Version string
	// Extensions makes the extensions of registered peers (regcontext); nil makes
	// none.
	Extensions channel.Extensions
	// Records takes the client codes of calls; nil drops them.
	Records channel.Records
	// OpenTrace opens a file for messages among the logs; nil has none.
	OpenTrace func(name string) (io.WriteCloser, error)
}

// source says where a message came from.
type source struct {
	addr     netip.AddrPort // the sender
	local    netip.AddrPort // the listener that took it
	listener int
	protocol transaction.Protocol
	flow     transaction.Flow
}

// route is the way back.
func (s *source) route() transaction.Route {
	return transaction.Route{Protocol: s.protocol, Listener: s.listener, Remote: s.addr, Flow: s.flow}
}

// ErrClosed is returned by what needs the loop of a driver that was closed.
var ErrClosed = errors.New("sip: the driver is closed")

// Driver is the SIP technology of one exchange.
type Driver struct {
	cfg      *Config // replaced by Reload, on the loop
	registry *channel.Registry
	plan     channel.Dialplan
	messages channel.Inbox
	extens   channel.Extensions
	records  channel.Records
	media    *media.Engine
	bus      *event.Bus
	store    channel.Store
	log      *slog.Logger
	now      func() time.Time
	random   *entropy
	version  string
	network  pbxio.Network
	// holdsEarly is prematuremedia of the configuration, for channels.
	holdsEarly atomic.Bool
	// openTrace is Deps.OpenTrace.
	openTrace func(name string) (io.WriteCloser, error)

	ctx   *pbxio.Context
	sched *sched.Scheduler
	net   *transport.Set
	web   *transport.Web
	txs   *transaction.Layer
	calls table
	tap   tap
	subs  subscriptions

	peers peerTable
	// registrants are the registrations of ours, in the order of the configuration.
	registrants   []*registrant
	leaving       []*registrant // taken out of it, and not yet off their registrars
	auth          authenticator
	hosts         hostTable
	hintSource    channel.Hints // nil: there are no hints
	mailboxes     channel.Mailboxes
	stopMailboxes func()
	boxes         mailboxSources // subscriptions of ours to others' mailboxes

	locator   locator
	blacklist resolve.Blacklist
	resolver  *transport.Resolver // nil where Deps.DNS is used

	asked  uint64       // questions of qualify so far
	sealer *gruu.Sealer // of temporary GRUUs
	newKey []byte       // its key while it is not saved
	// submissions are the requests of programs that are on their way, by number.
	submissions map[uint64]*submission
	submitted   uint64
	// forking is how many peers are registered at several places.
	forking atomic.Int32
	rate    callRate
	// toll counts the minutes of calls to numbers that cost.
	toll      toll.Meter
	tollTimer sched.ID
	tollSaved time.Time // when it was last saved
	// external is how the world sees us.
	external external

	builder  message.Builder
	out      []byte          // the message being built
	sealing  *digest.Client  // whose credentials in it await the body
	scratch  []byte          // a header value being built
	body     []byte          // the session description being built
	parsed   message.Message // the message being handled
	from     source          // of the message being handled
	size     int             // of the datagram being handled, 0 outside of one
	tagSeed  uint64          // keys the tags of responses without state
	server   string          // Server and User-Agent
	dateUnix int64
	dateText string        // of dateUnix
	done     chan struct{} // closed when Run has returned
	quit     bool          // Run returns
	panics   int           // messages and timers whose handling panicked
}

// New binds the listeners of cfg and makes the driver; Run starts it. The caller
// registers it with deps.Registry.
func New(cfg *Config, deps Deps) (*Driver, error) {
	poller, err := deps.Network.NewPoller()
	if err != nil {
		return nil, fmt.Errorf("sip: %w", err)
	}
	d := &Driver{
		cfg: cfg, registry: deps.Registry, plan: deps.Dialplan, messages: deps.Messages, media: deps.Media, bus: deps.Bus,
		store: deps.Store, log: deps.Log, now: deps.Now, random: newEntropy(deps.Random),
		hintSource: deps.Hints, mailboxes: deps.Mailboxes,
		version: deps.Version, network: deps.Network, openTrace: deps.OpenTrace, extens: deps.Extensions, records: deps.Records,
		ctx: pbxio.NewContext(poller), sched: sched.New(deps.Now), calls: newTable(),
		done: make(chan struct{}),
	}
	if d.records == nil {
		d.records = channel.NoRecords{}
	}
	dns := deps.DNS
	if dns == nil {
		d.resolver = transport.NewResolver(transport.ResolverOptions{})
		dns = d.resolver
	}
	d.locator = newLocator(dns)
	d.tagSeed = d.random.uint64()
	d.net = transport.New(d.ctx, d.sched, deps.Network, (*wire)(d), deps.Log)
	d.net.OnUndelivered(func(b []byte, to netip.AddrPort, why error) { d.txs.Undelivered(b, to, why) })
	d.web = d.net.NewWeb()
	d.txs = transaction.New(d.sched, (*wire)(d), (*core)(d), transaction.Timers{})
	d.applyConfig()
	if err := d.listen(); err != nil {
		return nil, errors.Join(fmt.Errorf("sip: %w", err), d.release())
	}
	if err := d.openPeers(); err != nil {
		return nil, errors.Join(fmt.Errorf("sip: %w", err), d.release())
	}
	return d, nil
}

// applyConfig takes over what the loop keeps of d.cfg; Reload calls it.
func (d *Driver) applyConfig() {
	g := &d.cfg.General
	d.server = g.UserAgent
	if d.server == "" {
		d.server = "PBX " + d.version
	}
	d.txs.SetTimers(transaction.Timers{T1: g.Defaults.T1, B: g.Defaults.TimerB})
	d.holdsEarly.Store(g.PrematureMedia)
	d.builder.Compact = g.CompactHdrs
	d.txs.SetCompact(g.CompactHdrs)
	d.applyTap()
	d.locator.cache.MaxTTL = g.NameRefresh
	if d.resolver != nil {
		d.resolver.SetOptions(d.cfg.Resolver)
	}
	d.applyTransports()
}

// release closes what New opened.
func (d *Driver) release() error {
	d.locator.stop()
	return errors.Join(d.net.Close(), d.ctx.Close())
}

// Run is the monitor loop. It returns after Close, or when waiting fails.
func (d *Driver) Run() error {
	defer close(d.done)
	for !d.quit {
		if err := d.turn(); err != nil {
			return fmt.Errorf("sip: %w", err)
		}
	}
	return nil
}

// turn waits for the next thing to happen and does what is due.
func (d *Driver) turn() error {
	defer d.recovered(nil)
	if _, err := d.ctx.Wait(d.sched.Wait()); err != nil {
		return err
	}
	d.sched.Run()
	return nil
}

// Post has the loop run f at its next turn. Any goroutine may call it.
func (d *Driver) Post(f func()) { d.ctx.Post(f) }

// Load tells how many functions that others posted the loop has taken, how many wait for
// it, and how many did at most.
func (d *Driver) Load() (taken uint64, waiting, deepest int) { return d.ctx.Load() }

// Call has the loop run f and waits until it has. It is not for the loop itself.
func (d *Driver) Call(f func()) error {
	ran := make(chan struct{})
	d.ctx.Post(func() {
		defer close(ran)
		f()
	})
	select {
	case <-ran:
		return nil
	case <-d.done:
		select {
		case <-ran:
			return nil
		default:
			return ErrClosed
		}
	}
}

// Close ends the calls that are left, stops the loop and closes the listeners. It
// returns when all that is done.
func (d *Driver) Close() {
	d.Post(func() {
		d.calls.each(func(p *pvt) { p.abandon() })
		if d.tollTimer != 0 {
			d.saveToll()
		}
		d.closeSubscriptions()
		d.unregisterAll(func() {
			d.closePeers()
			d.quit = true
		})
	})
	<-d.done
	d.tap.trace.file.close()
	d.txs.Close()
	if err := d.release(); err != nil {
		d.log.Warn("SIP: close", "err", err)
	}
}

// recovered is deferred around what one message, timer or request of a channel
// does: a panic there ends that call and no other.
func (d *Driver) recovered(p *pvt) {
	r := recover()
	if r == nil {
		return
	}
	d.panics++
	call := ""
	if p != nil {
		call = p.callID
	}
	d.log.Error("SIP: a panic ended what was being handled", "panic", r, "call", call, "stack", string(debug.Stack()))
	if p != nil {
		p.destroy(channel.CauseFailure)
	}
}

// wire sends what the transaction layer has to say.
type wire Driver

// Send implements transaction.Transport.
func (w *wire) Send(b []byte, r transaction.Route) (transaction.Flow, error) {
	d := (*Driver)(w)
	d.told(b, r)
	return d.net.Send(b, r)
}

// Receive implements transport.User.
func (w *wire) Receive(b []byte, from transaction.Route) { (*Driver)(w).receive(b, from) }

// Unframed implements transport.User: what has no end to be found is answered and
// the connection closed (RFC 3261 18.3).
func (w *wire) Unframed(b []byte, from transaction.Route, why error) {
	d := (*Driver)(w)
	defer d.recovered(nil)
	d.arrived(b, from)
	err := d.parsed.Parse(b) // for the headers that an answer needs
	d.heard(b, from, err == nil)
	d.parsed.SetSource(from.Remote, false)
	d.malformed(why, from)
}

// Lost implements transport.User.
func (w *wire) Lost(f transaction.Flow, dead netip.AddrPort, why error) {
	d := (*Driver)(w)
	defer d.recovered(nil)
	d.flowLost(f, dead, why)
}

// InUse implements transport.User.
func (w *wire) InUse(f transaction.Flow) bool { return (*Driver)(w).flowInUse(f) }

// send sends a message that belongs to no transaction: an ACK.
func (d *Driver) send(b []byte, r transaction.Route) error {
	_, err := (*wire)(d).Send(b, r)
	return err
}

func (d *Driver) debugs(n int) bool {
	return d.log.Enabled(context.Background(), event.LevelDebug(n))
}

func (d *Driver) debug(n int, msg string, args ...any) { d.say(event.LevelDebug(n), msg, args) }

func (d *Driver) verbose(n int, msg string, args ...any) { d.say(event.LevelVerbose(n), msg, args) }

func (d *Driver) notice(msg string, args ...any) { d.say(event.LevelNotice, msg, args) }

// say logs in the name of the place that called debug, verbose or notice.
func (d *Driver) say(level slog.Level, msg string, args []any) {
	ctx := context.Background()
	if !d.log.Enabled(ctx, level) {
		return
	}
	var pc [1]uintptr
	runtime.Callers(3, pc[:])
	r := slog.NewRecord(d.now(), level, msg, pc[0])
	r.Add(args...)
	_ = d.log.Handler().Handle(ctx, r)
}
