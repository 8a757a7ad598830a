package registry

import (
	"fmt"
	"time"
)

// State is how a registration stands; its text is what `sip show registry` shows.
type State uint8

// The states.
const (
	Unregistered     State = iota // nothing was sent yet, or the next try is awaited
	RequestSent                   // a REGISTER is under way
	AuthSent                      // one that answers a challenge is
	Registered                    // the binding is there
	Rejected                      // the registrar does not want it
	Timeout                       // the registrar is silent; the next try is awaited
	NoAuthentication              // the registrar does not believe us
	Failed                        // registerattempts are used up
)

var stateNames = [...]string{
	"Unregistered", "Request Sent", "Auth. Sent", "Registered", "Rejected", "Timeout", "No Authentication", "Failed",
}

func (s State) String() string { return stateNames[s] }

// Policy is what [general] says of registrations.
type Policy struct {
	Timeout        time.Duration // registertimeout: how long an answer may take, and between tries
	Attempts       int           // registerattempts: failed tries before giving up, 0 for never
	RetryForbidden bool          // register_retry_403
}

// Reply is what a final answer to REGISTER says.
type Reply struct {
	Status  int
	Granted time.Duration // 2xx: how long the binding lasts; < 0 when it does not say
	Minimum time.Duration // 423: Min-Expires, 0 for none
	After   time.Duration // Retry-After, 0 for none
	Proof   bool          // 401, 407: there is an answer to the challenge
}

// Step is what to do next.
type Step struct {
	// Send a REGISTER that asks for Registration.Asked; otherwise, with Wait, call
	// Due after that long; otherwise nothing comes any more.
	Send bool
	Wait time.Duration
	// Note is for the log, "" for nothing, Again whether it only repeats that all is
	// well.
	Note  string
	Again bool
}

// Registration is the state machine of one binding of ours. The zero value is not
// ready; New makes one.
type Registration struct {
	Line   Line
	Policy Policy
	// Asked is what the next REGISTER asks for.
	Asked time.Duration
	// Refresh is when, after the last success, the binding is refreshed.
	Refresh time.Duration
	// Since is the time of the last success.
	Since time.Time

	state   State
	until   time.Time // the binding lasts
	sent    time.Time // the first REGISTER of this try
	failed  int       // tries in a row
	brief   int       // 423 in a row
	leaving bool
	random  func() uint64
}

// New makes the registration of a line, which asks for expiry unless the line says
// otherwise. random spreads what is tried again.
func New(l Line, p Policy, expiry time.Duration, random func() uint64) *Registration {
	r := &Registration{Line: l, Policy: p, Asked: expiry, random: random}
	if l.Expiry > 0 {
		r.Asked = l.Expiry
	}
	r.Refresh = r.Asked
	return r
}

// State is how the registration stands at a time: Registered as long as the
// binding lasts, even while it is being refreshed.
func (r *Registration) State(now time.Time) State {
	if r.Bound(now) {
		return Registered
	}
	if r.state == Registered { // its refresh is late
		return Unregistered
	}
	return r.state
}

// Bound reports whether the registrar knows us.
func (r *Registration) Bound(now time.Time) bool { return now.Before(r.until) }

// Idle reports whether nothing is under way and no binding there.
func (r *Registration) Idle(now time.Time) bool {
	return !r.Bound(now) && r.state != RequestSent && r.state != AuthSent
}

const (
	// guard is how long before its end a binding is refreshed; a short one when a
	// fifth of it is left (but never less than guardLeast).
	guard      = 15 * time.Second
	guardShort = 30 * time.Second
	guardLeast = 500 * time.Millisecond
	// waitMost bounds the wait after silence and server errors, refusedFirst and
	// refusedMost are those after refusals, which rarely change by themselves:
	// a registrar may ban who insists.
	waitMost     = 3 * time.Minute
	refusedFirst = time.Minute
	refusedMost  = 30 * time.Minute
	// steady is how many tries come at the same pace before it slows down.
	steady = 3
	// minimumMost is the longest Min-Expires that is gone along with.
	minimumMost = 7 * 24 * time.Hour
	afterMost   = time.Hour
	briefMost   = 3
)

// Due begins a try: the first one, a refresh, or one after a failure.
func (r *Registration) Due(now time.Time) Step {
	r.sent = now
	if !r.Bound(now) {
		r.state = RequestSent
	}
	return Step{Send: true}
}

// Leave ends the binding, if there may be one. Nothing is tried again.
func (r *Registration) Leave(now time.Time) Step {
	under := r.state == RequestSent || r.state == AuthSent
	r.leaving, r.Asked = true, 0
	if !under && !r.Bound(now) {
		r.state = Unregistered
		return Step{}
	}
	r.sent = now
	return Step{Send: true}
}

// Silent says that no answer came.
func (r *Registration) Silent(now time.Time) Step {
	return r.failing(now, Timeout, "timed out")
}

// Unsent says that nothing could be sent.
func (r *Registration) Unsent(now time.Time, err error) Step {
	return r.failing(now, Unregistered, "could not be sent: "+err.Error())
}

