package sip

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pbx/channels/sip/presence"
	"pbx/channels/sip/transaction"
	"pbx/decl"
)

func (d *Driver) showSettings(w io.Writer, _ *decl.Request) error {
	g := &d.cfg.General
	s := &g.Defaults
	row := func(name, value string) { fmt.Fprintf(w, "  %-24s%s\n", name+":", value) }
	odd := func(name, value string) { fmt.Fprintf(w, "  %-24s%s\n", name, value) }
	num := func(n int) string { return strconv.Itoa(n) }
	secs := func(t time.Duration) string { return strconv.FormatInt(seconds64(t), 10) + " secs" }
	ms := func(t time.Duration) string { return strconv.FormatInt(t.Milliseconds(), 10) }
	limit := func(t time.Duration) string {
		return strconv.FormatInt(seconds64(t), 10) + " " + pick(t == 0, "(Disabled)", "")
	}
	rtp := "Disabled"
	if g.RTPBind.IsValid() {
		rtp = g.RTPBind.String()
	}

	fmt.Fprintf(w, "\n\nGlobal Settings:\n----------------\n")
	row("UDP Bindaddress", d.listening(transaction.UDP))
	row("TCP SIP Bindaddress", d.listening(transaction.TCP))
	row("TLS SIP Bindaddress", d.listening(transaction.TLS))
	row("RTP Bindaddress", rtp)
	row("Videosupport", yesNo(false))
	row("Textsupport", yesNo(false))
	row("Ignore SDP sess. ver.", yesNo(s.IgnoreSDPVersion))
	row("AutoCreate Peer", "Off")
	row("Match Auth Username", yesNo(g.MatchAuthUsername))
	row("Allow unknown access", yesNo(g.AllowGuest))
	row("Allow subscriptions", yesNo(s.AllowSubscribe))
	row("Allow overlap dialing", s.Overlap.String())
	row("Allow promisc. redir", yesNo(s.PromiscRedirect))
	row("Enable call counters", yesNo(s.CallCounter))
	row("SIP domain support", yesNo(len(g.Domains)+len(d.automatic()) > 0))
	row("Path support ", yesNo(s.SupportPath))
	row("Realm. auth", yesNo(len(g.Auth) > 0))
	for _, c := range g.Auth {
		row("Realm. auth entry", realmText(c))
	}
	odd("Our auth realm", g.Realm)
	row("Use domains as realms", yesNo(g.DomainsAsRealm))
	row("Call to non-local dom.", yesNo(g.AllowExternal))
	row("URI user is phone no", yesNo(s.UserEqPhone))
	row("Always auth rejects", yesNo(g.AlwaysAuthReject))
	row("Direct RTP setup", yesNo(g.DirectRTPSetup))
	row("User Agent", d.server)
	row("SDP Session Name", cmp.Or(g.SDPSession, d.server))
	row("SDP Owner Name", g.SDPOwner)
	row("Reg. context", cmp.Or(g.RegContext, "(not set)"))
	row("Regexten on Qualify", yesNo(g.RegExtenOnQualify))
	row("Trust RPID", yesNo(s.TrustRPID))
	row("Send RPID", s.Identify.String())
	row("Legacy userfield parse", yesNo(g.LegacyUserOptions))
	row("Send Diversion", yesNo(g.SendDiversion))
	row("Caller ID", g.CallerID)
	domain := s.FromDomain
	if s.FromDomainPort != 0 {
		domain += ":" + num(int(s.FromDomainPort))
	}
	row("From: Domain", domain)
	row("Record SIP history", onOffText(false))
	row("Auth. Failure Events", onOffText(g.AuthFailureEvents))
	row("T.38 support", yesNo(s.T38))
	row("T.38 EC mode", "Unknown")
	row("T.38 MaxDtgrm", "4294967295")
	row("SIP realtime", "Disabled")
	row("Qualify Freq ", ms(s.QualifyFreq)+" ms")
	row("Q.850 Reason header", yesNo(s.Q850Reason))
	row("Store SIP_CAUSE", yesNo(false))

	fmt.Fprintf(w, "\nNetwork QoS Settings:\n---------------------------\n")
	row("IP ToS SIP", tosName(g.TOSSignal))
	row("IP ToS RTP audio", tosName(g.TOSAudio))
	row("IP ToS RTP video", tosName(0))
	row("IP ToS RTP text", tosName(0))
	row("802.1p CoS SIP", num(g.COSSignal))
	row("802.1p CoS RTP audio", num(g.COSAudio))
	row("802.1p CoS RTP video", num(g.COSVideo))
	row("802.1p CoS RTP text", num(g.COSText))
	row("Jitterbuffer enabled", yesNo(false))

	fmt.Fprintf(w, "\nNetwork Settings:\n---------------------------\n")
	ext := d.extern()
	switch {
	case len(g.LocalNet) == 0:
		row("SIP address remapping", "Disabled, no localnet list")
	case g.ExternHost == "" && !ext.IsValid():
		row("SIP address remapping", "Disabled")
	case g.ExternHost != "":
		row("SIP address remapping", "Enabled using externhost")
	default:
		row("SIP address remapping", "Enabled using externaddr")
	}
	row("Externhost", cmp.Or(g.ExternHost, "<none>"))
	row("Externaddr", nullable(ext.IsValid(), ext.String()))
	row("Externrefresh", strconv.FormatInt(seconds64(g.ExternRefresh), 10))
	for i, n := range g.LocalNet {
		fmt.Fprintf(w, "  %-24s%s\n", pick(i == 0, "Localnet:", ""), maskText(n))
	}

	fmt.Fprintf(w, "\nGlobal Signalling Settings:\n---------------------------\n")
	row("Codecs", codecText(s.Codecs))
	row("Relax DTMF", yesNo(g.RelaxDTMF))
	row("RFC2833 Compensation", yesNo(s.RFC2833Compensate))
	row("Symmetric RTP", autoText(s.NAT.Comedia, s.NAT.AutoComedia))
	row("Compact SIP headers", yesNo(g.CompactHdrs))
	row("RTP Keepalive", limit(s.RTPKeepalive))
	row("RTP Timeout", limit(s.RTPTimeout))
	row("RTP Hold Timeout", limit(s.RTPHoldTimeout))
	row("MWI NOTIFY mime type", g.NotifyMIMEType)
	row("DNS SRV lookup", yesNo(g.SRVLookup))
	row("Pedantic SIP support", yesNo(g.Pedantic))
	odd("Reg. min duration", secs(g.MinExpiry))
	row("Reg. max duration", secs(g.MaxExpiry))
	row("Reg. default duration", secs(g.DefaultExpiry))
	odd("Sub. min duration", secs(g.SubMinExpiry))
	row("Sub. max duration", secs(g.SubMaxExpiry))
	row("Outbound reg. timeout", num(g.RegisterTimeout)+" secs")
	row("Outbound reg. attempts", num(g.RegisterAttempts))
	row("Outbound reg. retry 403", yesNo(g.RegisterRetry403))
	row("Notify ringing state", g.Ringing.String())
	if g.Ringing != presence.RingingNo {
		row("  Include CID", yesNo(g.NotifyCID != CIDNo)+pick(g.NotifyCID == CIDAnyContext, " (Ignoring context)", ""))
	}
	row("Notify hold state", yesNo(g.NotifyHold))
	row("SIP Transfer mode", pick(s.AllowTransfer, "open", "closed"))
	row("Max Call Bitrate", num(s.MaxCallBitrate)+" kbps")
	row("Auto-Framing", yesNo(s.AutoFraming))
	proxy := cmp.Or(s.OutboundProxy.Host, "<not set>")
	row("Outb. proxy", proxy+" "+pick(s.OutboundProxy.Force, "(forced)", ""))
	row("Session Timers", s.SessionTimers.String())
	row("Session Refresher", s.SessionRefresher)
	row("Session Expires", secs(s.SessionExpires))
	row("Session Min-SE", secs(s.SessionMinSE))
	row("Timer T1", ms(s.T1))
	row("Timer T1 minimum", ms(g.T1Min))
	row("Timer B", ms(s.TimerB))
	row("No premature media", yesNo(g.PrematureMedia))
	row("Max forwards", num(s.MaxForwards))

	fmt.Fprintf(w, "\nDefault Settings:\n-----------------\n")
	row("Allowed transports", protocolNames(s.Transports))
	fmt.Fprintf(w, "  Outbound transport:\t  %v\n", s.primaryTransport())
	row("Context", s.Context)
	row("Record on feature", s.RecordOn)
	row("Record off feature", s.RecordOff)
	row("Force rport", autoText(s.NAT.ForceRPort, s.NAT.AutoForceRPort))
	row("DTMF", s.DTMFMode.String())
	row("Qualify", ms(s.Qualify))
	row("Keepalive", strconv.FormatInt(seconds64(s.Keepalive), 10))
	row("Use ClientCode", yesNo(s.UseClientCode))
	row("Progress inband", [...]string{"No", "Never", "Yes"}[s.Progress])
	row("Language", s.Language)
	row("Tone zone", orNot(s.ToneZone))
	row("MOH Interpret", s.MOHInterpret)
	row("MOH Suggest", s.MOHSuggest)
	row("Voice Mail Extension", s.VMExten)
	row("RTCP Multiplexing", yesNo(false))
	fmt.Fprintf(w, "\n----\n")
	return nil
}

