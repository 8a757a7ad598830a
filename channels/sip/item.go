package sip

import (
	"strconv"
	"strings"
)

// item is what CHANNEL(name) tells of a call; arguments of the item follow its name
// after commas.
func (p *pvt) item(name string) (string, bool) {
	name, args, _ := strings.Cut(name, ",")
	switch name {
	case "peerip", "recvip":
		return p.received.Addr().String(), true
	case "recvport":
		return strconv.Itoa(int(p.received.Port())), true
	case "from":
		if p.invite != nil {
			from := p.invite.From()
			return from.URI.String(), true
		}
		return p.local, true
	case "uri":
		return p.target, true
	case "ruri":
		if p.invite == nil {
			return "", true
		}
		return string(p.invite.RequestURIBytes()), true
	case "useragent":
		return p.useragent, true
	case "peername":
		return p.peerName(), true
	case "t38passthrough":
		return pick(p.settings.T38, "1", "0"), true
	case "secure_signaling":
		signaling, _ := p.Secure()
		return pick(signaling, "1", ""), true
	case "secure_media":
		_, audio := p.Secure()
		return pick(audio, "1", ""), true
	case "rtpqos", "rtpdest", "rtpsource":
		return p.mediaItem(name, args)
	}
	return "", false
}

// Secure implements channel.Securer. It is called on the loop. There is no SRTP.
func (p *pvt) Secure() (signaling, audio bool) { return p.route.Protocol.Secure(), false }

// mediaItem is what is known of the call's audio: rtpdest and rtpsource are where it
// goes and where it comes from here, rtpqos its quality, by type and statistic.
func (p *pvt) mediaItem(name, args string) (string, bool) {
	kind, what, _ := strings.Cut(args, ",")
	s := p.media.session
	if kind != "" && kind != "audio" || s == nil {
		return "", kind == "" || kind == "audio" || kind == "video" || kind == "text"
	}
	switch name {
	case "rtpdest":
		return s.Remote().RTP.String(), true
	case "rtpsource":
		return s.Local().String(), true
	}
	if what == "" {
		what = "all"
	}
	return s.Stats().Item(what)
}
