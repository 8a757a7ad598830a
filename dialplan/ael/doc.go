// Package ael reads extensions.ael: the other language of dialplans, with blocks,
// conditions, loops and macros. It makes the lines of extensions.conf that mean the
// same, each with the place in the AEL file that it came from, so that one plan is
// built of both and everything that knows a plan knows these.
//
// A switch becomes extensions of its own, sw_N_VALUE, so that its patterns match as
// those of extensions do; a macro becomes a context of its name whose extension is
// ~~s~~. Its functions keep no state.
package ael
