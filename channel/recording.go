package channel

import "time"

// Recording is what is known of a recording that an application made of a channel.
type Recording struct {
	// Duration is how much of the far end's voice was kept.
	Duration time.Duration
}

type recordingKey struct{}

// SetRecording says how the last recording turned out, once it is over.
func (c *Channel) SetRecording(r Recording) { c.SetData(recordingKey{}, r) }

// Recording returns the last one that is over, false without one.
func (c *Channel) Recording() (Recording, bool) {
	r, ok := c.Data(recordingKey{}).(Recording)
	return r, ok
}
