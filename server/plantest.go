package server

import (
	"fmt"
	"runtime"
	"sync"

	"pbx/dryrun"
)

// TestResult is what came of one test of a dialplan.
type TestResult struct {
	Test  *dryrun.Test
	Trace *dryrun.Trace // nil when the call could not be made
	// Err is the first expectation that was not met, a *dryrun.Failure, or why the
	// call could not be made; nil for a test that passed.
	Err error
}

// Test runs tests, several at a time, and returns their results in order.
func (r *Rehearsal) Test(tests []*dryrun.Test, coverage *dryrun.Coverage) []TestResult {
	results := make([]TestResult, len(tests))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(tests)) {
		wg.Go(func() {
			for i := range next {
				results[i] = r.test(tests[i])
				if t := results[i].Trace; t != nil && coverage != nil {
					coverage.Add(t)
				}
			}
		})
	}
	for i := range tests {
		next <- i
	}
	close(next)
	wg.Wait()
	return results
}

func (r *Rehearsal) test(t *dryrun.Test) TestResult {
	res := TestResult{Test: t}
	c := t.Call // From adds to it
	context, caller := c.Context, c.Caller
	if t.From != "" {
		if err := r.From(&c, t.From); err != nil {
			res.Err = fmt.Errorf("%s: %w", t.Pos, err)
			return res
		}
		if context != "" {
			c.Context = context
		}
		if caller.Number != "" || caller.Name != "" {
			c.Caller = caller
		}
	}
	start := dryrun.DefaultMoment
	if t.At != "" {
		var err error
		if start, err = dryrun.ParseMoment(t.At, start); err != nil {
			res.Err = fmt.Errorf("%s: %w", t.Pos, err)
			return res
		}
	}
	trace, err := r.Call(start, &c)
	if err != nil {
		res.Err = fmt.Errorf("%s: %w", t.Pos, err)
		return res
	}
	res.Trace = trace
	if f := t.Compare(trace); f != nil {
		res.Err = f
	}
	return res
}
