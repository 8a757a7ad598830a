package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The WAVE format tags that are read.
const (
	wavePCM        = 1
	waveAlaw       = 6
	waveUlaw       = 7
	waveExtensible = 0xfffe
)

// readWAV reads a RIFF WAVE file: mono, 16 bit PCM at 8 kHz or a multiple of it
// up to 48 kHz, or µ-law or A-law at 8 kHz. A data chunk that claims to be longer
// than the file, or empty, as a recorder that was killed or could not go back to the
// header leaves it, ends with the file.
func readWAV(b []byte, _ string) (clip, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return clip{}, errors.New("no RIFF WAVE file")
	}
	var f format
	for b = b[12:]; len(b) >= 8; {
		id, size := string(b[:4]), int(binary.LittleEndian.Uint32(b[4:]))
		b = b[8:]
		body := b[:min(size, len(b))]
		switch id {
		case "fmt ":
			var err error
			if f, err = parseFormat(body); err != nil {
				return clip{}, err
			}
		case "data":
			if size == 0 {
				body = b
			}
			return f.clip(body)
		}
		// Chunks begin at even places.
		b = b[min(len(body)+size&1, len(b)):]
	}
	return clip{}, errors.New("no data chunk")
}

type format struct {
	tag, channels, bits uint16
	rate                uint32
}

func parseFormat(b []byte) (f format, err error) {
	if len(b) < 16 {
		return f, errors.New("short fmt chunk")
	}
	f = format{
		tag: binary.LittleEndian.Uint16(b), channels: binary.LittleEndian.Uint16(b[2:]),
		rate: binary.LittleEndian.Uint32(b[4:]), bits: binary.LittleEndian.Uint16(b[14:]),
	}
	if f.tag == waveExtensible && len(b) >= 26 {
		f.tag = binary.LittleEndian.Uint16(b[24:])
	}
	if f.channels != 1 {
		return f, fmt.Errorf("%d channels, want 1", f.channels)
	}
	switch {
	case f.tag == wavePCM && f.bits == 16 && f.rate >= 8000 && f.rate <= 48000 && f.rate%8000 == 0:
	case (f.tag == waveUlaw || f.tag == waveAlaw) && f.bits == 8 && f.rate == 8000:
	default:
		return f, fmt.Errorf("format %#x, %d Hz, %d bits: want 16-bit PCM at 8 or 16 kHz", f.tag, f.rate, f.bits)
	}
	return f, nil
}

func (f format) clip(b []byte) (clip, error) {
	switch f.tag {
	case wavePCM:
		return raw(decimate(b[:len(b)&^1], int(f.rate/8000)), "slin")
	case waveUlaw:
		return raw(b, "ulaw")
	case waveAlaw:
		return raw(b, "alaw")
	}
	return clip{}, errors.New("data before the fmt chunk")
}

// decimate brings 16-bit samples down to 8 kHz from n times that. A low-pass of
// windowed sinc takes away first what would fold back.
func decimate(b []byte, n int) []byte {
	if n <= 1 {
		return b
	}
	half := 12 * n
	taps := make([]float64, 2*half+1)
	sum := 0.0
	for i := range taps {
		x := float64(i - half)
		v := 0.85 // the cut-off, of 4 kHz
		if x != 0 {
			v = math.Sin(math.Pi*0.85*x/float64(n)) / (math.Pi * x / float64(n))
		}
		taps[i] = v * (0.54 + 0.46*math.Cos(math.Pi*x/float64(half)))
		sum += taps[i]
	}
	count := len(b) / 2
	out := make([]byte, 0, 2*(count/n))
	for i := 0; i+n <= count; i += n {
		v := 0.0
		for k, t := range taps {
			if at := i + k - half; at >= 0 && at < count {
				v += t * float64(int16(binary.LittleEndian.Uint16(b[2*at:])))
			}
		}
		v = math.Round(math.Max(-32768, math.Min(32767, v/sum)))
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(v)))
	}
	return out
}
