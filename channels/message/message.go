// Package message is the channel driver behind Message/ast_msg_queue: it runs the
// dialplan for texts that came outside of a call, one after another.
//
// A Driver has no goroutine of its own. A message that comes while none is handled
// begins a dialplan thread; its end begins the next one.
package message

import (
	"errors"
	"sync"
	"time"

	"pbx/channel"
)

const (
	// waiting bounds the messages that wait for their turn.
	waiting = 256
	// patience is how long the dialplan may take over one of them: the others
	// wait.
	patience = time.Minute
	// name is that of the channel, which dialplans ask for.
	name = "Message/ast_msg_queue"
)

// Driver is the technology. Any goroutine may call its methods.
type Driver struct {
	registry *channel.Registry
	plan     channel.Dialplan

	mu    sync.Mutex
	busy  bool
	queue []entry
}

type entry struct {
	message *channel.Message
	at      channel.Location
}

// New makes the driver; the caller registers it.
func New(registry *channel.Registry, plan channel.Dialplan) *Driver {
	return &Driver{registry: registry, plan: plan}
}

// Receive implements channel.Inbox.
func (d *Driver) Receive(m *channel.Message, at channel.Location) bool {
	if d.registry.Closing() {
		return false
	}
	d.mu.Lock()
	if d.busy {
		ok := len(d.queue) < waiting
		if ok {
			d.queue = append(d.queue, entry{m, at})
		}
		d.mu.Unlock()
		return ok
	}
	d.busy = true
	d.mu.Unlock()
	d.run(entry{m, at})
	return true
}

// run begins the thread of one message.
func (d *Driver) run(e entry) {
	l := &leg{d: d}
	ch := d.registry.New(channel.Options{Full: name, Tech: d, Leg: l, State: channel.Up, Location: e.at})
	ch.SetMessage(e.message)
	l.limit = time.AfterFunc(patience, func() { ch.SoftHangup(channel.CauseNormalClearing) })
	d.plan.Start(ch)
}

// next begins the thread of the message whose turn it is.
func (d *Driver) next() {
	d.mu.Lock()
	if len(d.queue) == 0 || d.registry.Closing() {
		d.busy, d.queue = false, nil
		d.mu.Unlock()
		return
	}
	e := d.queue[0]
	d.queue = append(d.queue[:0], d.queue[1:]...)
	d.mu.Unlock()
	d.run(e)
}

// Name implements channel.Technology.
func (d *Driver) Name() string { return "Message" }

// Description implements channel.Technology.
func (d *Driver) Description() string { return "Internal Text Message Channel" }

// Errors of what a message is not.
var (
	errDial = errors.New("a message cannot be dialled")
	errTalk = errors.New("a message has no audio and no far end")
)

// Request implements channel.Technology.
func (d *Driver) Request(r channel.Request) (*channel.Channel, error) {
	return nil, &channel.RequestError{Dest: "Message/" + r.Resource, Cause: channel.CauseChanNotImplemented, Err: errDial}
}

// DeviceState implements channel.Technology.
func (d *Driver) DeviceState(string) channel.DeviceState { return channel.DeviceInvalid }

// leg is the driver's side of the channel.
type leg struct {
	d     *Driver
	limit *time.Timer
}

// Call implements channel.Leg.
func (l *leg) Call() error { return errDial }

// Answer implements channel.Leg.
func (l *leg) Answer() error { return nil }

// Indicate implements channel.Leg.
func (l *leg) Indicate(channel.Control) error { return nil }

// Hangup implements channel.Leg: the next message has its turn.
func (l *leg) Hangup(channel.Cause) {
	l.limit.Stop()
	l.d.next()
}

// SendDigit implements channel.Leg.
func (l *leg) SendDigit(byte, time.Duration) error { return errTalk }

// SendText implements channel.Leg.
func (l *leg) SendText(string) error { return errTalk }

// Transfer implements channel.Leg.
func (l *leg) Transfer(string) error { return errTalk }

// Rebind implements channel.Leg.
func (l *leg) Rebind(*channel.Channel) {}

// Item implements channel.Leg.
func (l *leg) Item(string) (string, bool) { return "", false }
