package config

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// defaultCertificate is the file of a certificate that nobody names.
const defaultCertificate = "asterisk.pem"

// LoadCertificate reads a certificate and its key (PEM) from files in dir, unless
// their names are absolute. Without a name the certificate is asterisk.pem; without
// one the key is in the file of the certificate. The error names the file.
func LoadCertificate(dir, certFile, keyFile string) (*tls.Certificate, error) {
	path := func(name string) string {
		if filepath.IsAbs(name) {
			return name
		}
		return filepath.Join(dir, name)
	}
	certFile = cmp.Or(certFile, defaultCertificate)
	c, err := tls.LoadX509KeyPair(path(certFile), path(cmp.Or(keyFile, certFile)))
	var p *fs.PathError
	if errors.As(err, &p) {
		err = fmt.Errorf("%s: %w", p.Path, p.Err)
	}
	return &c, err
}

// LoadAuthorities reads the certificates (PEM) of authorities in a file and in the
// files of a folder; "" is none.
func LoadAuthorities(file, folder string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	add := func(name string) (bool, error) {
		text, err := os.ReadFile(name)
		return err == nil && pool.AppendCertsFromPEM(text), err
	}
	if file != "" {
		switch ok, err := add(file); {
		case err != nil:
			return nil, err
		case !ok:
			return nil, fmt.Errorf("%s holds no certificate", file)
		}
	}
	if folder == "" {
		return pool, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	some := false
	for _, e := range entries {
		ok, _ := add(filepath.Join(folder, e.Name())) // a folder may hold other files
		some = some || ok
	}
	if !some {
		return nil, fmt.Errorf("%s holds no certificate", folder)
	}
	return pool, nil
}
