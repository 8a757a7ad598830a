package sip

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/message"
	pbxio "pbx/io"
)

// authority signs certificates for tests.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its own certificate
	dir  string
	n    int64
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	a.file = filepath.Join(a.dir, "ca.pem")
	a.write(a.file, "CERTIFICATE", der)
	return a
}

func (a *authority) write(file, kind string, der []byte) {
	a.t.Helper()
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		a.t.Fatal(err)
	}
	defer f.Close()
	if err := pem.Encode(f, &pem.Block{Type: kind, Bytes: der}); err != nil {
		a.t.Fatal(err)
	}
}

// issue writes a certificate with its key into one file: names are DNS names,
// addresses, or sip URIs; one that begins with CN= is the common name.
func (a *authority) issue(file string, names ...string) string {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	a.n++
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1 + a.n), NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	for _, n := range names {
		ip, err := netip.ParseAddr(n)
		switch {
		case strings.HasPrefix(n, "CN="):
			c.Subject.CommonName = n[3:]
		case strings.HasPrefix(n, "sip:"):
			c.URIs = append(c.URIs, &url.URL{Scheme: "sip", Opaque: n[4:]})
		case err == nil:
			c.IPAddresses = append(c.IPAddresses, net.IP(ip.AsSlice()))
		default:
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	path := filepath.Join(a.dir, file)
	_ = os.Remove(path)
	a.write(path, "CERTIFICATE", der)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(path, "PRIVATE KEY", secret)
	return path
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.parsed())
	return p
}

func (a *authority) parsed() *x509.Certificate {
	text, _ := os.ReadFile(a.file)
	b, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(b.Bytes)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// dialTLS connects with TLS; nil when the handshake fails.
func (r *rig) dialTLS(to, user string, cfg *tls.Config) (*streamPhone, error) {
	r.t.Helper()
	raw, err := r.net.DialTCP(context.Background(), netip.Addr{}, netip.MustParseAddrPort(to), pbxio.SocketOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	c := tls.Client(raw, cfg)
	if err := c.HandshakeContext(context.Background()); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return r.over(c, "TLS", user), nil
}

func tlsOffice(cert, ca, more string) string {
	return listen + "tlsenable=yes\ntlsbindaddr=127.0.50.1\ntlscertfile=" + cert + "\ntlscafile=" + ca + "\n" + more + `
[alice]
type=friend
host=dynamic
secret=sEcret-1
transport=tls
`
}

// A phone registers over TLS 1.2 and 1.3 and nothing lower, and a reload changes the
// certificate without touching it.
func TestTLSRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		cert := a.issue("pbx.pem", "pbx.example")
		r := newRig(t, tlsOffice(cert, a.file, ""), nil)
		cfg := &tls.Config{RootCAs: a.pool(), ServerName: "pbx.example"}
		p, err := r.dialTLS("127.0.50.1:5061", "alice", cfg)
		if err != nil {
			t.Fatal(err)
		}
		m := p.register("Contact: <sip:alice@10.0.0.9:5070;transport=tls>\n")
		if m.Status() != 200 {
			t.Fatal(m.Status())
		}
		if got := r.console("sip show settings"); !strings.Contains(got, "TLS SIP Bindaddress:    127.0.50.1:5061") {
			t.Errorf("%s", got)
		}
		for version, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
			old := &tls.Config{RootCAs: a.pool(), ServerName: "pbx.example", MinVersion: version, MaxVersion: version}
			if _, err := r.dialTLS("127.0.50.1:5061", "alice", old); (err == nil) != want {
				t.Errorf("%s: %v", tls.VersionName(version), err)
			}
		}
		// A new certificate.
		a.issue("pbx.pem", "new.example")
		next, findings := loadText(t, tlsOffice(cert, a.file, ""))
		if len(findings) > 3 { // the notes on guests and silence, and that the secret is a weak one
			t.Error(findings)
		}
		r.Reload(next)
		synctest.Wait()
		if p.gone() {
			t.Error("the reload cut off a phone")
		}
		if m := p.ask("OPTIONS", "1000", ""); m.Status() != 200 {
			t.Error(m.Status())
		}
		if _, err := r.dialTLS("127.0.50.1:5061", "alice", &tls.Config{RootCAs: a.pool(), ServerName: "new.example"}); err != nil {
			t.Errorf("the new certificate: %v", err)
		}
		// One that cannot be read leaves the one there is.
		if err := os.WriteFile(cert, []byte("nothing"), 0o600); err != nil {
			t.Fatal(err)
		}
		broken, findings := loadText(t, tlsOffice(cert, a.file, ""))
		if len(findings) == 0 || !strings.Contains(findings[0].String()+findings[len(findings)-1].String(), "tlscertfile") {
			t.Errorf("%v", findings)
		}
		r.Reload(broken)
		synctest.Wait()
		if _, err := r.dialTLS("127.0.50.1:5061", "alice", &tls.Config{RootCAs: a.pool(), ServerName: "new.example"}); err != nil {
			t.Errorf("after a broken one: %v", err)
		}
	})
}

