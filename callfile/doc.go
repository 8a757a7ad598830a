// Package callfile places the calls that programs ask for with a file: they write a
// few lines, move the file into spool/outgoing, and the exchange calls a device and
// sends it, when it answers, to an extension or into an application. Formats, names
// and the lines that are written into the files are those of the ancestor's
// pbx_spool.
//
// A Spool has a goroutine of its own, Run, and one for each call. Its methods may
// be called from any goroutine.
package callfile
