package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/channels/sip/transaction"
	"pbx/decl"
	"pbx/event"
)

// Actions declares what programs can ask of the driver through the manager
// interface. The field's own answer as they do elsewhere, in names, order and
// words; SIPSend, SIPCancel and SIPReply are ours. What they tell is put together on
// the loop.
func (d *Driver) Actions() []decl.Action {
	system, reporting := []string{"system"}, []string{"system", "reporting"}
	peer := []decl.Arg{{Name: "Peer", Help: "a section of sip.conf"}}
	return []decl.Action{
		{Name: "SIPpeers", Synopsis: "List SIP peers (text format).", Help: "Lists the peers.", Classes: reporting, Run: d.onLoop(d.actPeers)},
		{Name: "SIPshowpeer", Synopsis: "show SIP peer (text format).", Help: "Tells everything about a peer.", Classes: reporting, Args: peer, Run: d.onLoop(d.actPeer)},
		{
			Name: "SIPqualifypeer", Synopsis: "Qualify SIP peers.", Help: "Asks a peer now whether it is there; the event SIPQualifyPeerDone tells that it was asked.",
			Classes: reporting, Args: peer, Run: d.onLoop(d.actQualify),
		},
		{
			Name: "SIPpeerstatus", Synopsis: "Show the status of one or all of the sip peers.", Help: "Lists whether peers answer.", Classes: system,
			Args: []decl.Arg{{Name: "Peer", Optional: true}}, Run: d.onLoop(d.actPeerStatus),
		},
		{Name: "SIPshowregistry", Synopsis: "Show SIP registrations (text format).", Help: "Lists the registrations with providers.", Classes: reporting, Run: d.onLoop(d.actRegistry)},
		{
			Name: "SIPnotify", Synopsis: "Send a SIP notify.", Help: "Sends a device a NOTIFY: Variable holds its headers, and Content lines of its body.", Classes: system,
			Args: []decl.Arg{{Name: "Channel", Help: "SIP/peer"}, {Name: "Variable", Help: "Header=value, several divided by commas", Repeat: true}}, Run: d.actNotify,
		},
		{
			Name: "SIPSend", Synopsis: "Send a SIP request and tell what comes back.", Classes: system, Run: d.actSend,
			Help: "Sends a request outside of any call to a peer or a SIP URI, answers a challenge with the peer's credentials, and tells the final response, each line of it as Reply. With Async: true the answer comes at once with a RequestID.",
			Args: []decl.Arg{
				{Name: "Method", Help: "OPTIONS, MESSAGE, NOTIFY …"},
				{Name: "Target", Help: "a section of sip.conf, or sip:user@host"},
				{Name: "Header", Help: "Name: value", Optional: true, Repeat: true},
				{Name: "Body", Optional: true},
				{Name: "Async", Optional: true},
			},
		},
		{Name: "SIPCancel", Synopsis: "Give up a request of SIPSend.", Help: "Cancels an INVITE, or waits no longer for the answer of another request.", Classes: system, Args: []decl.Arg{{Name: "RequestID"}}, Run: d.actCancel},
		{Name: "SIPReply", Synopsis: "Tell what came of a request of SIPSend.", Help: "Tells whether a request is still on its way.", Classes: system, Args: []decl.Arg{{Name: "RequestID"}}, Run: d.onLoop(d.actReply)},
	}
}

// onLoop runs an action on the loop.
func (d *Driver) onLoop(f func(r *decl.ActionRequest) error) func(context.Context, *decl.ActionRequest) error {
	return func(_ context.Context, r *decl.ActionRequest) (err error) {
		if e := d.Call(func() {
			defer d.recovered(nil)
			err = f(r)
		}); e != nil {
			return e
		}
		return err
	}
}

// PeerNames are the peers by name.
func (d *Driver) PeerNames() (names []string) {
	_ = d.Call(func() { // a driver that is closed has none
		for _, p := range d.sorted(func(p *Peer) bool { return p.Type.IsPeer() }) {
			names = append(names, p.Name)
		}
	})
	return names
}

func lowerYes(b bool) string { return pick(b, "yes", "no") }