// maskText is a network as the field shows it: 10.0.0.0/255.0.0.0.
func maskText(n netip.Prefix) string {
	mask := make([]byte, n.Addr().BitLen()/8)
	for i := range n.Bits() {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	m, _ := netip.AddrFromSlice(mask)
	return n.Addr().String() + "/" + m.String()
}

func (d *Driver) showDomains(w io.Writer, _ *decl.Request) error {
	const format = "%-40.40s %-20.20s %-16.16s\n"
	auto := d.automatic()
	if len(d.cfg.General.Domains)+len(auto) == 0 {
		fmt.Fprintf(w, "SIP Domain support not enabled.\n\n")
		return nil
	}
	fmt.Fprintf(w, format, "Our local SIP domains:", "Context", "Set by")
	for _, dom := range d.cfg.General.Domains {
		fmt.Fprintf(w, format, dom.Name, cmp.Or(dom.Context, "(default)"), "[Configured]")
	}
	for _, name := range auto {
		fmt.Fprintf(w, format, name, "(default)", "[Automatic]")
	}
	fmt.Fprintf(w, "\n")
	return nil
}

func (d *Driver) showObjects(w io.Writer, _ *decl.Request) error {
	peers, users, contacts := 0, 0, 0
	for _, p := range d.peers.list {
		peers += b2i(p.Type.IsPeer())
		users += b2i(p.Type == TypeUser)
		contacts += len(p.contacts)
	}
	servers, clients := d.txs.Len()
	fmt.Fprintf(w, "-= Peer objects: %d, user objects: %d, contacts: %d =-\n", peers, users, contacts)
	fmt.Fprintf(w, "-= Dialogs: %d, server transactions: %d, client transactions: %d =-\n", d.calls.len(), servers, clients)
	fmt.Fprintf(w, "-= Timers: %d =-\n", d.sched.Len())
	return nil
}

func (d *Driver) showTCP(w io.Writer, _ *decl.Request) error {
	const format = "%-47s %-11s %s\n"
	fmt.Fprintf(w, format, "Address", "Transport", "Type")
	for _, c := range d.net.Connections() {
		fmt.Fprintf(w, format, c.Remote, c.Protocol, pick(c.Inbound, "Server", "Client"))
	}
	return nil
}

// listening are the addresses of the listeners of a protocol.
func (d *Driver) listening(p transaction.Protocol) string {
	var list []string
	for _, i := range d.net.Listening(p) {
		list = append(list, d.net.Local(i).String())
	}
	return cmp.Or(strings.Join(list, ", "), "Disabled")
}
