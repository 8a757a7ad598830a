package sip

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/config"
)

// audioCodecs are the audio codecs that allow=all stands for, in the field's
// order. Which of them a call can carry is the media engine's to say.
var audioCodecs = []string{
	"ulaw", "alaw", "gsm", "g722", "g729", "g726", "g726aal2", "ilbc", "speex", "speex16", "speex32",
	"opus", "g723", "adpcm", "lpc10", "slin", "slin16", "slin24", "slin32", "slin44", "slin48", "slin96", "slin192", "slin12",
	"g719", "siren7", "siren14", "silk8", "silk12", "silk16", "silk24", "codec2",
}

// otherCodecs are known words that stand for no audio.
var otherCodecs = []string{"h261", "h263", "h263p", "h264", "h265", "vp8", "vp9", "mpeg4", "jpeg", "png", "red", "t140", "t140red", "none", "testlaw"}

// codecAliases are older spellings.
var codecAliases = map[string]string{
	"g723.1": "g723", "g729a": "g729", "slinear": "slin", "slinear16": "slin16",
	"mulaw": "ulaw", "pcmu": "ulaw", "pcma": "alaw", "g726-32": "g726", "ilbc20": "ilbc", "ilbc30": "ilbc", "h263-1998": "h263p",
}

// allow applies one allow= or disallow= line. Words are taken in order: "!x"
// does the opposite, all means every codec, "ulaw:20" asks for a packet time.
func (s *PeerSettings) allow(value string, allow bool) error {
	// The list is shared with the section that it was inherited from.
	s.Codecs = slices.Clone(s.Codecs)
	var unknown error
	for _, word := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '|' || r == '&' }) {
		word = strings.ToLower(strings.TrimSpace(word))
		if word == "" {
			continue
		}
		add := allow
		if rest, ok := strings.CutPrefix(word, "!"); ok {
			word, add = rest, !allow
		}
		name, framing, framed := strings.Cut(word, ":")
		if alias, ok := codecAliases[name]; ok {
			name = alias
		}
		ptime := time.Duration(0)
		if framed {
			n, err := strconv.Atoi(framing)
			if err != nil || n < 10 || n > 300 {
				unknown = fmt.Errorf("%q is not a packet time in milliseconds", framing)
			} else {
				ptime = time.Duration(n) * time.Millisecond
			}
		}
		switch {
		case name == "all" && add:
			for _, c := range audioCodecs {
				s.addCodec(c, ptime)
			}
		case name == "all":
			s.Codecs = s.Codecs[:0]
		case slices.Contains(audioCodecs, name):
			if add {
				s.addCodec(name, ptime)
			} else {
				s.Codecs = slices.DeleteFunc(s.Codecs, func(c Codec) bool { return c.Name == name })
			}
		case slices.Contains(otherCodecs, name):
		default:
			if near := config.Nearest(name, append(audioCodecs[:len(audioCodecs):len(audioCodecs)], otherCodecs...)); near != "" {
				unknown = fmt.Errorf("no codec is called %q; did you mean %q?", name, near)
			} else {
				unknown = fmt.Errorf("no codec is called %q", name)
			}
		}
	}
	return unknown
}

func (s *PeerSettings) addCodec(name string, ptime time.Duration) {
	for i := range s.Codecs {
		if s.Codecs[i].Name == name {
			if ptime != 0 {
				s.Codecs[i].Ptime = ptime
			}
			return
		}
	}
	s.Codecs = append(s.Codecs, Codec{name, ptime})
}

// codecText is the list as the console shows it: (ulaw|alaw).
func codecText(list []Codec) string {
	if len(list) == 0 {
		return "(nothing)"
	}
	var b strings.Builder
	for i, c := range list {
		b.WriteByte("(|"[min(i, 1)])
		b.WriteString(c.Name)
	}
	b.WriteByte(')')
	return b.String()
}
