// Package timers makes calls at times of day: timers.conf names, for each timer, when
// it is due (at, every, cron) and a device that is called or an extension that runs.
// The calls are those of call files (package callfile).
//
// A schedule is pure: it says which moment comes after another. Timers has a goroutine
// of its own, Run, and one for each call; its methods may be called from any
// goroutine. What was begun is in the store before anybody rings, so that a due time
// is acted on at most once, whatever becomes of the exchange.
package timers
