package sip

import "time"

// keepaliveText is what holds a NAT's door open: no message, every stack drops it
// (RFC 5626 4.4.1).
var keepaliveText = []byte("\r\n\r\n")

// startKeepalive begins to send to the peers that ask for it (keepalive=), and
// stops where they no longer do. The interval is that of the configuration at
// each turn.
func (d *Driver) startKeepalive() {
	for _, p := range d.peers.list {
		if p.Keepalive == 0 || !p.Type.IsPeer() {
			d.stopKeepalive(p)
			continue
		}
		if p.keepalive != 0 {
			continue
		}
		p.keepalive = d.sched.Add(p.Keepalive, func() time.Duration {
			d.keepAlive(p)
			return p.Keepalive
		})
	}
}

// keepAlive sends to every place where a peer is.
func (d *Driver) keepAlive(p *Peer) {
	for _, c := range p.contacts {
		if c.Addr.IsValid() && (c.Flow == 0 || d.net.Alive(c.Flow)) {
			d.sent(d.send(keepaliveText, c.route()))
		}
	}
	if to, ok := d.route(p); ok && len(p.contacts) == 0 {
		d.sent(d.send(keepaliveText, to))
	}
}

func (d *Driver) stopKeepalive(p *Peer) {
	if p.keepalive != 0 {
		d.sched.Delete(p.keepalive)
		p.keepalive = 0
	}
}
