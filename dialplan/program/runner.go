package program

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Limits bound what the programs of calls may take.
type Limits struct {
	// Time is how long a command may run, 0 for as long as it likes.
	Time time.Duration
	// Output is how much of a command's output is kept, in bytes; the rest is read
	// and dropped.
	Output int
	// Processes is how many programs of calls may run at once, scripts of AGI
	// included.
	Processes int
}

// DefaultLimits are those of an exchange whose asterisk.conf says nothing.
func DefaultLimits() Limits { return Limits{Output: 1 << 20, Processes: 256} }

// ErrBusy says that as many programs run as may.
var ErrBusy = errors.New("too many programs run")

// Runner starts the programs of one exchange. A nil Runner has the default limits
// and counts nothing. Its methods may be called from any goroutine.
type Runner struct {
	limits  atomic.Pointer[Limits]
	running atomic.Int64
}

// NewRunner makes one.
func NewRunner(l Limits) *Runner {
	r := new(Runner)
	r.SetLimits(l)
	return r
}

// SetLimits changes the limits for the programs that begin from now on.
func (r *Runner) SetLimits(l Limits) { r.limits.Store(&l) }

// Limits returns them.
func (r *Runner) Limits() Limits {
	if r == nil {
		return DefaultLimits()
	}
	return *r.limits.Load()
}

// Running is how many programs run.
func (r *Runner) Running() int { return int(r.running.Load()) }

// Take counts a program that is about to start; release is called when it has
// ended. The error wraps ErrBusy.
func (r *Runner) Take() (release func(), err error) {
	if r == nil {
		return func() {}, nil
	}
	if most := r.Limits().Processes; r.running.Add(1) > int64(most) {
		r.running.Add(-1)
		return nil, fmt.Errorf("%w: %d, programprocesses in asterisk.conf", ErrBusy, most)
	}
	var once atomic.Bool
	return func() {
		if once.CompareAndSwap(false, true) {
			r.running.Add(-1)
		}
	}, nil
}
