package channel

import "testing"

func TestCombined(t *testing.T) {
	for _, c := range []struct {
		name    string
		devices []DeviceState
		want    ExtensionState
	}{
		{"idle", []DeviceState{DeviceNotInUse}, ExtensionIdle},
		{"never set", []DeviceState{DeviceUnknown}, ExtensionIdle},
		{"ringing", []DeviceState{DeviceRinging}, ExtensionRinging},
		{"ringing in use", []DeviceState{DeviceRingInUse}, ExtensionInUse | ExtensionRinging},
		{"one of two rings", []DeviceState{DeviceRinging, DeviceNotInUse}, ExtensionRinging},
		{"one rings, one talks", []DeviceState{DeviceInUse, DeviceRinging}, ExtensionInUse | ExtensionRinging},
		{"one talks, one is gone", []DeviceState{DeviceInUse, DeviceUnavailable}, ExtensionInUse},
		{"busy", []DeviceState{DeviceBusy}, ExtensionBusy},
		{"one of two busy", []DeviceState{DeviceBusy, DeviceNotInUse}, ExtensionInUse},
		{"hold", []DeviceState{DeviceOnHold}, ExtensionHold},
		{"one of two on hold", []DeviceState{DeviceOnHold, DeviceInUse}, ExtensionInUse},
		{"gone", []DeviceState{DeviceUnavailable, DeviceInvalid}, ExtensionGone},
		{"one of two gone", []DeviceState{DeviceUnavailable, DeviceNotInUse}, ExtensionIdle},
	} {
		var all Combined
		for _, d := range c.devices {
			all.Add(d)
		}
		if got := all.State(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
