package media

import (
	"strings"
	"time"
)

// Dynamic is the Type of a Format without a static payload type number.
const Dynamic = -1

// Format is one codec as the field names it and as SDP does.
type Format struct {
	Name     string // ulaw, alaw, gsm … as in allow=
	Encoding string // the rtpmap name, "PCMU"
	Type     int    // static payload type (RFC 3551), or Dynamic
	Offer    uint8  // the number to offer: Type, or a customary dynamic one
	Clock    int    // of the RTP timestamps, Hz
	Channels int    // in the rtpmap; 1 is left out there
	Video    bool
	Ptime    time.Duration // default packet time, 0 for video
	MinPtime time.Duration
	MaxPtime time.Duration
	// Frame bytes hold Each of audio; 0 when frames vary in length.
	Frame int
	Each  time.Duration
	Fmtp  string // parameters to offer
}

const ms = time.Millisecond

// formats is the table of what can be named. What is neither ulaw, alaw nor slin
// passes through: relayed between legs that both have it, and played from files
// that hold it.
var formats = [...]Format{
	{"ulaw", "PCMU", 0, 0, 8000, 1, false, 20 * ms, 10 * ms, 150 * ms, 80, 10 * ms, ""},
	{"alaw", "PCMA", 8, 8, 8000, 1, false, 20 * ms, 10 * ms, 150 * ms, 80, 10 * ms, ""},
	{"gsm", "GSM", 3, 3, 8000, 1, false, 20 * ms, 20 * ms, 300 * ms, 33, 20 * ms, ""},
	{"g722", "G722", 9, 9, 8000, 1, false, 20 * ms, 10 * ms, 150 * ms, 80, 10 * ms, ""},
	{"g723", "G723", 4, 4, 8000, 1, false, 30 * ms, 30 * ms, 300 * ms, 0, 30 * ms, "annexa=no"},
	{"g726", "G726-32", Dynamic, 111, 8000, 1, false, 20 * ms, 10 * ms, 300 * ms, 40, 10 * ms, ""},
	{"g726aal2", "AAL2-G726-32", Dynamic, 112, 8000, 1, false, 20 * ms, 10 * ms, 300 * ms, 40, 10 * ms, ""},
	{"g729", "G729", 18, 18, 8000, 1, false, 20 * ms, 10 * ms, 230 * ms, 10, 10 * ms, "annexb=no"},
	{"adpcm", "DVI4", 5, 5, 8000, 1, false, 20 * ms, 10 * ms, 300 * ms, 0, 10 * ms, ""},
	{"lpc10", "LPC", 7, 7, 8000, 1, false, 20 * ms, 20 * ms, 20 * ms, 7, 20 * ms, ""},
	{"ilbc", "iLBC", Dynamic, 97, 8000, 1, false, 30 * ms, 20 * ms, 300 * ms, 50, 30 * ms, "mode=30"},
	{"slin", "L16", Dynamic, 122, 8000, 1, false, 20 * ms, 10 * ms, 70 * ms, 160, 10 * ms, ""},
	{"slin16", "L16", Dynamic, 118, 16000, 1, false, 20 * ms, 10 * ms, 70 * ms, 320, 10 * ms, ""},
	{"speex", "SPEEX", Dynamic, 110, 8000, 1, false, 20 * ms, 10 * ms, 60 * ms, 0, 20 * ms, ""},
	{"speex16", "SPEEX", Dynamic, 117, 16000, 1, false, 20 * ms, 10 * ms, 60 * ms, 0, 20 * ms, ""},
	{"speex32", "SPEEX", Dynamic, 119, 32000, 1, false, 20 * ms, 10 * ms, 60 * ms, 0, 20 * ms, ""},
	{"siren7", "G7221", Dynamic, 102, 16000, 1, false, 20 * ms, 20 * ms, 80 * ms, 80, 20 * ms, "bitrate=32000"},
	{"siren14", "G7221", Dynamic, 115, 32000, 1, false, 20 * ms, 20 * ms, 80 * ms, 120, 20 * ms, "bitrate=48000"},
	{"g719", "G719", Dynamic, 116, 48000, 1, false, 20 * ms, 20 * ms, 80 * ms, 160, 20 * ms, ""},
	{"codec2", "CODEC2", Dynamic, 120, 8000, 1, false, 20 * ms, 20 * ms, 60 * ms, 6, 20 * ms, ""},
	{"opus", "opus", Dynamic, 107, 48000, 2, false, 20 * ms, 20 * ms, 60 * ms, 0, 20 * ms, ""},
	{"h261", "H261", 31, 31, 90000, 1, true, 0, 0, 0, 0, 0, ""},
	{"h263", "H263", 34, 34, 90000, 1, true, 0, 0, 0, 0, 0, ""},
	{"h263p", "H263-1998", Dynamic, 98, 90000, 1, true, 0, 0, 0, 0, 0, ""},
	{"h264", "H264", Dynamic, 99, 90000, 1, true, 0, 0, 0, 0, 0, ""},
	{"h265", "H265", Dynamic, 100, 90000, 1, true, 0, 0, 0, 0, 0, ""},
	{"vp8", "VP8", Dynamic, 108, 90000, 1, true, 0, 0, 0, 0, 0, ""},
	{"vp9", "VP9", Dynamic, 109, 90000, 1, true, 0, 0, 0, 0, 0, ""},
}

