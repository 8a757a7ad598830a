package sip

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/decl"
)

// Functions declares the dialplan functions that look into the driver.
func (d *Driver) Functions() []channel.Function {
	return []channel.Function{
		{
			Name: "SIP_HEADER", Synopsis: "Gets the specified SIP header from an incoming INVITE message",
			Help: "The value comes from the network as it is: check it before you use it. A header that occurs several times is chosen by number, from 1.",
			Args: []decl.Arg{
				{Name: "name", Help: "the header, full or compact"},
				{Name: "number", Help: "which of several", Optional: true},
				{Name: "method", Help: "the last request of that method within the call instead, such as BYE, CANCEL or INFO", Optional: true},
			},
			Read: d.readHeader,
		},
		{
			Name: "SIP_HEADERS", Synopsis: "Gets the list of SIP header names from an incoming INVITE message",
			Help: "Each name is listed once, in the order of the message, divided by commas.",
			Args: []decl.Arg{{Name: "prefix", Help: "only names that begin so", Optional: true}}, Read: d.readHeaderNames,
		},
		{
			Name: "SIPPEER", Synopsis: "Gets SIP peer information",
			Help: "Items: ip (the default), port, mailbox, context, expire, dynamic, callerid_name, callerid_num, callgroup, pickupgroup, namedcallgroup, namedpickupgroup, codecs, codec[x], status, regexten, limit, busylevel, curcalls, language, accountcode, useragent, encryption, maxforwards, chanvar[name].",
			Args: []decl.Arg{{Name: "peer", Help: "a section of sip.conf"}, {Name: "item", Optional: true}}, Read: d.readPeer,
		},
		{
			Name: "SIPCHANINFO", Synopsis: "Gets the specified SIP parameter from the current channel",
			Help: "Items: peerip, recvip, from, uri, useragent, peername, t38passthrough.",
			Args: []decl.Arg{{Name: "item"}}, Read: d.readChannelInfo,
		},
		{
			Name: "CHECKSIPDOMAIN", Synopsis: "Checks if domain is a local domain",
			Help: "Returns the domain when it is one of the domains in sip.conf, and nothing otherwise.",
			Args: []decl.Arg{{Name: "domain"}}, Read: d.readDomain,
		},
	}
}

// errNotSIP is the complaint about a channel of another technology.
var errNotSIP = errors.New("this can only be used on a SIP channel")

// call is the SIP call of the thread's channel, nil when it is none.
func (d *Driver) call(t channel.Thread) *pvt {
	p, _ := t.Channel().Leg().(*pvt)
	return p
}

// requested runs f on the loop with the INVITE that brought the call, or with the last
// request of a method within it, if there is one.
func (d *Driver) requested(t channel.Thread, method message.Method, f func(*message.Message)) error {
	p := d.call(t)
	if p == nil {
		return errNotSIP
	}
	return d.Call(func() {
		m := p.invite
		if method != "" {
			m = p.lastOf(method)
		}
		if m != nil {
			f(m)
		}
	})
}

// keep keeps a request within the call for SIP_HEADER.
func (p *pvt) keep(m *message.Message) {
	for i, o := range p.requests {
		if o.Method() == m.Method() {
			p.requests[i] = m.Clone()
			return
		}
	}
	if len(p.requests) < maxKept {
		p.requests = append(p.requests, m.Clone())
	}
}

// maxKept bounds the methods of which the last request is kept.
const maxKept = 8

func (p *pvt) lastOf(method message.Method) *message.Message {
	for _, m := range p.requests {
		if m.Method() == method {
			return m
		}
	}
	return nil
}

func (d *Driver) readHeader(t channel.Thread, args *decl.Args) (string, error) {
	name, number := args.Arg(0), 1
	if name == "" {
		return "", errors.New("SIP_HEADER needs the name of a header")
	}
	if args.Has(1) {
		n, err := strconv.Atoi(args.Arg(1))
		if err != nil {
			return "", fmt.Errorf("SIP_HEADER: %q is not a number from 1", args.Arg(1))
		}
		number = max(n, 1)
	}
	value := ""
	p := d.call(t)
	err := d.requested(t, message.Method(strings.ToUpper(args.Arg(2))), func(m *message.Message) {
		if p.hides([]byte(name)) {
			return
		}
		for line := range m.Named(name) {
			if number--; number == 0 {
				value = string(line)
				return
			}
		}
	})
	args.Tainted = true
	return value, err
}

