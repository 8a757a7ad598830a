// Package sound finds and reads sound files: prompts by name and language, in
// the form that costs least to play.
//
// A Library may be used from any goroutine and does read the disk: never call it
// on a loop. A Source holds its whole audio in memory and belongs to whoever
// reads it; the bytes behind it are shared and never written.
package sound

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxFile is the largest file that is read.
	maxFile = 64 << 20
	// maxCache bounds what a Library keeps in memory of files it read.
	maxCache = 32 << 20
	// maxName bounds a name.
	maxName = 255
)

// The errors that callers tell apart.
var (
	ErrNotFound = errors.New("no such sound")
	ErrName     = errors.New("not a name for a sound")
)

// Library is a list of directories and a set of embedded prompts.
type Library struct {
	dirs     []string
	embedded fs.FS

	mu    sync.Mutex
	cache map[string]cached
	size  int
}

type cached struct {
	clip clip
	time time.Time
	size int64
}

// NewLibrary looks for sounds in dirs, in that order, and then in embedded, which
// may be nil. A directory holds a sub-directory for each language.
func NewLibrary(dirs []string, embedded fs.FS) *Library {
	return &Library{dirs: dirs, embedded: embedded, cache: make(map[string]cached)}
}

// Request names a sound.
type Request struct {
	// Name has no extension, and may have directories: "digits/1". An absolute
	// path names a file outside the library's directories.
	Name string
	// Language is looked for first, then its part before "_" or "-", then none,
	// then English.
	Language string
	// Codec is what the sound will be sent as; it decides which of several files
	// is taken. Empty means any.
	Codec string
	// Untrusted names came from the network: they must stay inside the library.
	Untrusted bool
}

// Open returns the sound, ready to be played from its beginning. The error wraps
// ErrNotFound, ErrName, or tells what is wrong with the file.
func (l *Library) Open(r Request) (*Source, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	var broken error
	for place := range l.places(r) {
		for _, exact := range [...]bool{true, false} {
			for _, f := range fileTypes {
				if !f.serves(r.Codec) || exact != (f.codec == r.Codec) {
					continue
				}
				c, err := l.load(place, f)
				if err == nil {
					return &Source{clip: c}, nil
				}
				if !errors.Is(err, fs.ErrNotExist) && broken == nil {
					broken = err
				}
			}
		}
	}
	if broken != nil {
		return nil, broken
	}
	if n, ok := silence(r.Name); ok {
		r.Name = "silence/1"
		if second, err := l.Open(r); err == nil {
			second.clip.data = bytes.Repeat(second.clip.data, n)
			return second, nil
		}
	}
	return nil, fmt.Errorf("sound %q (language %q): %w", r.Name, r.Language, ErrNotFound)
}

// silence is how many seconds silence/N lasts, which the field has from 1 to 10; those
// for which there is no file are made of the one second.
func silence(name string) (seconds int, ok bool) {
	text, ok := strings.CutPrefix(name, "silence/")
	n, err := strconv.Atoi(text)
	return n, ok && err == nil && n > 1 && n <= 10
}

// Exists reports whether Open would find a file.
func (l *Library) Exists(r Request) bool {
	_, err := l.Open(r)
	return err == nil
}

func (r *Request) check() error {
	if r.Name == "" || len(r.Name) > maxName || strings.IndexByte(r.Name, 0) >= 0 {
		return fmt.Errorf("sound %.40q: %w", r.Name, ErrName)
	}
	if r.Untrusted && !filepath.IsLocal(r.Name) {
		return fmt.Errorf("sound %.40q: %w: it leads out of the sounds' directory", r.Name, ErrName)
	}
	for i := range len(r.Language) {
		// A language is a directory's name and comes from phones' settings too.
		if c := r.Language[i]; c != '_' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return fmt.Errorf("language %.40q: %w", r.Language, ErrName)
		}
	}
	return nil
}

// place is a name without extension in one file system; fsys nil is the disk.
type place struct {
	fsys fs.FS
	name string
}

// places yields where a sound may lie, best first: a better language wins over a
// better directory.
func (l *Library) places(r Request) func(yield func(place) bool) {
	return func(yield func(place) bool) {
		if filepath.IsAbs(r.Name) {
			yield(place{nil, r.Name})
			return
		}
		for _, lang := range languages(r.Language) {
			for _, dir := range l.dirs {
				if !yield(place{nil, filepath.Join(dir, lang, filepath.FromSlash(r.Name))}) {
					return
				}
			}
			if name := path.Join(lang, r.Name); l.embedded != nil && fs.ValidPath(name) {
				if !yield(place{l.embedded, name}) {
					return
				}
			}
		}
	}
}

// languages is the chain that a language is looked up in.
func languages(lang string) []string {
	var chain []string
	add := func(s string) {
		for _, have := range chain {
			if have == s {
				return
			}
		}
		chain = append(chain, s)
	}
	if lang != "" {
		add(lang)
		for i := len(lang) - 1; i > 0; i-- {
			if lang[i] == '_' || lang[i] == '-' {
				add(lang[:i])
			}
		}
	}
	add("")
	add("en")
	return chain
}

// load reads a file of one type, or finds it in the cache.
func (l *Library) load(p place, f fileType) (clip, error) {
	name := p.name + "." + f.ext
	var info fs.FileInfo
	var err error
	key := name
	if p.fsys != nil {
		info, err = fs.Stat(p.fsys, name)
		key = "\x00" + name
	} else {
		info, err = os.Stat(name)
	}
	if err != nil {
		return clip{}, err
	}
	if !info.Mode().IsRegular() {
		return clip{}, fmt.Errorf("sound %s: not a file", name)
	}
	if info.Size() > maxFile {
		return clip{}, fmt.Errorf("sound %s: larger than %d bytes", name, maxFile)
	}
	l.mu.Lock()
	have, ok := l.cache[key]
	l.mu.Unlock()
	if ok && have.time.Equal(info.ModTime()) && have.size == info.Size() {
		return have.clip, nil
	}
	var raw []byte
	if p.fsys != nil {
		raw, err = fs.ReadFile(p.fsys, name)
	} else {
		raw, err = os.ReadFile(name)
	}
	if err != nil {
		return clip{}, err
	}
	if len(raw) > maxFile {
		return clip{}, fmt.Errorf("sound %s: larger than %d bytes", name, maxFile)
	}
	c, err := f.read(raw, f.codec)
	if err != nil {
		return clip{}, fmt.Errorf("sound %s: %w", name, err)
	}
	l.keep(key, cached{c, info.ModTime(), info.Size()})
	return c, nil
}

// keep caches a clip, and forgets the others when they become too many.
func (l *Library) keep(key string, c cached) {
	if len(c.clip.data) > maxCache/4 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, ok := l.cache[key]; ok {
		l.size -= len(old.clip.data)
	}
	if l.size += len(c.clip.data); l.size > maxCache {
		clear(l.cache)
		l.size = len(c.clip.data)
	}
	l.cache[key] = c
}