func (r *Registration) failing(now time.Time, s State, how string) Step {
	if r.leaving {
		return r.left()
	}
	step := r.again(now, s, r.pace(r.Policy.Timeout, steady, waitMost), 0)
	if step.Note == "" {
		step.Note = fmt.Sprintf("Registration for '%s' %s, trying again in %d s (Attempt #%d)", r.Line, how, int((step.Wait + time.Second/2).Seconds()), r.failed+1)
	}
	return step
}

// Answered takes a final answer.
func (r *Registration) Answered(now time.Time, a Reply) Step {
	if a.Status != 423 {
		r.brief = 0
	}
	switch {
	case (a.Status == 401 || a.Status == 407) && a.Proof:
		if !r.Bound(now) {
			r.state = AuthSent
		}
		return Step{Send: true}
	case r.leaving:
		return r.left()
	case a.Status < 300:
		return r.registered(now, a.Granted)
	}
	r.until = time.Time{} // whatever it says, do not count on the binding
	switch {
	case a.Status == 401, a.Status == 407:
		return r.refused(now, NoAuthentication, a, fmt.Sprintf("Failed to authenticate on REGISTER to '%s'", r.Line))
	case a.Status == 403 && !r.Policy.RetryForbidden:
		r.state = NoAuthentication
		return Step{Note: fmt.Sprintf("Forbidden - wrong password on authentication for REGISTER for '%s' to '%s'", r.Line.User, r.Line.Host)}
	case a.Status == 403:
		return r.refused(now, NoAuthentication, a, fmt.Sprintf("Treating 403 response to REGISTER as non-fatal for %s", r.Line))
	case a.Status == 423:
		return r.tooBrief(now, a)
	case a.Status == 408, a.Status == 480, a.Status == 491, a.Status >= 500 && a.Status < 600:
		return r.troubled(now, a)
	}
	return r.refused(now, Rejected, a, fmt.Sprintf("Got %d on SIP register to service %s", a.Status, r.Line))
}

func (r *Registration) registered(now time.Time, granted time.Duration) Step {
	if granted < 0 {
		granted = r.Asked
	}
	if granted == 0 {
		return r.refused(now, Rejected, Reply{}, fmt.Sprintf("The binding of %s lasts no time", r.Line))
	}
	again := r.state == Registered
	left := guard
	if granted <= guardShort {
		left = max(granted/5, guardLeast)
	}
	r.state, r.failed = Registered, 0
	r.Since, r.until = now, now.Add(granted)
	r.Refresh = granted - left
	return Step{
		Wait: r.Refresh, Again: again,
		Note: fmt.Sprintf("Outbound Registration: Expiry for %s is %d sec (Scheduling reregistration in %d s)", r.Line.Host, int(granted.Seconds()), int(r.Refresh.Seconds())),
	}
}

// tooBrief asks for what the registrar grants at least (RFC 3261 10.2.8).
func (r *Registration) tooBrief(now time.Time, a Reply) Step {
	r.brief++
	if a.Minimum <= r.Asked || a.Minimum > minimumMost || r.brief > briefMost {
		return r.refused(now, Rejected, a, fmt.Sprintf("Got 423 Interval too brief for service %s, with no minimum to go along with", r.Line))
	}
	r.Asked = a.Minimum
	r.state = RequestSent
	return Step{Send: true, Note: fmt.Sprintf("Got 423 Interval too brief for service %s, minimum is %d seconds", r.Line, int(a.Minimum.Seconds()))}
}

// troubled waits until a registrar that has trouble may be well again.
func (r *Registration) troubled(now time.Time, a Reply) Step {
	step := r.again(now, Unregistered, r.pace(r.Policy.Timeout, steady, waitMost), a.After)
	if step.Note == "" {
		step.Note = fmt.Sprintf("Got %d on SIP register to service %s, trying again in %d s", a.Status, r.Line, int(step.Wait.Seconds()))
	}
	return step
}

// refused waits long.
func (r *Registration) refused(now time.Time, s State, a Reply, note string) Step {
	step := r.again(now, s, r.pace(max(refusedFirst, r.Policy.Timeout), 1, refusedMost), a.After)
	if step.Note == "" {
		step.Note = fmt.Sprintf("%s, trying again in %d s", note, int(step.Wait.Seconds()))
	}
	return step
}

// pace is how long after the beginning of a failed try the next one comes: first
// for so many tries, then twice as long each time.
func (r *Registration) pace(first time.Duration, tries int, most time.Duration) time.Duration {
	wait := first
	for n := tries; n <= r.failed && wait < most; n++ {
		wait *= 2
	}
	return min(wait, max(most, first))
}

// again arranges for another try, unless there were enough. What slows down is
// spread a little, so that many do not come back at once.
func (r *Registration) again(now time.Time, s State, wait, least time.Duration) Step {
	r.failed++
	r.state, r.until = s, time.Time{}
	if r.Policy.Attempts > 0 && r.failed >= r.Policy.Attempts {
		r.state = Failed
		return Step{Note: fmt.Sprintf("Last Registration Attempt #%d failed, Giving up forever trying to register '%s'", r.failed, r.Line)}
	}
	if r.failed > steady {
		wait -= time.Duration(r.random() % uint64(wait/4+1))
	}
	return Step{Wait: max(wait-now.Sub(r.sent), min(least, afterMost), guardLeast)}
}

func (r *Registration) left() Step {
	r.state, r.until = Unregistered, time.Time{}
	return Step{}
}
