package sip

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/config"
	"pbx/decl"
)

// NotifyType is a section of sip_notify.conf: the headers and the body of a NOTIFY
// that `sip notify` sends, such as check-sync.
type NotifyType struct {
	Name    string
	Headers []NotifyHeader
	Content []string // the lines of the body
}

// NotifyHeader is one header of it, in the order of the file.
type NotifyHeader struct{ Name, Value string }

// readNotifyTypes reads sip_notify.conf.
func (c *configLoader) readNotifyTypes(f *config.File) {
	for _, s := range f.Sections {
		if s.Template || strings.EqualFold(s.Name, "general") {
			continue
		}
		t := NotifyType{Name: s.Name}
		for _, v := range s.Vars {
			switch name := strings.TrimSpace(v.Name); {
			case strings.EqualFold(name, "Content"):
				t.Content = append(t.Content, v.Value)
			case strings.EqualFold(name, "Content-Length"): // counted by us
			case !isHeaderName(name):
				c.find(v.Pos, config.Warning, "sip-value", fmt.Sprintf("%q is not the name of a header", v.Name), "")
			default:
				t.Headers = append(t.Headers, NotifyHeader{name, v.Value})
			}
		}
		c.cfg.NotifyTypes = append(c.cfg.NotifyTypes, t)
	}
}

// isHeaderName reports whether s may be the name of a header (RFC 3261 25.1).
func isHeaderName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c) })
}

// notifyType finds a section by its name.
func (c *Config) notifyType(name string) *NotifyType {
	for i := range c.NotifyTypes {
		if strings.EqualFold(c.NotifyTypes[i].Name, name) {
			return &c.NotifyTypes[i]
		}
	}
	return nil
}

// ErrNoAddress is the reason of a NOTIFY to a device that is nowhere.
var ErrNoAddress = errors.New("Could not create address")

// Notify sends a NOTIFY outside of a dialog to a device, at each of its addresses.
// Any goroutine but the loop's may call it. Subscription-State is added where t
// does not name it.
func (d *Driver) Notify(peer string, t NotifyType) error {
	err := ErrNoAddress
	if e := d.Call(func() { err = d.notifyPeer(peer, &t) }); e != nil {
		return e
	}
	return err
}

// notifyPeer is Notify on the loop.
func (d *Driver) notifyPeer(name string, t *NotifyType) error {
	p := d.peer(name)
	if p == nil {
		p = d.stranger(name)
	}
	if p == nil || !p.Type.IsPeer() {
		return ErrNoAddress
	}
	u := unasked{headers: t.write, done: func(ok bool) {
		if !ok {
			d.notice(fmt.Sprintf("Peer '%s' did not take a NOTIFY", p.Name))
		}
	}}
	sent := false
	for _, c := range p.contacts {
		if c.Dial == "" && c.Addr.IsValid() {
			sent = true
			d.sendUnasked(p, c, u)
		}
	}
	if _, ok := d.hopTo(p, nil); !sent && ok && (!p.Dynamic || p.DefaultIP.IsValid()) {
		sent = true
		d.sendUnasked(p, nil, u)
	}
	if !sent {
		return ErrNoAddress
	}
	return nil
}

// stranger is a device that no section describes, by its address or host name; nil for
// a name that is none.
func (d *Driver) stranger(name string) *Peer {
	host, port, err := splitHostPort(name)
	if err != nil || !strings.ContainsAny(host, ".:") || strings.Trim(host, "0123456789.") == "" && !isAddr(host) {
		return nil
	}
	c := &PeerConfig{PeerSettings: d.cfg.General.Defaults, Name: name, Type: TypePeer, Host: host, Port: port}
	if a, err := netip.ParseAddr(host); err == nil {
		c.Addr = netip.AddrPortFrom(a, cmp.Or(port, c.primaryTransport().DefaultPort()))
	}
	return &Peer{PeerConfig: c}
}

func isAddr(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// write writes the headers of the section and its body.
func (t *NotifyType) write(b *message.Builder, _ transaction.Route) {
	state := false
	contentType := ""
	for _, h := range t.Headers {
		switch message.HeaderIDOf(h.Name) {
		case message.HeaderVia, message.HeaderFrom, message.HeaderTo, message.HeaderCallID, message.HeaderCSeq, message.HeaderContact,
			message.HeaderMaxForwards, message.HeaderContentLength, message.HeaderRoute, message.HeaderRecordRoute:
			continue // what makes the request is ours
		case message.HeaderContentType:
			contentType = h.Value
			continue
		case message.HeaderSubscriptionState:
			state = true
		}
		b.HeaderNamed(h.Name, h.Value)
	}
	if !state {
		b.Header(message.HeaderSubscriptionState, "terminated")
	}
	if contentType != "" {
		b.Header(message.HeaderContentType, contentType)
	}
	b.Body("", []byte(strings.Join(t.Content, "\r\n")))
}

func (d *Driver) notifyCommand(w io.Writer, r *decl.Request) error {
	if len(r.Args) < 2 {
		return errors.New("say which type of sip_notify.conf, and to which peers")
	}
	if len(d.cfg.NotifyTypes) == 0 {
		return errors.New("No sip_notify.conf file found, or no types listed there")
	}
	t := d.cfg.notifyType(r.Arg(0))
	if t == nil {
		return fmt.Errorf("Unable to find notify type '%s'", r.Arg(0))
	}
	for _, name := range r.Args[1:] {
		if err := d.notifyPeer(name, t); err != nil {
			fmt.Fprintf(w, "Could not create address for '%s'\n", name)
			continue
		}
		fmt.Fprintf(w, "Sending NOTIFY of type '%s' to '%s'\n", t.Name, name)
	}
	return nil
}

// completeNotify offers types, then peers.
func (d *Driver) completeNotify(args []string, prefix string) []string {
	if len(args) > 0 {
		return d.completePeer(nil, prefix)
	}
	return d.complete(prefix, func(offer func(string)) {
		for i := range d.cfg.NotifyTypes {
			offer(d.cfg.NotifyTypes[i].Name)
		}
	})
}
