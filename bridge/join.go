package bridge

import (
	"errors"
	"sync/atomic"
	"time"

	"pbx/channel"
)

// rendezvous is how long the threads of two channels may take to come together.
const rendezvous = 5 * time.Second

// ErrNotThere is the reason of a Join whose other channel did not come.
var ErrNotThere = errors.New("the other channel did not come")

// Join takes two answered channels from what they do and bridges them until one
// hangs up. Each goes on after it at the priority after the one it left; one that
// no thread ran ends. It returns at once; any goroutine may call it.
func Join(a, b *channel.Channel, o Options) {
	m := newMeeting(a)
	a.AsyncRun(func(channel.Thread) error { return m.host(a, b, o) })
	b.AsyncRun(func(channel.Thread) error { return m.visit(b) })
}

// JoinFrom is Join for the thread of a: talk bridges b on this goroutine, which owns b
// until talk returns.
func JoinFrom(a, b *channel.Channel, talk func()) error {
	m := newMeeting(a)
	b.AsyncRun(func(channel.Thread) error { return m.visit(b) })
	return m.run(talk)
}

// meeting is how the goroutine of one channel lends it to that of another.
type meeting struct {
	came    *channel.Latch // the other one is there
	over    *channel.Latch // and may go
	settled atomic.Bool    // it takes place, or one of them has given up
}

func newMeeting(a *channel.Channel) *meeting {
	r := a.Registry()
	return &meeting{came: r.NewLatch(), over: r.NewLatch()}
}

// host runs the bridge.
func (m *meeting) host(a, b *channel.Channel, o Options) error {
	var r Result
	if err := m.run(func() { r = Run(a, b, o) }); (err != nil || r.Err != nil) && !a.HungUp() {
		return nil // it goes on alone
	}
	return after(a)
}

func (m *meeting) run(talk func()) error {
	defer m.over.Open()
	if !m.came.Wait(rendezvous) || !m.settled.CompareAndSwap(false, true) {
		return ErrNotThere
	}
	talk()
	return nil
}

// visit waits while the other's goroutine has the channel.
func (m *meeting) visit(b *channel.Channel) error {
	m.came.Open()
	if !m.over.Wait(rendezvous) && !m.settled.CompareAndSwap(false, true) {
		m.over.Wait(-1)
	}
	return after(b)
}

// after is what the end of the bridge means for a channel.
func after(ch *channel.Channel) error {
	switch {
	case ch.Redirected():
		return channel.ErrRedirect
	case ch.HungUp():
		return channel.ErrHangup
	}
	return nil
}
