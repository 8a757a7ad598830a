package bridge

import (
	"errors"
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
	m := meeting{met: make(chan struct{}), over: make(chan struct{})}
	a.AsyncRun(func(channel.Thread) error { return m.host(a, b, o) })
	b.AsyncRun(func(channel.Thread) error { return m.visit(b) })
}

// JoinFrom is Join for the thread of a: talk bridges b on this goroutine, which owns b
// until talk returns.
func JoinFrom(a, b *channel.Channel, talk func()) error {
	m := meeting{met: make(chan struct{}), over: make(chan struct{})}
	b.AsyncRun(func(channel.Thread) error { return m.visit(b) })
	return m.run(talk)
}

// meeting is how the goroutine of one channel lends it to that of another.
type meeting struct {
	met, over chan struct{}
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
	timer := time.NewTimer(rendezvous)
	defer timer.Stop()
	select {
	case m.met <- struct{}{}:
	case <-timer.C:
		close(m.over)
		return ErrNotThere
	}
	defer close(m.over)
	talk()
	return nil
}

// visit waits while the other's goroutine has the channel.
func (m *meeting) visit(b *channel.Channel) error {
	timer := time.NewTimer(rendezvous)
	defer timer.Stop()
	select {
	case <-m.met:
		<-m.over
	case <-m.over:
	case <-timer.C:
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
