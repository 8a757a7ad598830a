package sip

import (
	"net/netip"
	"slices"
	"time"

	"pbx/channel"
	"pbx/channels/sip/sdp"
	"pbx/event"
	"pbx/media"
)

// maxPtime is what we say of the longest packets, in milliseconds.
const maxPtime = 140

// mediaState is what offer and answer agreed on (RFC 3264).
type mediaState struct {
	session *media.Session
	addr    netip.Addr // ours, as written in SDP
	id      uint64     // o= session
	version uint64     // o= version
	sum     uint64     // of the last description sent

	offered []media.Format // outbound: what our offer lists, best first
	ours    numbers        // of our last offer
	agreed  agreement
	valid   bool   // agreed holds something
	prefer  string // the codec of the other leg
	waiting bool   // our offer is out, the answer is not here

	layout        []line         // the m-lines so far, nil for one of audio
	telling       netip.AddrPort // where the description being written has the far end send
	told          netip.AddrPort // and the one it has taken; not valid is to us
	refusedDirect bool           // it does not want to send elsewhere
	stuck         bool           // it refused the last change of ours
	noted         string         // the codec that noteCodec told of
}

// line is an m-line as far as every description after it has to repeat it
// (RFC 3264 8).
type line struct{ kind, proto, fmt string }

// agreement is the audio stream that one description of the far end leads to.
type agreement struct {
	index     int // of its m-line
	codecs    []codec
	dtmf      uint8 // payload type of telephone-event, 0 for none
	rtp, rtcp netip.AddrPort
	direction sdp.Direction // ours
	held      bool
	stopped   bool // the port is 0: there is no audio until it is offered again
	ptime     time.Duration
	lines     []line // all of the description, nil for one of audio
}

// codec is a format under the payload type number that both sides use.
type codec struct {
	media.Format
	pt uint8
}

// numbers are the payload types of an offer of ours. The far end may number what it
// sends by them, and what it wants to get in another way (RFC 3264 5.1, 6.1).
type numbers struct {
	codecs []codec
	dtmf   uint8
}

// sdpDigits is the fmtp of telephone-event: the events 0 to 16.
const sdpDigits = "0-16"

// negotiate reads a description of the far end against what we can do. It
// returns the status that refuses it, 0 if all is well: 488 where there is no
// common codec, 400 where it is malformed.
func (p *pvt) negotiate(text []byte, answer bool) (agreement, int) {
	s, err := sdp.Parse(text)
	if err != nil {
		return agreement{}, 400
	}
	var best agreement
	for i, m := range s.Media() {
		a := agreement{index: i}
		if !m.Is("audio") || m.Port == 0 || !m.RTP() || m.Secure() || !p.agree(&a, &m, answer) {
			continue
		}
		// Of one stream in either address family (RFC 4091) the one that is as the
		// signalling is used, whichever comes first.
		near := !a.rtp.IsValid() || a.rtp.Addr().Unmap().Is4() == p.received.Addr().Unmap().Is4()
		if near || len(best.codecs) == 0 {
			best = a
		}
		if near {
			break
		}
	}
	if len(best.codecs) == 0 {
		return agreement{}, 488
	}
	if s.NumMedia() > 1 {
		best.lines = linesOf(&s)
	}
	return best, 0
}

// agree fills in what one audio stream of the far end leads to; it reports false where
// there is no common codec.
func (p *pvt) agree(a *agreement, m *sdp.Media, answer bool) bool {
	if p.match(a, m, answer); len(a.codecs) == 0 {
		return false
	}
	addr := m.Connection.Addr
	if !addr.IsValid() {
		addr = p.received.Addr() // a host name: the signalling shows where it is
	}
	a.held = m.OnHold()
	a.rtp = netip.AddrPortFrom(addr, m.Port)
	// a=rtcp-mux is offered and never answered by us: reports have a port of their own
	// then (RFC 5761 5.1.1).
	if m.RTCP != 0 {
		a.rtcp = netip.AddrPortFrom(addr, m.RTCP)
	}
	a.direction = m.Direction.Answer(sdp.SendRecv)
	if addr.IsUnspecified() { // the hold of RFC 2543
		a.rtp = netip.AddrPort{}
		switch a.direction {
		case sdp.SendRecv:
			a.direction = sdp.RecvOnly
		case sdp.SendOnly:
			a.direction = sdp.Inactive
		}
	}
	if p.settings.AutoFraming && m.PTime > 0 {
		a.ptime = time.Duration(m.PTime) * time.Millisecond
	}
	return true
}

// offerReason is the reason phrase that refuses a description: 400 says what is
// malformed (RFC 3261 21.4.1).
func offerReason(status int) string {
	return pick(status == 400, "Malformed session description", "")
}

