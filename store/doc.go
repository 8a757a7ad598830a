// Package store keeps small records across restarts: a Journal maps a family and
// a key to a value, appends every change to one file, and reads that file when
// it is opened.
//
// A Journal has a goroutine of its own, which alone touches the file. Put, Delete
// and Range may be called from any goroutine and do not wait for the disk; done
// functions run on the journal's goroutine and must not block it.
package store