func (d *Driver) actPeers(r *decl.ActionRequest) error {
	r.List("Peer status list will follow")
	for _, p := range d.sorted(func(p *Peer) bool { return p.Type.IsPeer() }) {
		at := d.address(p)
		host, port := "-none-", 0
		if at.IsValid() {
			host, port = at.Addr().String(), int(at.Port())
		}
		r.Entry("PeerEntry",
			"Channeltype", "SIP", "ObjectName", p.Name, "ChanObjectType", "peer", "IPaddress", host, "IPport", port, "Dynamic", lowerYes(p.Dynamic),
			"AutoForcerport", lowerYes(p.NAT.AutoForceRPort), "Forcerport", lowerYes(p.NAT.ForceRPort), "AutoComedia", lowerYes(p.NAT.AutoComedia),
			"Comedia", lowerYes(p.NAT.Comedia), "VideoSupport", "no", "TextSupport", "no", "ACL", lowerYes(len(p.ACL) > 0), "Status", p.statusText(),
			"RealtimeDevice", "no", "Description", p.Description, "Accountcode", p.AccountCode)
	}
	return r.Done("PeerlistComplete")
}

var errNoPeerNamed = errors.New("Peer: <name> missing.")

// actPeerNamed finds the peer of a request; without one it fails in the words of
// missing.
func (d *Driver) actPeerNamed(r *decl.ActionRequest, missing string) (*Peer, error) {
	name := r.Get("Peer")
	if hasPrefixFold(name, "SIP/") {
		name = name[len("SIP/"):]
	}
	if name == "" {
		return nil, errNoPeerNamed
	}
	p := d.peer(name)
	if p == nil || !p.Type.IsPeer() {
		return nil, errors.New(missing)
	}
	return p, nil
}

func upperYes(b bool) string { return pick(b, "Y", "N") }

func (d *Driver) actPeer(r *decl.ActionRequest) error {
	p, err := d.actPeerNamed(r, fmt.Sprintf("Peer %s not found.", r.Get("Peer")))
	if err != nil {
		return err
	}
	expire, agent, contact := int64(-1), "", ""
	if c := p.best(); c != nil {
		expire, agent, contact = secondsLeft(c, d.now()), c.UserAgent, c.URI
	}
	host, port, defaultHost := "(null)", 0, "(null)"
	if at := d.address(p); at.IsValid() {
		host, port = at.Addr().String(), int(at.Port())
	}
	defaultPort := 0
	if p.DefaultIP.IsValid() {
		defaultHost, defaultPort = p.DefaultIP.Addr().String(), int(p.DefaultIP.Port())
	}
	r.Response("Success")
	for _, row := range []struct {
		name  string
		value any
	}{
		{"Channeltype", "SIP"},
		{"ObjectName", p.Name},
		{"ChanObjectType", "peer"},
		{"SecretExist", upperYes(p.Secret != "")},
		{"RemoteSecretExist", upperYes(p.RemoteSecret != "")},
		{"MD5SecretExist", upperYes(p.MD5Secret != "")},
		{"Context", p.Context},
		{"SubscribeContext", p.SubscribeContext},
		{"Language", p.Language},
		{"ToneZone", cmp.Or(p.ToneZone, "<Not set>")},
		{"Accountcode", p.AccountCode},
		{"AMAflags", cmp.Or(p.AMAFlags, "Unknown")},
		{"CID-CallingPres", p.CallingPres.Text()},
		{"SIP-FromUser", p.FromUser},
		{"SIP-FromDomain", p.FromDomain},
		{"Sip-FromDomain-Port", pick(p.FromDomain == "", "", strconv.Itoa(cmp.Or(int(p.FromDomainPort), defaultPort)))},
		{"Callgroup", groupText(p.CallGroup)},
		{"Pickupgroup", groupText(p.PickupGroup)},
		{"Named Callgroup", strings.Join(p.NamedCall, ",")},
		{"Named Pickupgroup", strings.Join(p.NamedPickup, ",")},
		{"MOHSuggest", p.MOHSuggest},
		{"VoiceMailbox", mailboxText(p.Mailboxes)},
		{"TransferMode", pick(p.AllowTransfer, "open", "closed")},
		{"LastMsgsSent", 0},
		{"Maxforwards", p.MaxForwards},
		{"Call-limit", p.limit()},
		{"Busy-level", p.BusyLevel},
		{"MaxCallBR", strconv.Itoa(p.MaxCallBitrate) + " kbps"},
		{"Dynamic", upperYes(p.Dynamic)},
		{"Callerid", callerText(p.CallerID)},
		{"RegExpire", strconv.FormatInt(expire, 10) + " seconds"},
		{"SIP-AuthInsecure", insecureText(p.PeerConfig)},
		{"SIP-Forcerport", pick(p.NAT.AutoForceRPort, "a", upperYes(p.NAT.ForceRPort))},
		{"SIP-Comedia", pick(p.NAT.AutoComedia, "a", upperYes(p.NAT.Comedia))},
		{"ACL", upperYes(len(p.ACL) > 0)},
		{"SIP-CanReinvite", upperYes(p.DirectMedia&DirectYes != 0)},
		{"SIP-DirectMedia", upperYes(p.DirectMedia&DirectYes != 0)},
		{"SIP-PromiscRedir", upperYes(p.PromiscRedirect)},
		{"SIP-UserPhone", upperYes(p.UserEqPhone)},
		{"SIP-VideoSupport", "N"},
		{"SIP-TextSupport", "N"},
		{"SIP-T.38Support", upperYes(p.T38)},
		{"SIP-T.38EC", "Unknown"},
		{"SIP-T.38MaxDtgrm", "4294967295"},
		{"SIP-Sess-Timers", p.SessionTimers.String()},
		{"SIP-Sess-Refresh", p.SessionRefresher},
		{"SIP-Sess-Expires", seconds64(p.SessionExpires)},
		{"SIP-Sess-Min", seconds64(p.SessionMinSE)},
		{"SIP-RTP-Engine", "asterisk"},
		{"SIP-Encryption", "N"},
		{"SIP-RTCP-Mux", "N"},
		{"SIP-DTMFmode", p.DTMFMode.String()},
		{"ToHost", p.Host},
		{"Address-IP", host},
		{"Address-Port", port},
		{"Default-addr-IP", defaultHost},
		{"Default-addr-port", defaultPort},
		{"Default-Username", p.username()},
		{"RegExtension", p.RegExten},
		{"Codecs", codecText(p.Codecs)},
		{"Status", p.statusText()},
		{"SIP-Useragent", agent},
		{"Reg-Contact", contact},
		{"QualifyFreq", strconv.FormatInt(p.QualifyFreq.Milliseconds(), 10) + " ms"},
		{"Parkinglot", p.ParkingLot},
		{"SIP-Use-Reason-Header", upperYes(p.Q850Reason)},
	} {
		switch row.name { // told only where they are set
		case "SubscribeContext", "Accountcode", "SIP-FromUser", "SIP-FromDomain", "Sip-FromDomain-Port":
			if row.value == "" {
				continue
			}
		case "RegExtension":
			if d.cfg.General.RegContext == "" {
				continue
			}
		}
		r.Field(row.name, row.value)
	}
	for _, v := range p.Variables {
		r.Field("ChanVariable", v.Prefixed()+"="+v.Value.S)
	}
	r.Field("Description", p.Description)
	r.End()
	return nil
}

