// Package manager is the manager interface (AMI): programs connect over TCP, TLS
// or HTTP, log in as a user of manager.conf, send actions and receive events.
//
// Each connection has two goroutines, one that reads and runs actions and one that
// writes what the connection did not take at once; one more, the feed, reads the event
// bus while anybody who logged in wants events, writes each down once and hands it to
// every session. What waits for a session is bounded: a program that does not read is
// dropped, with a log line, and holds nobody up. Actions run on the session's goroutine and never on a loop of the
// exchange.
package manager
