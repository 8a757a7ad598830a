package sip

import (
	"bytes"
	"net/netip"
	"strings"

	"pbx/channels/sip/hep"
	"pbx/channels/sip/message"
	"pbx/channels/sip/resolve"
	"pbx/channels/sip/transaction"
	"pbx/config"
)

// HEP is hep.conf: whether copies of all messages go to a capture server.
type HEP struct {
	Enabled   bool
	Host      string // a name or an address
	Port      uint16
	Password  string
	Agent     uint32
	AgentName string
	ByChannel bool // uuid_type=channel: calls are told apart by their channel
}

// defaultCapturePort is the port of a capture_address that has none.
const defaultCapturePort = 9060

// capture sends copies of messages to a capture server.
type capture struct {
	HEP
	buf, copied  []byte
	sent, failed uint64
}

func (c *capture) on() bool { return c.Enabled }

// export sends a copy of the message that Driver.tap.passing describes. It takes
// the loop's own socket, which never waits: what the network does not take is
// lost, and counted.
func (d *Driver) export(b []byte, r transaction.Route, out bool) {
	c := &d.tap.capture
	found := d.hosts.targets(d.captureQuery())
	if len(found) == 0 {
		c.failed++
		return
	}
	to, ok := d.routeTo(transaction.UDP, found[0].Addr)
	if !ok {
		c.failed++
		return
	}
	c.copied = appendConcealed(c.copied[:0], b)
	local := d.net.LocalOf(r)
	ours := netip.AddrPortFrom(d.sourceAddr(r.Remote.Addr().Unmap(), local.Addr()), local.Port())
	p := hep.Packet{
		Source: r.Remote, Dest: ours, TCP: r.Protocol.Reliable(), Time: d.now(), Type: hep.TypeSIP,
		Correlation: d.correlation(), Payload: c.copied,
	}
	if out {
		p.Source, p.Dest = p.Dest, p.Source
	}
	e := hep.Encoder{Agent: c.Agent, Name: c.AgentName, Password: c.Password}
	if c.buf, ok = e.Append(c.buf[:0], &p); !ok {
		c.failed++
		return
	}
	if _, err := d.net.Send(c.buf, to); err != nil {
		c.failed++
		return
	}
	c.sent++
}

// captureQuery is what capture_address asks for.
func (d *Driver) captureQuery() resolve.Query {
	q := d.query(d.cfg.HEP.Host, d.cfg.HEP.Port, []transaction.Protocol{transaction.UDP}, false)
	q.NoSRV = true
	return q
}

// correlation is what tells the capture server which call a message belongs to.
func (d *Driver) correlation() string {
	id := d.tap.passing.CallID
	if d.tap.capture.ByChannel {
		if p := d.calls.byID[string(id)]; p != nil && p.channel != nil {
			return p.channel.Name()
		}
	}
	return string(id)
}

// appendConcealed copies a message with what could open a door blotted out, each
// byte for byte so that the lengths in it still hold: the proof of a credential
// and the keys of encrypted audio.
func appendConcealed(dst, b []byte) []byte {
	start := len(dst)
	dst = append(dst, b...)
	b = dst[start:]
	for rest := b; len(rest) > 0; {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		switch {
		case len(line) < len("a=crypto:"):
		case line[0] == 'a' && bytes.HasPrefix(line, []byte("a=crypto:")):
			if i := bytes.Index(line, []byte("inline:")); i >= 0 {
				blot(line[i+len("inline:"):], "\r |")
			}
		case line[0]|0x20 == 'a' || line[0]|0x20 == 'p':
			if name, _, ok := bytes.Cut(line, []byte(":")); ok && isCredential(name) {
				if i := bytes.Index(bytes.ToLower(line), []byte(`response="`)); i >= 0 {
					blot(line[i+len(`response="`):], "\"\r")
				}
			}
		}
	}
	return dst
}

// isCredential reports whether a header of that name holds a proof.
func isCredential(name []byte) bool {
	id := message.HeaderIDOf(bytes.TrimSpace(name))
	return id == message.HeaderAuthorization || id == message.HeaderProxyAuthorization
}

// blot overwrites b up to any of the bytes of end.
func blot(b []byte, end string) {
	for i := range b {
		if strings.IndexByte(end, b[i]) >= 0 {
			return
		}
		b[i] = '*'
	}
}

// hepFile is what config.Decode fills from [general] of hep.conf.
type hepFile struct {
	Enabled  bool   `conf:"enabled"`
	Address  string `conf:"capture_address"`
	Password string `conf:"capture_password"`
	Name     string `conf:"capture_name"`
	ID       int    `conf:"capture_id"`
	UUID     string `conf:"uuid_type"`
}

// readHEP reads hep.conf; without the file nothing is sent.
func (c *configLoader) readHEP(f *config.File) {
	s := f.Section("general")
	if s == nil {
		return
	}
	h := hepFile{Enabled: true, UUID: "call-id"}
	c.findings = append(c.findings, config.Decode(s, &h)...)
	if !h.Enabled {
		return
	}
	at := func(name string) config.Pos {
		if v, ok := s.Lookup(name); ok {
			return v.Pos
		}
		return s.Pos
	}
	host, port, err := splitHostPort(h.Address)
	if err != nil {
		c.find(at("capture_address"), config.Warning, "hep", "hep.conf: capture_address "+err.Error()+"; nothing is sent", "")
		return
	}
	if port == 0 {
		port = defaultCapturePort
	}
	byChannel := strings.EqualFold(h.UUID, "channel")
	if !byChannel && !strings.EqualFold(h.UUID, "call-id") {
		c.find(at("uuid_type"), config.Warning, "hep", "uuid_type: "+expected(h.UUID, "call-id", "channel").Error(), "")
	}
	if h.ID < 0 || int64(h.ID) > 1<<32-1 {
		c.find(at("capture_id"), config.Warning, "hep", "capture_id is not a number of 32 bits; 0 is sent", "")
		h.ID = 0
	}
	c.cfg.HEP = HEP{
		Enabled: true, Host: host, Port: port, Password: h.Password, Agent: uint32(h.ID), AgentName: h.Name, ByChannel: byChannel,
	}
}
