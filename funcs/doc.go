// Package funcs holds the dialplan functions, one file a family. Each is one
// declaration: its arguments, its help and the code that reads or writes it.
//
// The code runs on the goroutine of the channel's thread and must not block, and
// it keeps nothing of its own but what belongs to the channel. Deps is what the
// functions need of the exchange; chance comes from a source handed in.
package funcs
