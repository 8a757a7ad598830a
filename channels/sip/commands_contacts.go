package sip

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/channels/sip/message"
	"pbx/decl"
)

// contactCommands are the console commands around contacts.
func (d *Driver) contactCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "sip show contacts", Synopsis: "List where peers are registered",
			Help: "Lists every contact of every peer, or of one: where it is, its preference (q), how long it holds, whether it answers, and what the device says of itself. Those that the operator added are marked static.",
			Args: []decl.Arg{{Name: "peer", Help: "a section of sip.conf", Optional: true}}, Run: d.print(d.showContacts), Complete: d.completePeer,
		},
		{
			Words: "sip add contact", Synopsis: "Have another device ring with a peer for a while",
			Help: "Calls to the peer also go there, until the time is over, 'sip remove contact', or for ever without one. " +
				"A device is a SIP URI, or a number through a trunk as number@trunk, such as a mobile phone that rings along for an evening. " +
				"The time is in seconds or as 90m or 4h. A q below 1 has it ring contact_timeout after the others.",
			Args: []decl.Arg{
				{Name: "peer", Help: "a section with host=dynamic"},
				{Name: "device", Help: "sip:user@host[:port] or number@trunk"},
				{Name: "time", Help: "how long it holds", Optional: true},
				{Name: "q", Help: "0 to 1, 1 if it is not given", Optional: true},
			},
			Run: d.print(d.addStatic), Complete: d.completePeer,
		},
		{
			Words: "sip remove contact", Synopsis: "Take a contact of a peer away",
			Help: "Forgets a contact: one that the operator added, or one that the device registered, until it registers again.",
			Args: []decl.Arg{{Name: "peer", Help: "a section of sip.conf"}, {Name: "device", Help: "as 'sip show contacts' lists it"}},
			Run:  d.print(d.removeStatic), Complete: d.completeContact,
		},
	}
}

const contactFormat = "%-20.20s %-45.45s %-6.6s %-5.5s %-8.8s %-16.16s %s\n"

func (d *Driver) showContacts(w io.Writer, r *decl.Request) error {
	list := d.sorted(func(p *Peer) bool { return len(p.contacts) > 0 })
	if name := r.Arg(0); name != "" {
		p := d.peer(name)
		if p == nil || !p.Type.IsPeer() {
			return fmt.Errorf("Peer '%s' not found", name)
		}
		list = []*Peer{p}
	}
	n := 0
	fmt.Fprintf(w, contactFormat, "Peer", "Contact", "Kind", "Q", "Expires", "Status", "Useragent")
	for _, p := range list {
		for _, c := range p.contacts {
			n++
			fmt.Fprintf(w, contactFormat, p.Name, c.URI, pick(c.Static, "static", ""), qText(c.Q), d.leftText(c), p.contactStatus(c), c.UserAgent)
		}
	}
	fmt.Fprintf(w, "%d contact%s\n", n, pick(n == 1, "", "s"))
	return nil
}

// qText is a q value as it is written.
func qText(q int) string { return strconv.FormatFloat(float64(q)/1000, 'f', -1, 64) }

// leftText is how many seconds a contact has left.
func (d *Driver) leftText(c *Contact) string {
	if c.Expires.IsZero() {
		return "never"
	}
	return strconv.FormatInt(secondsLeft(c, d.now()), 10)
}

func (p *Peer) contactStatus(c *Contact) string {
	if p.Qualify == 0 || c.Dial != "" {
		return "Unmonitored"
	}
	return c.qualify.text()
}

// maxStatic bounds the contacts that an operator may add to one peer.
const maxStatic = 16

func (d *Driver) addStatic(w io.Writer, r *decl.Request) error {
	var life time.Duration
	if t := r.Arg(2); t != "" {
		var err error
		if life, err = parseLife(t); err != nil {
			return err
		}
	}
	thousandths := 1000
	if q := r.Arg(3); q != "" {
		f, err := strconv.ParseFloat(q, 64)
		if err != nil || f < 0 || f > 1 {
			return fmt.Errorf("%q is not a q from 0 to 1", q)
		}
		thousandths = parseQ([]byte(q))
	}
	c, err := d.addStaticContact(r.Arg(0), r.Arg(1), life, thousandths)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Calls to '%s' also ring %s %s\n", d.peer(r.Arg(0)).Name, c.URI, pick(c.Expires.IsZero(), "until it is removed", "for "+d.leftText(c)+" seconds"))
	return nil
}

// addStaticContact has device ring with a peer for life, for ever where that is 0.
func (d *Driver) addStaticContact(peer, device string, life time.Duration, q int) (*Contact, error) {
	p := d.peer(peer)
	switch {
	case p == nil || !p.Type.IsPeer():
		return nil, NoPeerError{peer}
	case !p.Dynamic:
		return nil, fmt.Errorf("Peer '%s' has a host of its own: contacts can be added where host=dynamic", p.Name)
	case len(p.contacts)-p.registered() >= maxStatic:
		return nil, fmt.Errorf("Peer '%s' has %d added contacts already", p.Name, maxStatic)
	}
	c, err := d.staticContact(device)
	if err != nil {
		return nil, err
	}
	if life > 0 {
		c.Expires = d.now().Add(life)
	}
	c.Q = q
	if old := p.staticAt(c.URI); old != nil {
		p.removeContact(d, old)
	}
	p.addContact(d, c)
	d.save(p, d.savedStatic(p))
	d.qualifyNew(p)
	d.deviceChanged(p)
	return c, nil
}

