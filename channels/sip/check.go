package sip

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"pbx/channels/sip/transaction"
	"pbx/config"
)

// check adds what is legal and yet unsafe, or cannot do what it seems to.
func (c *configLoader) check(generals []*config.Section) {
	c.checkGeneral(generals)
	for i, p := range c.cfg.Peers {
		c.checkProof(p)
		c.checkExposure(p, c.cfg.Peers[:i])
		c.checkPlace(p, c.cfg.Peers[:i])
		c.checkCodecs(p)
		c.checkDirect(p)
		c.checkTransport(p)
	}
}

func (c *configLoader) checkGeneral(generals []*config.Section) {
	g := &c.cfg.General
	lookup := func(name string) (v config.Variable, ok bool) {
		for _, s := range generals {
			if line, found := s.Lookup(name); found {
				v, ok = line, true
			}
		}
		return v, ok
	}
	guest, said := lookup("allowguest")
	compat, _ := lookup("compat")
	switch {
	case g.AllowGuest && said:
		c.find(guest.Pos, config.Warning, "guests", fmt.Sprintf("anybody may call into context %s without proof", g.Defaults.Context), "allowguest=no unless that is meant")
	case g.AllowGuest:
		c.find(compat.Pos, config.Warning, "guests", fmt.Sprintf("compat=asterisk lets anybody call into context %s without proof", g.Defaults.Context), "add allowguest=no unless that is meant")
	case !said && len(generals) > 0:
		c.find(generals[0].Pos, config.Note, "guests", "allowguest is no by default here, and was yes in the ancestor: calls from unknown senders are refused", "set allowguest to say what is meant")
	}
	if _, said := lookup("rtptimeout"); !said && !g.Compat && len(generals) > 0 {
		c.find(generals[0].Pos, config.Note, "rtptimeout", fmt.Sprintf("a call that hears nothing for %d s (%d s on hold) is ended by default here, and never was in the ancestor", int(g.Defaults.RTPTimeout.Seconds()), int(g.Defaults.RTPHoldTimeout.Seconds())), "set rtptimeout and rtpholdtimeout to say what is meant; 0 is never")
	}
	if v, ok := lookup("alwaysauthreject"); ok && !g.AlwaysAuthReject {
		c.find(v.Pos, config.Warning, "name-guessing", "whoever asks can learn which names exist", "alwaysauthreject=yes")
	}
	if v, ok := lookup("insecure"); ok && g.Defaults.InsecureInvite {
		c.find(v.Pos, config.Warning, "no-proof", "insecure=invite in [general] lets every device that does not say otherwise call without proof", "say it in the sections of trunks only")
	}
	if v, ok := lookup("digest"); ok && len(g.Defaults.Digest) > 1 {
		c.find(v.Pos, config.Note, "two-challenges", "some phones fail on more than one challenge", "")
	}
	if g.ExternHost == "" && g.Extern.IsValid() || g.ExternHost != "" {
		if len(g.LocalNet) == 0 {
			v, ok := lookup("externaddr")
			if !ok {
				v, _ = lookup("externip")
			}
			if h, ok := lookup("externhost"); ok {
				v = h
			}
			c.find(v.Pos, config.Warning, "no-localnet", v.Name+" is never used without localnet", "add localnet=, the network on the inside")
		}
	}
}

// line is the place of an option of p in its section, or of the section.
func (c *configLoader) line(p *PeerConfig, name string) config.Pos {
	if pos, ok := c.lines[p][name]; ok {
		return pos
	}
	return p.Pos
}

// generalLine is the place of an option of [general] by one of its names.
func (c *configLoader) generalLine(names ...string) config.Pos {
	for _, n := range names {
		if pos, ok := c.lines[nil][n]; ok {
			return pos
		}
	}
	return config.Pos{File: "sip.conf"}
}

// checkProof looks at how a device proves itself.
func (c *configLoader) checkProof(p *PeerConfig) {
	if p.MD5Secret != "" && !isHash(p.MD5Secret, 16) {
		c.find(c.line(p, "md5secret"), config.Error, "bad-hash", fmt.Sprintf("md5secret of [%s] is not 32 hexadecimal digits: nobody can log in with it", p.Name), "")
	}
	if p.SHA256Secret != "" && !isHash(p.SHA256Secret, 32) {
		c.find(c.line(p, "sha256secret"), config.Error, "bad-hash", fmt.Sprintf("sha256secret of [%s] is not 64 hexadecimal digits: nobody can log in with it", p.Name), "")
	}
	if why := weakness(p); why != "" {
		c.find(c.line(p, "secret"), config.Warning, "weak-secret", fmt.Sprintf("the secret of [%s] %s", p.Name, why), "take a long random one")
	}
	fenced := len(p.ACL) > 0
	switch {
	case p.InsecureInvite && p.Dynamic && !fenced:
		c.find(c.line(p, "insecure"), config.Warning, "no-proof", fmt.Sprintf("insecure=invite lets whoever is at the address of [%s] call without proof", p.Name), "add deny and permit")
	case p.hasSecret() || fenced:
	case p.Dynamic && p.Type.IsPeer():
		c.find(p.Pos, config.Warning, "no-proof", fmt.Sprintf("[%s] has no secret: anybody may register as it", p.Name), "add a secret, or deny and permit")
	case p.Type.IsUser():
		c.find(p.Pos, config.Warning, "no-proof", fmt.Sprintf("[%s] has no secret: whoever says that name may call", p.Name), "add a secret, or deny and permit")
	}
	if permit, deny := countRules(p.ACL); permit > 0 && deny == 0 {
		c.find(c.line(p, "permit"), config.Warning, "open-acl", fmt.Sprintf("[%s] permits addresses and denies none: all may pass", p.Name), "add deny=0.0.0.0/0 before permit")
	}
}