// stopped reads an offer of the answered call that leaves its audio out: all its
// ports are 0. The stream rests, as one on hold, until an offer gives it a port
// again (RFC 3264 8.2). ok is false where the offer is another one.
func (p *pvt) stopped(text []byte) (a agreement, ok bool) {
	s, err := sdp.Parse(text)
	if err != nil || !p.media.valid || p.phase != phaseUp {
		return agreement{}, false
	}
	a = p.media.agreed
	for i, m := range s.Media() {
		if m.Port != 0 {
			return agreement{}, false
		}
		ok = ok || i == a.index && m.Is("audio")
	}
	a.rtp, a.rtcp, a.direction = netip.AddrPort{}, netip.AddrPort{}, sdp.Inactive
	a.held, a.stopped = true, true
	if a.lines = nil; s.NumMedia() > 1 {
		a.lines = linesOf(&s)
	}
	return a, ok
}

func linesOf(s *sdp.Session) []line {
	lines := make([]line, 0, s.NumMedia())
	for _, m := range s.Media() {
		lines = append(lines, line{string(m.Kind), string(m.Proto), string(m.Formats)})
	}
	return lines
}

// match fills in the codecs that both sides have: in the order of the far end, or
// ours with ignore_requested_pref.
func (p *pvt) match(a *agreement, m *sdp.Media, answer bool) {
	ours := p.settings.Codecs
	firm := false
	for f := range m.All() {
		if event, known := eventFormat(f); event {
			// The one of our clock, wherever it stands; what nobody names comes last.
			if good := known && f.Rate == 8000; p.settings.DTMFMode != DTMFInband && (a.dtmf == 0 || good && !firm) {
				a.dtmf, firm = f.PT, good
			}
			continue
		}
		for _, c := range ours {
			mf, ok := media.FormatNamed(c.Name)
			if ok && !mf.Video && carries(f, &mf) && !a.has(mf.Name) {
				a.codecs = append(a.codecs, codec{mf, f.PT})
				break
			}
		}
	}
	if p.peer != nil && p.peer.IgnorePref && !answer {
		rank := func(c codec) int {
			return slices.IndexFunc(ours, func(o Codec) bool { return o.Name == c.Name })
		}
		slices.SortStableFunc(a.codecs, func(x, y codec) int { return rank(x) - rank(y) })
	}
	if p.settings.PreferredCodecOnly && len(a.codecs) > 1 {
		a.codecs = a.codecs[:1]
	}
}

// carries reports whether a format of a description is one of ours. G.729 goes by the
// names of its annexes too, and G.722 by the rate that it has in truth (RFC 3551 4.5.2).
func carries(f sdp.Format, mf *media.Format) bool {
	switch {
	case f.Is(mf.Encoding):
		return f.Rate == mf.Clock || mf.Name == "g722" && f.Rate == 16000
	case mf.Name == "g729":
		return f.Rate == mf.Clock && (f.Is("G729A") || f.Is("G729AB"))
	}
	return false
}

// eventFormat reports whether a format is telephone-event: known by its name, or by the
// number that everybody has for it, where a description has no map of it.
func eventFormat(f sdp.Format) (event, known bool) {
	if len(f.Name) == 0 {
		return f.PT == media.TelephoneEvent, false
	}
	known = f.Is("telephone-event")
	return known, known
}

func (a *agreement) has(name string) bool {
	return slices.ContainsFunc(a.codecs, func(c codec) bool { return c.Name == name })
}

// uses reports whether a payload type number is taken.
func (a *agreement) uses(pt uint8) bool {
	return pt != 0 && a.dtmf == pt || slices.ContainsFunc(a.codecs, func(c codec) bool { return c.pt == pt })
}

// first moves the codec of that name to the front.
func (a *agreement) first(name string) {
	for i := range a.codecs {
		if a.codecs[i].Name == name {
			c := a.codecs[i]
			copy(a.codecs[1:i+1], a.codecs[:i])
			a.codecs[0] = c
			return
		}
	}
}

// formats are the names of the codecs, best first.
func (a *agreement) formats() []string {
	names := make([]string, len(a.codecs))
	for i := range a.codecs {
		names[i] = a.codecs[i].Name
	}
	return names
}

// accept takes an agreement as the one that holds and sets the session up for it.
func (p *pvt) accept(a agreement) {
	p.media.agreed, p.media.valid, p.media.waiting = a, true, false
	if len(a.lines) >= len(p.media.layout) {
		p.media.layout = a.lines
	}
	if p.media.prefer != "" {
		p.media.agreed.first(p.media.prefer)
	}
	p.configure()
	if p.d.bus.Wants(event.Note) {
		p.noteCodec()
	}
	p.setHold(a.held)
}

