package channel

import "time"

// Features are the parts of features.conf that act.
type Features struct {
	// PickupExten is what a phone dials to pick up a call of its groups.
	PickupExten string
	// PickupSound is what who picked up by groups hears before he talks, PickupFailSound
	// what he hears where nothing rings; "" is no sound.
	PickupSound, PickupFailSound string
	// BlindTransfer, AttendedTransfer and Disconnect are the codes that a party of a call
	// dials where Dial's options let it; "" is off.
	BlindTransfer, AttendedTransfer, Disconnect string
	Attended                                    AttendedTransfer
	// DigitTimeout is how long the digits of a code may be apart, TransferDigitTimeout
	// those of the number that a transfer goes to, for which a party has
	// TransferAttempts.
	DigitTimeout, TransferDigitTimeout time.Duration
	TransferAttempts                   int
	// AnnounceSound asks for the number, RetrySound does so again, InvalidSound says that
	// there was none in all attempts.
	AnnounceSound, RetrySound, InvalidSound string
	// TransferSound is heard by who is connected in the end, FailSound by who has his
	// party back.
	TransferSound, FailSound string
	// Inherit gives the features that were changed for a channel to those that it calls.
	Inherit bool
	// Applications are those of applicationmap, and Groups what the other sections make
	// of them, by their names in lower case. Neither is written once it is read.
	Applications []FeatureApplication
	Groups       map[string][]FeatureApplication
}

// AttendedTransfer is how a party asks first, and then transfers.
type AttendedTransfer struct {
	// Abort, Complete and Swap are dialled meanwhile: back to the party, join the two,
	// and change between them; "" is off.
	Abort, Complete, Swap string
	// NoAnswer is how long the target may ring.
	NoAnswer time.Duration
	// Drop leaves the party to the target that still rings when who transfers hangs up;
	// else that one is called back if nobody answers, Callbacks times, LoopDelay after
	// another try.
	Drop      bool
	LoopDelay time.Duration
	Callbacks int
}

// DefaultFeatures are the field's.
func DefaultFeatures() Features {
	return Features{
		PickupExten: "*8", BlindTransfer: "#", Disconnect: "*",
		DigitTimeout: time.Second, TransferDigitTimeout: 3 * time.Second, TransferAttempts: 3,
		AnnounceSound: "pbx-transfer", RetrySound: "pbx-invalid", InvalidSound: "privacy-incorrect", TransferSound: "beep", FailSound: "beeperr",
		Attended: AttendedTransfer{Abort: "*1", Complete: "*2", Swap: "*4", NoAnswer: 15 * time.Second, LoopDelay: 10 * time.Second, Callbacks: 2},
	}
}

// SetFeatures changes them, and Features returns them.
func (r *Registry) SetFeatures(f Features) { r.features.Store(&f) }

// Features returns what SetFeatures was given, the field's defaults before.
func (r *Registry) Features() Features {
	if f := r.features.Load(); f != nil {
		return *f
	}
	return DefaultFeatures()
}

// featuresKey keeps on a channel the features of its own, a Features.
type featuresKey struct{}

// Features are the channel's own, the exchange's unless SetFeatures changed them.
func (c *Channel) Features() Features {
	if f, ok := c.Data(featuresKey{}).(Features); ok {
		return f
	}
	return c.reg.Features()
}

// inheritFeatures takes over what was changed for the channel that calls.
func (c *Channel) inheritFeatures(from *Channel) {
	if f, ok := from.Data(featuresKey{}).(Features); ok && f.Inherit {
		c.SetFeatures(f)
	}
}

// SetFeatures gives the channel features of its own.
func (c *Channel) SetFeatures(f Features) { c.SetData(featuresKey{}, f) }
