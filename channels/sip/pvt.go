package sip

import (
	"net/netip"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/media"
	"pbx/sched"
)

// phase is how far a call has come.
type phase uint8

const (
	phaseNew    phase = iota // outbound: nothing sent yet
	phaseEarly               // an INVITE is unanswered
	phaseUp                  // answered
	phaseEnding              // BYE, CANCEL or the final response is on its way
	phaseGone                // out of the table
)

// pvt is one call of the driver: an INVITE dialog (RFC 3261 section 12) with its
// channel and its media. The monitor loop owns it, but for the fields that are
// set before the channel exists and never change.
type pvt struct {
	d        *Driver
	outgoing bool
	phase    phase
	peer     *Peer         // nil: a guest, or an address that is no peer
	settings *PeerSettings // of the peer, or the defaults
	channel  *channel.Channel

	// The dialog.
	callID              string
	localTag, remoteTag string
	local, remote       string // From and To of our requests, without tags
	localSeq, remoteSeq uint32
	hasRemoteSeq        bool
	target              string   // the remote target: our Request-URI
	routes              []string // the route set, in order
	contact             string   // our Contact, without the brackets
	route               transaction.Route

	// invite is the INVITE of an inbound call as it arrived.
	invite    *message.Message
	received  netip.AddrPort
	useragent string
	exten     string // inbound: what was dialled; outbound: what is called

	server *transaction.Server // the unanswered or unacknowledged INVITE to us
	client *transaction.Client // the unanswered INVITE from us
	branch transaction.Branch  // of client

	media mediaState
	out   outbound
	timer sessionTimer

	q850       bool
	needBye    bool // hang up with BYE as soon as the ACK is there
	inCall     bool // counted by Peer.CallBegin
	ringing    bool // counted as ringing
	held       bool // the far end put us on hold
	cause      channel.Cause
	lastStatus string // "SIP 180 Ringing", for HANGUPCAUSE()
	began      time.Time
	linger     sched.ID
}

// mediaState is what offer and answer agreed on.
type mediaState struct {
	session *media.Session
}
