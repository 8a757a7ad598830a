package transaction

import "testing"

func TestStats(t *testing.T) {
	s := newScript(t)
	s.run(`
		in INVITE branch=a
		got request INVITE
		respond 180
		out 180
		in INVITE branch=a
		out 180
		respond 486
		out 486
		+500ms
		out 486
		in ACK branch=a
		send INVITE
		out INVITE
		+500ms
		out INVITE
		in 180
		got response 180
		in 200 tag=t
		got response 200
		in 200 branch=z9hG4bKnobody
		got stray
		send BYE
		out BYE
		+31s
		+1s
		got failed`)
	got := s.layer.Stats
	want := Stats{
		Requests: 1, Begun: 2, Kept: 1, Absorbed: 1, Timeouts: 1, Strays: 1, Resent: got.Resent,
		Sent: Class{1: 2, 4: 2}, Received: Class{1: 1, 2: 2}, Served: Class{4: 1}, Answered: Class{2: 1},
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got.Resent < 3+10 { // the 180, the 486, the INVITE; timer E of the BYE
		t.Errorf("resent %d", got.Resent)
	}
	if got.Sent.Total() != 4 {
		t.Errorf("total %d", got.Sent.Total())
	}
}
