package prompt

import "pbx/channel"

func sessionOf(ch *channel.Channel) Session {
	if s := ch.Media(); s != nil {
		return s
	}
	return nil
}
