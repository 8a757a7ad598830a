package sip

import (
	"bytes"
	"cmp"
	"net/netip"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
)

// callerNumber is the number of a caller before the channel exists, for matches
// that ask for it.
func (p *pvt) callerNumber(m *message.Message) string { return p.caller(m).Number }

// shrink removes the punctuation of a telephone number (shrinkcallerid).
func (p *pvt) shrink(number string) string {
	if !p.d.cfg.General.ShrinkCallerID || number == "" || strings.Trim(number, "0123456789*#+()-. ") != "" {
		return number
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("()-. ", r) {
			return -1
		}
		return r
	}, number)
}

// caller is who calls: whom a peer with trustrpid=yes asserts, or else whom callerid of
// its section names, or else From. As in the ancestor an assertion that says what From
// says is none.
func (p *pvt) caller(m *message.Message) channel.Party {
	s, from := p.settings, m.From()
	number, _, _ := strings.Cut(message.UnescapeString(from.URI.User), ";") // of phone-context and its like
	c := channel.Party{Name: from.Name(), Number: p.shrink(number)}
	if p.peer != nil {
		c.Presentation = p.peer.CallingPres
	}
	if private(m, from) {
		c.Presentation = channel.ProhibitedNotScreened
	}
	if told := c; s.TrustRPID && p.asserted(m, &c) && c != told {
		return c
	}
	if s.HasCallerID {
		c.Name = cmp.Or(s.CallerID.Name, c.Name)
		c.Number = cmp.Or(p.shrink(s.CallerID.Number), c.Number)
	}
	return c
}

// identity is who calls, by the INVITE and the peer's settings.
func (p *pvt) identity() channel.Identity {
	m, c := p.invite, p.caller(p.invite)
	c.HasNumber = c.Number != ""
	id := channel.Identity{Caller: c, ANI: c.Number, DNID: p.exten}
	if p.exten == "s" {
		id.DNID = p.dialled(m)
	}
	if p.trusted() {
		if v, ok := diversionOf(m); ok {
			id.RDNIS, id.RedirectReason = v.number, v.reason
		}
	}
	return id
}

// trusted reports whether what the far end says of others may be believed: it is
// a device that we know.
func (p *pvt) trusted() bool { return p.peer != nil }

// asserted takes the identity from Remote-Party-ID or else P-Asserted-Identity (RFC
// 3325), of a peer with trustrpid=yes. It reports whether there is one. As in the
// ancestor only a Remote-Party-ID can say that a number was verified.
func (p *pvt) asserted(m *message.Message, c *channel.Party) bool {
	hidden, screened := withheld(m), false
	a, ok := m.Address(message.HeaderRemotePartyID)
	if ok {
		privacy, _ := a.Params.Get("privacy")
		hidden = len(privacy) > 0 && !isWord(privacy, "off")
		screen, _ := a.Params.Get("screen")
		screened = isWord(screen, "yes")
	} else if a, ok = m.Address(message.HeaderPAssertedIdentity); !ok {
		return false
	}
	if isWord(a.URI.User, anonymous) && isWord(a.URI.Host, anonymousDomain) {
		hidden = true // and the number that we have stays
	} else {
		c.Number = p.shrink(message.UnescapeString(a.URI.User))
	}
	if name := a.Name(); name != "" || m.IsRequest() {
		c.Name = name
	}
	switch {
	case hidden && screened:
		c.Presentation = channel.ProhibitedPassed
	case hidden:
		c.Presentation = channel.ProhibitedNotScreened
	case screened:
		c.Presentation = channel.AllowedPassedScreen
	default:
		c.Presentation = channel.AllowedNotScreened
	}
	return true
}

// withheld reports whether the sender asks that nobody be shown who he is (RFC 3323
// 4.2, RFC 3325 9.3).
func withheld(m *message.Message) bool {
	for v := range m.Values(message.HeaderPrivacy) {
		for w := range bytes.SplitSeq(v, []byte(";")) {
			switch w = bytes.TrimSpace(w); {
			case isWord(w, "id"), isWord(w, "user"), isWord(w, "header"), isWord(w, "full"):
				return true
			}
		}
	}
	return false
}

func isWord(b []byte, word string) bool { return bytes.EqualFold(b, []byte(word)) }

// private reports whether a caller withholds his number, by a Privacy header or by an
// anonymous From (RFC 3323 4.1.1.3).
func private(m *message.Message, from *message.Address) bool {
	return withheld(m) || isWord(from.URI.Host, anonymousDomain)
}

