package cdr

import (
	"time"
)

// Settings are the [general] section of cdr.conf.
type Settings struct {
	Enable bool `conf:"enable"`
	// ChannelDefault is whether channels have records until the dialplan says otherwise.
	ChannelDefault bool `conf:"channeldefaultenabled"`
	// Unanswered writes rows of calls that dialled nobody and were not answered.
	Unanswered bool `conf:"unanswered"`
	// Congestion says CONGESTION where FAILED is said without it.
	Congestion bool `conf:"congestion"`
	// Cancel says CANCEL for a call that its caller gave up, in place of NO ANSWER.
	Cancel bool `conf:"canceldispositionenabled"`
	// EndBeforeH ends records before extension h runs.
	EndBeforeH bool `conf:"endbeforehexten"`
	// Initiated rounds billsec to the nearest second; it is cut off otherwise.
	Initiated     bool `conf:"initiatedseconds"`
	IgnoreBridges bool `conf:"ignorestatechanges"`
	IgnoreDials   bool `conf:"ignoredialchanges"`
	// Batch hands rows to the backends in groups: as soon as there are Size of them,
	// and after Time at the latest. Rows that wait are on disk.
	Batch bool          `conf:"batch"`
	Size  int           `conf:"size"`
	Time  time.Duration `conf:"time"`
	// SafeShutdown hands over what waits when the exchange stops; without it that is
	// done at the next start.
	SafeShutdown bool `conf:"safeshutdown"`
}

// Defaults are the settings without cdr.conf.
func Defaults() Settings {
	return Settings{Enable: true, ChannelDefault: true, EndBeforeH: true, Size: 100, Time: 300 * time.Second, SafeShutdown: true}
}
