package feed

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"

	"pbx/config"
)

// TLS of a sink of type tcp: version 1.2 at least, the certificates as the last reload
// read them. Connections that are made keep theirs.

// loadTLS reads them. What cannot be read is named; a sink that is open then goes on
// with what it had.
func (r *reader) loadTLS(x *sink) {
	var c tls.Config
	c.MinVersion = tls.VersionTLS12
	fail := func(name string, err error) {
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = fmt.Errorf("%s: %w", p.Path, p.Err)
		}
		r.find(name, config.Error, "tls-certificate", "", "%s: %v", name, err)
	}
	if x.Bind.IsValid() || x.Certificate != "" {
		pair, err := config.LoadCertificate(r.dir, x.Certificate, x.Key)
		if err != nil {
			fail("tlscertfile", err)
			return
		}
		c.Certificates = []tls.Certificate{*pair}
	}
	if x.Authorities != "" {
		name := x.Authorities
		if !filepath.IsAbs(name) {
			name = filepath.Join(r.dir, name)
		}
		pool, err := config.LoadAuthorities(name, "")
		if err != nil {
			fail("tlscafile", err)
			return
		}
		c.RootCAs, c.ClientCAs, c.ClientAuth = pool, pool, tls.RequireAndVerifyClientCert
	}
	if x.Connect.IsValid() {
		c.ServerName = cmp.Or(x.TLSName, x.Connect.Addr().String())
	}
	x.tls = &c
}

// errNoTLS is why a sink with tls=yes is not opened: a finding has said what is
// missing.
var errNoTLS = errors.New("TLS has no certificate, so nobody is told anything")

// secured has a program that connected speak TLS; with no configuration it is as it
// came.
func (t *listener) secured(conn net.Conn) (net.Conn, error) {
	c := t.tls.Load()
	if c == nil {
		return conn, nil
	}
	s := tls.Server(conn, c)
	return s, shake(t.ctx, s)
}

// secured has a collector that was connected to speak TLS.
func secured(ctx context.Context, conn net.Conn, c *tls.Config) (net.Conn, error) {
	if c == nil {
		return conn, nil
	}
	s := tls.Client(conn, c)
	err := shake(ctx, s)
	if err != nil {
		_ = conn.Close()
	}
	return s, err
}

// shake does the handshake, which may take as long as saying the secret.
func shake(ctx context.Context, c *tls.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, secretTime)
	defer cancel()
	err := c.HandshakeContext(ctx)
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("TLS: no handshake in time")
	case errors.As(err, &unknown):
		return errors.New("TLS: its certificate is of no authority of tlscafile")
	}
	return fmt.Errorf("TLS: %s", strings.TrimPrefix(err.Error(), "tls: "))
}