func countRules(a ACL) (permit, deny int) {
	for _, r := range a {
		if r.Permit {
			permit++
		} else {
			deny++
		}
	}
	return permit, deny
}

// checkPlace looks at where a device is.
func (c *configLoader) checkPlace(p *PeerConfig, before []*PeerConfig) {
	if !p.Type.IsPeer() {
		return
	}
	if !p.Dynamic && p.Host == "" {
		c.find(p.Pos, config.Warning, "no-host", fmt.Sprintf("[%s] has no host: it can neither register nor be called", p.Name), "host=dynamic or host=ADDRESS")
		return
	}
	if p.Addr.IsValid() {
		for _, o := range before {
			if o.Addr == p.Addr && o.Type.IsPeer() && p.CallbackExten == "" {
				c.find(c.line(p, "host"), config.Warning, "same-address", fmt.Sprintf("[%s] at %s has that address too: calls from there are taken for [%s]", o.Name, o.Pos, o.Name), "tell them apart by callbackextension")
				break
			}
		}
	}
}

// checkTransport names a device that can reach us by nothing that is served. The
// server of http.conf is not known here.
func (c *configLoader) checkTransport(p *PeerConfig) {
	g := &c.cfg.General
	if !p.Dynamic || !p.Type.IsPeer() {
		return
	}
	if p.withoutTCP {
		c.find(c.line(p, "transport"), config.Warning, "transport-not-served", fmt.Sprintf("[%s] may use tcp alone, which is not served: it is reached as [general] says, by %s", p.Name, strings.ToLower(protocolNames(p.Transports))), "tcpenable=yes, or transport=udp")
		return
	}
	var names []string
	for _, t := range p.Transports {
		if t == transaction.UDP || t.Web() || t == transaction.TCP && g.TCPEnable || t == transaction.TLS && g.TLSEnable {
			return
		}
		names = append(names, strings.ToLower(t.String()))
	}
	c.find(c.line(p, "transport"), config.Warning, "transport-not-served", fmt.Sprintf("[%s] may use %s alone, which is not served: it cannot register", p.Name, strings.Join(names, " and ")), "tcpenable=yes, tlsenable=yes, or transport=udp")
}

// spoken are the codecs that prompts and tones are played in, and between which
// audio is translated.
var spoken = []string{"ulaw", "alaw"}

func (c *configLoader) checkCodecs(p *PeerConfig) {
	for _, codec := range p.Codecs {
		if slices.Contains(spoken, codec.Name) {
			return
		}
	}
	c.find(c.line(p, "allow"), config.Warning, "no-codec", fmt.Sprintf("[%s] allows neither %s: it hears no prompts and tones, and talks only to devices that have its codec", p.Name, strings.Join(spoken, " nor ")), "allow=ulaw,alaw")
}

// checkDirect looks at directmedia where it cannot act.
func (c *configLoader) checkDirect(p *PeerConfig) {
	if _, said := c.lines[p]["directmedia"]; said && p.DirectMedia&DirectYes != 0 && p.NAT.Comedia {
		c.find(c.line(p, "directmedia"), config.Warning, "direct-comedia", fmt.Sprintf("directmedia of [%s] does not act: with nat=comedia nobody else can know where its audio comes from", p.Name), "")
	}
}

func isHash(s string, n int) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == n
}

// weakness says what is wrong with the secret of p, "" for nothing. It never
// repeats the secret.
func weakness(p *PeerConfig) string {
	s := strings.ToLower(p.Secret)
	switch {
	case s == "":
		return ""
	case s == strings.ToLower(p.Name), s == strings.ToLower(p.DefaultUser):
		return "is its name"
	case config.UsualSecret(s):
		return "is one of those that are tried first"
	case len(s) < 8:
		return "has fewer than 8 characters"
	case strings.Contains(s, strings.ToLower(p.Name)) && len(s) < len(p.Name)+8:
		return "is little more than its name"
	case strings.Trim(s, s[:1]) == "", sequence(s):
		return "is a sequence"
	}
	return ""
}

// sequence reports whether every character is the one after the one before it.
func sequence(s string) bool {
	for i := 1; i < len(s); i++ {
		if d := int(s[i]) - int(s[i-1]); d != 1 && (s[i-1] != '9' || s[i] != '0') {
			return false
		}
	}
	return true
}
