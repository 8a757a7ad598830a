package timers

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"pbx/callfile"
	"pbx/channel"
	"pbx/channel/originate"
	"pbx/event"
)

const (
	// late is how long after its time a timer is still on time.
	late = time.Minute
	// look is how often the clock is looked at, which somebody may set.
	look = time.Minute
	// family is what states are kept under.
	family = "Timer"
)

// Deps are what Timers work with.
type Deps struct {
	Caller *callfile.Caller
	// Store keeps what was begun.
	Store channel.Store
	Log   *slog.Logger
}

// Timers run what timers.conf says.
type Timers struct {
	deps Deps
	wake chan struct{}

	mu    sync.Mutex
	list  []*timer
	known map[string]state // as they were in the store
	calls sync.WaitGroup
}

// timer is a Timer with what became of it; Timers.mu guards it.
type timer struct {
	*Timer
	state
	next    time.Time // that it is due, zero for never again
	running bool
	last    string // how the last call went
	lastAt  time.Time
}

// state is what survives the exchange.
type state struct {
	// Of is the schedule that it belongs to, with the zone.
	Of string `json:"schedule"`
	// Due is the last time that was acted on, or left out.
	Due time.Time `json:"due"`
	// Attempts are those made for it, which may be followed by another at Again; none
	// when it is over.
	Attempts int       `json:"attempts,omitempty"`
	Again    time.Time `json:"again,omitzero"`
}

// New makes timers; Configure gives them something to do, Run does it.
func New(d Deps) *Timers {
	t := &Timers{deps: d, wake: make(chan struct{}, 1), known: make(map[string]state)}
	d.Store.Range(family, func(key string, value []byte) bool {
		var s state
		if err := json.Unmarshal(value, &s); err != nil {
			d.Log.Warn(fmt.Sprintf("timer %s: what is kept of it cannot be read: %v", key, err))
			return true
		}
		t.known[key] = s
		return true
	})
	return t
}

func (t *Timers) now() time.Time { return t.deps.Caller.Registry.Now() }

// Configure takes the timers of a configuration. Those whose schedule stays go on.
func (t *Timers) Configure(list []*Timer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := make(map[string]*timer)
	for _, x := range t.list {
		old[x.Name] = x
	}
	now := t.now()
	t.list = nil
	for _, c := range list {
		x := old[c.Name]
		delete(old, c.Name)
		if x == nil {
			x = &timer{state: t.known[c.Name]}
		}
		delete(t.known, c.Name)
		x.Timer = c
		if of := c.Text + " " + c.Zone.String(); x.Of != of {
			x.state = state{Of: of, Due: now}
			t.save(x, nil)
		}
		x.next = c.Schedule.Next(x.Due)
		t.list = append(t.list, x)
	}
	for name := range old {
		t.deps.Store.Delete(family, name, nil)
	}
	for name := range t.known {
		t.deps.Store.Delete(family, name, nil)
	}
	clear(t.known)
	t.nudge()
}

func (t *Timers) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// save keeps a timer's state; done is told when it is kept.
func (t *Timers) save(x *timer, done func(error)) {
	b, err := json.Marshal(x.state)
	if err != nil {
		panic(err) // a struct of plain fields
	}
	t.deps.Store.Put(family, x.Name, b, done)
}

// Run begins what is due until ctx ends. Calls that are under way go on; Wait waits
// for them.
func (t *Timers) Run(ctx context.Context) {
	clock := time.NewTimer(0)
	defer clock.Stop()
	for {
		clock.Stop()
		if wait, any := t.begin(); any {
			clock.Reset(min(wait, look))
		}
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		case <-clock.C:
		}
	}
}

// Wait returns when no call is under way, or after limit. It is called when Run has
// returned.
func (t *Timers) Wait(limit time.Duration) { callfile.Await(&t.calls, limit) }

// begin begins what is due. It returns how long nothing is; any is false when nothing
// ever will be.
func (t *Timers) begin() (wait time.Duration, any bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.deps.Caller.Registry.Closing() { // it is there after the restart
		return look, true
	}
	now := t.now()
	for _, x := range t.list {
		t.look(x, now)
		for _, at := range [...]time.Time{x.next, x.Again} {
			if at.IsZero() || x.running && at.Equal(x.Again) {
				continue
			}
			if d := max(at.Sub(now), 0); !any || d < wait {
				wait, any = d, true
			}
		}
	}
	return wait, any
}

