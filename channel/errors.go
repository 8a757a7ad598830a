package channel

import "errors"

// ErrHangup ends the thread that gets it: the call is over, or the application
// asked for its end.
var ErrHangup = errors.New("hang up")

// ErrRedirect takes a thread out of what it does because AsyncGoto left another
// place for it: the engine goes on at Channel.TakeRedirect.
var ErrRedirect = errors.New("sent to another place")

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
