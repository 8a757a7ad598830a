package sip

import (
	"pbx/event"
)

// Reload replaces the configuration, on the loop; any goroutine may call it.
// Calls, registrations and what qualify knows stay; a peer whose section is gone
// loses its contacts. A listener stays open where its address is still configured.
func (d *Driver) Reload(cfg *Config) {
	d.Post(func() { d.reload(cfg) })
}

func (d *Driver) reload(cfg *Config) {
	elsewhere := d.relisten(cfg)
	was := d.cfg
	d.cfg = cfg
	d.applyConfig()
	d.watchHosts()
	d.auth.guard.SetRules(cfg.General.guardRules())
	d.setPeers(cfg)
	d.startQualify()
	d.startKeepalive()
	d.startRegistrations()
	d.watchExternal()
	d.reviewSubscriptions(&was.General)
	d.setSources()
	if elsewhere {
		d.movedListeners()
	}
	for _, p := range d.peers.list {
		d.deviceChanged(p)
	}
	if d.bus.Wants(event.Reload) {
		d.bus.Publish(event.Event{Kind: event.Reload, Time: d.now(), Name: "chan_sip"})
	}
}

// dropPeer ends what belongs to a section that is gone.
func (d *Driver) dropPeer(p *Peer) {
	d.displace(p)
	d.unqualify(p)
	d.stopKeepalive(p)
	d.unpublishAll(p)
	d.deviceGone(p)
	if len(p.contacts) == 0 {
		return
	}
	p.clearContacts(d, true)
	d.save(p, func(error) {})
}

// trimContacts takes away what a changed section no longer allows: all contacts of
// a peer that is not dynamic any more, the oldest beyond max_contacts otherwise.
func (d *Driver) trimContacts(p *Peer) {
	trimmed := false
	if p.Dynamic {
		trimmed = p.trim(d, p.MaxContacts)
	} else if trimmed = len(p.contacts) > 0; trimmed {
		p.clearContacts(d, true)
	}
	if trimmed {
		d.save(p, func(error) {})
	}
}

// closePeers stops the timers of the peers; their registrations stay in the
// store.
func (d *Driver) closePeers() {
	for _, p := range d.peers.list {
		d.unqualify(p)
		d.stopKeepalive(p)
	}
}
