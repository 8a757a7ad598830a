package sip

import (
	"strings"

	"pbx/channel"
	"pbx/channels/sip/presence"
)

// hintKey is a hint of the plan.
type hintKey struct{ context, exten string }

// hintWatch is a hint that somebody subscribed to.
type hintWatch struct {
	hintKey
	stop      func()
	status    channel.ExtensionStatus
	known     bool             // status was told
	published channel.Presence // of its devices
	subs      []*subscription
}

// watchHint joins s to those that watch its hint.
func (d *Driver) watchHint(s *subscription) {
	key := hintKey{s.context, s.exten}
	w := d.subs.hints[key]
	if w == nil {
		w = &hintWatch{hintKey: key}
		if d.subs.hints == nil {
			d.subs.hints = make(map[hintKey]*hintWatch)
		}
		d.subs.hints[key] = w
		w.stop = d.hintSource.Watch(s.context, s.exten, func(status channel.ExtensionStatus) {
			d.Post(func() { d.hintChanged(w, status) })
		})
	}
	w.subs = append(w.subs, s)
	s.hint = w
}

// unwatchHint takes it out again.
func (d *Driver) unwatchHint(s *subscription) {
	w := s.hint
	for i, o := range w.subs {
		if o == s {
			last := len(w.subs) - 1
			w.subs[i], w.subs[last] = w.subs[last], nil
			w.subs = w.subs[:last]
			break
		}
	}
	if len(w.subs) == 0 && d.subs.hints[w.hintKey] == w {
		w.stop()
		delete(d.subs.hints, w.hintKey)
	}
}

// hintChanged takes in what a hint's devices do now.
func (d *Driver) hintChanged(w *hintWatch, status channel.ExtensionStatus) {
	defer d.recovered(nil)
	if d.subs.hints[w.hintKey] != w || d.quit {
		return
	}
	ringing := d.cfg.General.Ringing
	news := !w.known || ringing.Shown(w.status.State) != ringing.Shown(status.State) ||
		w.status.Unregistered != status.Unregistered
	w.status, w.known = status, true
	w.published = d.publishedBy(status.Devices)
	if status.Removed {
		delete(d.subs.hints, w.hintKey)
		for _, s := range w.subs {
			s.end(endNoResource)
		}
		return
	}
	if news {
		w.tell()
	}
}

// tell has all watchers hear of it.
func (w *hintWatch) tell() {
	for _, s := range w.subs {
		s.tell(false)
	}
}

// peerOfDevice is the peer behind a device such as SIP/100, nil for others.
func (d *Driver) peerOfDevice(device string) *Peer {
	tech, name, _ := strings.Cut(device, "/")
	if !strings.EqualFold(tech, "SIP") {
		return nil
	}
	name, _, _ = strings.Cut(name, "/")
	if i := strings.LastIndexByte(name, '@'); i >= 0 {
		name = name[i+1:]
	}
	return d.peer(name)
}

// publishedBy is what the first of some devices that published anything said.
func (d *Driver) publishedBy(devices []string) channel.Presence {
	for _, device := range devices {
		if p := d.peerOfDevice(device); p != nil && p.published.presence.State != channel.PresenceNotSet {
			return p.published.presence
		}
	}
	return channel.Presence{}
}

// presenceChanged tells the watchers of a peer's hints what it published.
func (d *Driver) presenceChanged() {
	for _, w := range d.subs.hints {
		now := d.publishedBy(w.status.Devices)
		if w.known && now != w.published {
			w.published = now
			for _, s := range w.subs {
				if s.format != presence.DialogInfo {
					s.tell(false)
				}
			}
		}
	}
}
