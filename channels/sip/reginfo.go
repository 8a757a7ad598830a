package sip

import (
	"hash/fnv"
	"strconv"

	"pbx/channels/sip/presence"
)

// appendRegInfo appends what a device is told of its own registration (RFC 3680).
func (s *subscription) appendRegInfo(b []byte) []byte {
	r := presence.Registration{AOR: s.entity, ID: "r" + textID(s.peer.Name), Version: s.version}
	now := s.d.now()
	for _, c := range s.peer.contacts {
		if c.Static {
			continue
		}
		r.Contacts = append(r.Contacts, presence.Binding{ID: "c" + textID(c.URI), URI: c.URI, Seconds: max(secondsLeft(c, now), 0), Q: c.Q})
	}
	return r.Append(b)
}

// textID is an id that a document keeps for the same text.
func textID(s string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return strconv.FormatUint(h.Sum64(), 16)
}

// bindingsChanged tells those who follow a registration.
func (d *Driver) bindingsChanged(p *Peer) {
	if d.subs.reginfo == 0 {
		return
	}
	d.subs.each(func(s *subscription) {
		if s.peer == p && s.format == presence.RegInfo {
			s.tell(false)
		}
	})
}