func (d *Driver) actQualify(r *decl.ActionRequest) error {
	p, err := d.actPeerNamed(r, "Peer not found")
	if err != nil {
		return err
	}
	d.poke(p)
	_ = r.OK("SIP peer found - will qualify")
	r.Event("SIPQualifyPeerDone", "Privilege", "call,all", "Peer", p.Name)
	return nil
}

func (d *Driver) actPeerStatus(r *decl.ActionRequest) error {
	var list []*Peer
	if r.Get("Peer") == "" {
		list = d.sorted(func(*Peer) bool { return true })
	} else {
		p, err := d.actPeerNamed(r, "No such peer")
		if err != nil {
			return err
		}
		list = []*Peer{p}
	}
	r.List("Peer status will follow")
	for _, p := range list {
		status, _, _ := strings.Cut(p.statusText(), " (")
		fields := []any{"Privilege", "System", "ChannelType", "SIP", "Peer", "SIP/" + p.Name, "PeerStatus", peerStatusWord(status)}
		if p.Qualify > 0 && p.reach().callable() && p.reach().state != qualifyUnknown {
			fields = append(fields, "Time", p.reach().rtt.Milliseconds())
		}
		r.Entry("PeerStatus", fields...)
	}
	return r.Done("SIPpeerstatusComplete")
}

// peerStatusWord is the word of the event PeerStatus for one of `sip show peers`.
func peerStatusWord(s string) string {
	switch s {
	case "OK":
		return "Reachable"
	case "LAGGED":
		return "Lagged"
	case "UNREACHABLE":
		return "Unreachable"
	case "UNKNOWN":
		return "Unknown"
	}
	return s
}

