package timers

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pbx/callfile"
	"pbx/channel"
	"pbx/store"
)

// deadlyStore is a store of an exchange that is killed when a change is on the disk,
// the first, second … of those after it is armed.
type deadlyStore struct {
	channel.Store
	armed  bool
	left   int
	killed chan struct{}
}

var errKilled = errors.New("killed")

func (k *deadlyStore) Put(family, key string, value []byte, done func(error)) {
	if k.armed {
		k.left--
	}
	switch {
	case k.left > 0:
		k.Store.Put(family, key, value, done)
	case k.left == 0:
		k.Store.Put(family, key, value, func(error) { // nobody hears that it is there
			if done != nil {
				done(errKilled)
			}
			close(k.killed)
		})
	}
}

// countingPlan is a dialplan that has every extension, and counts what runs.
type countingPlan struct {
	callfile.Dialplan
	runs int
}

func (p *countingPlan) Resolve(_ *channel.Channel, at channel.Location, _ string) (channel.Location, error) {
	return at, nil
}

func (p *countingPlan) Match(string, string, int, string) channel.Match {
	return channel.MatchExists
}

func (p *countingPlan) Start(ch *channel.Channel) {
	p.runs++
	go ch.Hangup()
}

// TestKilled kills the exchange around a due time, at each change of the store: what
// was begun is not begun again, and what was not is, as it is not a minute late.
func TestKilled(t *testing.T) {
	for _, c := range []struct {
		name    string
		deadly  int // the change that it is killed at; 0 before any
		retries int
		want    int
	}{
		{"before it was due", 0, 0, 1},
		{"as the attempt was noted", 1, 0, 0},
		{"as the attempt was noted, and there is another", 1, 1, 1},
		{"as its end was noted", 2, 0, 1},
		{"as its end was noted, and there would be another", 2, 1, 1},
		{"later", 3, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "journal")
				p := &countingPlan{}
				quiet := slog.New(slog.DiscardHandler)
				file := &callfile.File{Context: "c", Exten: "e", Priority: "1", MaxRetries: c.retries, RetryTime: 10 * time.Second}
				list := []*Timer{{Name: "t", Text: "every 1h", Zone: time.UTC, Schedule: interval(time.Hour), File: file}}
				run := func(deadly int, d time.Duration) {
					t.Helper()
					j, err := store.Open(path, nil)
					if err != nil {
						t.Fatal(err)
					}
					defer j.Close()
					s := &deadlyStore{Store: j, left: deadly, killed: make(chan struct{})}
					reg := channel.NewRegistry(nil, quiet, time.Now, "")
					x := New(Deps{Caller: &callfile.Caller{Registry: reg, Dialplan: p, Log: quiet}, Store: s, Log: quiet})
					x.Configure(list)
					s.armed = true
					ctx, cancel := context.WithCancel(t.Context())
					ended := make(chan struct{})
					go func() { defer close(ended); x.Run(ctx) }()
					select {
					case <-time.After(d):
					case <-s.killed:
					}
					cancel()
					<-ended
					x.Wait(time.Second)
				}
				begin := time.Now()
				switch c.deadly {
				case 0:
					run(1000, time.Hour-time.Second)
				default:
					run(c.deadly, time.Hour+5*time.Second)
				}
				time.Sleep(time.Until(begin.Add(time.Hour + 20*time.Second)))
				run(1000, 30*time.Minute)
				if p.runs != c.want {
					t.Errorf("it ran %d times, want %d", p.runs, c.want)
				}
			})
		})
	}
}

// TestClockPutBack: a time that comes again is not run again.
func TestClockPutBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &countingPlan{}
		quiet := slog.New(slog.DiscardHandler)
		j, err := store.Open(filepath.Join(t.TempDir(), "journal"), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		var back atomic.Int64
		reg := channel.NewRegistry(nil, quiet, func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }, "")
		x := New(Deps{Caller: &callfile.Caller{Registry: reg, Dialplan: p, Log: quiet}, Store: j, Log: quiet})
		x.Configure([]*Timer{{Name: "t", Zone: time.UTC, Schedule: interval(time.Hour), File: &callfile.File{Exten: "e"}}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); x.Run(ctx) }()
		time.Sleep(time.Hour + time.Minute)
		synctest.Wait()
		back.Store(int64(30 * time.Minute)) // 00:31 again
		time.Sleep(time.Hour + 10*time.Minute)
		synctest.Wait()
		if p.runs != 1 { // 01:00 came again and was run already
			t.Errorf("it ran %d times", p.runs)
		}
		cancel()
		<-ended
	})
}
