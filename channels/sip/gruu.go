package sip

import (
	"strings"

	"pbx/channels/sip/gruu"
	"pbx/channels/sip/message"
)

// A request to a GRUU (RFC 5627) is for one instance of a device among those that
// registered under a name. The dialplan sees the name, and where it dials that
// device only the instance rings.

// instance is one instance of a peer, the zero value none in particular.
type instance struct {
	peer *Peer
	id   string
}

// gruuKey is where the key of temporary GRUUs is kept, so that they outlive a
// restart as the registrations do.
const (
	gruuFamily = "SIP/GRUU"
	gruuKey    = "key"
)

// openGRUU takes the key of temporary GRUUs from the store, or makes one, which is
// saved when the first of them is given out.
func (d *Driver) openGRUU() (err error) {
	var key [gruu.KeySize]byte
	known := false
	if d.store != nil {
		d.store.Range(gruuFamily, func(name string, value []byte) bool {
			if name == gruuKey && len(value) == len(key) {
				known = true
				copy(key[:], value)
			}
			return true
		})
	}
	if !known {
		if _, err := d.random.Read(key[:]); err != nil {
			return err
		}
		d.newKey = key[:]
	}
	d.sealer, err = gruu.New(key)
	return err
}

// instanceOf finds the instance that a URI means; ok is false for a URI that is no
// GRUU of ours.
func (d *Driver) instanceOf(u *message.URI) (i instance, ok bool) {
	gr, has := u.Params.Get("gr")
	if !has {
		return i, false
	}
	if len(gr) > 0 {
		i.peer, i.id = d.peers.byName([]byte(message.UnescapeString(u.User))), message.UnescapeString(gr)
		return i, i.peer != nil && i.peer.Dynamic
	}
	name, binding, ok := d.sealer.Open(u.User)
	if !ok {
		return i, false
	}
	if i.peer = d.peer(name); i.peer == nil {
		return i, false
	}
	for _, c := range i.peer.contacts {
		if c.Instance != "" && gruu.BindingOf(c.Instance, c.CallID) == binding {
			i.id = c.Instance
			break
		}
	}
	return i, true
}

// contact is where the instance is now, nil when it is not registered.
func (i instance) contact() *Contact {
	if i.peer == nil || i.id == "" {
		return nil
	}
	for _, c := range i.peer.contacts { // of several flows the newest
		if c.Instance == i.id && i.peer.callable(c) {
			return c
		}
	}
	return nil
}

// gruu finds the contact that a URI means, nil for one that is not registered; ok
// is false for a URI that is no GRUU of ours.
func (d *Driver) gruu(u *message.URI) (c *Contact, ok bool) {
	i, ok := d.instanceOf(u)
	return i.contact(), ok
}

// forInstance notes which instance the request is for. It returns the status that
// refuses it (RFC 5627 5.1).
func (p *pvt) forInstance(u *message.URI) (status int, reason string) {
	i, ok := p.d.instanceOf(u)
	switch {
	case !ok && u.Params.Has("gr") && len(u.User) > 0 && gruu.Temporary(u.User):
		return 404, "Not Found"
	case !ok:
		return 0, ""
	case i.contact() == nil:
		return 480, "Temporarily Unavailable"
	}
	p.instance = i
	if exten, _, _ := strings.Cut(i.peer.RegExten, "&"); exten != "" {
		p.exten, _, _ = strings.Cut(exten, "@")
	} else {
		p.exten = i.peer.Name
	}
	return 0, ""
}

// toInstance has a dialog whose far end gave a GRUU of ours as its Contact go where
// that leads (RFC 5627 5.2).
func (g *dialog) toInstance(d *Driver) bool {
	if len(g.routes) > 0 || !strings.Contains(g.target, ";gr") {
		return false
	}
	u, err := message.ParseURI([]byte(g.target))
	if err != nil {
		return false
	}
	c, _ := d.gruu(&u)
	if c == nil {
		return false
	}
	g.target, g.route = c.URI, c.route()
	return true
}

// saveKey writes a new key of temporary GRUUs to the store.
func (d *Driver) saveKey() {
	if d.newKey == nil || d.store == nil {
		return
	}
	d.store.Put(gruuFamily, gruuKey, d.newKey, func(err error) {
		if err != nil {
			d.log.Warn("The key of temporary GRUUs was not saved", "err", err)
		}
	})
	d.newKey = nil
}

// appendGRUUs appends the GRUUs of a contact as parameters of its Contact in the
// response to a REGISTER (RFC 5627 5.1).
func (d *Driver) appendGRUUs(h []byte, p *Peer, c *Contact, aor *message.URI) []byte {
	host := string(message.AppendHostPort(nil, aor.Host, aor.Port))
	user := string(message.AppendEscaped(nil, p.Name))
	h = append(h, `;pub-gruu="`...)
	h = gruu.AppendPublic(h, user, host, c.Instance)
	h = append(h, '"')
	var nonce [gruu.NonceSize]byte
	if _, err := d.random.Read(nonce[:]); err != nil {
		return h
	}
	d.saveKey()
	h = append(h, `;temp-gruu="sip:`...)
	h = d.sealer.AppendUser(h, nonce, p.Name, gruu.BindingOf(c.Instance, c.CallID))
	h = append(append(h, '@'), host...)
	return append(h, `;gr"`...)
}