func (d *Driver) actRegistry(r *decl.ActionRequest) error {
	r.List("Registrations will follow")
	for _, reg := range d.registrants {
		m := reg.machine
		host, port := reg.registrar()
		domain, domainPort := reg.domain()
		protocol, _ := transaction.ParseProtocol(m.Line.Transport) // UDP where the line does not say
		since := int64(0)
		if !m.Since.IsZero() {
			since = m.Since.Unix()
		}
		r.Entry("RegistryEntry",
			"Host", host, "Port", cmp.Or(port, protocol.DefaultPort()), "Username", m.Line.User, "Domain", domain,
			"DomainPort", cmp.Or(domainPort, protocol.DefaultPort()), "Refresh", int64(m.Refresh.Seconds()), "State", m.State(d.now()).String(), "RegistrationTime", since)
	}
	return r.Done("RegistrationsComplete")
}

func (d *Driver) actNotify(_ context.Context, r *decl.ActionRequest) error {
	name := strings.TrimPrefix(r.Get("Channel"), "SIP/")
	if name == "" {
		return errors.New("SIPNotify requires a channel name")
	}
	var t NotifyType
	for _, header := range r.All("Variable") {
		for _, pair := range decl.Split(header, 0) {
			n, value, ok := strings.Cut(pair, "=")
			n = strings.TrimSpace(n)
			switch {
			case !ok:
			case strings.EqualFold(n, "Content"):
				t.Content = append(t.Content, value)
			case !isHeaderName(n) || strings.ContainsAny(value, "\r\n"):
				return fmt.Errorf("%q is not a header", n)
			case !strings.EqualFold(n, "Content-Length"):
				t.Headers = append(t.Headers, NotifyHeader{n, value})
			}
		}
	}
	if err := d.Notify(name, t); err != nil {
		return err
	}
	return r.OK("Notify Sent")
}

func (d *Driver) actSend(ctx context.Context, r *decl.ActionRequest) error {
	s := Submission{Method: strings.ToUpper(r.Get("Method")), Target: r.Get("Target"), Headers: r.All("Header"), Body: r.Get("Body")}
	if s.Method == "" || s.Target == "" {
		return errors.New("Method and Target must be given")
	}
	came := make(chan Outcome, 1)
	async := r.True("Async")
	id, err := d.Submit(s, func(o Outcome) {
		came <- o
		if async && d.bus.Wants(event.UserEvent) {
			lines := []string{"RequestID: " + strconv.FormatUint(o.ID, 10), "Status: " + strconv.Itoa(o.Status), "Reason: " + strings.Map(shown, o.Reason)}
			if r.ID() != "" {
				lines = slices.Insert(lines, 0, "ActionID: "+r.ID())
			}
			d.bus.Publish(event.Event{Kind: event.UserEvent, Time: d.now(), Name: "SIPReply", Value: strings.Join(lines, "\n")})
		}
	})
	if err != nil {
		return err
	}
	if async {
		r.Response("Success")
		r.Field("Message", "Request is on its way")
		r.Field("RequestID", id)
		r.End()
		return nil
	}
	select {
	case o := <-came:
		return replied(r, o)
	case <-d.done:
		return ErrClosed
	case <-ctx.Done():
		_ = d.Withdraw(id) // it may have ended meanwhile
		return ctx.Err()
	}
}

// replied tells what came back.
func replied(r *decl.ActionRequest, o Outcome) error {
	if o.Status == 0 {
		return errors.New(o.Reason)
	}
	r.Response("Success")
	r.Field("RequestID", o.ID)
	r.Field("Status", o.Status)
	r.Field("Reason", strings.Map(shown, o.Reason))
	r.Field("Milliseconds", o.Took.Round(time.Millisecond).Milliseconds())
	for l := range strings.Lines(string(o.Response)) {
		r.Field("Reply", strings.Map(shown, strings.TrimRight(l, "\r\n")))
	}
	r.End()
	return nil
}

func (d *Driver) actCancel(_ context.Context, r *decl.ActionRequest) error {
	id, err := strconv.ParseUint(r.Get("RequestID"), 10, 64)
	if err != nil {
		return errors.New("RequestID is not a number")
	}
	if err := d.Withdraw(id); err != nil {
		return err
	}
	return r.OK("Request is given up")
}

func (d *Driver) actReply(r *decl.ActionRequest) error {
	id, err := strconv.ParseUint(r.Get("RequestID"), 10, 64)
	if err != nil {
		return errors.New("RequestID is not a number")
	}
	s := d.submissions[id]
	if s == nil {
		return errNoID
	}
	r.Response("Success")
	r.Field("RequestID", id)
	r.Field("Method", s.asked.Method)
	r.Field("Target", s.asked.Target)
	r.Field("Seconds", int(d.now().Sub(s.began).Seconds()))
	r.End()
	return nil
}