// look begins what is due of one timer.
func (t *Timers) look(x *timer, now time.Time) {
	if !x.next.IsZero() && !x.next.After(now) {
		t.due(x, now)
		return
	}
	if x.Attempts == 0 || x.running || x.Again.After(now) {
		return
	}
	if x.Attempts > x.File.MaxRetries {
		// The exchange ended while it made the last attempt.
		t.over(x)
		return
	}
	t.attempt(x, now, x.Due)
}

// due acts on the times that have come: on the last one, as far as it is not too late
// for it.
func (t *Timers) due(x *timer, now time.Time) {
	missed, at := x.next, time.Time{}
	from := x.Due
	if earliest := now.Add(-max(x.Missed, late)); from.Before(earliest) {
		from = earliest.Add(-time.Nanosecond)
	}
	for n := x.Schedule.Next(from); !n.IsZero() && !n.After(now); n = x.Schedule.Next(n) {
		at = n
	}
	if at.IsZero() || missed.Before(from) {
		t.deps.Log.Log(context.Background(), event.LevelNotice, fmt.Sprintf("timer %s was missed: it was due at %s", x.Name, show(missed, x.Zone)))
	}
	x.Due = now
	if !at.IsZero() {
		x.Due = at
	}
	x.next = x.Schedule.Next(x.Due)
	switch {
	case at.IsZero():
		t.over(x)
	case x.running:
		t.deps.Log.Warn(fmt.Sprintf("timer %s is due again while its last call goes on; this time is left out", x.Name))
		t.save(x, nil)
	default:
		x.Attempts = 0
		t.attempt(x, now, x.Due)
	}
}

// over ends what was begun for the last due time.
func (t *Timers) over(x *timer) {
	x.Attempts, x.Again = 0, time.Time{}
	t.save(x, nil)
}

// dueVariable tells the dialplan the time that a call is for, in seconds since 1970.
const dueVariable = "TIMER_DUE"

// attempt makes one call for a due time, on a goroutine of its own, once the store has it
// that it is made.
func (t *Timers) attempt(x *timer, now, due time.Time) {
	x.running = true
	x.Attempts++
	x.Again = now.Add(x.File.RetryTime)
	x.lastAt, x.last = now, "under way"
	c, try := *x.Timer, x.Attempts
	file := *c.File
	file.Variables = append(slices.Clip(file.Variables), channel.Variable{Name: dueVariable, Value: channel.Clean(strconv.FormatInt(due.Unix(), 10))})
	c.File = &file
	kept := make(chan error, 1)
	t.save(x, func(err error) { kept <- err })
	t.calls.Add(1)
	t.deps.Caller.Registry.Go(func() {
		defer t.calls.Done()
		err := <-kept
		ok := false
		if err == nil {
			ok, err = t.call(&c, try)
		}
		if err != nil {
			t.deps.Log.Warn(fmt.Sprintf("timer %s: the call is not made: %v", c.Name, err))
		}
		t.ended(x, ok, err)
	})
}

// call makes one call and waits for its end; ok is that it came about.
func (t *Timers) call(c *Timer, try int) (ok bool, err error) {
	log := t.deps.Log
	if c.File.Dest == "" {
		event.Verbose(log, 3, "Timer %s runs %s", c.Name, c.File.Purpose())
		return true, t.deps.Caller.Run(c.File, "Timer/"+c.Name)
	}
	event.Verbose(log, 3, "Timer %s calls %s for %s (attempt %d)", c.Name, c.File.Dest, c.File.Purpose(), try)
	if reason := t.deps.Caller.Call(c.File); reason != originate.Answered {
		log.Log(context.Background(), event.LevelNotice, fmt.Sprintf("timer %s: %s: %s", c.Name, c.File.Dest, callfile.ReasonText(reason)))
		return false, nil
	}
	return true, nil
}

// ended notes how a call went.
func (t *Timers) ended(x *timer, ok bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x.running = false
	switch {
	case err != nil:
		x.last = err.Error()
	case ok:
		x.last = "done"
	default:
		x.last = "no answer"
	}
	if err != nil || ok || x.Attempts > x.File.MaxRetries {
		x.Attempts, x.Again = 0, time.Time{}
	}
	for _, still := range t.list {
		if still == x { // else the file has it no more
			t.save(x, nil)
		}
	}
	t.nudge()
}

// Start runs a timer now, whatever its schedule says; false is that there is none of
// that name, or that its last call still goes on.
func (t *Timers) Start(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.list {
		if x.Name == name && !x.running {
			x.Attempts = 0
			t.attempt(x, t.now(), t.now())
			return true
		}
	}
	return false
}

func show(at time.Time, zone *time.Location) string {
	return at.In(zone).Format("2006-01-02 15:04:05 MST")
}
