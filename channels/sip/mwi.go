package sip

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/presence"
	"pbx/channels/sip/transaction"
)

// NotifyCID is notifycid=: whether watchers of a ringing extension hear who calls,
// and what they need to pick up.
type NotifyCID uint8

// The forms of notifycid=.
const (
	CIDNo         NotifyCID = iota
	CIDYes                  // of calls that were dialled to the extension in the watcher's context
	CIDAnyContext           // of any call
)

// mwiState is what is known of the messages that a device was told of.
type mwiState struct {
	subs    int  // subscriptions of the device's own
	pending bool // the device did not hear the last one
}

// watchMailboxes has the loop hear of changed mailboxes.
func (d *Driver) watchMailboxes() {
	if d.mailboxes != nil {
		d.stopMailboxes = d.mailboxes.WatchMailboxes(func(box string) {
			d.Post(func() { d.mailboxChanged(box) })
		})
	}
}

// mailboxChanged tells the devices of a mailbox: in their subscriptions, or
// unasked where they have none (subscribemwi=no).
func (d *Driver) mailboxChanged(box string) {
	if d.quit {
		return
	}
	for _, p := range d.peers.list {
		if !slices.Contains(p.Mailboxes, box) {
			continue
		}
		if p.mwi.subs > 0 {
			d.subs.each(func(s *subscription) {
				if s.peer == p && s.format == presence.Summary {
					s.tell(false)
				}
			})
			continue
		}
		d.tellMailbox(p)
	}
}

// tellMailbox sends a device that did not subscribe the state of its mailboxes,
// at each of its addresses.
func (d *Driver) tellMailbox(p *Peer) {
	if len(p.Mailboxes) == 0 || p.SubscribeMWI || d.mailboxes == nil || !p.Type.IsPeer() || p.mwi.subs > 0 {
		return
	}
	p.mwi.pending = false
	if !p.Dynamic {
		d.sendUnasked(p, nil, summaryEvent(d, p))
		return
	}
	for _, c := range p.contacts {
		if c.Dial == "" {
			d.sendUnasked(p, c, summaryEvent(d, p))
		}
	}
}

// unasked is a NOTIFY without a subscription.
type unasked struct {
	from    string // user and name of From, "" for the usual
	headers func(*message.Builder, transaction.Route)
	done    func(ok bool)
}

func summaryEvent(d *Driver, p *Peer) unasked {
	return unasked{
		from: d.mwiUserOf(p),
		headers: func(b *message.Builder, r transaction.Route) {
			b.Header(message.HeaderEvent, presence.Summary.Event())
			b.Header(message.HeaderContentType, d.summaryType())
			d.body = d.appendSummary(d.body[:0], p, r)
			b.Body("", d.body)
		},
		done: func(ok bool) { p.mwi.pending = !ok },
	}
}

// sendUnasked sends a NOTIFY to a device, at a contact of it or, with nil, where
// its section says.
func (d *Driver) sendUnasked(p *Peer, c *Contact, u unasked) {
	at, ok := d.hopTo(p, c)
	if !ok {
		u.done(false)
		return
	}
	d.reach(at, func(s *servers, err error) {
		if err != nil || d.quit {
			u.done(false)
			return
		}
		target := d.requestURI(p, nil, p.DefaultUser)
		if c != nil {
			target = c.URI
		}
		local, _ := d.localAddress(s.route())
		host := cmp.Or(p.FromDomain, string(appendHost(nil, local.Addr())))
		user := cmp.Or(u.from, p.FromUser, defaultCaller)
		from := string(message.AppendAddress(nil, user, "sip:"+string(message.AppendEscaped(nil, user))+"@"+host))
		route := s.route()
		d.requestOut(message.NOTIFY, target, s, from, "<"+target+">", transaction.Timers{T1: p.T1}, func(b *message.Builder) { u.headers(b, route) },
			func(m *message.Message, _ time.Duration) { u.done(m != nil && m.Status() < 300) })
	})
}

// mwiUser is who a NOTIFY of messages is from, by [general].
func (d *Driver) mwiUser() string { return cmp.Or(d.cfg.General.Defaults.MWIFrom, defaultCaller) }

func (d *Driver) mwiUserOf(p *Peer) string { return cmp.Or(p.MWIFrom, d.mwiUser()) }

// speakAsMailbox makes the parties of a NOTIFY of messages those that phones
// know: the exchange and the phone, whatever the SUBSCRIBE said. Dialogs are told
// apart by their tags.
func (s *subscription) speakAsMailbox() {
	d := s.d
	local, _ := d.localAddress(s.route)
	user := d.mwiUserOf(s.peer)
	host := string(appendHost(nil, local.Addr()))
	s.local = string(message.AppendAddress(nil, user, "sip:"+string(message.AppendEscaped(nil, user))+"@"+host))
	s.remote = "<" + s.target + ">"
	s.contact = contactURI(user, local, s.route.Protocol)
}

// summaryType is the media type of a message summary (notifymimetype=).
func (d *Driver) summaryType() string {
	return cmp.Or(d.cfg.General.NotifyMIMEType, presence.Summary.MIME())
}

// appendSummary appends the document of a device's mailboxes together.
func (d *Driver) appendSummary(b []byte, p *Peer, r transaction.Route) []byte {
	var sum channel.Messages
	for _, box := range p.Mailboxes {
		m, _ := d.mailboxes.Messages(box)
		sum.New, sum.Old = sum.New+m.New, sum.Old+m.Old
		sum.UrgentNew, sum.UrgentOld = sum.UrgentNew+m.UrgentNew, sum.UrgentOld+m.UrgentOld
	}
	account := ""
	if p.VMExten != "" {
		local, _ := d.localAddress(r)
		a := append([]byte("sip:"), p.VMExten...)
		a = append(append(a, '@'), cmp.Or(p.FromDomain, string(appendHost(nil, local.Addr())))...)
		if local.Port() != defaultPort && p.FromDomain == "" {
			a = strconv.AppendUint(append(a, ':'), uint64(local.Port()), 10)
		}
		account = string(a)
	}
	return presence.AppendSummary(b, account, sum, p.BuggyMWI)
}

// remoteContext is the context of the mailboxes that providers tell of.
const remoteContext = "SIP_Remote"

// handleNotify answers a NOTIFY outside of a dialog: a provider may say unasked
// what waits there (unsolicited_mailbox=).
func (d *Driver) handleNotify(tx *transaction.Server, m *message.Message, from source) {
	p := d.peers.byAddr(from.addr)
	event, _, _ := strings.Cut(string(m.Header(message.HeaderEvent)), ";")
	if strings.EqualFold(strings.TrimSpace(event), "keep-alive") { // of phones that hold a pinhole open so
		d.respond(tx, m, 200, "OK", nil)
		return
	}
	if p == nil || p.UnsolicitedMailbox == "" || d.mailboxes == nil || !strings.EqualFold(strings.TrimSpace(event), presence.Summary.Event()) ||
		!p.ACL.Allows(from.addr.Addr()) {
		d.respond(tx, m, 489, "Bad event", nil)
		return
	}
	counts, err := presence.ParseSummary(m.Body())
	if err != nil {
		d.respond(tx, m, 400, "Bad Request", nil)
		return
	}
	d.mailboxes.SetMessages(remoteBox(p.UnsolicitedMailbox), counts)
	d.respond(tx, m, 200, "OK", nil)
}

// remoteBox is a mailbox at a provider.
func remoteBox(name string) string {
	name, _, _ = strings.Cut(name, "@")
	return name + "@" + remoteContext
}
