// Package dialplan is extensions.conf: it reads the file into a Plan, finds the
// extension that a caller's digits mean, substitutes variables and evaluates
// expressions, and runs a channel through the priorities.
//
// A Plan is immutable and may be read by any goroutine. The Engine holds the
// plan of the moment, the applications, the functions and the global variables;
// its methods may be called from any goroutine. A Thread runs one channel on a
// goroutine of its own and keeps the plan that it began with; only that
// goroutine calls its methods.
package dialplan
