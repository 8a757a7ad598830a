// Package lsp is a language server for the files of an office: an editor that
// speaks the Language Server Protocol (3.17) shows the findings of `pbx check` while
// sip.conf and extensions.conf are typed, tells what an application, a function or
// an option is, leads to contexts, peers and labels, completes their names, and lays
// files out.
//
// A Server reads requests from one stream and writes answers to another, one after
// the other, on the goroutine that calls Run. What is open in the editor stands in
// for the files on the disk.
package lsp
