package server

import (
	"context"
	"crypto/md5" // the sums of files that people compare, as the field shows them
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pbx/decl"
)

// keyCommands are the commands about RSA keys.
func (s *Server) keyCommands() []decl.Command {
	return []decl.Command{{
		Words: "keys show", Synopsis: "Show the RSA keys of astkeydir", Run: s.showKeys,
		Help: "Files NAME.pub and NAME.key are listed, as astgenkey makes them. They belong to IAX2 and DUNDi, and no driver here uses them; " +
			"the certificates of TLS are where sip.conf, http.conf and manager.conf say.",
	}}
}

func (s *Server) showKeys(_ context.Context, r *decl.Request) error {
	const format = "%-18s %-8s %-16s %-33s\n"
	fmt.Fprintf(r.Out, format, "Key Name", "Type", "Status", "Sum")
	fmt.Fprintf(r.Out, format, "------------------", "--------", "----------------", "--------------------------------")
	dir := s.configuration().dirs.Key
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	n := 0
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		kind := map[string]string{".pub": "PUBLIC", ".key": "PRIVATE"}[ext]
		if kind == "" || e.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		status := keyStatus(text, kind == "PUBLIC")
		if err != nil {
			status = "[Unreadable]"
		}
		sum := md5.Sum(text)
		fmt.Fprintf(r.Out, format, esc(strings.TrimSuffix(e.Name(), ext)), kind, status, hex.EncodeToString(sum[:]))
		n++
	}
	fmt.Fprintf(r.Out, "\n%d known RSA keys.\n", n)
	return nil
}

// keyStatus says what can be done with the text of a key.
func keyStatus(text []byte, public bool) string {
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return "[Not PEM]"
	case strings.Contains(block.Type, "ENCRYPTED") || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return "[Needs Passcode]"
	}
	var key any
	var err error
	if public {
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			key, err = x509.ParsePKCS1PublicKey(block.Bytes)
		}
	} else {
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		}
	}
	_, pub := key.(*rsa.PublicKey)
	_, private := key.(*rsa.PrivateKey)
	if err != nil || pub == private {
		return "[Not RSA]"
	}
	return "[Loaded]"
}
