package server

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	pbxio "pbx/io"
	"pbx/sched"
)

// alarmClock tells the goroutines of calls when what they wait for is over. The runtime's
// timers could; but each that is due wakes the runtime's monitor thread too, and on an
// exchange that is mostly idle that costs as much as the call's own work
// (docs/adr/0006).
type alarmClock struct {
	log  *slog.Logger
	ctx  *pbxio.Context
	over bool // run returns
	done chan struct{}

	mu    sync.Mutex
	sched *sched.Scheduler
	due   []func()
}

// startAlarms starts the loop of an alarmClock, which close ends.
func startAlarms(network pbxio.Network, log *slog.Logger) (*alarmClock, error) {
	poller, err := network.NewPoller()
	if err != nil {
		return nil, fmt.Errorf("alarm clock: %w", err)
	}
	c := &alarmClock{log: log, ctx: pbxio.NewContext(poller), done: make(chan struct{}), sched: sched.New(nil)}
	go c.run()
	return c, nil
}

func (c *alarmClock) run() {
	defer close(c.done)
	defer c.ctx.Close() //nolint:errcheck // nobody waits for it any more
	for !c.over {
		c.mu.Lock()
		c.sched.Run()
		due, wait := c.due, c.sched.Wait()
		c.due = nil
		c.mu.Unlock()
		for _, f := range due {
			f()
		}
		if len(due) > 0 {
			continue
		}
		if _, err := c.ctx.Wait(wait); err != nil {
			c.log.Error(fmt.Sprintf("the alarm clock stands still: %v", err))
			return
		}
	}
}

// AfterFunc implements channel.Clock.
func (c *alarmClock) AfterFunc(d time.Duration, f func()) (stop func()) {
	c.mu.Lock()
	first := c.sched.Wait()
	id := c.sched.Add(d, func() time.Duration {
		c.due = append(c.due, f) // to run without the lock
		return sched.Done
	})
	c.mu.Unlock()
	if first < 0 || d < first {
		c.ctx.Wake()
	}
	return func() {
		c.mu.Lock()
		c.sched.Delete(id)
		c.mu.Unlock()
	}
}

// close ends the loop; what is not due yet does not run.
func (c *alarmClock) close() {
	c.ctx.Post(func() { c.over = true })
	<-c.done
}
