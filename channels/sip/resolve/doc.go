// Package resolve finds the servers that a SIP request can go to (RFC 3263): by
// NAPTR which protocols a domain speaks, by SRV which hosts serve it, in what
// order and with what share (RFC 2782), by A and AAAA where those are.
//
// It does no I/O and reads no clock. A Search says what to ask and is handed the
// answers; a Cache keeps those for as long as they hold, and longer while the DNS
// is dead; a Blacklist remembers who failed lately; Pack and Unpack are the wire
// format of RFC 1035. All of it belongs to one goroutine, the monitor loop, but
// for Pack and Unpack, which the workers that ask the DNS call.
package resolve
