package server

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"time"

	"pbx/decl"
	"pbx/media"
)

// rtpCommands are the console commands of the media engine.
func (s *Server) rtpCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "rtp set debug", Synopsis: "Show every RTP packet, or those of one address",
			Args:     []decl.Arg{{Name: "on|off|ip", Help: "ip is followed by the address"}, {Name: "address", Optional: true}},
			Run:      func(_ context.Context, r *decl.Request) error { return setPacketDebug(r, "RTP", s.media.SetDebug) },
			Complete: words("on", "off", "ip"),
		},
		{
			Words: "udptl set debug", Synopsis: "Show every datagram of faxes over IP, or those of one address",
			Args: []decl.Arg{{Name: "on|off|ip", Help: "ip is followed by the address"}, {Name: "address", Optional: true}},
			Run: func(_ context.Context, r *decl.Request) error {
				return setPacketDebug(r, "UDPTL", s.media.SetPipeDebug)
			},
			Complete: words("on", "off", "ip"),
		},
		{
			Words: "rtcp set debug", Synopsis: "Show every RTCP report, or not",
			Args: []decl.Arg{{Name: "on|off"}}, Complete: words("on", "off"),
			Run: func(_ context.Context, r *decl.Request) error {
				return s.rtcp.set(s, r, "RTCP Packet Debugging", false)
			},
		},
		{
			Words: "rtcp set stats", Synopsis: "Show what RTCP reports say of loss and jitter, or not",
			Args: []decl.Arg{{Name: "on|off"}}, Complete: words("on", "off"),
			Run: func(_ context.Context, r *decl.Request) error { return s.rtcp.set(s, r, "RTCP Stats", true) },
		},
		{Words: "rtp show settings", Synopsis: "Show the RTP settings", Run: s.showRTP},
		{
			Words: "udptl show config", Synopsis: "Show the ports of faxes over IP",
			Help: "UDPTL passes through as it comes, from ports of rtp.conf: nothing is corrected or checked on the way.",
			Run: func(_ context.Context, r *decl.Request) error {
				c := s.configuration().rtp
				fmt.Fprintf(r.Out, "UDPTL Global options\n--------------------\nudptlstart:      %d\nudptlend:        %d\nudptlfecentries: 0\nudptlfecspan:    0\nuse_even_ports:  Yes\nudptlchecksums:  Yes\n", c.Start, c.End)
				return nil
			},
		},
	}
}

// setPacketDebug switches the packets of a protocol on or off in the log.
func setPacketDebug(r *decl.Request, protocol string, set func(on bool, addr netip.Addr)) error {
	// The field words them differently.
	what, address := protocol+" Packet Debugging", " address"
	if protocol == "UDPTL" {
		what, address = "UDPTL Debugging", " IP"
	}
	switch r.Arg(0) {
	case "on":
		set(true, netip.Addr{})
		fmt.Fprintf(r.Out, "%s Enabled\n", what)
	case "off":
		set(false, netip.Addr{})
		fmt.Fprintf(r.Out, "%s Disabled\n", what)
	case "ip":
		addr, err := netip.ParseAddr(r.Arg(1))
		if err != nil {
			return fmt.Errorf("%q is not an address", r.Arg(1))
		}
		set(true, addr)
		fmt.Fprintf(r.Out, "%s Enabled for%s: %s\n", what, address, addr)
	default:
		return decl.ErrUsage
	}
	return nil
}

func (s *Server) showRTP(_ context.Context, r *decl.Request) error {
	c := s.configuration().rtp
	yes := map[bool]string{true: "Yes", false: "No"}
	fmt.Fprintf(r.Out, "\n\nGeneral Settings:\n----------------\n")
	fmt.Fprintf(r.Out, "  Port start:      %d\n  Port end:        %d\n", c.Start, c.End)
	// A digit ends without its end after so many samples of 8 kHz.
	timeout := cmp.Or(c.DTMFTimeout, media.DTMFTimeout)
	fmt.Fprintf(r.Out, "  Checksums:       Yes\n  DTMF Timeout:    %d\n", timeout*8/time.Millisecond)
	fmt.Fprintf(r.Out, "  Strict RTP:      %s\n", yes[c.Strict])
	if c.Strict {
		fmt.Fprintf(r.Out, "  Probation:       %d frames\n", c.Probation)
	}
	fmt.Fprintf(r.Out, "  Media loops:     %d\n  Sessions:        %d\n\n", s.media.Loops(), s.media.Sessions())
	return nil
}
