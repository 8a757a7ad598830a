// Package io waits for descriptors, in the manner of poll(2): a Context holds
// descriptors with a callback each, waits until one is ready or a time has
// passed, and runs the callbacks. It also makes the UDP sockets and the TCP
// connections of the exchange, so that everything above it can run over a network
// in memory.
//
// A Context belongs to the one goroutine that calls Wait, its loop; callbacks
// and posted functions run there, and so Add, Change and Remove are called
// there. Post and Wake may be called from any goroutine. Importers name the
// package pbxio.
//
// System is the machine's network: epoll and system calls made directly, with
// the loop's goroutine parked in the runtime's poller while there is nothing to
// do. NewMemory is a network of its own in memory, whose pollers block durably
// in a testing/synctest bubble so that virtual time passes.
package io
