package channel

import "time"

// FrameKind says what a Frame carries.
type FrameKind uint8

// The kinds of frame. Audio of a plain call never becomes a frame: it stays on
// the media loop.
const (
	FrameControl FrameKind = iota + 1
	FrameDTMFBegin
	FrameDTMFEnd
	FrameText
	// FramePlayed tells that a sound started with media.Session.Play ended;
	// Data is its media.PlayID.
	FramePlayed
	// FrameWake has the goroutine look at something of its own, such as the words of
	// a program that runs the call.
	FrameWake
	// FrameBridge is what a third party of a bridge and the bridge tell each other; Data
	// is theirs.
	FrameBridge
)

// Control is a condition that one end of a call tells the other.
type Control uint8

// The control conditions.
const (
	ControlNone       Control = iota
	ControlRinging            // the far end rings (180)
	ControlProceeding         // on the way (100, 183 without SDP)
	ControlProgress           // early media (183 with SDP)
	ControlAnswer             // answered
	ControlBusy               // 486
	ControlCongestion         // 503
	ControlIncomplete         // more digits, please (484)
	ControlForward            // 3xx or 181; Text = Technology/resource, several divided by ForwardNext, or ""
	ControlHangup             // the far end is gone; Cause
	ControlHold
	ControlUnhold
	ControlFlash
	ControlConnectedLine // Channel.Connected changed
	ControlSourceUpdate  // the media source changed (new SSRC)
	ControlRedirect      // another place in the dialplan was set for the channel
	ControlTransfer      // how Leg.Transfer fared; Data is a TransferResult
)

// ForwardNext divides the places in the Text of ControlForward: the next one is tried
// when the one before it comes to nothing (RFC 3261 8.1.3.4).
const ForwardNext = "|"

var controlNames = [...]string{"None", "Ringing", "Proceeding", "Progress", "Answer", "Busy", "Congestion", "Incomplete", "Forward", "Hangup", "Hold", "Unhold", "Flash", "ConnectedLine", "SourceUpdate", "Redirect", "Transfer"}

func (c Control) String() string {
	if int(c) >= len(controlNames) {
		return "Unknown"
	}
	return controlNames[c]
}

// Frame is one thing that a channel's goroutine reads from its queue.
type Frame struct {
	Kind     FrameKind
	Control  Control
	Digit    byte          // DTMF: 0-9 * # A-D
	Duration time.Duration // DTMFEnd
	Cause    Cause         // ControlHangup, ControlBusy, ControlCongestion
	Text     string
	Data     any
}

// TransferResult is the Data of a ControlTransfer.
type TransferResult struct {
	// OK says that the far end does it; Protocol is the driver's code of the
	// failure, 0 for none.
	OK       bool
	Protocol int
}