// savedStatic says in the log that what the operator wanted was not saved.
func (d *Driver) savedStatic(p *Peer) func(error) {
	return func(err error) {
		if err != nil {
			d.log.Error("Contacts were not saved", "peer", p.Name, "err", err)
		}
	}
}

// parseLife reads how long a contact holds: seconds, or a number with its unit.
func parseLife(s string) (time.Duration, error) {
	life, err := time.ParseDuration(s)
	if n, e := strconv.ParseUint(s, 10, 31); e == nil {
		life, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || life < time.Second {
		return 0, fmt.Errorf("%q is not a time: seconds, or as 90m or 4h", s)
	}
	return life, nil
}

// staticContact reads a device that an operator adds: a SIP URI, or a number
// through a trunk.
func (d *Driver) staticContact(s string) (*Contact, error) {
	if hasPrefixFold(s, "SIP/") {
		s = s[len("SIP/"):]
	}
	if u, err := message.ParseURI([]byte(s)); err == nil && u.IsSIP() {
		return d.staticURI(&u)
	} else if err == nil && u.IsTel() {
		return nil, fmt.Errorf("%s needs the trunk that it is called through: number@trunk", s)
	}
	ds := parseDialString(s)
	trunk := d.peer(ds.Peer)
	switch {
	case ds.Exten == "" || ds.Peer == "" || ds.Secret != "" || strings.ContainsAny(s, "!&, \t"):
		return nil, fmt.Errorf("%q is neither sip:user@host nor number@trunk", s)
	case ds.Port == 0 && trunk != nil && !trunk.Type.IsPeer():
		return nil, fmt.Errorf("'%s' cannot be called: it is a user", ds.Peer)
	case ds.Port == 0 && trunk == nil && !strings.ContainsAny(ds.Peer, ".:"):
		return nil, fmt.Errorf("No such peer '%s'", ds.Peer)
	}
	host := string(message.AppendHostPort(nil, ds.Peer, uint16(ds.Port)))
	return &Contact{
		URI: "sip:" + string(message.AppendEscaped(nil, ds.Exten)) + "@" + host, Dial: ds.Exten + "@" + host, Q: 1000, Static: true,
	}, nil
}

// staticURI is a contact at a URI. One whose host is a name is dialled as such, so
// that the name is looked up at every call.
func (d *Driver) staticURI(u *message.URI) (*Contact, error) {
	if len(u.Headers) > 0 {
		return nil, errors.New("a contact has no headers in its URI")
	}
	c := &Contact{URI: u.String(), Q: 1000, Static: true}
	if a, ok := literal(c.URI); ok {
		c.Addr = a
		return c, nil
	}
	if len(u.User) == 0 {
		return nil, fmt.Errorf("%s names no user", c.URI)
	}
	c.Dial = message.UnescapeString(u.User) + "@" + string(message.AppendHostPort(nil, u.Host, u.Port))
	return c, nil
}

// staticAt is the contact of a URI that the operator added, nil where there is
// none.
func (p *Peer) staticAt(uri string) *Contact {
	i := slices.IndexFunc(p.contacts, func(c *Contact) bool { return c.Static && sameContact(c.URI, uri) })
	if i < 0 {
		return nil
	}
	return p.contacts[i]
}

func (d *Driver) removeStatic(w io.Writer, r *decl.Request) error {
	c, err := d.removeContact(r.Arg(0), r.Arg(1))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "Contact %s of '%s' is gone\n", c.URI, d.peer(r.Arg(0)).Name)
	return nil
}

// removeContact forgets a contact of a peer, one that the operator added first.
func (d *Driver) removeContact(peer, device string) (*Contact, error) {
	p := d.peer(peer)
	if p == nil || !p.Type.IsPeer() {
		return nil, NoPeerError{peer}
	}
	uri := device
	if c, err := d.staticContact(uri); err == nil {
		uri = c.URI
	}
	c := p.staticAt(uri)
	if c == nil {
		if i := slices.IndexFunc(p.contacts, func(c *Contact) bool { return sameContact(c.URI, uri) }); i >= 0 {
			c = p.contacts[i]
		}
	}
	if c == nil {
		return nil, NoContactError{p.Name, device}
	}
	d.expire(p, c)
	return c, nil
}

// completeContact offers peers, then their contacts.
func (d *Driver) completeContact(args []string, prefix string) []string {
	if len(args) != 1 {
		return d.completePeer(args, prefix)
	}
	return d.complete(prefix, func(offer func(string)) {
		if p := d.peer(args[0]); p != nil {
			for _, c := range p.contacts {
				offer(c.URI)
			}
		}
	})
}