// channelOptions are those of the channel of this call; from is the channel that
// dials it, nil for an inbound call.
func (p *pvt) channelOptions(from *channel.Channel) channel.Options {
	o := channel.Options{
		Name: p.peerName(), Tech: p.d, Leg: p, From: from, State: channel.Down,
		Settings: channel.Settings{Language: p.settings.Language, MusicClass: p.settings.MOHInterpret, ToneZone: p.settings.ToneZone}, Media: p.media.session,
	}
	if p.peer != nil {
		o.Account, o.AMAFlags = p.peer.AccountCode, p.peer.AMAFlags
		o.CallGroup, o.PickupGroup = p.peer.CallGroup, p.peer.PickupGroup
		o.NamedCallGroups, o.NamedPickupGroups = p.peer.NamedCall, p.peer.NamedPickup
		o.Variables = append(o.Variables, p.peer.Variables...)
	} else {
		o.Name = p.received.Addr().String()
		if p.outgoing {
			o.Name = p.out.dial.host()
		}
	}
	if p.outgoing {
		o.Location = channel.Location{Context: p.settings.Context, Priority: 1}
		if s := p.settings; s.HasCallerID {
			o.Identity.Caller = channel.Party{Name: s.CallerID.Name, Number: s.CallerID.Number, HasNumber: s.CallerID.Number != ""}
		}
		for _, f := range p.media.offered {
			o.Formats = append(o.Formats, f.Name)
		}
		return o
	}
	o.Identity = p.identity()
	o.Location = channel.Location{Context: p.context, Exten: p.exten, Priority: 1}
	if p.media.valid {
		o.Formats = p.media.agreed.formats()
	} else {
		for _, f := range p.media.offered {
			o.Formats = append(o.Formats, f.Name)
		}
	}
	o.Variables = append(o.Variables, p.callVariables()...)
	if n := p.invite.MaxForwards(); n > 0 {
		o.Variables = append(o.Variables, channel.Variable{Name: "SIP_MAX_FORWARDS", Value: channel.Clean(strconv.Itoa(n - 1)), Inherit: channel.Children})
	}
	return o
}

// callVariables are the variables that tell of an inbound call.
func (p *pvt) callVariables() []channel.Variable {
	if p.invite == nil {
		return nil
	}
	uri := p.invite.RequestURI()
	list := []channel.Variable{
		{Name: "SIPURI", Value: channel.Tainted(p.target)},
		{Name: "SIPDOMAIN", Value: channel.Tainted(string(uri.Host))},
		{Name: "SIPCALLID", Value: channel.Tainted(p.callID)},
	}
	if v, ok := uri.Params.Get("phone-context"); ok && uri.IsTel() { // RFC 3966 5.1.5
		list = append(list, channel.Variable{Name: "SIPURIPHONECONTEXT", Value: channel.Tainted(string(v))})
	}
	if v, ok := diversionOf(p.invite); ok && p.trusted() {
		list = append(list, v.variables()...)
	}
	return list
}

// contactURI is our Contact: the user that is reached here, at our address.
func contactURI(user string, local netip.AddrPort, p transaction.Protocol) string {
	b := append(make([]byte, 0, 64), "sip:"...)
	if user != "" {
		b = message.AppendEscaped(b, user)
		b = append(b, '@')
	}
	return string(appendTransport(appendHostPort(b, local), p))
}

// contactOn is our Contact in what goes by a route. Of a dialog that began with a
// sips URI it is one as well, where TLS is served (RFC 3261 8.1.1.8, 12.1.1).
func (d *Driver) contactOn(r transaction.Route, user string, secure bool) string {
	local, _ := d.localAddress(r)
	if !secure || !d.cfg.General.TLSEnable && !r.Protocol.Secure() {
		return contactURI(user, local, r.Protocol)
	}
	if !r.Protocol.Secure() {
		tls, _ := d.routeTo(transaction.TLS, r.Remote)
		local, _ = d.localAddress(tls)
	}
	uri := "sips:" + contactURI(user, local, transaction.UDP)[len("sip:"):]
	if r.Protocol.Web() {
		uri = string(appendTransport([]byte(uri), r.Protocol))
	}
	return uri
}

// beganSecure reports whether a request that begins a dialog asks for sips: in its
// Request-URI, or in where the answers go on to (RFC 3261 12.1.1).
func (g *dialog) beganSecure(m *message.Message) bool {
	if secureURI(string(m.RequestURIBytes())) {
		return true
	}
	if len(g.routes) > 0 {
		return secureURI(g.routes[0])
	}
	return secureURI(g.target)
}

// secure reports whether our requests begin with a sips URI.
func (g *dialog) secure() bool {
	return secureURI(g.target) || len(g.routes) > 0 && secureURI(g.routes[0])
}

// appendTransport appends the transport parameter of a URI that is reached by p
// (RFC 3261 19.1.1); nothing for UDP, which is the default.
func appendTransport(b []byte, p transaction.Protocol) []byte {
	if p == transaction.UDP {
		return b
	}
	return append(append(b, ";transport="...), p.Param()...)
}

