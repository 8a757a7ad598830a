// Package fifo takes requests from a named pipe and writes answers into others, as the
// SIP Express Router and its descendants did: scripts of that kind need no more than
// echo and cat.
//
// A Server reads its pipe on a goroutine of its own and carries each request out on one
// more; nothing of the exchange waits for it. A Parser is pure.
package fifo
