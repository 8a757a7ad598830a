// Package sdp reads and writes session descriptions (RFC 8866) for the
// offer/answer model of RFC 3264.
//
// Parse checks a description and indexes it where it lies; media descriptions
// are read one at a time from Session.Media, without allocating. Every slice
// refers to the text that was parsed. Description writes an offer or an answer
// into a buffer of the caller's; Session.Answer goes through an offer and writes
// one m-line for each of its own.
//
// The package holds no state; any goroutine may use it.
package sdp
