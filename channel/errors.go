package channel

import "errors"

// ErrHangup ends the thread that gets it: the call is over, or the application
// asked for its end.
var ErrHangup = errors.New("hang up")

// ErrRedirect takes a thread out of what it does because AsyncGoto left another
// place for it: the engine goes on at Channel.TakeRedirect.
var ErrRedirect = errors.New("sent to another place")

// Digit is the error of an application that a caller's digit ended: the thread
// collects the rest of an extension, beginning with it (Background, WaitExten).
type Digit byte

func (d Digit) Error() string { return "digit " + string(rune(d)) }

// ErrIncomplete is the error of an application that needs more digits than the
// extension has (Incomplete): the thread collects them after those dialled.
var ErrIncomplete = errors.New("more digits needed")

// ErrTimeout is returned by waits in which nothing came in time.
var ErrTimeout = errors.New("timed out")

// RequestError says why no outbound leg could be made.
type RequestError struct {
	Dest  string // Technology/resource
	Cause Cause
	Err   error
}

func (e *RequestError) Error() string { return e.Dest + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *RequestError) Unwrap() error { return e.Err }
