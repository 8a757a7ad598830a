package server

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"regexp"
	"testing"
)

// TestKeysShow: keys in the layout of the field.
func TestKeysShow(t *testing.T) {
	s := idleServer(t)
	dir := t.TempDir()
	s.conf.Store(&configuration{dirs: Directories{Key: dir}})
	s.commands.Add(s.keyCommands()...)
	const head = "Key Name           Type     Status           Sum                              \n" +
		"------------------ -------- ---------------- -------------------------------- \n"
	if got := output(t, s, "keys show"); got != head+"\n0 known RSA keys.\n" {
		t.Errorf("without keys:\n%s", got)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "office.key"), string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
	write(t, filepath.Join(dir, "office.pub"), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})))
	write(t, filepath.Join(dir, "locked.key"), string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})))
	write(t, filepath.Join(dir, "wrong.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})))
	write(t, filepath.Join(dir, "text.pub"), "hello")
	write(t, filepath.Join(dir, "readme"), "hello")
	got := output(t, s, "keys show")
	want := regexp.MustCompile(`^` + regexp.QuoteMeta(head) +
		`locked             PRIVATE  \[Needs Passcode\] [0-9a-f]{32} 
office             PRIVATE  \[Loaded\]         [0-9a-f]{32} 
office             PUBLIC   \[Loaded\]         [0-9a-f]{32} 
text               PUBLIC   \[Not PEM\]        5d41402abc4b2a76b9719d911017c592 
wrong              PRIVATE  \[Not RSA\]        [0-9a-f]{32} 

5 known RSA keys.
$`)
	if !want.MatchString(got) {
		t.Error(got)
	}
}
