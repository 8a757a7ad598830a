package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"pbx/media/codec/g711"
)

// ErrFormat says that files of a format are not written here.
var ErrFormat = errors.New("not a format of recordings")

// wavHeader is the length of what comes before the samples of a WAVE file.
const wavHeader = 44

// Recorder writes a sound file out of 16-bit samples of 8 kHz. It does write to the
// disk: never use it on a loop.
type Recorder struct {
	file   *os.File
	wav    bool
	encode func(int16) byte // nil: as they are
	buf    []byte
	size   int64 // of the samples in the file, in bytes
}

// Formats that a Recorder writes, by the extension of the file: wav with 16-bit
// samples, sln, ulaw and alaw under the names that the field has for them.
var recorded = map[string]func(int16) byte{
	"wav": nil, "sln": nil, "raw": nil,
	"ulaw": g711.EncodeUlawFrame, "ul": g711.EncodeUlawFrame, "mu": g711.EncodeUlawFrame, "pcm": g711.EncodeUlawFrame,
	"alaw": g711.EncodeAlawFrame, "al": g711.EncodeAlawFrame,
}

// Record makes name.format, in place of one that is there, with the directories
// that it needs. With samples greater than 0 that many of an existing file are
// kept. The error wraps ErrFormat for a format that is not written here.
func Record(name, format string, samples int64) (*Recorder, error) {
	encode, ok := recorded[format]
	if !ok {
		return nil, fmt.Errorf("%.20q: %w", format, ErrFormat)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	mode := os.O_CREATE | os.O_RDWR
	if samples <= 0 {
		mode |= os.O_TRUNC
	}
	f, err := os.OpenFile(name+"."+format, mode, 0o644)
	if err != nil {
		return nil, err
	}
	r := &Recorder{file: f, wav: format == "wav", encode: encode}
	info, err := f.Stat()
	if err == nil {
		r.size = min(max(info.Size()-r.head(), 0), max(samples, 0)*r.each()) / r.each() * r.each()
		_, err = f.Seek(r.head()+r.size, io.SeekStart)
	}
	if err == nil {
		err = f.Truncate(r.head() + r.size)
	}
	if err == nil {
		err = r.putHeader()
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return r, nil
}

// Records reports whether Record writes files of a format.
func Records(format string) bool { _, ok := recorded[format]; return ok }

func (r *Recorder) head() int64 {
	if r.wav {
		return wavHeader
	}
	return 0
}

// each is how many bytes one sample has.
func (r *Recorder) each() int64 {
	if r.encode != nil {
		return 1
	}
	return 2
}

// Write appends samples, little endian.
func (r *Recorder) Write(b []byte) (int, error) {
	out := b
	if r.encode != nil {
		out = slices.Grow(r.buf[:0], len(b)/2)
		for i := 0; i+1 < len(b); i += 2 {
			out = append(out, r.encode(int16(binary.LittleEndian.Uint16(b[i:]))))
		}
		r.buf = out
	}
	n, err := r.file.Write(out)
	r.size += int64(n)
	return len(b), err
}

// Cut takes samples off the end.
func (r *Recorder) Cut(samples int64) error {
	r.size = max(0, r.size-samples*r.each())
	if err := r.file.Truncate(r.head() + r.size); err != nil {
		return err
	}
	_, err := r.file.Seek(r.head()+r.size, io.SeekStart)
	return err
}

// Samples is how many are in the file.
func (r *Recorder) Samples() int64 { return r.size / r.each() }

// Close finishes the file.
func (r *Recorder) Close() error {
	return errors.Join(r.putHeader(), r.file.Close())
}

// putHeader writes the RIFF header for what the file holds by now.
func (r *Recorder) putHeader() error {
	if !r.wav {
		return nil
	}
	size := uint32(min(r.size, 1<<32-wavHeader-1))
	b := append(make([]byte, 0, wavHeader), "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, size+wavHeader-8)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	for _, v := range []uint16{wavePCM, 1} {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = binary.LittleEndian.AppendUint32(b, 8000)
	b = binary.LittleEndian.AppendUint32(b, 16000)
	for _, v := range []uint16{2, 16} {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, size)
	_, err := r.file.WriteAt(b, 0)
	return err
}
