package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority is a certificate authority of a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

// pem is the authority's certificate.
func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// issue makes a certificate for names and its key, in PEM.
func (a *authority) issue(names ...string) (cert, key string) {
	a.t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &k.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}))
}

const secureOffice = `
-- sip.conf --
[general]
context=nowhere
udpbindaddr=@PBX@:5060
disallow=all
allow=ulaw
tlsenable=yes
tlsbindaddr=@PBX@:5061
tlscertfile=pbx.pem
tlsprivatekey=pbx.key
tlscafile=ca.pem
registertimeout=2
register => provider?tls://acct:correct-horse-acct@provider.test/4711~10

[provider]
type=peer
host=provider.test
transport=tls
defaultuser=acct
fromuser=acct
remotesecret=correct-horse-acct
insecure=invite
context=from-provider

[caller]
type=peer
host=@3@
insecure=port,invite
context=office
-- resolver_unbound.conf --
[general]
hosts=/dev/null
nameserver=@7@@5353
-- extensions.conf --
[nowhere]

[from-provider]
exten => 4711,1,Answer()
 same => n,Wait(1)

[office]
exten => _0.,1,Dial(SIP/provider/${EXTEN:1},20)
 same => n,Hangup(${HANGUPCAUSE})
`

// TestTrunkByTLS: a provider that is reached by TLS and by name is registered with,
// called through and called from; one whose certificate is for another name is told
// nothing.
func TestTrunkByTLS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		good bool
	}{{"provider.test", true}, {"other.test", false}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			net := newNetwork()
			ca := newAuthority(t)
			serveNames(t, net.host(7)+":5353", map[string]string{"A provider.test": net.host(2)})
			p := newProvider(t, net.host(2))
			cert, key := ca.issue(tt.name)
			p.secure(cert, key)
			p.start()
			ourCert, ourKey := ca.issue("office.test")
			x := newExchangeOn(t, net, secureOffice+"-- ca.pem --\n"+ca.pem()+"-- pbx.pem --\n"+ourCert+"-- pbx.key --\n"+ourKey)
			if !tt.good {
				eventually(t, 20*time.Second, "the certificate is named in the log", func() bool { return strings.Contains(x.out.String(), "the certificate is for other.test") })
				if strings.Contains(p.out.String(), "acct") {
					t.Error("the wrong server heard of the account")
				}
				return
			}
			x.onTrunk()
			if peers := x.console("sip show tcp"); !strings.Contains(peers, x.net.host(2)) {
				t.Errorf("sip show tcp:\n%s", peers)
			}
			startSIPp(t, "out", scenario{invite(), optional(100), recv(404), ackFailure(1)}, x.net.host(3), x.addr(), "-s", "0nobody", "-p", "5061").ok()

			// A customer of the provider calls the office.
			startSIPp(t, "in", scenario{
				invite(), optional(100), recvAuth(407), ackFailure(1),
				strings.Replace(strings.Replace(invite(), "CSeq: 1", "CSeq: 2", 1), "Max-Forwards: 70\n", "Max-Forwards: 70\n[authentication username=caller password=correct-horse-caller]\n", 1),
				optional(100), recv(200), ack(2), recvRequest("BYE"), answerInDialog("200 OK", empty),
			}, x.net.host(4), x.net.host(2)+":5060", "-s", "acct", "-p", "5061").ok()
			x.idle()
		})
	}
}

// TestTrunkPair: a provider is an SRV pair whose first server is down: the second is
// registered with, and called through.
func TestTrunkPair(t *testing.T) {
	t.Parallel()
	tool(t, "kamailio")
	net := newNetwork()
	serveNames(t, net.host(7)+":5353", map[string]string{
		"SRV _sip._udp.provider.test": "10 0 5060 a.provider.test;20 0 5060 b.provider.test",
		"A a.provider.test":           net.host(8),
		"A b.provider.test":           net.host(2),
	})
	startProvider(t, net.host(2), "MD5", "auth")
	office := strings.NewReplacer("tls://", "", "transport=tls\n", "", "tlsenable=yes", "tlsenable=no", "tlscertfile=pbx.pem\ntlsprivatekey=pbx.key\ntlscafile=ca.pem\n", "").Replace(secureOffice)
	x := newExchangeOn(t, net, office)
	x.onTrunk()
	startSIPp(t, "out", scenario{invite(), optional(100), recv(404), ackFailure(1)}, x.net.host(3), x.addr(), "-s", "0nobody", "-p", "5061").ok()
	x.idle()
}

// secure has the provider speak TLS as well.
func (p *provider) secure(cert, key string) {
	p.t.Helper()
	for name, text := range map[string]string{
		"cert.pem": cert, "key.pem": key,
		"tls.cfg": "[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\ncertificate = " + filepath.Join(p.dir, "cert.pem") + "\nprivate_key = " + filepath.Join(p.dir, "key.pem") + "\n[client:default]\nverify_certificate = no\n",
	} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	p.config = strings.NewReplacer(
		"disable_tcp=yes\n", "enable_tls=yes\ntcp_children=2\n",
		"listen=udp:"+p.host+":5060\n", "listen=udp:"+p.host+":5060\nlisten=tls:"+p.host+":5061\n",
		"loadmodule \"xlog.so\"\n", "loadmodule \"xlog.so\"\nloadmodule \"tls.so\"\nmodparam(\"tls\", \"config\", \""+filepath.Join(p.dir, "tls.cfg")+"\")\n",
	).Replace(p.config)
}
