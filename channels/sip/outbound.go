package sip

import (
	"cmp"
	"strings"

	"pbx/channel"
	"pbx/channels/sip/digest"
	"pbx/channels/sip/message"
	"pbx/channels/sip/sdp"
	"pbx/channels/sip/transaction"
	"pbx/media"
)

// outbound is what a call that we began needs besides its dialog.
type outbound struct {
	dial    dialString
	caller  *channel.Channel // on whose behalf it is made, nil for nobody
	from    *pvt             // the call on whose behalf it is made, nil if that is not ours
	wanted  []string         // the codecs of that call, best first
	servers *servers
	meter   *meter // of a number that costs, nil for others
	patience
	won *answer // what the 2xx responses that come after the first one need
	// early are the dialogs that provisional responses made, by their tag.
	early   map[string]*earlyDialog
	minSE   int64
	seq     uint32 // CSeq number of the INVITE
	user    string // of From
	contact string // the user of Contact
	domain  string
}

// prepare makes the call that a dial string asks for, on the loop, and tells done
// once its servers are found; nothing of it is in the table yet.
// within is the fork that it is a branch of by another dial string, nil for none.
func (d *Driver) prepare(ds dialString, r channel.Request, within *fork, done func(*pvt, error)) {
	var peer *Peer
	if ds.Port == 0 {
		if peer = d.peer(ds.Peer); peer != nil && !peer.Type.IsPeer() {
			peer = nil
		}
	}
	contact, fork := d.contactFor(peer, r)
	fork = cmp.Or(within, fork)
	if fork != nil && fork.refused {
		done(nil, errRefused)
		return
	}
	if contact != nil && contact.Dial != "" && ds.Exten == "" {
		d.prepareThrough(contact.Dial, r, fork, done)
		return
	}
	p := &pvt{
		d: d, outgoing: true, peer: peer, fork: fork, settings: d.settings(peer), exten: ds.Exten,
		out: &outbound{dial: ds, wanted: r.Formats}, began: d.now(),
	}
	p.out.caller = r.From
	if r.From != nil {
		p.out.from, _ = r.From.Leg().(*pvt)
	}
	at, err := p.address(contact)
	if err == nil && ds.Next != "" {
		at, err = p.throughNext(ds.Next)
	}
	if err != nil {
		done(nil, err)
		return
	}
	d.reach(at, func(s *servers, err error) {
		failure := errPanic
		defer func() { // whatever happens: somebody waits
			if failure != nil {
				done(nil, failure)
			} else {
				done(p, nil)
			}
		}()
		if err == nil {
			p.out.servers = s
			err = p.ready(r)
		}
		failure = err
	})
}

// address makes the Request-URI out of the dial string and says where the request
// is sent.
func (p *pvt) address(c *Contact) (hop, error) {
	d, ds := p.d, &p.out.dial
	if p.peer != nil {
		target, at, err := d.destination(p.peer, c, string(message.AppendEscaped(nil, ds.Exten)))
		if err != nil {
			return at, err
		}
		p.target = target
		return at, nil
	}
	if strings.Trim(ds.Peer, "0123456789") == "" {
		return hop{}, errNoHost // a number that is no peer is no host either
	}
	host := ds.host()
	p.target = "sip:"
	if ds.Exten != "" {
		p.target += string(message.AppendEscaped(nil, ds.Exten)) + "@"
	}
	p.target += host
	if p.settings.OutboundProxy.Host != "" {
		return d.proxyHop(p.settings), nil
	}
	if protocol, ok := transaction.ParseProtocol(ds.Transport); ok && !protocol.Web() {
		p.target = string(appendTransport([]byte(p.target), protocol))
		return hop{query: d.query(ds.Peer, uint16(ds.Port), []transaction.Protocol{protocol}, true)}, nil
	}
	return hop{query: d.queryFor(p.settings, ds.Peer, uint16(ds.Port))}, nil
}

