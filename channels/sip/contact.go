package sip

import (
	"net/netip"
	"time"

	"pbx/sched"
)

// Contact is one binding of an address of record: where a registered device is
// (RFC 3261 section 10).
type Contact struct {
	URI       string         // as the device gave it, without <>
	Addr      netip.AddrPort // where requests are sent
	Received  netip.AddrPort // where the REGISTER came from
	Expires   time.Time
	Q         int // thousandths, 1000 by default
	CallID    string
	CSeq      uint32
	UserAgent string

	timer sched.ID
}
