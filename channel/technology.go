package channel

import "time"

// Technology is what a channel driver implements. Its methods may be called from
// any goroutine but the driver's own loop.
type Technology interface {
	// Name is the part of a dial string before the slash, "SIP".
	Name() string
	Description() string
	// Request makes an outbound leg in state Down; nothing is sent before
	// Leg.Call. It may wait for the driver's loop. A failure is a *RequestError.
	Request(r Request) (*Channel, error)
	// DeviceState tells what the device behind resource is doing.
	DeviceState(resource string) DeviceState
}

// Forker is a Technology one of whose resources may stand for several devices,
// such as the phones that registered under one name. Dial asks it.
type Forker interface {
	// Fork returns the devices behind a resource as from calls it, those that ring
	// first first; nil where the resource is one device.
	Fork(resource string, from *Channel) []Branch
}

// Referrer is a Technology whose devices can be told to call somewhere themselves.
type Referrer interface {
	// Refers reports whether the device behind a resource is known to do so.
	Refers(resource string) bool
}

// Branch is one of the devices behind a resource.
type Branch struct {
	// Target is what Request.Target takes.
	Target any
	// After is how long those before it ring alone.
	After time.Duration
}

// Request describes the outbound leg that is wanted.
type Request struct {
	// Resource is the dial string after "Technology/".
	Resource string
	// From is the channel on whose behalf the leg is made, nil for none. The
	// new leg shares its Linkedid and its media loop. A driver makes no leg that is
	// less secure than From's Settings want.
	From *Channel
	// Target picks one of the devices that Fork returned, nil leaves it to the
	// driver.
	Target any
	// Alone says that nobody else is called for From, and that nobody here will listen
	// when the two are joined.
	Alone bool
	// Formats are the codecs that From can send and receive, best first.
	Formats []string
	// Uniqueid is what the channel is to have as its Uniqueid, "" for one of the
	// registry's; OtherUniqueid is that of the other half of a Local channel.
	Uniqueid, OtherUniqueid string
	// Held has who answers on hold from the beginning: the leg is there to be sent
	// elsewhere.
	Held bool
}

// Stiller is a Technology whose legs live on a loop.
type Stiller interface {
	// Still runs f on that loop, while nothing happens on any leg, and waits for
	// it.
	Still(f func()) error
}

// Aligner is a Leg that can use another codec of those that it has agreed on.
type Aligner interface {
	// Align has the leg and the one that Masquerade is about to join it with use
	// a codec that both have. It is called while the driver is still.
	Align(other Leg)
}

// Decider is a Leg whose far end may refuse a call for every place that it could be
// reached at (RFC 3261 21.6).
type Decider interface {
	// Decided reports whether it did. Any goroutine may call it.
	Decided() bool
}

// Relay is a Leg that only leads to others, as a Local channel does: what is told of why
// legs ended is of those.
type Relay interface {
	// Causes are how the legs behind it have ended so far. Any goroutine may call it.
	Causes() []LegCause
}

// Leg is the driver's side of one channel. Its methods hand the work to the
// driver's loop and return at once; what comes of it arrives as frames.
type Leg interface {
	// Call starts an outbound leg. Variables, identities and added headers are
	// read from the channel at that moment.
	Call() error
	// Answer accepts an inbound call.
	Answer() error
	// Indicate tells the far end of a condition.
	Indicate(c Control) error
	// Hangup ends the leg whatever its state; it is called once, with the cause
	// from the channel.
	Hangup(cause Cause)
	// SendDigit plays a DTMF digit to the far end in the way it takes them.
	SendDigit(digit byte, d time.Duration) error
	// SendText sends a text to the far end.
	SendText(text string) error
	// Transfer asks the far end to call dest instead (3xx before answer, REFER
	// after it). An error says that the leg cannot be transferred; else a
	// ControlTransfer frame tells how it fared.
	Transfer(dest string) error
	// Rebind gives the leg another channel: its frames go there from now on.
	// Masquerade calls it while the driver is still.
	Rebind(c *Channel)
	// Item returns an item of CHANNEL() that the driver knows (peerip, useragent
	// …).
	Item(name string) (string, bool)
}

// Requested is a Leg whose call came with a message, such as SIP's INVITE.
type Requested interface {
	// Request returns that message, as it came, and the facts that programs get of it
	// in their environment, each NAME=value; exten is the extension where the call is
	// by now. It may wait for the driver's loop.
	Request(exten string) (text []byte, facts []string)
}

// Refuser is a Leg whose unanswered call can be refused with a response of the
// caller's choice.
type Refuser interface {
	// Refuse ends the call with a final response of 400 to 699 of the driver's
	// protocol. The channel is hung up when it returns; a call that was answered is
	// left alone. It may wait for the driver's loop.
	Refuse(status int) error
}

// Summarizer is a Leg that says at the end of a call how it was.
type Summarizer interface {
	// Summarize sets what there is to say as variables of the channel, once; the
	// goroutine that owns the channel calls it.
	Summarize()
}

// InbandRinger is a Leg whose far end may be one that makes no ringing of its own.
type InbandRinger interface {
	// RingsInband reports whether it is to hear the tone before the call is answered.
	RingsInband() bool
}

// EarlyHolder is a Leg that may hold back what it plays before the dialplan says
// Progress.
type EarlyHolder interface {
	// HoldsEarly reports whether a sound alone opens no audio before the call is
	// answered.
	HoldsEarly() bool
}

// Joiner is a Leg that wants to know whom it is bridged with: one whose far end
// could send its audio straight to the other's, or has more than audio to pass on,
// or a Local channel, which may have nothing more to do then.
type Joiner interface {
	// Joined tells that the leg is bridged with other, and whether the bridge is
	// plain: nobody here listens to the audio or adds to it. It may be told again
	// when that changes. other is nil when the bridge is over.
	Joined(other Leg, plain bool)
}
