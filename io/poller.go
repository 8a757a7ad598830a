package io

import "time"

// Events is a set of conditions of a descriptor.
type Events uint32

// In: something can be read. Out: something can be written. Err and Hup are
// delivered whether asked for or not: a pending error, and a peer that hung up.
const (
	In Events = 1 << iota
	Out
	Err
	Hup
)

// String lists the conditions, such as "in|hup".
func (e Events) String() string {
	names := [...]string{"in", "out", "err", "hup"}
	s := ""
	for i, n := range names {
		if e&(1<<i) == 0 {
			continue
		}
		if s != "" {
			s += "|"
		}
		s += n
	}
	return s
}

// Ready is a descriptor with the conditions it was found in.
type Ready struct {
	FD     int
	Events Events
}

// Poller tells which of a set of descriptors are ready. It is level triggered:
// a descriptor that stays ready is reported by every Wait. Wake may be called
// from any goroutine, everything else from the one that calls Wait.
type Poller interface {
	// Add watches fd, Change watches it for other events, Remove stops. Remove of
	// a descriptor that is not watched or was closed is no error.
	Add(fd int, ev Events) error
	Change(fd int, ev Events) error
	Remove(fd int) error
	// Wait fills out with ready descriptors and returns their number: at once
	// when timeout is 0, else when one is ready, after timeout, or on Wake; a
	// negative timeout has no limit. It may return 0 early.
	Wait(timeout time.Duration, out []Ready) (int, error)
	// Wake ends the Wait in progress, or the next one.
	Wake()
	Close() error
}