// TelephoneEvent is the payload type number to offer for RFC 4733 digits.
const TelephoneEvent = 101

// Formats returns every format, the audio ones first.
func Formats() []Format { return append([]Format(nil), formats[:]...) }

// FormatNamed finds a format by its name in allow=, in any case. The names μlaw
// goes by elsewhere are accepted: pcmu, g711u and their likes.
func FormatNamed(name string) (Format, bool) {
	switch name = strings.ToLower(name); name {
	case "pcmu", "g711u", "mulaw":
		name = "ulaw"
	case "pcma", "g711a":
		name = "alaw"
	case "g723.1":
		name = "g723"
	case "g726-32":
		name = "g726"
	}
	if i := format(name); i >= 0 {
		return formats[i], true
	}
	return Format{}, false
}

// FormatOfType finds the format of a static payload type (RFC 3551 section 6).
func FormatOfType(pt uint8) (Format, bool) {
	for i := range formats {
		if formats[i].Type == int(pt) {
			return formats[i], true
		}
	}
	return Format{}, false
}

// FormatOfMap finds the format that an rtpmap names: its encoding, in any case,
// and clock rate.
func FormatOfMap(encoding string, clock int) (Format, bool) {
	for i := range formats {
		f := &formats[i]
		if f.Clock == clock && strings.EqualFold(f.Encoding, encoding) {
			return *f, true
		}
	}
	return Format{}, false
}

// format is the index of a name in the table, -1 when it is not there.
func format(name string) int8 {
	for i := range formats {
		if formats[i].Name == name {
			return int8(i)
		}
	}
	return -1
}

// The indexes that the hot path compares with.
const (
	fmtNone int8 = -1
	fmtUlaw int8 = 0
	fmtAlaw int8 = 1
)

// BlockSize is how many bytes of a codec make 20 ms, 0 for one whose frames vary
// or do not divide that time. slin is 16 bits at 8 kHz.
func BlockSize(codec string) int {
	i := format(codec)
	if i < 0 {
		return 0
	}
	return formats[i].blockSize(20 * ms)
}

func (f *Format) blockSize(d time.Duration) int {
	if f.Frame == 0 || d%f.Each != 0 {
		return 0
	}
	return f.Frame * int(d/f.Each)
}

// Translatable reports whether audio of one codec can be turned into the other.
func Translatable(from, to string) bool {
	return translatable(format(from), format(to))
}

func translatable(from, to int8) bool {
	return from >= 0 && from == to || (from == fmtUlaw || from == fmtAlaw) && (to == fmtUlaw || to == fmtAlaw)
}
