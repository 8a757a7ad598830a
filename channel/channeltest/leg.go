package channeltest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"pbx/channel"
)

// Leg is the driver's side of one channel. It implements channel.Leg.
type Leg struct {
	Resource string
	// Signaling and Audio say that they are encrypted.
	Signaling, Audio bool

	tech  *Tech
	ch    *channel.Channel
	steps []Step
	since time.Time
	gone  chan struct{}

	mu     sync.Mutex
	timers []*time.Timer
	record []string
	ended  bool
	cause  channel.Cause
	from   channel.Party
}

// Channel is the leg's channel.
func (l *Leg) Channel() *channel.Channel {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ch
}

// Rebind implements channel.Leg.
func (l *Leg) Rebind(c *channel.Channel) {
	l.mu.Lock()
	l.ch = c
	l.mu.Unlock()
}

// Gone is closed when the leg was hung up.
func (l *Leg) Gone() <-chan struct{} { return l.gone }

// Record is what the leg was told, each as "word" or "word(detail)".
func (l *Leg) Record() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.record...)
}

// Heard is the record in one line.
func (l *Leg) Heard() string { return strings.Join(l.Record(), " ") }

// Cause is the cause that the leg was hung up with.
func (l *Leg) Cause() channel.Cause {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// From is who called, as the channel knew it when the call was sent.
func (l *Leg) From() channel.Party {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.from
}

// Do makes the far end do something so long from now.
func (l *Leg) Do(s Step) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.timers = append(l.timers, time.AfterFunc(s.After, func() {
		f, ch := s.Frame, l.Channel()
		if s.Tech != "" || f.Cause != channel.CauseNone && f.Control != channel.ControlHangup {
			ch.SetCause(f.Cause, s.Tech)
		}
		switch f.Control {
		case channel.ControlRinging:
			ch.SetState(channel.Ringing)
		case channel.ControlAnswer:
			ch.SetState(channel.Up)
		}
		ch.Queue(f)
	}))
}

func (l *Leg) told(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.record = append(l.record, fmt.Sprintf(format, args...))
}

// Decided implements channel.Decider.
func (l *Leg) Decided() bool { return strings.HasPrefix(l.Channel().TechCause(), "SIP 6") }

// Call implements channel.Leg: the script begins.
func (l *Leg) Call() error {
	if l.Resource != "" {
		id := l.Channel().Identity()
		l.told("call")
		l.mu.Lock()
		l.from = id.Connected
		l.mu.Unlock()
	}
	for _, s := range l.steps {
		l.Do(s)
	}
	return nil
}

// Answer implements channel.Leg.
func (l *Leg) Answer() error {
	l.told("answer")
	return nil
}

// Indicate implements channel.Leg. A refusal of a call that was not answered ends
// it, as it does in SIP.
func (l *Leg) Indicate(c channel.Control) error {
	l.told("%s", strings.ToLower(c.String()))
	if c == channel.ControlBusy || c == channel.ControlCongestion {
		l.Channel().SoftHangup(channel.CauseNone)
	}
	return nil
}

// Hangup implements channel.Leg.
func (l *Leg) Hangup(cause channel.Cause) {
	l.told("hangup(%d)", cause)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.ended, l.cause = true, cause
	for _, t := range l.timers {
		t.Stop()
	}
	close(l.gone)
}

// SendDigit implements channel.Leg.
func (l *Leg) SendDigit(digit byte, d time.Duration) error {
	l.told("digit(%c)", digit)
	return nil
}

// SendText implements channel.Leg.
func (l *Leg) SendText(text string) error {
	l.told("text(%s)", text)
	return nil
}

// Transfer implements channel.Leg.
func (l *Leg) Transfer(dest string) error {
	l.told("transfer(%s)", dest)
	l.Channel().Queue(channel.Frame{Kind: channel.FrameControl, Control: channel.ControlTransfer, Data: channel.TransferResult{OK: true}})
	return nil
}

// Secure implements channel.Securer.
func (l *Leg) Secure() (signaling, audio bool) { return l.Signaling, l.Audio }

// Item implements channel.Leg.
func (l *Leg) Item(string) (string, bool) { return "", false }
