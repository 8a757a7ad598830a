package dialplan

import (
	"sync"
	"time"

	"pbx/channel"
)

// Locks are the named locks of LOCK(), TRYLOCK() and MacroExclusive. A channel
// may take one that it has once more; it is free when it was given back as often,
// or when the channel is over. Any goroutine may call the methods.
type Locks struct {
	mu    sync.Mutex
	names map[string]*lock
}

type lock struct {
	owner *channel.Channel
	count int
	// freed is closed when the lock is free; waiters look again then.
	freed chan struct{}
}

// Lock takes a lock for ch, waiting up to d for it.
func (l *Locks) Lock(ch *channel.Channel, name string, d time.Duration) bool {
	var timer *time.Timer
	for {
		freed, ok := l.try(ch, name)
		if ok || d <= 0 {
			return ok
		}
		if timer == nil {
			timer = time.NewTimer(d)
			defer timer.Stop()
		}
		select {
		case <-freed:
		case <-timer.C:
			_, ok := l.try(ch, name)
			return ok
		}
	}
}

func (l *Locks) try(ch *channel.Channel, name string) (freed <-chan struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.names[name]
	switch {
	case k == nil:
		if l.names == nil {
			l.names = make(map[string]*lock)
		}
		l.names[name] = &lock{owner: ch, count: 1, freed: make(chan struct{})}
	case k.owner == ch:
		k.count++
	default:
		return k.freed, false
	}
	return nil, true
}

// Unlock gives a lock back once; false when ch does not have it.
func (l *Locks) Unlock(ch *channel.Channel, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.names[name]
	if k == nil || k.owner != ch {
		return false
	}
	if k.count--; k.count == 0 {
		l.free(name, k)
	}
	return true
}

func (l *Locks) free(name string, k *lock) {
	delete(l.names, name)
	close(k.freed)
}

// release gives back what a channel that is over still has.
func (l *Locks) release(ch *channel.Channel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, k := range l.names {
		if k.owner == ch {
			l.free(name, k)
		}
	}
}
