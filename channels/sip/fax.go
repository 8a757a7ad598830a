package sip

import (
	"bytes"
	"net/netip"
	"strings"

	"pbx/channels/sip/message"
	"pbx/channels/sip/sdp"
	"pbx/channels/sip/transaction"
	"pbx/config"
	"pbx/media"
)

// Fax over IP passes through (t38pt_udptl): when one far end of a bridge asks for
// T.38, so do we at the other, and its answer is ours. The datagrams of UDPTL are
// relayed as they are.

// fax is the T.38 stream of one call.
type fax struct {
	session    *media.Session
	leads      bool // the far end asked for it; else we did, for the other end
	over       bool // the other end is back at audio
	agreed     bool // the far end asked for it, or took it
	index      int  // of its m-line
	remote     netip.AddrPort
	attributes []string // the far end's a= lines
}

// readFax looks for a T.38 stream that stands alone in a description.
func (p *pvt) readFax(text []byte) (f fax, ok bool) {
	s, err := sdp.Parse(text)
	if err != nil || !p.settings.T38 {
		return fax{}, false
	}
	for i, m := range s.Media() {
		switch {
		case m.Port == 0:
		case m.Is("audio") && m.RTP():
			return fax{}, false
		case m.Is("image") && bytes.EqualFold(m.Proto, []byte("udptl")) && bytes.EqualFold(m.Formats, []byte("t38")) && !ok:
			addr := m.Connection.Addr
			if !addr.IsValid() || addr.IsUnspecified() {
				addr = p.received.Addr()
			}
			if p.settings.T38Source && p.media.session != nil {
				if from := p.media.session.Stats().Source; from.IsValid() {
					addr = from.Addr()
				}
			}
			f, ok = fax{agreed: true, index: i, remote: netip.AddrPortFrom(addr, m.Port)}, true
			for name, value := range m.Attributes() {
				if len(name) > 3 && bytes.EqualFold(name[:3], []byte("T38")) && len(f.attributes) < maxFaxAttributes {
					f.attributes = append(f.attributes, attribute(name, value))
				}
			}
		}
	}
	return f, ok
}

// maxFaxAttributes bounds what is passed on; T.38 has ten.
const maxFaxAttributes = 16

func attribute(name, value []byte) string {
	if len(value) == 0 {
		return string(name)
	}
	return string(name) + ":" + string(value)
}

// openFax makes the stream's port.
func (p *pvt) openFax(f fax) bool {
	g := &p.d.cfg.General
	s, err := p.d.media.NewSession(media.SessionOptions{Bind: g.mediaBind(p.received.Addr()), Near: p.media.session, Marks: g.audioMarks(), Opaque: true})
	if err != nil {
		p.d.log.Warn("SIP: no port for a fax", "call", p.callID, "err", err)
		return false
	}
	f.session = s
	p.fax = &f
	p.configureFax()
	p.configure() // the audio rests
	return true
}

func (p *pvt) configureFax() {
	if f := p.fax; f.agreed {
		f.session.Configure(media.Remote{RTP: f.remote, Symmetric: p.comedia})
	}
}

// closeFax ends the stream; audio goes on.
func (p *pvt) closeFax() {
	if p.fax != nil {
		p.fax.session.Close()
		p.fax = nil
		if p.phase == phaseUp {
			p.configure()
		}
	}
}

// abandonFax ends the stream of a call that has nobody to pass it on to.
func (p *pvt) abandonFax() {
	if p.fax != nil && p.faxPending() {
		p.refuse(488, "Not Acceptable Here", nil)
		p.closeFax()
	}
}

// faxPending reports whether the far end waits for the answer to its T.38 offer.
func (p *pvt) faxPending() bool {
	return p.reinviting && p.server != nil && p.server.State() == transaction.Proceeding
}

