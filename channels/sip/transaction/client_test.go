package transaction

import (
	"errors"
	"testing"
	"time"

	"pbx/channels/sip/message"
)

func TestClientTransactions(t *testing.T) {
	tests := map[string]string{
		"RFC3261_17_1_1_2 timers A and B": `
			send INVITE
			out INVITE
			+500ms
			out INVITE
			+1s
			out INVITE
			+2s
			out INVITE
			+4s
			out INVITE
			+8s
			out INVITE
			+16s
			out INVITE
			+490ms
			out nothing
			got nothing
			+10ms
			got failed
			none`,
		"RFC3261_17_1_1_2 a provisional response stops timer A and B": `
			send INVITE
			out INVITE
			in 100
			got response 100
			+1h
			out nothing
			in 180
			got response 180
			got nothing`,
		"RFC3261_17_1_1_3 a refusal is acknowledged on the same branch, again when it is repeated": `
			send INVITE
			out INVITE
			in 486 tag=t
			got response 486
			out ACK | branch=z9hG4bK000000000000abc1
			in 486 tag=t
			out ACK | To: <sip:100@192.0.2.1>;tag=t
			in 486 tag=t
			out ACK | Route: <sip:192.0.2.7;lr>
			got nothing
			state Completed
			+31990ms
			state Completed
			+10ms
			none`,
		"RFC6026_7_2 every 2xx reaches the user": `
			send INVITE
			out INVITE
			in 200 tag=one
			got response 200
			in 200 tag=one
			got response 200
			in 200 tag=two
			got response 200
			out nothing
			in 486
			got nothing
			state Accepted
			+32s
			none`,
		"RFC3261_9_1 CANCEL waits for a provisional response": `
			send INVITE
			out INVITE
			cancel
			out nothing
			in 180
			out CANCEL | CSeq: 7 CANCEL
			got response 180
			in 200 method=CANCEL
			in 487
			got response 487
			out ACK
			+32s
			none`,
		"RFC3261_9_1 CANCEL at once after one": `
			send INVITE
			out INVITE
			in 180
			got response 180
			cancel
			out CANCEL | branch=z9hG4bK000000000000abc1
			cancel
			out nothing
			+500ms
			out CANCEL
			in 200 method=CANCEL
			+31500ms
			got failed`,
		"RFC3261_9_1 no CANCEL after the final response": `
			send INVITE
			out INVITE
			in 200
			got response 200
			cancel
			out nothing`,
		"RFC3261_17_1_2_2 timers E and F": `
			send BYE
			out BYE
			+500ms
			out BYE
			+1s
			out BYE
			+2s
			out BYE
			+4s
			out BYE
			+4s
			out BYE
			+4s
			out BYE
			+4s
			out BYE
			+4s
			out BYE
			+4s
			out BYE
			+4s
			out BYE
			+490ms
			out nothing
			+10ms
			got failed
			none`,
		"RFC3261_17_1_2_2 Proceeding goes on with T2": `
			send BYE
			out BYE
			in 100 method=BYE
			got response 100
			+500ms
			out BYE
			+3990ms
			out nothing
			+10ms
			out BYE`,
		"RFC3261_17_1_2_2 timer K absorbs": `
			send BYE
			out BYE
			in 200 method=BYE
			got response 200
			in 200 method=BYE
			got nothing
			+4990ms
			state Completed
			+10ms
			none`,
		"RFC3261_17_1_3 the method of CSeq counts": `
			send INVITE
			out INVITE
			in 200 method=BYE
			got stray`,
		"RFC3261_18_1_2 a response to nothing": `
			in 200 branch=z9hG4bKnobody
			got stray`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) { newScript(t).run(text) })
	}
}

// TestAckOf2xx: an ACK of a 2xx is sent once; an error on its way is told while it is
// watched.
func TestAckOf2xx(t *testing.T) {
	for name, text := range map[string]string{
		"it arrives": `
			ack 5s
			out ACK
			+5s
			out nothing
			got nothing
			none`,
		"an ICMP error": `
			ack 5s
			undelivered 548
			got failed
			none`,
		"an ICMP error too late": `
			ack 5s
			+5s
			undelivered 548
			got nothing
			none`,
		"another address": `
			ack 5s
			undelivered 548 to=192.0.2.8:5060
			got nothing`,
		"the connection is gone": `
			reliable
			ack 5s
			lost
			got failed
			none`,
		"nobody answers an ACK": `
			ack 5s
			in 200 method=ACK
			got stray
			+5s
			none`,
	} {
		t.Run(name, func(t *testing.T) { newScript(t).run(text) })
	}
}

