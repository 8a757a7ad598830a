package sip

import (
	"bytes"
	"encoding/hex"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/presence"
	"pbx/channels/sip/transaction"
	"pbx/event"
	"pbx/sched"
)

// publications are what a device says of itself with PUBLISH (RFC 3903).
type publications struct {
	list     []*publication // oldest first
	presence channel.Presence
	dialog   channel.ExtensionState // of calls that may not come through us
}

// publication is one document of a device.
type publication struct {
	etag     string
	format   presence.Format
	presence channel.Presence
	dialog   channel.ExtensionState
	timer    sched.ID
}

// maxPublications bounds what one device may publish; a new one then takes the
// place of the oldest.
const maxPublications = 4

// handlePublish answers PUBLISH: a device publishes its own presence, or its own
// calls (RFC 3903 section 6).
func (d *Driver) handlePublish(tx *transaction.Server, m *message.Message, from source) {
	p, res := d.admit(tx, m, from)
	if res != authOK {
		return
	}
	tx.Route.Remote = d.replyAddress(m, from, p)
	name, _, _ := bytes.Cut(m.Header(message.HeaderEvent), []byte(";"))
	format := presence.None
	switch name = bytes.TrimSpace(name); {
	case bytes.EqualFold(name, []byte("presence")):
		format = presence.PIDF
	case bytes.EqualFold(name, []byte("dialog")):
		format = presence.DialogInfo
	}
	if format == presence.None || p == nil { // a guest has no state here
		d.respond(tx, m, 489, "Bad Event", func(b *message.Builder) { b.Header(message.HeaderAllowEvents, "presence, dialog") })
		return
	}
	uri := m.RequestURI()
	if other := d.peers.byName(nameIn(&uri)); other != nil && other != p {
		d.respond(tx, m, 403, "Forbidden", nil) // what others do is not for it to say
		return
	}
	life, status := d.publishLife(m)
	if status != 0 {
		d.respond(tx, m, status, "Interval too small", func(b *message.Builder) {
			b.HeaderInt(message.HeaderMinExpires, int64(d.cfg.General.SubMinExpiry/time.Second))
		})
		return
	}
	old := p.published.find(string(bytes.TrimSpace(m.Header(message.HeaderSIPIfMatch))), format)
	if m.Has(message.HeaderSIPIfMatch) && old == nil {
		d.respond(tx, m, 412, "Conditional Request Failed", nil)
		return
	}
	fresh := publication{format: format}
	switch {
	case len(m.Body()) > 0:
		if status := fresh.read(m); status != 0 {
			d.respond(tx, m, status, "", func(b *message.Builder) { b.Header(message.HeaderAccept, format.MIME()) })
			return
		}
	case old == nil: // nothing to refresh, and nothing said
		d.respond(tx, m, 400, "Bad Request (no body)", nil)
		return
	default:
		fresh.presence, fresh.dialog = old.presence, old.dialog
	}
	tx.Keep()
	d.published(p, old, &fresh, life)
	d.respond(tx, m, 200, "OK", func(b *message.Builder) {
		b.Header(message.HeaderSIPETag, fresh.etag)
		b.HeaderInt(message.HeaderExpires, int64(life/time.Second))
	})
}

// publishLife is how long a publication lasts, or the status that refuses it.
func (d *Driver) publishLife(m *message.Message) (life time.Duration, status int) {
	g := &d.cfg.General
	switch n := m.Expires(); {
	case n < 0:
		return g.SubMaxExpiry, 0
	case n == 0:
		return 0, 0
	case time.Duration(n)*time.Second < g.SubMinExpiry:
		return 0, 423
	default:
		return min(time.Duration(n)*time.Second, g.SubMaxExpiry), 0
	}
}

// read takes the document in; a status other than 0 refuses it.
func (u *publication) read(m *message.Message) (status int) {
	body, ok := m.Content(u.format.MIME())
	if !ok {
		return 415
	}
	var err error
	if u.format == presence.PIDF {
		u.presence, err = presence.ParsePIDF(body)
	} else {
		u.dialog, err = presence.ParseDialogInfo(body)
	}
	if err != nil {
		return 400
	}
	return 0
}

func (t *publications) find(etag string, f presence.Format) *publication {
	for _, u := range t.list {
		if u.etag == etag && u.format == f {
			return u
		}
	}
	return nil
}

// published puts fresh in the place of old, nil for none; with no life it only
// takes old away.
func (d *Driver) published(p *Peer, old, fresh *publication, life time.Duration) {
	if old != nil {
		d.unpublish(p, old)
	}
	fresh.etag = hex.EncodeToString(appendUint64(nil, d.random.uint64()))
	if life > 0 {
		for len(p.published.list) >= maxPublications {
			d.unpublish(p, p.published.list[0])
		}
		p.published.list = append(p.published.list, fresh)
		fresh.timer = d.sched.Add(life, func() time.Duration {
			fresh.timer = 0
			d.unpublish(p, fresh)
			d.publishedChanged(p)
			return 0
		})
	}
	d.publishedChanged(p)
}

func appendUint64(b []byte, v uint64) []byte {
	for i := 56; i >= 0; i -= 8 {
		b = append(b, byte(v>>uint(i)))
	}
	return b
}

// unpublish takes a publication away.
func (d *Driver) unpublish(p *Peer, u *publication) {
	if u.timer != 0 {
		d.sched.Delete(u.timer)
		u.timer = 0
	}
	list := p.published.list[:0]
	for _, o := range p.published.list {
		if o != u {
			list = append(list, o)
		}
	}
	clear(p.published.list[len(list):])
	p.published.list = list
}

// unpublishAll forgets what a device said.
func (d *Driver) unpublishAll(p *Peer) {
	for len(p.published.list) > 0 {
		d.unpublish(p, p.published.list[0])
	}
	d.publishedChanged(p)
}

// publishedChanged works out what a device's publications come to, the newest of
// each kind, and tells who cares.
func (d *Driver) publishedChanged(p *Peer) {
	now := publications{list: p.published.list}
	for _, u := range now.list {
		if u.format == presence.PIDF {
			now.presence = u.presence
		} else {
			now.dialog = u.dialog
		}
	}
	was := p.published
	p.published = now
	if was.presence != now.presence {
		d.presenceChanged()
		if d.bus.Wants(event.PresenceState) {
			d.bus.Publish(event.Event{
				Kind: event.PresenceState, Time: d.now(), Name: "SIP:" + p.Name, Value: now.presence.State.String(),
				AppData: now.presence.Subtype, StateText: now.presence.Message,
			})
		}
	}
	if was.dialog != now.dialog {
		d.deviceChanged(p)
	}
}

// Presence is what the device of a name published; any goroutine but the loop's
// may call it.
func (d *Driver) Presence(name string) (p channel.Presence) {
	_ = d.Call(func() {
		if peer := d.peer(name); peer != nil {
			p = peer.published.presence
		}
	})
	return p
}
