package sip

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/channels/sip/digest"
	"pbx/channels/sip/message"
	"pbx/decl"
)

// pattern reads [like PATTERN] of a list.
func pattern(args []string, list string) (func(name string) bool, error) {
	switch {
	case len(args) == 0:
		return func(string) bool { return true }, nil
	case len(args) == 2 && strings.EqualFold(args[0], "like"):
		re, err := regexp.Compile(args[1])
		if err != nil {
			return nil, fmt.Errorf("like %s: %w", args[1], err)
		}
		return re.MatchString, nil
	}
	return nil, fmt.Errorf("usage: sip show %s [like <pattern>]", list)
}

func (d *Driver) showPeers(w io.Writer, r *decl.Request) error {
	match, err := pattern(r.Args, "peers")
	if err != nil {
		return err
	}
	const format = "%-25.25s %-39.39s %-3.3s %-10.10s %-10.10s %-3.3s %-8s %-11s %-32.32s %s\n"
	fmt.Fprintf(w, format, "Name/username", "Host", "Dyn", "Forcerport", "Comedia", "ACL", "Port", "Status", "Description", "")
	var monitored, unmonitored [2]int // offline, online
	list := d.sorted(func(p *Peer) bool { return p.Type.IsPeer() && match(p.Name) })
	for _, p := range list {
		at := d.address(p)
		host, port := "(Unspecified)", "0"
		if at.IsValid() {
			host, port = at.Addr().String(), strconv.Itoa(int(at.Port()))
		}
		if p.Qualify > 0 {
			monitored[b2i(p.reach().state == qualifyReachable || p.reach().state == qualifyLagged)]++
		} else {
			unmonitored[b2i(at.IsValid())]++
		}
		name := p.Name
		if user := p.username(); user != "" {
			name += "/" + user
		}
		fmt.Fprintf(w, format, name, host, pick(p.Dynamic, " D ", "   "), autoText(p.NAT.ForceRPort, p.NAT.AutoForceRPort),
			autoText(p.NAT.Comedia, p.NAT.AutoComedia), pick(len(p.ACL) > 0, " A ", "   "), port, p.statusText(), p.Description, "")
	}
	fmt.Fprintf(w, "%d sip peers [Monitored: %d online, %d offline Unmonitored: %d online, %d offline]\n",
		len(list), monitored[1], monitored[0], unmonitored[1], unmonitored[0])
	return nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// username is the user part that a device is called by: of its registration, or
// defaultuser.
func (p *Peer) username() string {
	if c := p.best(); c != nil {
		if uri, err := message.ParseURI([]byte(c.URI)); err == nil {
			return string(uri.User)
		}
	}
	return p.DefaultUser
}

func (d *Driver) showPeer(w io.Writer, r *decl.Request) error {
	p := d.peer(r.Arg(0))
	if p == nil || !p.Type.IsPeer() {
		fmt.Fprintf(w, "Peer %s not found.\n\n", r.Arg(0))
		return nil
	}
	t := table2{w, 13}
	fmt.Fprintf(w, "\n\n")
	t.row("* Name", p.Name)
	t.row("Description", p.Description)
	t.row("Secret", setText(p.Secret))
	t.row("MD5Secret", setText(p.MD5Secret))
	t.row("Remote Secret", setText(p.RemoteSecret))
	for _, c := range p.Auth {
		t.row("Realm-auth", realmText(c))
	}
	t.row("Context", p.Context)
	fmt.Fprintf(w, "  Record On feature : %s\n", p.RecordOn)
	fmt.Fprintf(w, "  Record Off feature : %s\n", p.RecordOff)
	t.row("Subscr.Cont.", orNot(p.SubscribeContext))
	t.row("Language", p.Language)
	t.row("Tonezone", orNot(p.ToneZone))
	if p.AccountCode != "" {
		t.row("Accountcode", p.AccountCode)
	}
	t.row("AMA flags", cmp.Or(p.AMAFlags, "Unknown"))
	t.row("Transfer mode", pick(p.AllowTransfer, "open", "closed"))
	t.row("CallingPres", p.CallingPres.Text())
	if p.FromUser != "" {
		t.row("FromUser", p.FromUser)
	}
	if p.FromDomain != "" {
		t.row("FromDomain", fmt.Sprintf("%s Port %d", p.FromDomain, cmp.Or(p.FromDomainPort, defaultPort)))
	}
	t.row("Callgroup", groupText(p.CallGroup))
	t.row("Pickupgroup", groupText(p.PickupGroup))
	t.row("Named Callgr", strings.Join(p.NamedCall, ","))
	t.row("Nam. Pickupgr", strings.Join(p.NamedPickup, ","))
	t.row("MOH Suggest", p.MOHSuggest)
	t.row("Mailbox", mailboxText(p.Mailboxes))
	t.row("VM Extension", p.VMExten)
	t.row("LastMsgsSent", "32767/65535")
	t.row("Call limit", strconv.Itoa(p.limit()))
	t.row("Max forwards", strconv.Itoa(p.MaxForwards))
	if p.BusyLevel > 0 {
		t.row("Busy level", strconv.Itoa(p.BusyLevel))
	}
	t.row("Dynamic", yesNo(p.Dynamic))
	t.row("Callerid", callerText(p.CallerID))
	t.row("MaxCallBR", strconv.Itoa(p.MaxCallBitrate)+" kbps")
	expire := int64(-1)
	if c := p.best(); c != nil {
		expire = secondsLeft(c, d.now())
	}
	t.row("Expire", strconv.FormatInt(expire, 10))
	t.row("Insecure", insecureText(p.PeerConfig))
	t.row("Force rport", autoText(p.NAT.ForceRPort, p.NAT.AutoForceRPort))
	t.row("Symmetric RTP", autoText(p.NAT.Comedia, p.NAT.AutoComedia))
	t.row("ACL", yesNo(len(p.ACL) > 0))
	t.row("ContactACL", yesNo(len(p.ContactACL) > 0))
	t.row("DirectMedACL", yesNo(len(p.DirectACL) > 0))
	t.row("T.38 support", yesNo(p.T38))
	t.row("T.38 EC mode", "Unknown")
	t.row("T.38 MaxDtgrm", "4294967295")
	t.row("DirectMedia", yesNo(p.DirectMedia&DirectYes != 0))
	t.row("PromiscRedir", yesNo(p.PromiscRedirect))
	t.row("User=Phone", yesNo(p.UserEqPhone))
	t.row("Video Support", yesNo(false))
	t.row("Text Support", yesNo(false))
	t.row("Ign SDP ver", yesNo(p.IgnoreSDPVersion))
	t.row("Trust RPID", yesNo(p.TrustRPID))
	t.row("Send RPID", p.Identify.String())
	t.row("Path support", yesNo(p.SupportPath))
	t.row("Path", p.pathText())
	t.row("TrustIDOutbnd", [...]string{"Legacy", "No", "Yes"}[p.TrustOutbound])
	t.row("Subscriptions", yesNo(p.AllowSubscribe))
	t.row("Overlap dial", p.Overlap.String())
	if o := &p.OutboundProxy; o.Host != "" {
		t.row("Outb. proxy", o.Host+" "+pick(o.Force, "(forced)", ""))
	}
	t.row("DTMFmode", p.DTMFMode.String())
	t.row("Timer T1", strconv.FormatInt(p.T1.Milliseconds(), 10))
	t.row("Timer B", strconv.FormatInt(p.TimerB.Milliseconds(), 10))
	t.row("ToHost", p.Host)
	t.row("Addr->IP", nullable(d.address(p).IsValid(), d.address(p).String()))
	t.row("Defaddr->IP", nullable(p.DefaultIP.IsValid(), p.DefaultIP.String()))
	t.row("Prim.Transp.", p.reachedBy().String())
	t.row("Allowed.Trsp", protocolNames(p.Transports))
	if d.cfg.General.RegContext != "" {
		t.row("Reg. exten", p.RegExten)
	}
	t.row("Def. Username", p.username())
	t.row("SIP Options", "(none)")
	t.row("Codecs", codecText(p.Codecs))
	t.row("Auto-Framing", yesNo(p.AutoFraming))
	t.row("Status", p.statusText())
	var agent, contact string
	if c := p.best(); c != nil {
		agent, contact = c.UserAgent, c.URI
	}
	t.row("Useragent", agent)
	t.row("Reg. Contact", contact)
	if len(p.contacts) > 1 {
		for _, c := range p.contacts {
			t.row("Contact", fmt.Sprintf("%s q=%s expires=%s %s", c.URI, qText(c.Q), d.leftText(c), p.contactStatus(c)))
		}
	}
	t.row("Qualify Freq", strconv.FormatInt(p.QualifyFreq.Milliseconds(), 10)+" ms")
	t.row("Keepalive", strconv.FormatInt(p.Keepalive.Milliseconds(), 10)+" ms")
	t.variables(p)
	d.timerRows(t, p, "Min-Sess")
	t.row("RTP Engine", "asterisk")
	t.row("Parkinglot", p.ParkingLot)
	t.row("Use Reason", yesNo(p.Q850Reason))
	t.row("Encryption", yesNo(false))
	t.row("RTCP Mux", yesNo(false))
	fmt.Fprintf(w, "\n")
	return nil
}

// table2 prints rows of a name and a value, as "  Name         : value".
type table2 struct {
	w     io.Writer
	width int
}

func (t table2) row(name, value string) {
	if rest, ok := strings.CutPrefix(name, "* "); ok {
		fmt.Fprintf(t.w, "  * %-*s: %s\n", t.width-2, rest, value)
		return
	}
	fmt.Fprintf(t.w, "  %-*s: %s\n", t.width, name, value)
}

// variables lists those of setvar=.
func (t table2) variables(p *Peer) {
	if len(p.Variables) > 0 {
		fmt.Fprintf(t.w, "  %-*s:\n", t.width, "Variables")
	}
	for _, v := range p.Variables {
		fmt.Fprintf(t.w, "%17s%s = %s\n", "", v.Prefixed(), v.Value.S)
	}
}

// realmText is one of the credentials of auth=, without what is secret.
func realmText(c digest.Credential) string {
	what := "<Not set>"
	switch {
	case c.Secret != "":
		what = "<Secret set>"
	case c.HA1 != "":
		what = "<MD5secret set>"
	}
	return fmt.Sprintf("Realm %-15.15s User %-10.20s %s", c.Realm, c.User, what)
}

// pathText is the Path (RFC 3327) that the device is reached by.
func (p *Peer) pathText() string {
	if c := p.best(); c != nil && len(c.Path) > 0 {
		return "<" + strings.Join(c.Path, ">, <") + ">"
	}
	return "N/A"
}

func (d *Driver) timerRows(t table2, p *Peer, minimum string) {
	t.row("Sess-Timers", p.SessionTimers.String())
	t.row("Sess-Refresh", p.SessionRefresher)
	t.row("Sess-Expires", strconv.FormatInt(seconds64(p.SessionExpires), 10)+" secs")
	t.row(minimum, strconv.FormatInt(seconds64(p.SessionMinSE), 10)+" secs")
}

func (d *Driver) showUsers(w io.Writer, r *decl.Request) error {
	match, err := pattern(r.Args, "users")
	if err != nil {
		return err
	}
	const format = "%-25.25s  %-15.15s  %-15.15s  %-15.15s  %-5.5s%-10.10s\n"
	fmt.Fprintf(w, format, "Username", "Secret", "Accountcode", "Def.Context", "ACL", "Forcerport")
	for _, p := range d.sorted(func(p *Peer) bool { return p.Type.IsUser() && match(p.Name) }) {
		fmt.Fprintf(w, format, p.Name, pick(p.hasSecret(), "<Set>", ""), p.AccountCode, p.Context, yesNo(len(p.ACL) > 0), yesNo(p.NAT.ForceRPort))
	}
	return nil
}

func (d *Driver) showUser(w io.Writer, r *decl.Request) error {
	p := d.peer(r.Arg(0))
	if p == nil || !p.Type.IsUser() {
		fmt.Fprintf(w, "User %s not found.\n\n", r.Arg(0))
		return nil
	}
	t := table2{w, 13}
	fmt.Fprintf(w, "\n\n")
	t.row("* Name", p.Name)
	t.row("Secret", setText(p.Secret))
	t.row("MD5Secret", setText(p.MD5Secret))
	t.row("Context", p.Context)
	t.row("Language", p.Language)
	if p.AccountCode != "" {
		t.row("Accountcode", p.AccountCode)
	}
	t.row("AMA flags", cmp.Or(p.AMAFlags, "Unknown"))
	t.row("Tonezone", orNot(p.ToneZone))
	t.row("Transfer mode", pick(p.AllowTransfer, "open", "closed"))
	t.row("MaxCallBR", strconv.Itoa(p.MaxCallBitrate)+" kbps")
	t.row("CallingPres", p.CallingPres.Text())
	t.row("Call limit", strconv.Itoa(p.limit()))
	t.row("Callgroup", groupText(p.CallGroup))
	t.row("Pickupgroup", groupText(p.PickupGroup))
	t.row("Named Callgr", strings.Join(p.NamedCall, ","))
	t.row("Nam. Pickupgr", strings.Join(p.NamedPickup, ","))
	t.row("Callerid", callerText(p.CallerID))
	t.row("ACL", yesNo(len(p.ACL) > 0))
	d.timerRows(t, p, "Sess-Min-SE")
	t.row("RTP Engine", "asterisk")
	fmt.Fprintf(w, "  Auto-Framing:  %s \n", yesNo(p.AutoFraming))
	t.variables(p)
	fmt.Fprintf(w, "\n")
	return nil
}

func (d *Driver) showInUse(w io.Writer, r *decl.Request) error {
	const format = "%-25.25s %-15.15s %-15.15s \n"
	all := r.Arg(0) == "all"
	fmt.Fprintf(w, format, "* Peer name", "In use", "Limit")
	for _, p := range d.sorted(func(p *Peer) bool { return all || p.limit() > 0 }) {
		limit := "N/A"
		if n := p.limit(); n > 0 {
			limit = strconv.Itoa(n)
		}
		fmt.Fprintf(w, format, p.Name, fmt.Sprintf("%d/%d/%d", p.inUse, len(p.ringing), p.onHold), limit)
	}
	return nil
}

// limit is the call limit as the field shows it: counting calls is a limit that
// is never reached.
func (p *Peer) limit() int {
	if p.CallLimit == 0 && p.CallCounter {
		return math.MaxInt32
	}
	return p.CallLimit
}

func insecureText(p *PeerConfig) string {
	switch {
	case p.InsecurePort && p.InsecureInvite:
		return "port,invite"
	case p.InsecurePort:
		return "port"
	case p.InsecureInvite:
		return "invite"
	}
	return "no"
}

func callerText(c channel.Party) string { return fmt.Sprintf(`"%s" <%s>`, c.Name, c.Number) }

func nullable(ok bool, s string) string { return pick(ok, s, "(null)") }

func mailboxText(boxes []string) string {
	short := slices.Clone(boxes)
	for i, b := range short {
		short[i] = strings.TrimSuffix(b, "@default")
	}
	return strings.Join(short, ",")
}

// groupText lists the groups of a mask: "1, 3-5".
func groupText(mask uint64) string {
	var words []string
	for i := 0; i < 64; i++ {
		if mask>>i&1 == 0 {
			continue
		}
		first := i
		for i < 63 && mask>>(i+1)&1 == 1 {
			i++
		}
		if first == i {
			words = append(words, strconv.Itoa(i))
		} else {
			words = append(words, fmt.Sprintf("%d-%d", first, i))
		}
	}
	return strings.Join(words, ", ")
}
