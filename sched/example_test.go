package sched_test

import (
	"fmt"
	"time"

	"pbx/sched"
)

// A loop in three lines: how long may I sleep, sleep, run what is due. The clock
// of this one jumps instead of sleeping.
func Example() {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s := sched.New(func() time.Time { return now })

	tries := 0
	s.Add(500*time.Millisecond, func() time.Duration {
		tries++
		fmt.Println(now.Format("05.0"), "retransmit", tries)
		if tries == 3 {
			return sched.Done
		}
		return time.Duration(tries) * time.Second // the next interval
	})
	giveUp := s.Add(time.Minute, func() time.Duration {
		fmt.Println("never printed")
		return sched.Done
	})
	s.Add(4*time.Second, func() time.Duration {
		fmt.Println(now.Format("05.0"), "answered")
		s.Delete(giveUp)
		return sched.Done
	})

	for {
		wait := s.Wait()
		if wait < 0 {
			break
		}
		now = now.Add(wait)
		s.Run()
	}
	// Output:
	// 00.5 retransmit 1
	// 01.5 retransmit 2
	// 03.5 retransmit 3
	// 04.0 answered
}
