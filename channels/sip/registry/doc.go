// Package registry is how this exchange registers with others (RFC 3261 10.2):
// the register => lines of sip.conf, the state machine of one registration, and
// what an answer to REGISTER says.
//
// It does no I/O and reads no clock: it is told what happened and says what to do
// next. Values belong to one goroutine, the monitor loop.
package registry
