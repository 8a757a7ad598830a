package prompt

import (
	"fmt"

	"pbx/channel"
	"pbx/media"
	"pbx/media/tone"
)

// toneKey keeps on the channel which tone plays, a media.PlayID.
type toneKey struct{}

// StartTone plays a tone by name, or by a list such as 425/250,0/250, until StopTone, another sound or its
// own end. zone is a country of indications.conf, "" for the channel's.
func (p *Player) StartTone(ch *channel.Channel, spec, zone string) error {
	s := p.session(ch)
	if s == nil {
		return ErrNoMedia
	}
	if zone == "" {
		zone = ch.Settings().ToneZone
	}
	list, known := p.tones(zone, spec)
	if !known {
		var err error
		if list, err = tone.Parse(spec); list == nil {
			return fmt.Errorf("tone %q: %w", spec, err)
		}
		if err != nil {
			ch.Log().Warn(fmt.Sprintf("%s: tone %q: %v", ch.Name(), spec, err))
		}
	}
	p.StopTone(ch)
	earlyMedia(ch)
	ch.SetData(toneKey{}, s.Play(tone.New(list), false))
	return nil
}

// StopTone ends the tone that StartTone or Indicate began, if any.
func (p *Player) StopTone(ch *channel.Channel) {
	id, ok := ch.Data(toneKey{}).(media.PlayID)
	if !ok || id == 0 {
		return
	}
	ch.SetData(toneKey{}, media.PlayID(0))
	if s := p.session(ch); s != nil {
		s.Stop(id)
	}
}

// Indicate tells the caller of a condition: by a response before the call is
// answered, by a tone of the country after it, and by both where he is to hear the
// ringing of a call that is not answered.
func (p *Player) Indicate(ch *channel.Channel, c channel.Control) error {
	if ch.State() == channel.Up {
		if tone, ok := indications[c]; ok {
			return p.StartTone(ch, tone, "")
		}
	}
	err := ch.Leg().Indicate(c)
	if r, ok := ch.Leg().(channel.InbandRinger); ok && err == nil && c == channel.ControlRinging && r.RingsInband() {
		_ = ch.Leg().Indicate(channel.ControlProgress) // the tone is asked for
		return p.StartTone(ch, indications[c], "")
	}
	return err
}

var indications = map[channel.Control]string{
	channel.ControlRinging:    "ring",
	channel.ControlBusy:       "busy",
	channel.ControlCongestion: "congestion",
}
