package sound

import (
	"errors"
	"time"
)

// fileType is a kind of sound file by its extension.
type fileType struct {
	ext   string
	codec string // of the clip it gives
	read  func(raw []byte, codec string) (clip, error)
}

const sample = time.Second / 8000

// fileTypes are tried in this order, after those of the codec wanted itself: the
// cheaper to convert come first.
var fileTypes = []fileType{
	{"ulaw", "ulaw", raw},
	{"ul", "ulaw", raw},
	{"mu", "ulaw", raw},
	{"pcm", "ulaw", raw},
	{"alaw", "alaw", raw},
	{"al", "alaw", raw},
	{"g722", "g722", raw},
	{"gsm", "gsm", raw},
	{"g729", "g729", raw},
	{"sln", "slin", raw},
	{"raw", "slin", raw},
	{"wav", "slin", readWAV},
	{"wav16", "slin", readWAV},
	{"sln16", "slin", readSLN(16000)},
	{"sln24", "slin", readSLN(24000)},
	{"sln32", "slin", readSLN(32000)},
	{"sln48", "slin", readSLN(48000)},
}

// linear reports whether a codec can be converted here.
func linear(codec string) bool { return codec == "ulaw" || codec == "alaw" || codec == "slin" }

// serves reports whether a file of this type can be played to a leg that sends
// codec.
func (f *fileType) serves(codec string) bool {
	if codec == "" {
		return linear(f.codec)
	}
	return f.codec == codec || linear(f.codec) && linear(codec)
}

// raw is a file of nothing but frames.
func raw(b []byte, codec string) (clip, error) {
	c := clip{codec: codec, frame: 1, each: sample}
	switch codec {
	case "slin":
		c.frame = 2
	case "g722":
		c.frame, c.each = 80, 10*time.Millisecond
	case "gsm":
		c.frame, c.each = 33, 20*time.Millisecond
	case "g729":
		c.frame, c.each = 10, 10*time.Millisecond
	}
	c.data = b[:len(b)/c.frame*c.frame]
	if len(c.data) == 0 {
		return clip{}, errors.New("empty")
	}
	return c, nil
}

// readSLN reads samples of a rate that is a multiple of ours.
func readSLN(rate int) func(b []byte, codec string) (clip, error) {
	return func(b []byte, codec string) (clip, error) { return raw(decimate(b[:len(b)&^1], rate/8000), codec) }
}

// FileType is a kind of sound file that can be played.
type FileType struct{ Extension, Codec string }

// FileTypes are all of them, in the order in which they are looked for.
func FileTypes() (list []FileType) {
	for _, t := range fileTypes {
		list = append(list, FileType{t.ext, t.codec})
	}
	return list
}

// Converts reports whether audio of one codec is turned into another when a sound is
// played.
func Converts(from, to string) bool { return from == to || linear(from) && linear(to) }