// configure tells the session who the far end is.
func (p *pvt) configure() {
	a := &p.media.agreed
	if p.media.session == nil || len(a.codecs) == 0 {
		return
	}
	send := p.sendCodec()
	r := media.Remote{
		RTP: onLink(a.rtp, p.received.Addr()), RTCP: onLink(a.rtcp, p.received.Addr()),
		Send:      media.Payload{Type: send.pt, Codec: send.Name},
		Recv:      make([]media.Payload, len(a.codecs)),
		Direction: media.Direction(a.direction),
		Ptime:     a.ptime,
		Symmetric: p.comedia,
		Away:      p.media.told.IsValid() || p.fax != nil,
	}
	for i, c := range a.codecs {
		r.Recv[i] = media.Payload{Type: c.pt, Codec: c.Name}
	}
	for _, c := range p.media.ours.codecs {
		if !a.uses(c.pt) {
			r.Offered = append(r.Offered, media.Payload{Type: c.pt, Codec: c.Name})
		}
	}
	r.DTMFRecv = a.dtmf
	if pt := p.media.ours.dtmf; !a.uses(pt) {
		r.DTMFOffered = pt
	}
	r.Inband = p.settings.DTMFMode == DTMFInband || p.settings.DTMFMode == DTMFAuto && a.dtmf == 0
	r.Relaxed = p.d.cfg.General.RelaxDTMF
	if p.settings.DTMFMode == DTMFRFC2833 || p.settings.DTMFMode == DTMFAuto {
		r.DTMFSend = a.dtmf
	}
	if r.Ptime == 0 {
		r.Ptime = p.ptime(send.Name)
	}
	p.media.session.Configure(r)
	if p.channel != nil {
		names := a.formats()
		p.channel.SetSettings(func(s *channel.Settings) { s.Formats = names })
	}
}

// sendCodec is the codec we send: the other leg's where there is one, else the
// best that prompts and tones can be turned into.
func (p *pvt) sendCodec() codec {
	codecs := p.media.agreed.codecs
	if codecs[0].Name == p.media.prefer {
		return codecs[0]
	}
	for _, c := range codecs {
		if media.Translatable("ulaw", c.Name) {
			return c
		}
	}
	return codecs[0]
}

// ptime is the packet time of allow=codec:ms, 0 for the codec's own.
func (p *pvt) ptime(name string) time.Duration {
	for _, c := range p.settings.Codecs {
		if c.Name == name {
			return c.Ptime
		}
	}
	return 0
}

// preferCodec has the call use the codec that the other leg uses, if it can: then
// nothing need be translated.
func (p *pvt) preferCodec(name string) {
	p.media.prefer = name
	if p.media.valid && p.media.agreed.codecs[0].Name != name && p.media.agreed.has(name) {
		p.media.agreed.first(name)
		p.configure()
	}
}

// Align implements channel.Aligner. Masquerade calls it on the loop.
func (p *pvt) Align(other channel.Leg) {
	q, ok := other.(*pvt)
	if !ok || q.d != p.d || !p.media.valid || !q.media.valid || p.sendCodec().Name == q.sendCodec().Name {
		return
	}
	for _, c := range p.media.agreed.codecs {
		if q.media.agreed.has(c.Name) {
			p.preferCodec(c.Name)
			q.preferCodec(c.Name)
			return
		}
	}
}

// sessionOptions are those of a new session, near the other leg's.
func (p *pvt) sessionOptions(g *Settings, near *media.Session) media.SessionOptions {
	return media.SessionOptions{
		Bind: g.mediaBind(p.received.Addr()), Near: near, Events: (*legEvents)(p), Marks: g.audioMarks(),
		Timeout: p.settings.RTPTimeout, HoldTimeout: p.settings.RTPHoldTimeout, Keepalive: p.settings.RTPKeepalive,
	}
}

// legEvents is the call as the receiver of its session's events, on the media
// loop. The channel is set before the session is configured, and so before there
// can be any.
type legEvents pvt

// DigitBegin implements media.Events.
func (e *legEvents) DigitBegin(digit byte) { e.line.Load().DigitBegin(digit) }

// DigitEnd implements media.Events.
func (e *legEvents) DigitEnd(digit byte, t time.Duration) { e.line.Load().DigitEnd(digit, t) }

// Played implements media.Events.
func (e *legEvents) Played(id media.PlayID, err error) { e.line.Load().Played(id, err) }

// Silent implements media.Events.
func (e *legEvents) Silent(t time.Duration) { e.line.Load().Silent(t) }
