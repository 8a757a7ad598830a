package sip

import (
	"testing"
	"testing/synctest"

	"pbx/channels/sip/transaction"
)

// TestFlowFails holds RFC 5626 6: with its connection a flow is over, and another
// one of the instance takes its place; who registered without reg-id can be
// connected to again.
func TestFlowFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, several, nil)
		if err := r.Call(func() {
			p := r.Driver.peer("many")
			addr, _ := literal("sip:many@127.0.50.10")
			for _, c := range []*Contact{
				{URI: "sip:many@127.0.50.10", Addr: addr, Q: 1000, Protocol: transaction.TCP, Flow: 4, Instance: "urn:a", RegID: 1},
				{URI: "sip:many@127.0.50.11", Addr: addr, Q: 1000, Protocol: transaction.TCP, Flow: 5, Instance: "urn:a", RegID: 2},
				{URI: "sip:many@127.0.50.12", Addr: addr, Q: 1000, Protocol: transaction.TCP, Flow: 5},
			} {
				p.addContact(r.Driver, c)
			}
			r.place(p)
			if got := p.targets(); len(got) != 2 || got[1].RegID != 2 {
				t.Errorf("%d targets", len(got))
			}
			r.flowLost(5, addr, transaction.ErrTimeout)
			if got := p.targets(); len(got) != 2 || got[1].RegID != 1 || got[0].RegID != 0 {
				t.Errorf("%d targets after the flow failed", len(got))
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
}
