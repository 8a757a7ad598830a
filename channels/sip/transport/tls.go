package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// TLSOptions are what TLS is spoken with. Nothing below version 1.2 is.
type TLSOptions struct {
	// Certificate is ours, shown to who connects to us, and to a server that asks for
	// one. Without it nobody can connect to us.
	Certificate *tls.Certificate
	// Roots are the authorities that are trusted, nil for those of the system.
	Roots *x509.CertPool
	// RequireClient turns away who connects to us without a certificate of Roots.
	RequireClient bool
	// TrustAnyServer takes whoever answers for whom he is not asked.
	TrustAnyServer bool
	// Ciphers are the suites of TLS 1.2, nil for those that are safe.
	Ciphers []uint16
	// Min is the lowest version and ClientMax the highest that we ask for, 0 for the
	// lowest and highest there are.
	Min, ClientMax uint16
}

// TLS is the configuration of both directions.
type TLS struct {
	server, client *tls.Config
	roots          *x509.CertPool
	trustAny       bool
}

var errNoCertificate = errors.New("there is no certificate (tlscertfile)")

// plainTLS is how we connect when no certificate is configured.
var plainTLS = NewTLS(TLSOptions{})

// NewTLS makes the configuration.
func NewTLS(o TLSOptions) *TLS {
	base := tls.Config{MinVersion: max(o.Min, tls.VersionTLS12), CipherSuites: o.Ciphers}
	t := &TLS{roots: o.Roots, trustAny: o.TrustAnyServer}
	t.client = base.Clone()
	t.client.MaxVersion = o.ClientMax
	if o.Certificate != nil {
		t.client.Certificates = []tls.Certificate{*o.Certificate}
		t.server = base.Clone()
		t.server.Certificates = t.client.Certificates
		if o.RequireClient { // phones stop at the question alone
			t.server.ClientAuth = tls.RequireAnyClientCert
			t.server.VerifyConnection = func(s tls.ConnectionState) error { return t.verify(s, x509.ExtKeyUsageClientAuth) }
		}
	}
	return t
}

// dial is the configuration of a connection to host, "" for a far end that is not
// known by a name.
func (t *TLS) dial(host string) *tls.Config {
	c := t.client.Clone()
	if _, err := netip.ParseAddr(host); err != nil {
		c.ServerName = host // SNI (RFC 6066 3); RFC 5922 7.2 has rules of its own for the check
	}
	c.InsecureSkipVerify = true //nolint:gosec // VerifyConnection checks
	if t.trustAny {
		return c
	}
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if err := t.verify(s, x509.ExtKeyUsageServerAuth); err != nil {
			return err
		}
		names := domains(s.PeerCertificates[0])
		if host != "" && !speaksFor(names, host) {
			return fmt.Errorf("the certificate is for %s, not for %s", strings.Join(names, ", "), host)
		}
		return nil
	}
	return c
}

// verify checks the chain of a far end's certificate.
func (t *TLS) verify(s tls.ConnectionState, usage x509.ExtKeyUsage) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("no certificate was shown")
	}
	o := x509.VerifyOptions{Roots: t.roots, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{usage}}
	for _, c := range s.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(o)
	return err
}

// domains are the SIP domains that a certificate speaks for (RFC 5922 7.1): the sip
// URIs without a user in subjectAltName, else the DNS names and addresses there,
// else the common name.
func domains(c *x509.Certificate) (names []string) {
	for _, u := range c.URIs {
		if host := u.Opaque; strings.EqualFold(u.Scheme, "sip") && host != "" && !strings.Contains(host, "@") {
			host, _, _ = strings.Cut(host, ";")
			names = append(names, strings.ToLower(host))
		}
	}
	if len(names) > 0 {
		return names
	}
	for _, n := range c.DNSNames {
		names = append(names, strings.ToLower(n))
	}
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 && len(c.URIs) == 0 && len(c.EmailAddresses) == 0 && c.Subject.CommonName != "" {
		names = append(names, strings.ToLower(c.Subject.CommonName))
	}
	return names
}

// speaksFor compares whole names: a * stands for nothing (RFC 5922 7.2).
func speaksFor(names []string, host string) bool {
	return slices.Contains(names, strings.ToLower(strings.TrimSuffix(host, ".")))
}

// namesOf are the domains of who connected to us, if he showed a certificate and it
// is good.
func (t *TLS) namesOf(s tls.ConnectionState) []string {
	if t.verify(s, x509.ExtKeyUsageClientAuth) != nil {
		return nil
	}
	return domains(s.PeerCertificates[0])
}
