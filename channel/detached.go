package channel

import (
	"errors"
	"time"
)

// Detached makes a channel that is in no registry and of no call: what functions
// work on that a program asks for outside of one. Nothing of it is published.
func (r *Registry) Detached() *Channel {
	return &Channel{reg: r, detached: true, line: line{tech: nobody{}, leg: nobody{}, created: r.now()}}
}

// nobody is the driver of a detached channel, and its leg.
type nobody struct{}

var errDetached = errors.New("there is no call")

// Name implements Technology.
func (nobody) Name() string { return "" }

// Description implements Technology.
func (nobody) Description() string { return "" }

// Request implements Technology.
func (nobody) Request(r Request) (*Channel, error) {
	return nil, &RequestError{r.Resource, CauseChanNotImplemented, errDetached}
}

// DeviceState implements Technology.
func (nobody) DeviceState(string) DeviceState { return DeviceInvalid }

// Call implements Leg.
func (nobody) Call() error { return errDetached }

// Answer implements Leg.
func (nobody) Answer() error { return errDetached }

// Indicate implements Leg.
func (nobody) Indicate(Control) error { return errDetached }

// Hangup implements Leg.
func (nobody) Hangup(Cause) {}

// SendDigit implements Leg.
func (nobody) SendDigit(byte, time.Duration) error { return errDetached }

// SendText implements Leg.
func (nobody) SendText(string) error { return errDetached }

// Transfer implements Leg.
func (nobody) Transfer(string) error { return errDetached }

// Rebind implements Leg.
func (nobody) Rebind(*Channel) {}

// Item implements Leg.
func (nobody) Item(string) (string, bool) { return "", false }

// NewDeviceless makes a channel of the name given that is in the registry and
// has no device: one that a plan runs on when there is nobody to talk to, such as
// the extension failed of a call that did not come about.
func (r *Registry) NewDeviceless(name string, at Location) *Channel {
	return r.New(Options{Full: name, Tech: deviceless{}, Leg: deviceless{}, State: Down, Location: at})
}

// deviceless is the leg of a channel that talks to nobody, and likes all it is told.
type deviceless struct{ nobody }

// Answer implements Leg.
func (deviceless) Answer() error { return nil }

// Indicate implements Leg.
func (deviceless) Indicate(Control) error { return nil }
