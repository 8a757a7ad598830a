package sip

// mayReplace reports whether calls of asker may take the place of the far end of
// p: its own calls, and those that it may pick up. Whoever else knows a Call-ID
// and its tags has seen a message, and that is no reason (RFC 3891 section 8).
func (d *Driver) mayReplace(asker *Peer, p *pvt) bool {
	if d.cfg.General.Compat {
		return p.settings.AllowTransfer
	}
	if asker == nil || !p.settings.AllowTransfer {
		return false
	}
	return asker == p.peer || p.peer != nil && asker.picksUp(p.peer)
}
