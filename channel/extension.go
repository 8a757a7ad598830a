package channel

// ExtensionState is what the devices of a hint do together, as the bits that AMI
// shows.
type ExtensionState uint8

// The states of an extension, as bits.
const (
	ExtensionIdle    ExtensionState = 0
	ExtensionInUse   ExtensionState = 1
	ExtensionBusy    ExtensionState = 2
	ExtensionGone    ExtensionState = 4 // no device can be reached
	ExtensionRinging ExtensionState = 8
	ExtensionHold    ExtensionState = 16
)

// String is the word that core show hints prints.
func (s ExtensionState) String() string {
	switch s {
	case ExtensionIdle:
		return "Idle"
	case ExtensionInUse:
		return "InUse"
	case ExtensionBusy:
		return "Busy"
	case ExtensionGone:
		return "Unavailable"
	case ExtensionRinging:
		return "Ringing"
	case ExtensionInUse | ExtensionRinging:
		return "InUse&Ringing"
	case ExtensionHold:
		return "Hold"
	case ExtensionInUse | ExtensionHold:
		return "InUse&Hold"
	}
	return "Unknown"
}

// Device is the device state of the same meaning.
func (s ExtensionState) Device() DeviceState {
	switch s {
	case ExtensionIdle:
		return DeviceNotInUse
	case ExtensionInUse:
		return DeviceInUse
	case ExtensionBusy:
		return DeviceBusy
	case ExtensionGone:
		return DeviceUnavailable
	case ExtensionRinging:
		return DeviceRinging
	case ExtensionInUse | ExtensionRinging:
		return DeviceRingInUse
	case ExtensionHold, ExtensionInUse | ExtensionHold:
		return DeviceOnHold
	}
	return DeviceUnknown
}

// Combined gathers the states of several devices. The zero value is ready.
type Combined struct {
	inUse, ringing, other       bool
	notBusy, notHeld, reachable bool
}

// Add takes in one device.
func (c *Combined) Add(s DeviceState) {
	c.notBusy = c.notBusy || s != DeviceBusy
	c.notHeld = c.notHeld || s != DeviceOnHold
	c.reachable = c.reachable || s != DeviceUnavailable && s != DeviceInvalid
	switch s {
	case DeviceInUse:
		c.inUse = true
	case DeviceRinging:
		c.ringing = true
	case DeviceRingInUse:
		c.inUse, c.ringing = true, true
	case DeviceBusy, DeviceOnHold:
		c.other = true
	}
}

// State puts them together as the field does: anything that rings and anything
// in use show; all busy, all on hold or all unavailable show where nothing else
// is going on.
func (c *Combined) State() ExtensionState {
	switch {
	case c.ringing && (c.inUse || c.other):
		return ExtensionInUse | ExtensionRinging
	case c.ringing:
		return ExtensionRinging
	case !c.notBusy:
		return ExtensionBusy
	case !c.notHeld:
		return ExtensionHold
	case !c.reachable:
		return ExtensionGone
	case c.inUse, c.other:
		return ExtensionInUse
	}
	return ExtensionIdle
}

// ExtensionStatus is what is known of a hint.
type ExtensionStatus struct {
	State ExtensionState
	// Devices are those of the hint, in its order.
	Devices []string
	// Unregistered says that the hint has one device, which cannot be reached.
	Unregistered bool
	// Presence is that of the hint's presence provider.
	Presence Presence
	// Removed says that there is no such hint any more; nothing comes after it.
	Removed bool
}

// Same reports whether two statuses say the same.
func (s *ExtensionStatus) Same(o *ExtensionStatus) bool {
	return s.State == o.State && s.Unregistered == o.Unregistered && s.Presence == o.Presence && s.Removed == o.Removed
}

// Hints tells drivers what extensions do. Its methods may be called from any
// goroutine, a driver's loop included, and do not block.
type Hints interface {
	// Watch calls f with the status of a hint, soon and after each change, until
	// stop; several changes may be told as one. f is called on a goroutine of
	// the implementation and must not block. One that has no hint is told as
	// Removed.
	Watch(context, exten string, f func(ExtensionStatus)) (stop func())
}
