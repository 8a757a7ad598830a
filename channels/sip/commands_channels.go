package sip

import (
	"fmt"
	"io"
	"strings"
	"time"

	"pbx/decl"
)

const channelFormat = "%-15.15s  %-15.15s  %-15.15s  %-15.15s  %-3.3s %-3.3s  %-15.15s %-10.10s %-10.10s\n"

func (d *Driver) showChannels(w io.Writer, _ *decl.Request) error {
	fmt.Fprintf(w, "%-15.15s  %-15.15s  %-15.15s  %-15.15s  %-7.7s  %-15.15s %-10.10s %-10.10s\n",
		"Peer", "User/ANR", "Call ID", "Format", "Hold", "Last Message", "Expiry", "Peer")
	n := 0
	d.calls.each(func(p *pvt) {
		n++
		fmt.Fprintf(w, channelFormat, p.route.Remote.Addr(), p.userText(), p.callID, p.formatText(), yesNo(p.onHold), "",
			p.lastMessage(), "", p.guestText())
	})
	fmt.Fprintf(w, "%d active SIP dialog%s\n", n, pick(n == 1, "", "s"))
	return nil
}

func (d *Driver) showChannel(w io.Writer, r *decl.Request) error {
	found := false
	d.calls.each(func(p *pvt) {
		if !strings.HasPrefix(strings.ToLower(p.callID), strings.ToLower(r.Arg(0))) {
			return
		}
		found = true
		row := func(name, value string) { fmt.Fprintf(w, "  %-22s  %s\n", name, value) }
		owner := "<none>"
		if p.channel != nil {
			owner = p.channel.Name()
		}
		fmt.Fprintf(w, "\n  * SIP Call\n")
		fmt.Fprintf(w, "  Curr. trans. direction:  %s\n", pick(p.outgoing, "Outgoing", "Incoming"))
		row("Call-ID:", p.callID)
		row("Owner channel ID:", owner)
		fmt.Fprintf(w, "  Our Codec Capability:   %s\n", codecText(p.settings.Codecs))
		fmt.Fprintf(w, "  Non-Codec Capability (DTMF):   1\n")
		fmt.Fprintf(w, "  Joint Codec Capability:   %s\n", p.formatText())
		row("Format:", p.formatText())
		row("T.38 support", yesNo(p.settings.T38))
		row("Video support", "No")
		row("Theoretical Address:", p.route.Remote.String())
		row("Received Address:", p.received.String())
		row("SIP Transfer mode:", pick(p.settings.AllowTransfer, "open", "closed"))
		row("Force rport:", autoText(p.symmetric, p.settings.NAT.AutoForceRPort))
		row("Audio IP:", p.media.addr.String()+" (local)")
		row("Our Tag:", p.localTag)
		row("Their Tag:", p.remoteTag)
		row("SIP User agent:", p.useragent)
		if p.peer != nil {
			row("Peername:", p.peer.Name)
		}
		row("Need Destroy:", yesNo(p.phase == phaseGone))
		row("Last Message:", p.lastMessage())
		row("Promiscuous Redir:", yesNo(p.settings.PromiscRedirect))
		row("Route:", orText(strings.Join(p.routes, ", "), "N/A"))
		row("DTMF Mode:", p.dtmf().String())
		row("SIP Options:", "(none)")
		row("Session-Timer:", pick(p.timer != nil, "Active", "Inactive"))
		row("Transport:", "UDP")
		row("Media:", pick(p.media.session != nil, "RTP", "None"))
		fmt.Fprintf(w, "\n\n")
	})
	if !found {
		fmt.Fprintf(w, "No such SIP Call ID starting with '%s'\n", r.Arg(0))
	}
	return nil
}

// showChannelStats has the field's layout, which counts in thousands beyond a hundred of
// them.
func (d *Driver) showChannelStats(w io.Writer, _ *decl.Request) error {
	fmt.Fprintf(w, "%-15.15s  %-11.11s  %-8.8s %-10.10s  %-10.10s (     %%) %-6.6s %-10.10s  %-10.10s (     %%) %-6.6s\n",
		"Peer", "Call ID", "Duration", "Recv: Pack", "Lost", "Jitter", "Send: Pack", "Lost", "Jitter")
	n := 0
	half := func(packets uint64, lost int64, jitter time.Duration) string {
		lost = max(lost, 0)
		share, unit := 0.0, " "
		if lost > 0 {
			share = 100 * float64(lost) / (float64(packets) + float64(lost))
		}
		if packets > 100_000 {
			packets, unit = packets/1000, "K"
		}
		return fmt.Sprintf("%010d%s %010d (%5.2f%%) %.4f", packets, unit, lost, share, jitter.Seconds())
	}
	d.calls.each(func(p *pvt) {
		if p.media.session == nil {
			return
		}
		n++
		duration := ""
		if p.phase == phaseUp {
			s := int(d.now().Sub(p.began) / time.Second)
			duration = fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
		}
		st := p.media.session.Stats()
		fmt.Fprintf(w, "%-15.15s  %-11.11s  %-8.8s %s %s\n", p.route.Remote.Addr(), p.callID, duration,
			half(st.RxPackets, st.RxLost, st.RxJitter), half(st.TxPackets, st.TxLost, st.TxJitter))
	})
	fmt.Fprintf(w, "%d active SIP channel%s\n", n, pick(n == 1, "", "s"))
	return nil
}

func (d *Driver) showSched(w io.Writer, _ *decl.Request) error {
	next := "nothing is due"
	if wait := d.sched.Wait(); wait >= 0 {
		next = fmt.Sprintf("the next is due in %d ms", wait.Milliseconds())
	}
	fmt.Fprintf(w, "%d timers; %s.\n", d.sched.Len(), next)
	return nil
}

// userText is the other party of a call.
func (p *pvt) userText() string {
	if !p.outgoing && p.invite != nil {
		from := p.invite.From()
		return orText(string(from.URI.User), "(None)")
	}
	if p.exten != "" {
		return p.exten
	}
	if p.peer != nil {
		return p.peer.Name
	}
	return "(None)"
}

func (p *pvt) guestText() string {
	if p.peer != nil {
		return p.peer.Name
	}
	return "<guest>"
}

// formatText is the codec of a call.
func (p *pvt) formatText() string {
	if !p.media.valid || len(p.media.agreed.codecs) == 0 {
		return "(nothing)"
	}
	return "(" + p.media.agreed.codecs[0].Name + ")"
}

// lastMessage tells from the state of a call what was said last.
func (p *pvt) lastMessage() string {
	switch p.phase {
	case phaseEarly:
		return pick(p.outgoing, "Tx: INVITE", "Rx: INVITE")
	case phaseUp:
		return pick(p.outgoing, "Tx: ACK", "Rx: ACK")
	case phaseEnding, phaseGone:
		return pick(p.bye != nil, "Tx: BYE", "Rx: BYE")
	}
	return "Init: INVITE"
}

func orText(s, otherwise string) string { return pick(s != "", s, otherwise) }