// Who must show a certificate and does not, or one that nobody we trust signed, is
// not let in.
func TestTLSVerifiesClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, stranger := newAuthority(t), newAuthority(t)
		r := newRig(t, tlsOffice(a.issue("pbx.pem", "pbx.example"), a.file, "tlsverifyclient=yes\n"), nil)
		pair := func(a *authority) []tls.Certificate {
			c, err := tls.LoadX509KeyPair(a.issue("client.pem", "trunk.example"), filepath.Join(a.dir, "client.pem"))
			if err != nil {
				t.Fatal(err)
			}
			return []tls.Certificate{c}
		}
		for name, tt := range map[string]struct {
			certs []tls.Certificate
			in    bool
		}{"none": {}, "ours": {pair(a), true}, "a stranger's": {pair(stranger), false}} {
			cfg := &tls.Config{RootCAs: a.pool(), ServerName: "pbx.example", Certificates: tt.certs}
			p, err := r.dialTLS("127.0.50.1:5061", "alice", cfg)
			in := err == nil && !p.gone() // TLS 1.3 tells afterwards
			if in != tt.in {
				t.Errorf("%s: let in %v, %v", name, in, err)
			}
		}
	})
}

// tlsProvider is the far end of a trunk: it takes TLS connections and answers
// everything with 200.
func tlsProvider(t *testing.T, n *pbxio.Memory, at, cert string) (connections func() int) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(cert, cert)
	if err != nil {
		t.Fatal(err)
	}
	l, err := n.ListenTCP(netip.MustParseAddrPort(at), pbxio.SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	count := 0
	go func() {
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			c := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{pair}})
			t.Cleanup(func() { _ = raw.Close() })
			count++
			go func() {
				buf := make([]byte, 0, 8192)
				var f message.Framer
				for {
					part := make([]byte, 2048)
					k, err := c.Read(part)
					if err != nil {
						return
					}
					buf = append(buf, part[:k]...)
					for {
						k, err := f.Next(buf)
						if k == 0 || err != nil {
							break
						}
						var m message.Message
						if m.Parse(append([]byte(nil), buf[:k]...)) == nil && m.IsRequest() {
							b := message.NewBuilder(nil)
							b.Response(&m, 200, "", "p")
							_, _ = c.Write(b.Bytes())
						}
						buf = buf[k:]
					}
				}
			}()
		}
	}()
	return func() int { synctest.Wait(); return count }
}

// A trunk must show a certificate for the domain of the configuration (RFC 5922),
// and its connection is used again.
func TestTLSTrunk(t *testing.T) {
	for name, tt := range map[string]struct {
		names   []string
		host    string // of the trunk, 192.0.2.7 by default
		options string
		up      bool
		log     string
	}{
		"DNS name":              {names: []string{"sip.example"}, host: "sip.example", up: true},
		"sip URI":               {names: []string{"sip:sip.example"}, host: "sip.example", up: true},
		"URI outweighs DNS":     {names: []string{"sip:other.example", "sip.example"}, host: "sip.example", log: "the certificate is for other.example, not for sip.example"},
		"URI of a user":         {names: []string{"sip:joe@sip.example"}, host: "sip.example", log: "not for sip.example"},
		"common name alone":     {names: []string{"CN=sip.example"}, host: "sip.example", up: true},
		"common name beside":    {names: []string{"CN=sip.example", "other.example"}, host: "sip.example", log: "not for sip.example"},
		"wildcard":              {names: []string{"*.example"}, host: "sip.example", log: "not for sip.example"},
		"other name":            {names: []string{"evil.example"}, host: "sip.example", log: "not for sip.example"},
		"other name, not asked": {names: []string{"evil.example"}, host: "sip.example", options: "tlsdontverifyserver=yes\n", up: true},
		"address":               {names: []string{"192.0.2.7"}, host: "192.0.2.7", up: true},
		"name for an address":   {names: []string{"sip.example"}, host: "192.0.2.7", log: "not for 192.0.2.7"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority(t)
				dns := &scriptedDNS{}
				dns.set("A sip.example", "192.0.2.7")
				text := listen + "srvlookup=no\ntlscafile=" + a.file + "\n" + tt.options + "[trunk]\ntype=peer\nhost=" + tt.host + "\ntransport=tls\nqualify=yes\nqualifyfreq=5\n"
				cfg, _ := loadText(t, text)
				network := pbxio.NewMemory()
				connections := tlsProvider(t, network, "192.0.2.7:5061", a.issue("provider.pem", tt.names...))
				r := startRigOver(t, network, cfg, nil, dns)
				time.Sleep(21 * time.Second)
				got := r.console("sip show peer trunk")
				if up := strings.Contains(got, "Status       : OK"); up != tt.up {
					t.Errorf("%s\n%v", got, r.logs.lines)
				}
				if tt.up {
					if n := connections(); n != 1 {
						t.Errorf("%d connections for 5 requests", n)
					}
				}
				if tt.log != "" && r.logs.with("connection ended", tt.log) == 0 {
					t.Errorf("no %q in the log: %q", tt.log, r.logs.full)
				}
			})
		})
	}
}

var errNoHandshake = errors.New("no handshake")

// A hello that does not come, or not to its end, costs ten seconds.
func TestTLSHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		r := newRig(t, tlsOffice(a.issue("pbx.pem", "pbx.example"), a.file, ""), nil)
		silent, slow := r.dial("127.0.50.1:5061", "x"), r.dial("127.0.50.1:5061", "x")
		if err := slow.write([]byte("\x16\x03\x01\x02\x00\x01")); err != nil {
			t.Fatal(errNoHandshake, err)
		}
		time.Sleep(9 * time.Second)
		if silent.gone() || slow.gone() {
			t.Error("closed too early")
		}
		time.Sleep(2 * time.Second)
		if !silent.gone() || !slow.gone() {
			t.Error("a connection without hello stays")
		}
		plain := r.dial("127.0.50.1:5061", "x")
		_ = plain.write([]byte("OPTIONS sip:1000@127.0.50.1 SIP/2.0\r\n\r\n"))
		if !plain.gone() {
			t.Error("SIP in the clear is no hello")
		}
	})
}
