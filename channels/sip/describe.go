package sip

import (
	"net/netip"
	"slices"
	"time"

	"pbx/channels/sip/sdp"
	"pbx/media"
)

// Our session descriptions: answers and offers (RFC 3264).

// answerSDP writes the answer to an offer that negotiate accepted.
func (p *pvt) answerSDP(offer []byte) []byte {
	s, err := sdp.Parse(offer)
	if err != nil {
		return nil
	}
	a := &p.media.agreed
	to := p.direct()
	body := p.describe(func(d *sdp.Description, dst []byte) []byte {
		d.Conn = to.Addr()
		return d.AppendAnswer(dst, &s, func(i int, _ sdp.Media) (sdp.Stream, bool) {
			if i != a.index {
				return sdp.Stream{}, false
			}
			return p.stream(a.codecs, a.dtmf, a.direction, to), true
		})
	})
	p.tell(to)
	return body
}

// offerSDP writes an offer: what was agreed before, all that we have where nothing
// was, and with full both. A far end that is to send its audio to another is
// offered what that one takes.
func (p *pvt) offerSDP(full bool) []byte {
	a := &p.media.agreed
	codecs, dtmf, direction := a.codecs, a.dtmf, a.direction
	to := p.direct()
	ahead := p.ahead()
	if ahead.IsValid() {
		to = ahead
	}
	p.media.telling = to
	switch {
	case ahead.IsValid():
		theirs := &p.partner.media.agreed
		codecs, dtmf = slices.DeleteFunc(slices.Clone(theirs.codecs), func(c codec) bool {
			return !slices.ContainsFunc(p.media.offered, func(f media.Format) bool { return f.Name == c.Name })
		}), theirs.dtmf
	case to.IsValid():
		codecs = slices.DeleteFunc(slices.Clone(p.partner.media.agreed.codecs), func(c codec) bool { return !a.has(c.Name) })
	case !p.media.valid || full:
		codecs = slices.Clone(codecs)
		for _, f := range p.media.offered {
			if !a.has(f.Name) && !a.uses(p.number(f)) {
				codecs = append(codecs, codec{f, p.number(f)})
			}
		}
		if mode := p.dtmf(); dtmf == 0 && (mode == DTMFRFC2833 || mode == DTMFAuto) && !a.uses(p.eventNumber()) {
			dtmf = p.eventNumber()
		}
	}
	if a.held {
		direction = sdp.SendRecv
	}
	p.media.waiting = true
	p.media.ours = numbers{codecs, dtmf}
	return p.describe(func(d *sdp.Description, dst []byte) []byte {
		used := p.stream(codecs, dtmf, direction, to)
		if a.stopped { // it stays as the far end left it
			used.Port = 0
		}
		d.Conn, d.Media = to.Addr(), p.streams(a.index, used)
		return d.AppendTo(dst)
	})
}

// number is the payload type that we offer a format under: the caller's, where the
// two may come to speak without us.
func (p *pvt) number(f media.Format) uint8 {
	if from := p.wouldPair(); from != nil {
		for _, c := range from.media.agreed.codecs {
			if c.Name == f.Name {
				return c.pt
			}
		}
	}
	return f.Offer
}

// eventNumber is that of telephone-event.
func (p *pvt) eventNumber() uint8 {
	if from := p.wouldPair(); from != nil && from.media.agreed.dtmf != 0 {
		return from.media.agreed.dtmf
	}
	return media.TelephoneEvent
}

// wouldPair is the call on whose behalf this one is made, if both may have direct
// media.
func (p *pvt) wouldPair() *pvt {
	if p.out == nil || p.out.from == nil || p.settings.DirectMedia&DirectYes == 0 || p.out.from.settings.DirectMedia&DirectYes == 0 {
		return nil
	}
	return p.out.from
}

// streams are the m-lines of an offer: the one in use at its place, the others as
// they were, refused.
func (p *pvt) streams(index int, used sdp.Stream) []sdp.Stream {
	list := make([]sdp.Stream, max(len(p.media.layout), index+1))
	for i := range list {
		if i < len(p.media.layout) {
			l := p.media.layout[i]
			list[i] = sdp.Stream{Kind: l.kind, Proto: l.proto, Fmt: l.fmt}
		}
	}
	list[index] = used
	return list
}

// stream is our audio stream, or, at to, that of the far end that it goes to.
func (p *pvt) stream(codecs []codec, dtmf uint8, direction sdp.Direction, to netip.AddrPort) sdp.Stream {
	s := sdp.Stream{
		Port: p.media.session.Local().Port(), PTime: 20, MaxPTime: maxPtime, Direction: direction,
		Formats: make([]sdp.StreamFormat, 0, len(codecs)+1),
	}
	if to.IsValid() {
		s.Port = to.Port()
		if rtcp := p.partner.media.agreed.rtcp; rtcp.IsValid() && rtcp.Port() != to.Port()+1 {
			s.RTCP = rtcp.Port()
		}
	}
	if len(codecs) > 0 {
		if t := p.ptime(codecs[0].Name); t > 0 {
			s.PTime = int(t / time.Millisecond)
		} else if t := codecs[0].Ptime; t > 0 {
			s.PTime = int(t / time.Millisecond)
		}
	}
	for _, c := range codecs {
		s.Formats = append(s.Formats, sdp.StreamFormat{PT: c.pt, Name: c.Encoding, Rate: c.Clock, Channels: c.Channels, Params: c.Fmtp})
	}
	if dtmf != 0 {
		s.Formats = append(s.Formats, sdp.StreamFormat{PT: dtmf, Name: "telephone-event", Rate: 8000, Params: sdpDigits})
	}
	return s
}

// describe writes a description in d.body. Its version goes up when it differs
// from the one before (RFC 3264 8).
func (p *pvt) describe(write func(d *sdp.Description, dst []byte) []byte) []byte {
	g := &p.d.cfg.General
	desc := sdp.Description{User: g.SDPOwner, ID: p.media.id, Version: p.media.version, Addr: p.media.addr, Name: g.SDPSession}
	if desc.User == "" {
		desc.User = "root"
	}
	if desc.Name == "" {
		desc.Name = p.d.server
	}
	body := write(&desc, p.d.body[:0])
	sum := uint64(14695981039346656037)
	for _, c := range body {
		sum = (sum ^ uint64(c)) * 1099511628211
	}
	if p.media.sum != 0 && p.media.sum != sum {
		p.media.version++
		desc.Version, desc.Media, desc.Conn = p.media.version, nil, netip.Addr{}
		body = write(&desc, body[:0])
		sum = uint64(14695981039346656037)
		for _, c := range body {
			sum = (sum ^ uint64(c)) * 1099511628211
		}
	}
	p.media.sum = sum
	p.d.body = body
	return body
}
