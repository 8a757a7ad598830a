// Package dryrun walks a dialplan without a phone: the exchange's own engine and
// applications, on devices that behave as they are told, in a time that passes
// only when nothing else can happen. `pbx dial` prints such a walk, `pbx test`
// compares many of them with what their author expects.
//
// An Office is one exchange of that kind and makes one call. It is used by one
// goroutine; the call runs on others until Run returns.
package dryrun
