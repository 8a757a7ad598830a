package feed

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	pbxio "pbx/io"
)

// identity writes a certificate that vouches for itself, with its key, and returns
// both.
func identity(t *testing.T, file, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	if err := os.WriteFile(file, append(cert, private...), 0o600); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, private)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// shows is the name in the certificate that a sink shows.
func shows(t *testing.T, c net.Conn) string {
	t.Helper()
	s := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	if err := s.Handshake(); err != nil {
		return err.Error()
	}
	return s.ConnectionState().PeerCertificates[0].Subject.CommonName
}

// TestTLS: a program that speaks TLS gets events, and goes on getting them while a
// reload takes in other certificates. What cannot be read changes nothing.
func TestTLS(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pbx.pem")
	synctest.Test(t, func(t *testing.T) {
		identity(t, file, "first")
		conf := tcpConf + "tls=yes\ntlscertfile=" + file + "\n"
		x := newRig(t, conf)
		defer x.close()
		raw, _ := x.dial("127.0.0.1", "127.0.0.1:5090")
		c := tls.Client(raw, &tls.Config{InsecureSkipVerify: true})
		defer c.Close()
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(c)
		hears := func(name string) {
			t.Helper()
			synctest.Wait()
			x.publish(name)
			if got := channelOf(t, r); got != name {
				t.Errorf("%s, want %s", got, name)
			}
		}
		hears("SIP/a-1")
		now := func(want string) {
			t.Helper()
			c, _ := x.dial("127.0.0.1", "127.0.0.1:5090")
			defer c.Close()
			if got := shows(t, c); got != want {
				t.Errorf("the certificate is %q, want %q", got, want)
			}
		}
		now("first")
		identity(t, file, "second")
		x.apply(conf)
		now("second")
		other := file + ".new"
		identity(t, other, "third")
		x.apply(strings.Replace(conf, file, other, 1))
		now("third")
		if err := os.WriteFile(other, []byte("nothing"), 0o600); err != nil {
			t.Fatal(err)
		}
		settings, findings := load(t, strings.Replace(conf, file, other, 1))
		if len(findings) != 1 || !strings.Contains(findings[0].String(), "error: [wall] tlscertfile: ") {
			t.Error(findings)
		}
		if err := x.sinks.Apply(settings); err != nil {
			t.Error(err)
		}
		now("third")
		hears("SIP/b-2")
	})
}

// TestTLSTurnsAway: who is turned away, and what the log says of it.
func TestTLSTurnsAway(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	identity(t, path("pbx.pem"), "pbx")
	friend, stranger := identity(t, path("friend.pem"), "friend"), identity(t, path("stranger.pem"), "stranger")
	for name, tt := range map[string]struct {
		client *tls.Config // nil says nothing
		says   string      // instead of TLS
		want   string      // in the log, "" for being let in
	}{
		"the right certificate": {&tls.Config{Certificates: []tls.Certificate{friend}}, "", ""},
		"no certificate":        {&tls.Config{}, "", "TLS: client didn't provide a certificate"},
		"one of somebody else":  {&tls.Config{GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &stranger, nil }}, "", "its certificate is of no authority of tlscafile"},
		"an old version":        {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "", "TLS: client offered only unsupported versions"},
		"no TLS":                {nil, "GET / HTTP/1.1\r\n\r\n", "TLS: first record does not look like a TLS handshake"},
		"nothing":               {nil, "", "TLS: no handshake in time"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newRig(t, tcpConf+"tls=yes\ntlscertfile="+path("pbx.pem")+"\ntlscafile="+path("friend.pem")+"\n")
				defer x.close()
				c, _ := x.dial("127.0.0.1", "127.0.0.1:5090")
				defer c.Close()
				switch {
				case tt.client != nil:
					tt.client.InsecureSkipVerify = true
					s := tls.Client(c, tt.client)
					if err := s.Handshake(); err != nil && tt.want == "" {
						t.Fatal(err)
					}
					if tt.want == "" {
						synctest.Wait()
						x.publish("SIP/a-1")
						if got := channelOf(t, bufio.NewReader(s)); got != "SIP/a-1" {
							t.Error(got)
						}
						return
					}
				case tt.says != "":
					if _, err := c.Write([]byte(tt.says)); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(secretTime)
				synctest.Wait()
				if s := x.log.String(); !strings.Contains(s, tt.want) {
					t.Errorf("the log has %q, not %q", s, tt.want)
				}
			})
		})
	}
}

// TestTLSCollector: the exchange speaks to no collector but the right one.
func TestTLSCollector(t *testing.T) {
	dir := t.TempDir()
	ca := filepath.Join(dir, "collector.pem")
	right, wrong := identity(t, ca, "logs.example.com"), identity(t, filepath.Join(dir, "wrong.pem"), "logs.example.com")
	for name, tt := range map[string]struct {
		pair tls.Certificate
		name string
		want string // in the log, "" for being spoken to
	}{
		"the right one":  {right, "logs.example.com", ""},
		"by its address": {right, "", ""},
		"another":        {wrong, "logs.example.com", "its certificate is of no authority of tlscafile"},
		"another name":   {right, "crm.example.com", "certificate is valid for logs.example.com, not crm.example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newRig(t, "")
				defer x.close()
				l, err := x.net.ListenTCP(netip.MustParseAddrPort("127.0.0.1:5170"), pbxio.SocketOptions{})
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				x.apply("[far]\ntype=tcp\nconnect=127.0.0.1:5170\nevents=channel.*\ntls=yes\ntlsname=" + tt.name + "\ntlscafile=" + ca + "\n")
				conn, err := l.Accept()
				if err != nil {
					t.Fatal(err)
				}
				s := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{tt.pair}})
				defer conn.Close()
				if err := s.Handshake(); err != nil && tt.want == "" {
					t.Fatal(err)
				}
				synctest.Wait()
				if tt.want != "" {
					if got := x.log.String(); !strings.Contains(got, tt.want) {
						t.Errorf("the log has %q", got)
					}
					return
				}
				x.publish("SIP/a-1")
				if got := channelOf(t, bufio.NewReader(s)); got != "SIP/a-1" {
					t.Error(got)
				}
			})
		})
	}
}
