// Package devstate keeps the states that no driver knows: those of Custom:
// devices and CustomPresence: providers, which the dialplan and the console set,
// and the messages that wait in mailboxes. What was set by hand survives a
// restart.
//
// A Table may be used from any goroutine. It never calls a driver; every change
// goes to the bus, and those of mailboxes to who watches them.
package devstate