// throughNext is the way by the next hop that the dial string names: an outboundproxy
// of this call alone.
func (p *pvt) throughNext(next string) (hop, error) {
	proxy, err := parseProxy(next)
	if err != nil || proxy.Host == "" {
		return hop{}, errNoHost
	}
	s := *p.settings
	s.OutboundProxy = proxy
	p.settings = &s
	return p.d.proxyHop(p.settings), nil
}

// ready settles what the call needs before it has a channel.
func (p *pvt) ready(r channel.Request) error {
	if err := p.secured(r.From); err != nil {
		return err
	}
	p.media.offered = p.ourFormats(r.Formats)
	if len(p.media.offered) == 0 {
		return errNoCodec
	}
	if err := p.barred(); err != nil {
		return err
	}
	if err := p.count(); err != nil {
		return err
	}
	ds := &p.out.dial
	p.take(p.out.servers.route())
	p.routes = p.out.servers.path
	p.by = p.settings
	p.pinned = p.settings.OutboundProxy.Host != "" && p.settings.OutboundProxy.Force
	p.callID = p.d.random.callID(p.localHost.String())
	p.localTag = p.d.random.tag()
	p.localSeq = firstSeq - 1
	p.proof = &proof{peer: p.peer, given: digest.Credential{User: ds.AuthName, Secret: ds.Secret, HA1: ds.MD5}}
	if p.proof.given.User == "" && (ds.Secret != "" || ds.MD5 != "") {
		p.proof.given.User = ds.Exten
	}
	p.media.id = p.d.random.uint64() >> 33
	p.media.version = p.media.id
	if r.Alone && !r.Held {
		p.foresee()
	}
	if r.Held {
		p.media.agreed.direction = sdp.SendOnly // hold, RFC 3264 section 8.4
	}
	return nil
}

// secured keeps to the security that the caller wants of the legs that are called on
// its behalf.
func (p *pvt) secured(from *channel.Channel) error {
	if from == nil {
		return nil
	}
	switch s := from.Settings(); {
	case s.SecureMedia:
		return errNoSRTP
	case s.SecureSignaling && !p.out.servers.secure():
		return errInsecure
	case s.SecureSignaling:
		p.encrypted = true
	}
	return nil
}

// take has the call go by a route, from the address that we have there.
func (p *pvt) take(r transaction.Route) {
	p.route, p.received = r, r.Remote
	p.localHost, p.media.addr = p.d.localAddress(r)
}

// ourFormats are the audio formats that the peer may use: those that the other
// leg has first, in its order, then the rest in ours.
func (p *pvt) ourFormats(wanted []string) []media.Format {
	list := make([]media.Format, 0, len(p.settings.Codecs))
	add := func(name string) {
		f, ok := media.FormatNamed(name)
		if !ok || f.Video {
			return
		}
		for i := range list {
			if list[i].Name == f.Name {
				return
			}
		}
		list = append(list, f)
	}
	for _, w := range wanted {
		for _, c := range p.settings.Codecs {
			if c.Name == w {
				add(w)
			}
		}
	}
	if p.settings.PreferredCodecOnly && len(list) > 0 {
		return list[:1]
	}
	for _, c := range p.settings.Codecs {
		add(c.Name)
	}
	return list
}

// suggest restricts what we offer to the codecs of SIP_CODEC_OUTBOUND or
// SIP_CODEC, if the peer may use any of them.
func (p *pvt) suggest(variables ...string) {
	for _, name := range variables {
		v, ok := p.channel.Var(name)
		if !ok || v.S == "" {
			continue
		}
		var list []media.Format
		for _, w := range strings.Split(v.S, ",") {
			for _, f := range p.media.offered {
				if strings.EqualFold(f.Name, strings.TrimSpace(w)) {
					list = append(list, f)
				}
			}
		}
		if len(list) > 0 {
			p.media.offered = list
		}
		return
	}
}
