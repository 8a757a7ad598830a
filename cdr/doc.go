// Package cdr makes call detail records: who called whom, when, for how long and
// with what outcome, one row for each pair of parties, as programs for billing and
// statistics expect them; and one summary of each call.
//
// An Engine reads the exchange's events, each on the goroutine that publishes it, so
// that no record misses one and ${CDR(...)} knows what happened before. Its state is
// behind one lock that is never held across anything that blocks. Finished rows go to
// the writer, a goroutine of its own (package spool), which alone touches disks and
// databases: neither a loop nor a dialplan thread ever waits for them.
//
// The rules are those of golden/cdr.md: a channel has a chain of records; a record
// is of the channel alone until it dials or is bridged, ends when that does, and the next
// step of the dialplan begins another.
package cdr
