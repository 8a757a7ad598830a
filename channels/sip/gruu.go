package sip

import "pbx/channels/sip/message"

func (d *Driver) gruu(u *message.URI) (*Contact, bool) { return nil, false }
