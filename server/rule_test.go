package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pbx/config"
)

// around are the files beside the default office that the examples count on.
var around = map[string]string{
	"voicemail.conf":   "[general]\n[default]\n101 => 482613,One\n102 => 593724,Two\n",
	"queues.conf":      "[general]\n[support]\nmember => SIP/101\n",
	"musiconhold.conf": "[default]\nmode=files\n[jazz]\nmode=files\n",
}

// chain are files within files, down to deep/10.conf, in which another one would be too
// deep.
func chain() map[string]string {
	files := map[string]string{"deep/10.conf": "; the last\n"}
	for i := 2; i < 10; i++ {
		files[fmt.Sprintf("deep/%02d.conf", i)] = fmt.Sprintf("#include deep/%02d.conf\n", i+1)
	}
	return files
}

// expired is a certificate that ended long ago, and its key.
func expired(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}))
}

// examined are the files that examples are put into.
func examined(t *testing.T) map[string]string {
	t.Helper()
	office := maps.Clone(around)
	maps.Copy(office, chain())
	office["expired.pem"] = expired(t)

	office["acl.conf"] = "[lan]\npermit=192.0.2.0/24\n"
	files, err := filepath.Glob(filepath.Join(writeOffice(t), "*.conf"))
	if err != nil || len(files) == 0 {
		t.Fatal("no office", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		office[filepath.Base(f)] = string(text)
	}
	office["rtp.conf"] += "\n#include deep/02.conf\n"
	return office
}

// plant writes the default office with the text of an example. It returns the line
// of the file before the first of the text.
func plant(t *testing.T, office map[string]string, e example) (dir string, before int) {
	t.Helper()
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range office {
		write(t, filepath.Join(dir, name), text)
	}
	path := filepath.Join(dir, e.File)
	text := strings.NewReplacer("{NUL}", "\x00", "{LONG}", strings.Repeat("x", 10_000)).Replace(e.Text)
	switch {
	case e.Gone, e.Unreadable:
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if e.Unreadable {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		return dir, -1
	}
	if e.Guests {
		write(t, filepath.Join(dir, "sip.conf"), "[general]\nallowguest=yes\ncontext=office\n[trunk]\ntype=peer\nhost=192.0.2.9\n"+
			"[101]\ntype=friend\nhost=dynamic\nsecret=Lrw92hSdo2k3jx77\n")
	}
	if e.Alone {
		write(t, path, text)
		return dir, 0
	}
	head := office[e.File] + "\n"
	if e.File == "extensions.conf" {
		head += "[office]\n"
	}
	write(t, path, head+text)
	return dir, strings.Count(head, "\n")
}

// TestRuleExamples holds that each rule finds what is planted for it, on its lines
// and nowhere else, and nothing in what is good.
func TestRuleExamples(t *testing.T) {
	files, err := os.ReadDir("rules")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".conf")
		if !slices.ContainsFunc(rules, func(r rule) bool { return r.name == name }) {
			t.Errorf("%s: there is no such rule", name)
		}
	}
	office := examined(t)
	for _, r := range rules {
		name := r.name
		t.Run(name, func(t *testing.T) {
			planted, good := 0, 0
			for _, e := range ruleExamples(name) {
				dir, before := plant(t, office, e)
				var found []int
				r := Check(Options{ConfigDir: dir, StateDir: t.TempDir(), Strict: true})
				for _, f := range r.Findings {
					if f.Rule == name && f.Pos.File == e.File && f.Pos.Line > before {
						found = append(found, f.Pos.Line-before)
					}
				}
				found = slices.Compact(found)
				want := e.Lines
				if e.Gone || e.Unreadable {
					want = []int{1} // the file as a whole
				}
				if !slices.Equal(found, want) {
					t.Errorf("found on lines %v, want %v, of\n%s%s", found, want, e.Text, show(slices.DeleteFunc(r.Findings, func(f config.Finding) bool { return f.Pos.Line <= before })))
				}
				if planted += len(e.Lines); e.Gone || e.Unreadable {
					planted++
				}
				if e.Good {
					good++
				}
				if e.Good != (len(e.Lines) == 0) && !e.Gone && !e.Unreadable {
					t.Errorf("what is good has marks, or what is bad none:\n%s", e.Text)
				}
			}
			if planted < 5 || good == 0 {
				t.Errorf("%d faults and %d good examples are too few", planted, good)
			}
		})
	}
}