func (d *Driver) readHeaderNames(t channel.Thread, args *decl.Args) (string, error) {
	var names []string
	p := d.call(t)
	err := d.requested(t, "", func(m *message.Message) {
		for name := range m.Headers() {
			if p.hides(name) {
				continue
			}
			full := string(name)
			if id := message.HeaderIDOf(name); id != message.HeaderOther {
				full = id.String()
			}
			if hasPrefixFold(full, args.Arg(0)) && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, full) }) {
				names = append(names, full)
			}
		}
	})
	args.Tainted = true
	return strings.Join(names, ","), err
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func (d *Driver) readChannelInfo(t channel.Thread, args *decl.Args) (string, error) {
	p := d.call(t)
	if p == nil {
		return "", errNotSIP
	}
	item := strings.ToLower(args.Arg(0))
	switch item {
	case "peerip", "recvip", "peername", "t38passthrough":
		args.Tainted = false
	case "from", "uri", "useragent":
		args.Tainted = true
	default:
		return "", fmt.Errorf("SIPCHANINFO: unknown item %q", args.Arg(0))
	}
	value, _ := p.Item(item)
	return value, nil
}

func (d *Driver) readDomain(t channel.Thread, args *decl.Args) (string, error) {
	domain, local := args.Arg(0), false
	if domain == "" {
		return "", errors.New("CHECKSIPDOMAIN needs a domain")
	}
	var p *pvt
	if t != nil && t.Channel() != nil { // it is asked without a call as well
		p = d.call(t)
	}
	if err := d.Call(func() {
		var r transaction.Route
		if p != nil {
			r = p.route
		}
		local = d.isDomain([]byte(domain), r)
	}); err != nil || !local {
		return "", err
	}
	return domain, nil
}

func (d *Driver) readPeer(_ channel.Thread, args *decl.Args) (string, error) {
	name, item := args.Arg(0), args.Arg(1)
	if item == "" {
		name, item, _ = strings.Cut(name, ":") // the separator of old releases
	}
	value, found := "", false
	err := d.Call(func() {
		if p := d.peer(name); p != nil && p.Type.IsPeer() {
			value, found = d.peerItem(p, item)
		}
	})
	args.Tainted = strings.EqualFold(item, "useragent")
	if err == nil && !found && d.peerKnown(name) {
		err = fmt.Errorf("SIPPEER: unknown item %q", item)
	}
	return value, err
}

func (d *Driver) peerKnown(name string) (known bool) {
	_ = d.Call(func() { p := d.peer(name); known = p != nil && p.Type.IsPeer() })
	return known
}

// peerItem is one item of SIPPEER().
func (d *Driver) peerItem(p *Peer, item string) (string, bool) {
	key, index, indexed := strings.Cut(item, "[")
	index = strings.TrimSuffix(index, "]")
	switch key = strings.ToLower(key); {
	case indexed && key == "chanvar":
		for _, v := range p.Variables {
			if strings.EqualFold(v.Name, index) {
				return v.Value.S, true
			}
		}
		return "", true
	case indexed && key == "codec":
		n, err := strconv.Atoi(index)
		if err != nil || n < 0 || n >= len(p.Codecs) {
			return "", true
		}
		return p.Codecs[n].Name, true
	}
	at := d.address(p)
	best := p.best()
	switch key {
	case "ip", "":
		if !at.IsValid() {
			return "(null)", true
		}
		return at.Addr().String(), true
	case "port":
		return strconv.Itoa(int(at.Port())), true
	case "status":
		return p.statusText(), true
	case "mailbox":
		return mailboxText(p.Mailboxes), true
	case "context":
		return p.Context, true
	case "expire":
		if best == nil {
			return "-1", true
		}
		return strconv.FormatInt(secondsLeft(best, d.now()), 10), true
	case "dynamic":
		return pick(p.Dynamic, "yes", "no"), true
	case "callerid_name":
		return p.CallerID.Name, true
	case "callerid_num":
		return p.CallerID.Number, true
	case "callgroup":
		return groupText(p.CallGroup), true
	case "pickupgroup":
		return groupText(p.PickupGroup), true
	case "namedcallgroup":
		return strings.Join(p.NamedCall, ","), true
	case "namedpickupgroup":
		return strings.Join(p.NamedPickup, ","), true
	case "codecs":
		return codecText(p.Codecs), true
	case "regexten":
		return p.RegExten, true
	case "limit":
		return strconv.Itoa(p.limit()), true
	case "busylevel":
		return strconv.Itoa(p.BusyLevel), true
	case "curcalls":
		return strconv.Itoa(p.inUse), true
	case "language":
		return p.Language, true
	case "accountcode":
		return p.AccountCode, true
	case "encryption":
		return "0", true
	case "maxforwards":
		return strconv.Itoa(p.MaxForwards), true
	case "useragent":
		if best == nil {
			return "", true
		}
		return best.UserAgent, true
	}
	return "", false
}

// cleanHeader reports whether a line is Name: value that cannot break out of its
// line.
func cleanHeader(line string) bool {
	name, _, ok := strings.Cut(line, ":")
	return ok && strings.TrimSpace(name) != "" && !bytes.ContainsAny([]byte(line), "\r\n\x00")
}
