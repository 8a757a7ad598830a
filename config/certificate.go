package config

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
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
