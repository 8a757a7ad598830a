// Package digest is HTTP digest authentication as SIP has it (RFC 3261 22,
// RFC 7616, RFC 8760; RFC 2617 where the other side knows no qop): the headers,
// the arithmetic, and the client who proves himself again and again.
//
// It does no I/O, reads no clock and keeps nothing between calls but what a
// caller holds in a Hasher or Client. Values belong to the goroutine that has
// them, in this exchange the monitor loop.
package digest