// anonymous is who calls when the number is withheld (RFC 3323 4.1.1.3).
const anonymous = "anonymous"

// name writes From, To and Contact of an outbound call.
func (p *pvt) name() {
	ds := &p.out.dial
	id := p.channel.Identity()
	c := id.Connected
	if c.Number == "" && c.Name == "" {
		c = id.Caller
	}
	user, name := c.Number, c.Name
	if user == "" { // who has a number is not called by it as well
		user = cmp.Or(p.d.cfg.General.CallerID, defaultCaller)
		name = cmp.Or(name, user)
	}
	domain := p.settings.FromDomain
	if v, ok := p.channel.Var("SIPFROMDOMAIN"); ok && v.S != "" {
		domain = v.S
	}
	given := domain != ""
	if !given {
		b := appendHost(nil, p.localHost.Addr())
		if p.localHost.Port() != 5060 {
			b = appendHostPort(nil, p.localHost)
		}
		domain = string(b)
	} else if p.settings.FromDomainPort != 0 {
		domain += ":" + strconv.Itoa(int(p.settings.FromDomainPort))
	}
	ours := domain
	if c.Restricted() { // whatever the other headers tell whom we trust
		name, user = "Anonymous", anonymous
		if !given {
			domain = anonymousDomain
		}
	}
	if p.peer != nil && p.peer.FromUser != "" {
		user = p.peer.FromUser
	}
	uri := "sip:" + string(message.AppendEscaped(nil, user)) + "@" + domain
	if ds.From != "" {
		if u, d, ok := strings.Cut(ds.From, "@"); ok {
			uri = "sip:" + string(message.AppendEscaped(nil, u)) + "@" + d
		} else {
			uri = "sip:" + string(message.AppendEscaped(nil, u)) + "@" + domain
		}
	}
	p.local = string(message.AppendAddress(nil, name, uri))
	p.out.contact = user
	p.contact = p.d.contactOn(p.route, user, p.secure())
	p.out.user, p.out.domain = user, ours
	if p.settings.UserEqPhone && isPhone(p.exten) && !strings.Contains(p.target, ";user=") {
		p.target += ";user=phone"
	}
	if v, ok := p.channel.Var("SIP_URI_OPTIONS"); ok && cleanOptions(v.S) {
		p.target += ";" + v.S
	}
	to := p.target
	if ds.To != "" {
		if strings.Contains(ds.To, "@") {
			to = "sip:" + ds.To
		} else {
			host := ds.Peer
			if u, err := message.ParseURI([]byte(p.target)); err == nil {
				host = string(message.AppendHostPort(nil, u.Host, u.Port))
			}
			to = "sip:" + string(message.AppendEscaped(nil, ds.To)) + "@" + host
		}
	}
	p.remote = "<" + to + ">"
}

// anonymousDomain is where an anonymous caller is (RFC 3323 4.1.1.3).
const anonymousDomain = "anonymous.invalid"

// cleanOptions reports whether text is what may follow a URI: parameters, divided by
// semicolons.
func cleanOptions(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>"?,`, r) })
}

// defaultCaller is who calls when nobody says.
const defaultCaller = "asterisk"

func isPhone(s string) bool {
	return s != "" && strings.Trim(strings.TrimPrefix(s, "+"), "0123456789") == ""
}

// present writes a party as P-Asserted-Identity (RFC 3325) or Remote-Party-ID.
// One that wants to stay private is shown as anonymous, not at all, or marked so,
// as trust_id_outbound says.
func (p *pvt) present(b *message.Builder, c channel.Party, role, domain string) {
	s := p.settings
	if c.Number == "" || s.Identify == IdentifyNone || c.Restricted() && s.TrustOutbound == TrustNo {
		return
	}
	name, uri := cmp.Or(c.Name, c.Number), "sip:"+string(message.AppendEscaped(nil, c.Number))+"@"+domain
	if c.Restricted() && s.TrustOutbound == TrustLegacy {
		name, uri = "Anonymous", "sip:"+anonymous+"@"+anonymousDomain
	}
	if s.Identify == IdentifyPAI {
		b.Address(message.HeaderPAssertedIdentity, name, uri, "")
		if c.Restricted() && s.TrustOutbound == TrustYes {
			b.Header(message.HeaderPrivacy, "id")
		}
		return
	}
	privacy, screen := ";privacy=off", ";screen=no"
	if c.Restricted() {
		privacy = ";privacy=full"
	}
	if c.Presentation&1 != 0 { // verified and passed, or the network's own (ITU-T Q.951.3)
		screen = ";screen=yes"
	}
	b.Address(message.HeaderRemotePartyID, name, uri, ";party="+role+privacy+screen)
}
