package sdp

import "bytes"

// Format is an RTP payload format.
type Format struct {
	PT       uint8
	Name     []byte // encoding name as written, empty if unknown; see Is
	Rate     int    // clock rate in Hz
	Channels int    // 1 unless said
	Params   []byte // a=fmtp, without the payload type
}

// Is reports whether the encoding has the name, in any case (RFC 8866 6.6).
func (f Format) Is(name string) bool { return equalFold(f.Name, name) }

func equalFold(a []byte, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(b) {
		if a[i] != b[i] && (a[i]|0x20 != b[i]|0x20 || a[i]|0x20 < 'a' || a[i]|0x20 > 'z') {
			return false
		}
	}
	return true
}

// parseMap reads encoding "/" rate ["/" channels], and leaves f alone if that
// is not what s is.
func (f *Format) parseMap(s []byte) bool {
	name, s, ok := bytes.Cut(s, []byte{'/'})
	if !ok || !isText(name) {
		return false
	}
	rate, channels, _ := bytes.Cut(s, []byte{'/'})
	hz, ok := number(bytes.TrimRight(rate, " "), 1<<30)
	if !ok {
		return false
	}
	f.Name, f.Rate, f.Channels = name, hz, 1
	if n, ok := number(bytes.TrimRight(channels, " "), 255); ok && n > 0 {
		f.Channels = n
	}
	return true
}

// static is the audio and video profile of RFC 3551 6.
var static = [...]struct {
	name     string
	rate     int
	channels int
}{
	0:  {"PCMU", 8000, 1},
	3:  {"GSM", 8000, 1},
	4:  {"G723", 8000, 1},
	5:  {"DVI4", 8000, 1},
	6:  {"DVI4", 16000, 1},
	7:  {"LPC", 8000, 1},
	8:  {"PCMA", 8000, 1},
	9:  {"G722", 8000, 1}, // 8000 by a mistake that RFC 3551 4.5.2 keeps
	10: {"L16", 44100, 2},
	11: {"L16", 44100, 1},
	12: {"QCELP", 8000, 1},
	13: {"CN", 8000, 1},
	14: {"MPA", 90000, 1},
	15: {"G728", 8000, 1},
	16: {"DVI4", 11025, 1},
	17: {"DVI4", 22050, 1},
	18: {"G729", 8000, 1},
	25: {"CelB", 90000, 1},
	26: {"JPEG", 90000, 1},
	28: {"nv", 90000, 1},
	31: {"H261", 90000, 1},
	32: {"MPV", 90000, 1},
	33: {"MP2T", 90000, 1},
	34: {"H263", 90000, 1},
}

// staticNames holds the names as slices, so that handing one out costs nothing.
var staticNames = func() (names [len(static)][]byte) {
	for i, s := range static {
		names[i] = []byte(s.name)
	}
	return names
}()

func staticFormat(pt uint8) Format {
	if int(pt) >= len(static) || static[pt].name == "" {
		return Format{PT: pt}
	}
	s := &static[pt]
	return Format{PT: pt, Name: staticNames[pt], Rate: s.rate, Channels: s.channels}
}
