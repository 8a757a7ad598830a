package channel

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FeatureOption is one option of features.conf, as that file, FEATURE() and FEATUREMAP()
// have it.
type FeatureOption struct {
	// Section is general or featuremap, or channel for what only a channel has.
	Section, Name string
	// text is a value as it is, number one of units, word yes or no: one of them is set.
	text   func(*Features) *string
	number func(*Features) *int
	time   func(*Features) *time.Duration
	unit   time.Duration
	word   func(*Features) *bool
	least  int
}

// featureOptions are all that act.
var featureOptions = []FeatureOption{
	{Section: "general", Name: "pickupexten", text: func(f *Features) *string { return &f.PickupExten }},
	{Section: "general", Name: "pickupsound", text: func(f *Features) *string { return &f.PickupSound }},
	{Section: "general", Name: "pickupfailsound", text: func(f *Features) *string { return &f.PickupFailSound }},
	{Section: "general", Name: "featuredigittimeout", time: func(f *Features) *time.Duration { return &f.DigitTimeout }, unit: time.Millisecond, least: 1},
	{Section: "general", Name: "transferdigittimeout", time: func(f *Features) *time.Duration { return &f.TransferDigitTimeout }, unit: time.Second, least: 1},
	{Section: "general", Name: "transferdialattempts", number: func(f *Features) *int { return &f.TransferAttempts }, least: 1},
	{Section: "general", Name: "transferannouncesound", text: func(f *Features) *string { return &f.AnnounceSound }},
	{Section: "general", Name: "transferretrysound", text: func(f *Features) *string { return &f.RetrySound }},
	{Section: "general", Name: "transferinvalidsound", text: func(f *Features) *string { return &f.InvalidSound }},
	{Section: "general", Name: "xfersound", text: func(f *Features) *string { return &f.TransferSound }},
	{Section: "general", Name: "xferfailsound", text: func(f *Features) *string { return &f.FailSound }},
	{Section: "general", Name: "atxferabort", text: func(f *Features) *string { return &f.Attended.Abort }},
	{Section: "general", Name: "atxfercomplete", text: func(f *Features) *string { return &f.Attended.Complete }},
	{Section: "general", Name: "atxferswap", text: func(f *Features) *string { return &f.Attended.Swap }},
	{Section: "general", Name: "atxfernoanswertimeout", time: func(f *Features) *time.Duration { return &f.Attended.NoAnswer }, unit: time.Second, least: 1},
	{Section: "general", Name: "atxferdropcall", word: func(f *Features) *bool { return &f.Attended.Drop }},
	{Section: "general", Name: "atxferloopdelay", time: func(f *Features) *time.Duration { return &f.Attended.LoopDelay }, unit: time.Second},
	{Section: "general", Name: "atxfercallbackretries", number: func(f *Features) *int { return &f.Attended.Callbacks }},
	{Section: "channel", Name: "inherit", word: func(f *Features) *bool { return &f.Inherit }},
	{Section: "featuremap", Name: "blindxfer", text: func(f *Features) *string { return &f.BlindTransfer }},
	{Section: "featuremap", Name: "atxfer", text: func(f *Features) *string { return &f.AttendedTransfer }},
	{Section: "featuremap", Name: "disconnect", text: func(f *Features) *string { return &f.Disconnect }},
}

// FindFeatureOption finds one by its section and its name, in any case.
func FindFeatureOption(section, name string) (FeatureOption, bool) {
	i := slices.IndexFunc(featureOptions, func(o FeatureOption) bool {
		return strings.EqualFold(o.Section, section) && strings.EqualFold(o.Name, name)
	})
	if i < 0 {
		return FeatureOption{}, false
	}
	return featureOptions[i], true
}

// Value is what f has for it.
func (o *FeatureOption) Value(f Features) string {
	switch {
	case o.text != nil:
		return *o.text(&f)
	case o.number != nil:
		return strconv.Itoa(*o.number(&f))
	case o.word != nil:
		if *o.word(&f) {
			return "yes"
		}
		return "no"
	}
	return strconv.FormatInt(int64(*o.time(&f)/o.unit), 10)
}

// Set changes it in f. A value that it cannot have leaves f as it is.
func (o *FeatureOption) Set(f *Features, value string) error {
	value = strings.TrimSpace(value)
	switch {
	case o.text != nil:
		*o.text(f) = value
		return nil
	case o.word != nil:
		*o.word(f) = slices.Contains([]string{"yes", "true", "y", "t", "1", "on"}, strings.ToLower(value))
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < o.least || n > 1<<20 {
		return fmt.Errorf("'%s' is not a number", value)
	}
	if o.number != nil {
		*o.number(f) = n
	} else {
		*o.time(f) = time.Duration(n) * o.unit
	}
	return nil
}
