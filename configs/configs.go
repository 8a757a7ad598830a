// Package configs holds the default office, which is also the commented sample
// of every file that the exchange reads, and writes it out with secrets of its
// own. It keeps no state; its functions may be called from any goroutine.
package configs

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

//go:embed office
var office embed.FS

// placeholder stands in sip.conf where a secret is to be.
var placeholder = []byte("@SECRET@")

// Phone is one phone of the default office.
type Phone struct{ Name, Secret string }

// SecretLength is the number of letters and digits in a generated secret: 24
// of 56 are 139 bits.
const SecretLength = 24

// alphabet leaves out what a person takes for something else: 0 O o, 1 l I.
const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"

// Names are the files of the default office, sorted.
func Names() []string {
	entries, err := office.ReadDir("office")
	if err != nil {
		panic(err) // embedded: it is there
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// Written reports whether dir already holds an office: a sip.conf or an
// extensions.conf.
func Written(dir string) bool {
	return slices.ContainsFunc([]string{"sip.conf", "extensions.conf"}, func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	})
}

// Write puts the default office into dir, which it makes if need be, with a
// secret for every phone taken from random (nil where only a look at the files
// is wanted: the placeholders stay). Files are 0640 in a directory of 0750. It
// refuses to touch a directory that holds an office.
func Write(dir string, random io.Reader) ([]Phone, error) {
	if Written(dir) {
		return nil, fmt.Errorf("%s: %w", dir, fs.ErrExist)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	names := Names()
	// sip.conf comes last: an office is whole once it is there.
	slices.SortStableFunc(names, func(a, b string) int { return last(a) - last(b) })
	var phones []Phone
	for _, name := range names {
		text, err := office.ReadFile(path.Join("office", name))
		if err != nil {
			return nil, err
		}
		if random != nil {
			text, phones, err = fill(text, phones, random)
			if err != nil {
				return nil, fmt.Errorf("secrets: %w", err)
			}
		}
		if err := writeFile(filepath.Join(dir, name), text); err != nil {
			return nil, err
		}
	}
	return phones, nil
}

// Remove takes away what Write wrote, for a start that failed: the next one is the
// first again.
func Remove(dir string) error {
	var errs []error
	for _, name := range Names() {
		errs = append(errs, os.Remove(filepath.Join(dir, name)))
	}
	_ = os.Remove(dir) // unless somebody else put something there
	return errors.Join(errs...)
}

func last(name string) int {
	if name == "sip.conf" {
		return 1
	}
	return 0
}

// writeFile makes a file whole or not at all: a start that is cut short leaves no
// half of an office.
func writeFile(name string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o640), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// fill replaces each placeholder by a new secret, and notes the section it
// stands in.
func fill(text []byte, phones []Phone, random io.Reader) ([]byte, []Phone, error) {
	var out bytes.Buffer
	section := ""
	for line := range bytes.Lines(text) {
		if end := bytes.IndexByte(line, ']'); line[0] == '[' && end > 0 {
			section = string(line[1:end])
		}
		if bytes.Contains(line, placeholder) {
			secret, err := Secret(random)
			if err != nil {
				return nil, nil, err
			}
			line = bytes.Replace(line, placeholder, []byte(secret), 1)
			phones = append(phones, Phone{section, secret})
		}
		out.Write(line)
	}
	return out.Bytes(), phones, nil
}

// Secret makes a secret of SecretLength characters that can be typed into a
// phone, each chosen evenly.
func Secret(random io.Reader) (string, error) {
	secret := make([]byte, SecretLength)
	for i := range secret {
		n, err := randomInt(random, int64(len(alphabet)))
		if err != nil {
			return "", err
		}
		secret[i] = alphabet[n]
	}
	return string(secret), nil
}

// randomInt returns an even choice of 0 to n-1; bytes that would favour the low
// ones are drawn again.
func randomInt(random io.Reader, n int64) (int64, error) {
	limit := 256 - 256%n
	for b := make([]byte, 1); ; {
		if _, err := io.ReadFull(random, b); err != nil {
			return 0, err
		}
		if v := int64(b[0]); v < limit {
			return v % n, nil
		}
	}
}
