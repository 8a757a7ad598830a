// Package flow reads a dialplan as a program: what leads from each step to which
// other steps, what a caller in a context can get to, which variables are set and
// read, and where text from a caller ends up. `pbx check`, `pbx reach` and `pbx
// graph` ask it.
//
// What only a call knows is kept as a shape (dialplan.Shape): a place may then be
// one of several. A Flow never changes once it is made; any goroutine may ask it.
package flow
