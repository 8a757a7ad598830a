package configs

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "office")
	phones, err := Write(dir, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "sip.conf"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, placeholder) {
		t.Error("sip.conf still holds a placeholder")
	}
	seen := map[string]bool{}
	for i, p := range phones {
		if want := []string{"101", "102", "103", "104"}[i]; p.Name != want {
			t.Errorf("phone %d is %q, want %q", i, p.Name, want)
		}
		if len(p.Secret) < 20 || seen[p.Secret] || strings.Trim(p.Secret, alphabet) != "" {
			t.Errorf("phone %s: secret %q is short, used twice or cannot be typed", p.Name, p.Secret)
		}
		seen[p.Secret] = true
		if !bytes.Contains(text, []byte("["+p.Name+"](phone)")) || !bytes.Contains(text, []byte("secret="+p.Secret+"\n")) {
			t.Errorf("phone %s is not in sip.conf as it was returned", p.Name)
		}
	}
	if len(phones) != 4 {
		t.Errorf("%d phones, want 4", len(phones))
	}
	for _, name := range Names() {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o640 {
			t.Errorf("%s has mode %v, want 0640", name, info.Mode().Perm())
		}
	}
	if _, err := Write(dir, rand.Reader); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second Write: %v, want fs.ErrExist", err)
	}
	again, err := os.ReadFile(filepath.Join(dir, "sip.conf"))
	if err != nil || !bytes.Equal(text, again) {
		t.Error("the second Write changed sip.conf")
	}
}

func TestSecretIsEven(t *testing.T) {
	// Every byte value once: those at and above the last whole multiple of the
	// alphabet must be drawn again, all others count alike.
	var in []byte
	for i := range 256 {
		in = append(in, byte(i))
	}
	r := bytes.NewReader(in)
	count := map[byte]int{}
	for {
		n, err := randomInt(r, int64(len(alphabet)))
		if err != nil {
			break
		}
		count[alphabet[n]]++
	}
	for c, n := range count {
		if n != 256/len(alphabet) {
			t.Errorf("%q was drawn %d times, want %d", c, n, 256/len(alphabet))
		}
	}
}
