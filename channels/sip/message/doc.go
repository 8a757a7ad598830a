// Package message is the wire format of SIP (RFC 3261): it indexes a received
// message where it lies, reads its headers when asked, and writes requests and
// responses into a buffer of the caller's.
//
// A Message owns nothing but its index. Parse points it at the receive buffer;
// every slice it hands out lies in that buffer and is good until the buffer is
// written again, so whoever keeps a value makes a copy (string(v), URI.Clone,
// Message.Clone). A Message is meant to be reused: parsing into one that has
// been used before allocates nothing.
//
// Reading goes in three steps, each for those who need it:
//
//   - Parse finds the start line, the headers and the body (framing);
//   - Validate applies the rules RFC 3261 lets an element answer with 400, 416
//     or silence;
//   - the typed accessors (From, Via, CSeq, Contacts ...) read one header.
//
// What is wrong with a message is a *ParseError. It says which status the
// sender gets, or that RFC 3261 allows no answer; a Message whose parsing
// failed keeps the headers that were found, so that Builder.Response can answer.
//
// The package does no I/O, holds no state and imports nothing of the exchange.
// A Message and a Builder belong to one goroutine at a time (the monitor loop).
package message
