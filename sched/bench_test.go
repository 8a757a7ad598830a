package sched

import (
	"fmt"
	"testing"
	"time"
)

// A timer that is set and stopped before it fires, as nearly all of a SIP
// exchange's are, among others that wait.
func BenchmarkAddDelete(b *testing.B) {
	for _, waiting := range []int{10, 10_000} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			s := New(nil)
			f := func() time.Duration { return Done }
			for i := range waiting {
				s.Add(time.Hour+time.Duration(i), f)
			}
			b.ReportAllocs()
			for b.Loop() {
				s.Delete(s.Add(32*time.Second, f))
			}
		})
	}
}

// The same with the runtime's timers.
func BenchmarkAfterFuncStop(b *testing.B) {
	for _, waiting := range []int{10, 10_000} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			f := func() {}
			for i := range waiting {
				defer time.AfterFunc(time.Hour+time.Duration(i), f).Stop()
			}
			b.ReportAllocs()
			for b.Loop() {
				time.AfterFunc(32*time.Second, f).Stop()
			}
		})
	}
}

func BenchmarkAddRun(b *testing.B) {
	s := New(nil)
	f := func() time.Duration { return Done }
	b.ReportAllocs()
	for b.Loop() {
		s.Add(0, f)
		s.Run()
	}
}
