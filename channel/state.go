package channel

import "strings"

// State is the call state of a channel, numbered as programs know it from AMI
// and AGI.
type State int

// The states of a channel.
const (
	Down State = iota
	Reserved
	OffHook
	Dialing // digits were sent
	Ring    // an inbound call: the far end hears that we were asked
	Ringing // an outbound call: the far end rings
	Up
	BusyState
	DialingOffHook
	PreRing
)

var stateNames = [...]string{"Down", "Rsrvd", "OffHook", "Dialing", "Ring", "Ringing", "Up", "Busy", "Dialing Offhook", "Pre-ring"}

// String is the word that the console and AMI show.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return "Unknown"
	}
	return stateNames[s]
}

// DeviceState is what a device such as SIP/100 is doing.
type DeviceState int

// The device states of the field.
const (
	DeviceUnknown DeviceState = iota
	DeviceNotInUse
	DeviceInUse
	DeviceBusy
	DeviceInvalid
	DeviceUnavailable
	DeviceRinging
	DeviceRingInUse
	DeviceOnHold
)

var deviceStateNames = [...]string{"UNKNOWN", "NOT_INUSE", "INUSE", "BUSY", "INVALID", "UNAVAILABLE", "RINGING", "RINGINUSE", "ONHOLD"}

// String is the word that DEVICE_STATE() returns.
func (s DeviceState) String() string {
	if s < 0 || int(s) >= len(deviceStateNames) {
		return "UNKNOWN"
	}
	return deviceStateNames[s]
}

// ParseDeviceState reads such a word.
func ParseDeviceState(s string) (DeviceState, bool) {
	for i, name := range deviceStateNames {
		if strings.EqualFold(s, name) {
			return DeviceState(i), true
		}
	}
	return DeviceUnknown, false
}
