package sip

import (
	"time"

	"pbx/channels/sip/transaction"
)

// How soon a registration is renewed whose connection ended, which its calls come by: in
// a second or three, not all clients of a provider at once, and in half a minute where the
// connection did not last so long (RFC 5626 4.5).
const (
	flowRecovery = time.Second
	flowSpread   = 2 * time.Second
	flowLeast    = 30 * time.Second
)

// lost renews the registration when its connection ended.
func (r *registrant) lost(f transaction.Flow) {
	now := r.d.now()
	if r.flow != f || r.client != nil || r.timer == 0 || !r.machine.Bound(now) {
		return
	}
	r.flow = 0
	spread := time.Duration(r.d.random.below(uint32(flowSpread/time.Millisecond))) * time.Millisecond
	if wait := max(flowRecovery+spread, r.machine.Since.Add(flowLeast).Sub(now)); wait < r.next.Sub(now) {
		r.dueIn(wait)
	}
}
