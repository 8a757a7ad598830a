// Package missed tells users of calls that they missed: by mail, by a post to a web
// server, or by a text message on the phone.
//
// A Service watches the exchange's events while missed.conf names anybody, each on
// the goroutine that publishes it; otherwise it costs nothing. When a call is over, who
// was called in it and nobody answered since gets one record. A goroutine of its own
// looks up who that is and where he wants to be told, notes each delivery in the
// store, and makes it, again and again if need be. Nothing that a loop does waits
// for any of it.
package missed