// TestUndelivered: an ICMP error ends the request that it quotes, and nothing that
// has been answered.
func TestUndelivered(t *testing.T) {
	tests := []struct{ name, script string }{
		{"INVITE", `
			send INVITE
			undelivered 548
			got failed
			none`},
		{"another request", `
			send OPTIONS
			undelivered 548
			got failed
			none`},
		{"a retransmission", `
			send OPTIONS
			+500ms
			undelivered 548
			got failed
			none`},
		{"after a response", `
			send INVITE
			in 180
			got response 180
			undelivered 548
			got nothing
			state Proceeding`},
		{"a quotation without the branch", `
			send INVITE
			undelivered 60
			got nothing
			state Calling`},
		{"an address that it did not go to", `
			send INVITE
			undelivered 548 to=192.0.2.8:5060
			got nothing
			state Calling`},
		{"a CANCEL takes nothing with it", `
			send INVITE
			in 180
			got response 180
			cancel
			undelivered 548
			got nothing
			state Proceeding`},
		{"a response of ours", `
			in INVITE
			got request INVITE
			respond 486
			undelivered 548
			got nothing`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { newScript(t).run(tt.script) })
	}
}

func TestClientTimersAreTheCallers(t *testing.T) {
	s := newScript(t)
	s.timers = Timers{T1: 100 * time.Millisecond, B: time.Second}
	s.run(`
		send INVITE
		out INVITE
		+100ms
		out INVITE
		+200ms
		out INVITE
		+400ms
		out INVITE
		+300ms
		got failed
		none`)
}

func TestSendFails(t *testing.T) {
	s := newScript(t)
	s.broken = errors.New("no route")
	s.run(`
		send INVITE
		got failed
		none`)
}

func TestBranchText(t *testing.T) {
	for _, b := range []Branch{0, 1, 0xfedcba9876543210} {
		got, ok := parseBranch(b.AppendTo(nil))
		if !ok || got != b {
			t.Errorf("%x came back as %x, %v", uint64(b), uint64(got), ok)
		}
	}
	for _, s := range []string{"", "z9hG4bK", "z9hG4bK000000000000000g", "z9hG4bK00000000000000001", "Z9hG4bK0000000000000001"} {
		if _, ok := parseBranch([]byte(s)); ok {
			t.Errorf("%q is not a branch of ours", s)
		}
	}
}

var okText = []byte("SIP/2.0 200 OK\r\n\r\n")

// silent is a transport and user that note nothing.
type silent struct{}

func (silent) Send(_ []byte, r Route) (Flow, error) { return r.Flow, nil }
func (silent) Ack(*message.Message, Route)          {}
func (silent) Stray(*message.Message, Route)        {}
func (silent) Request(tx *Server, _ *message.Message) {
	_ = tx.Respond(200, okText)
}
func (silent) Response(*Client, *message.Message) {}
func (silent) Failed(*Client, error)              {}

// keeper keeps what it is asked.
type keeper struct{ silent }

func (keeper) Request(tx *Server, _ *message.Message) {
	tx.Keep()
	_ = tx.Respond(200, okText)
}

func TestAllocations(t *testing.T) {
	s := newScript(t)
	var m message.Message
	text := request("OPTIONS", "z9hG4bKx", "", "c", 1)
	if err := m.Parse(text); err != nil {
		t.Fatal(err)
	}
	l := New(s.sched, silent{}, silent{}, Timers{})
	l.Receive(&m, there)
	if n := testing.AllocsPerRun(100, func() { l.Receive(&m, there) }); n > 0 {
		t.Errorf("a request without state costs %v allocations", n)
	}
	l = New(s.sched, silent{}, keeper{}, Timers{})
	if n := testing.AllocsPerRun(100, func() {
		l.Receive(&m, there)
		for _, tx := range l.servers {
			tx.end()
		}
	}); n > 4 { // the transaction, its key, its timer function, the response
		t.Errorf("a transaction costs %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		l.Send(text, message.OPTIONS, 1, there, Timers{}, silent{}).end()
	}); n > 3 {
		t.Errorf("a client transaction costs %v allocations", n)
	}
}