// faxed handles a re-INVITE that asks for T.38. It is answered when the other end
// has.
func (p *pvt) faxed(tx *transaction.Server, m *message.Message, f fax, timer *sessionTimer) {
	q := p.partner
	if q == nil || q.partner != p || q.phase != phaseUp || !q.settings.T38 {
		p.reply(tx, m, 488, "", nil, nil)
		return
	}
	if p.fax == nil && !p.openFax(f) {
		p.reply(tx, m, 503, "", nil, p.refusal(503))
		return
	}
	f.session, f.leads = p.fax.session, true
	*p.fax = f
	p.configureFax()
	p.took(tx, m, timer)
	p.reply(tx, m, 100, "", nil, nil)
	q.media.stuck = false
	p.matchFax(q)
	p.reconsider()
}

// matchFax answers whoever waits, when both ends have what it takes.
func (p *pvt) matchFax(q *pvt) {
	if p.fax == nil || q.fax == nil || !p.fax.agreed || !q.fax.agreed {
		return
	}
	if err := media.Join(p.fax.session, q.fax.session); err != nil {
		p.d.log.Warn("SIP: fax", "call", p.callID, "err", err)
	}
	for _, l := range [...]*pvt{p, q} {
		if l.faxPending() {
			offer, _ := sessionBody(l.open)
			l.reply(l.server, l.open, 200, "OK", l.faxAnswer(offer), nil)
			l.startSessionTimer()
		}
	}
}

// faxOffer writes our offer of T.38, with what the other end's far end said of it.
func (p *pvt) faxOffer() []byte {
	if p.fax == nil && !p.openFax(fax{}) {
		return nil
	}
	return p.describe(func(d *sdp.Description, dst []byte) []byte {
		d.Media = p.streams(p.fax.index, p.faxStream())
		return d.AppendTo(dst)
	})
}

// faxAnswer writes the answer to the far end's offer of T.38.
func (p *pvt) faxAnswer(offer []byte) []byte {
	s, err := sdp.Parse(offer)
	if err != nil {
		return nil
	}
	return p.describe(func(d *sdp.Description, dst []byte) []byte {
		return d.AppendAnswer(dst, &s, func(i int, _ sdp.Media) (sdp.Stream, bool) {
			return p.faxStream(), i == p.fax.index
		})
	})
}

func (p *pvt) faxStream() sdp.Stream {
	s := sdp.Stream{Kind: "image", Proto: "udptl", Fmt: "t38", Port: p.fax.session.Local().Port()}
	if q := p.partner; q != nil && q.fax != nil {
		s.Attributes = q.fax.attributes
	}
	return s
}

// faxAnswered takes the answer to our offer of T.38.
func (p *pvt) faxAnswered(body []byte) {
	q := p.partner
	f, ok := p.readFax(body)
	if !ok || p.fax == nil {
		p.faxRefused()
		return
	}
	f.session, f.leads = p.fax.session, p.fax.leads
	*p.fax = f
	p.configureFax()
	if q != nil {
		p.matchFax(q)
	}
}

// faxRefused is told that the far end wants no T.38: neither does the other end
// get it, and audio goes on.
func (p *pvt) faxRefused() {
	p.closeFax()
	q := p.partner
	if q == nil || q.fax == nil {
		return
	}
	if q.faxPending() {
		q.refuse(488, "Not Acceptable Here", nil)
	}
	q.closeFax()
	q.tryModify()
}

// wantsFax reports whether the session should be one of T.38: an end of the bridge
// asks for it, and none has gone back to audio.
func (p *pvt) wantsFax() bool { return p.leadsFax() || p.partner != nil && p.partner.leadsFax() }

func (p *pvt) leadsFax() bool { return p.fax != nil && p.fax.leads && !p.fax.over && p.partner != nil }

// endFax is told that the far end speaks again; so will the other one.
func (p *pvt) endFax() {
	if q := p.partner; q != nil && q.fax != nil {
		q.fax.over = true
	}
	p.closeFax()
}

// t38Enabled reads t38pt_udptl: yes or no, and words on error correction and size that
// the far ends settle between them.
func t38Enabled(value string) bool {
	for _, word := range splitList(strings.ToLower(value)) {
		on, ok := config.Bool(word)
		if ok && on || word == "fec" || word == "redundancy" || word == "none" {
			return true
		}
	}
	return false
}
