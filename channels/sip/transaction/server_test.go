package transaction

import "testing"

func TestServerTransactions(t *testing.T) {
	tests := map[string]string{
		"RFC3261_17_2_1 INVITE absorbs retransmissions and repeats the last provisional": `
			in INVITE
			got request INVITE
			in INVITE
			out nothing
			respond 100
			out 100
			respond 180
			out 180
			in INVITE
			out 180
			got nothing
			state Proceeding`,
		"RFC3261_17_2_1 timers G and H: a refusal is repeated until the ACK": `
			in INVITE
			got request INVITE
			respond 486
			out 486
			state Completed
			+490ms
			out nothing
			+10ms
			out 486
			+1s
			out 486
			+2s
			out 486
			+4s
			out 486
			+4s
			out 486
			in INVITE
			out 486
			in ACK
			got nothing
			state Confirmed
			+5s
			out nothing
			none`,
		"RFC3261_17_2_1 timer H: no ACK": `
			in INVITE
			got request INVITE
			respond 486
			+31990ms
			state Completed
			+10ms
			got nothing
			none`,
		"RFC3261_17_2_1 timer I absorbs ACKs": `
			in INVITE
			got request INVITE
			respond 404
			out 404
			in ACK
			in ACK
			in ACK
			got nothing
			out nothing
			in INVITE
			out nothing
			+4990ms
			state Confirmed
			+10ms
			none`,
		"RFC6026_7_1 Accepted absorbs the INVITE; the 2xx is repeated until its ACK": `
			in INVITE
			got request INVITE
			respond 200
			out 200
			state Accepted
			in INVITE
			out nothing
			+500ms
			out 200
			+1s
			out 200
			acked
			+10s
			out nothing
			in INVITE
			out nothing
			got nothing
			+22s
			none`,
		"RFC3261_13_3_1_4 no ACK for a 2xx": `
			in INVITE
			got request INVITE
			respond 200
			+32s
			got noack
			none`,
		"RFC2543 ACK with the branch of the INVITE reaches the user": `
			in INVITE
			got request INVITE
			respond 200
			in ACK
			got ack`,
		"RFC3261_17_2_2 non-INVITE: retransmissions before, repetition after the final response": `
			in BYE
			got request BYE
			in BYE
			out nothing
			respond 200
			out 200
			in BYE
			out 200
			got nothing
			respond 500
			out nothing
			+31990ms
			state Completed
			+10ms
			none`,
		"RFC3261_17_2_2 Proceeding": `
			in OPTIONS
			got request OPTIONS
			respond 100
			out 100
			in OPTIONS
			out 100
			respond 200
			out 200
			+32s
			none`,
		"RFC3261_17_2_3 the branch without cookie does not identify": `
			in INVITE branch=!1 call=one
			got request INVITE
			in INVITE branch=!1 call=two
			got request INVITE
			in INVITE branch=!1 call=one
			got nothing`,
		"RFC4475_3_2_1 the bare cookie does not identify": `
			in OPTIONS branch= call=one
			got request OPTIONS
			in OPTIONS branch= call=two
			got request OPTIONS`,
		"RFC3261_17_2_3 methods differ": `
			in OPTIONS
			got request OPTIONS
			in INFO
			got request INFO`,
		"RFC3261_8_2_2_2 merged": `
			in INVITE branch=a
			got request INVITE
			in INVITE branch=b
			got request INVITE merged
			respond 482
			out 482
			in ACK branch=b
			in INVITE branch=b
			out nothing
			+40s
			in INVITE branch=a
			got nothing`,
		"RFC3261_8_2_2_2 another CSeq is another request": `
			in INVITE branch=a cseq=1
			got request INVITE
			in INVITE branch=b cseq=2
			got request INVITE`,
		"RFC3261_8_2_2_2 with a tag in To it is within a dialog": `
			in INFO branch=a to=x
			got request INFO
			in INFO branch=b to=x
			got request INFO`,
		"RFC3261_9_2 CANCEL finds its INVITE": `
			in INVITE
			got request INVITE
			in CANCEL
			got request CANCEL`,
		"RFC3261_9_2 CANCEL of nothing": `
			in INVITE branch=a
			got request INVITE
			in CANCEL branch=b
			got request CANCEL of nothing`,
		"RFC3261_17_1 an ACK is nobody's retransmission": `
			in ACK branch=z
			got ack
			none`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) { newScript(t).run(text) })
	}
}

// What was not kept leaves nothing behind (RFC 3261 8.2.7).
func TestStatelessServer(t *testing.T) {
	s := newScript(t)
	s.keep = false
	s.run(`
		in INVITE
		got request INVITE
		out 401
		none
		in INVITE
		got request INVITE
		out 401
		in ACK
		got ack
		none`)
}

func TestCloseEndsEverything(t *testing.T) {
	s := newScript(t)
	s.run(`
		in INVITE
		respond 200
		in BYE branch=b
		send OPTIONS
		send INVITE`)
	s.layer.Close()
	s.run("none")
}
