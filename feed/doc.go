// Package feed tells programs what happens: it writes the events of the bus down as
// JSON, one object an event, and hands them to sinks (unix sockets, TCP, webhooks,
// NATS) and to whoever opens a Reader (the WebSocket of the JSON interface). What a
// reader wants of events and of their fields is a Selection.
//
// A Hub listens to the bus while somebody wants something, and to nothing otherwise;
// one goroutine writes each event down once and queues it. A reader that does not keep
// up is ended; what has to arrive waits on disk. Any goroutine may use the hub.
package feed
