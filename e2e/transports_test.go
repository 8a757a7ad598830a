package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// streams is the home with every transport.
func streams(t *testing.T, n network) string {
	t.Helper()
	cert := certificate(t, n.host(1))
	return strings.NewReplacer(
		"udpbindaddr=@PBX@:5060\n", "udpbindaddr=@PBX@:5060\ntcpenable=yes\ntlsenable=yes\ntlscertfile="+cert+"\n",
		"context=home\n", "context=home\ntransport=udp,tcp,tls,ws,wss\n",
	).Replace(home) + `-- http.conf --
[general]
enabled=yes
bindaddr=@PBX@
tlsenable=yes
tlsbindaddr=@PBX@:8089
tlscertfile=` + cert + "\n"
}

// certificateOf is the file of the certificate in an archive of streams.
func certificateOf(archive string) string {
	_, file, _ := strings.Cut(archive, "tlscertfile=")
	file, _, _ = strings.Cut(file, "\n")
	return file
}

// certificate makes one for an address, signed by itself.
func certificate(t *testing.T, host string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, IPAddresses: []net.IP{net.ParseIP(host)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pbx.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestPhonesOverStreams: two phones register over TCP or TLS, call each other, and
// each hears the other.
func TestPhonesOverStreams(t *testing.T) {
	for name, at := range map[string]string{"TCP": ":5060;transport=tcp", "TLS": ":5061;transport=tls"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork()
			x := newExchangeOn(t, n, streams(t, n))
			alice := startBaresip(t, n.host(11), n.host(1)+at, "alice", "correct-horse-battery", 400, false)
			bob := startBaresip(t, n.host(12), n.host(1)+at, "bob", "staple-paperclip-stamp", 800, true)
			x.reachedOver("alice", name)
			x.reachedOver("bob", name)
			alice.do("dial", "sip:102@"+n.host(1)+at)
			alice.await("CALL_ESTABLISHED")
			bob.await("CALL_ESTABLISHED")
			alice.hears(800)
			bob.hears(400)
			bob.do("hangup", "")
			alice.await("CALL_CLOSED")
			x.idle()
		})
	}
}

// reachedOver waits until a phone has registered over a transport.
func (x *exchange) reachedOver(user, transport string) {
	x.t.Helper()
	eventually(x.t, 15*time.Second, user+" registered over "+transport, func() bool {
		got := x.console("sip show peer " + user)
		return strings.Contains(got, "Prim.Transp. : "+transport) && !strings.Contains(got, "Expire       : -1")
	})
}

// TestLinphoneOverStreams: linphone registers over TCP and TLS.
func TestLinphoneOverStreams(t *testing.T) {
	for name, at := range map[string]string{"TCP": ":5060;transport=tcp", "TLS": ":5061;transport=tls"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork()
			archive := streams(t, n)
			x := newExchangeOn(t, n, archive)
			startLinphone(t, n.host(13), n.host(1)+at, n.host(1), certificateOf(archive))
			eventually(t, 30*time.Second, "linphone registered over "+name, func() bool {
				got := x.console("sip show peer alice")
				return strings.Contains(strings.ToLower(got), "linphone") && strings.Contains(got, "Prim.Transp. : "+name)
			})
		})
	}
}

// startLinphone runs linphonec, which registers alice.
func startLinphone(t *testing.T, host, registrar, domain, trusted string) {
	t.Helper()
	runLinphone(t, fmt.Sprintf(`[sip]
sip_port=-1
sip_tcp_port=-1
sip_tls_port=-1
bind_address=%[3]s
default_proxy=0
use_ipv6=0
verify_server_certs=0
verify_server_cn=0
root_ca=%[4]s

[proxy_0]
reg_proxy=<sip:%[1]s>
reg_identity=sip:alice@%[2]s
reg_expires=600
reg_sendregister=1

[auth_info_0]
username=alice
userid=alice
passwd=correct-horse-battery
realm=asterisk
`, registrar, domain, host, trusted))
}

// runLinphone runs linphonec with a configuration.
func runLinphone(t *testing.T, text string) {
	t.Helper()
	path := tool(t, "linphonec")
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".local/share/linphone"), 0o700); err != nil {
		t.Fatal(err)
	}
	rc := filepath.Join(dir, "linphonerc")
	if err := os.WriteFile(rc, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-c", rc)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	out := newOutput()
	cmd.Stdout, cmd.Stderr = out, out
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Kill()
		<-done
		if t.Failed() {
			t.Logf("linphonec printed:\n%s", out)
		}
	})
}

// TestFamilies: a phone with an IPv4 address and one with an IPv6 address talk.
func TestFamilies(t *testing.T) {
	t.Parallel()
	n := newNetwork()
	port := freePort(t, "::1")
	x := newExchangeOn(t, n, strings.Replace(home, "udpbindaddr=@PBX@:5060\n", fmt.Sprintf("udpbindaddr=@PBX@:5060, [::1]:%d\n", port), 1))
	alice := startBaresip(t, n.host(11), n.host(1), "alice", "correct-horse-battery", 400, false)
	bob := startBaresip(t, "::1", fmt.Sprintf("[::1]:%d", port), "bob", "staple-paperclip-stamp", 800, true)
	alice.registered(x, "alice", n.host(11))
	bob.registered(x, "bob", "::1")
	alice.do("dial", "sip:102@"+n.host(1))
	alice.await("CALL_ESTABLISHED")
	bob.await("CALL_ESTABLISHED")
	alice.hears(800)
	bob.hears(400)
	alice.do("hangup", "")
	bob.await("CALL_CLOSED")
	x.idle()
}

// TestBrowser: a client over WebSocket, in the clear and with TLS, on the port of the
// HTTP server, registers and calls.
func TestBrowser(t *testing.T) {
	for name, url := range map[string]string{"WS": "ws://%s:8088/ws", "WSS": "wss://%s:8089/ws"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork()
			x := newExchangeOn(t, n, streams(t, n))
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			conn, _, err := websocket.Dial(ctx, fmt.Sprintf(url, n.host(1)), &websocket.DialOptions{ //nolint:bodyclose // Dial took what there was of it
				Subprotocols: []string{"sip"}, HTTPClient: insecureClient(), HTTPHeader: map[string][]string{"Origin": {"https://" + n.host(1)}},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.CloseNow()
			send := func(text string) {
				t.Helper()
				if err := conn.Write(ctx, websocket.MessageText, []byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil {
					t.Fatal(err)
				}
			}
			receive := func(want string) string {
				t.Helper()
				for {
					_, b, err := conn.Read(ctx)
					if err != nil {
						t.Fatalf("waiting for %s: %v", want, err)
					}
					if strings.HasPrefix(string(b), want) {
						return string(b)
					}
				}
			}
			pbx := n.host(1)
			request := func(method, uri, to, id string, seq int, extra, body string) string {
				return fmt.Sprintf("%s %s SIP/2.0\nVia: SIP/2.0/%s df7jal23ls0d.invalid;branch=z9hG4bK%s%d%s\nMax-Forwards: 70\nFrom: <sip:alice@%s>;tag=web\nTo: %s\nCall-ID: %s\nCSeq: %d %s\nContact: <sip:alice@df7jal23ls0d.invalid;transport=ws>\n%sContent-Length: %d\n\n%s",
					method, uri, name, method, seq, id, pbx, to, id, seq, method, extra, len(strings.ReplaceAll(body, "\n", "\r\n")), body)
			}
			send(request("REGISTER", "sip:"+pbx, "<sip:alice@"+pbx+">", "reg", 1, "", ""))
			challenge := receive("SIP/2.0 401")
			send(request("REGISTER", "sip:"+pbx, "<sip:alice@"+pbx+">", "reg", 2, authorization(challenge, "REGISTER", "sip:"+pbx, "alice", "correct-horse-battery"), ""))
			receive("SIP/2.0 200")
			if got := x.console("sip show peer alice"); !strings.Contains(got, "Prim.Transp. : "+name) {
				t.Errorf("%s", got)
			}
			sdp := "v=0\no=- 1 1 IN IP4 " + n.host(14) + "\ns=-\nc=IN IP4 " + n.host(14) + "\nt=0 0\nm=audio 40000 RTP/AVP 0\n"
			send(request("INVITE", "sip:600@"+pbx, "<sip:600@"+pbx+">", "call", 1, "Content-Type: application/sdp\n", sdp))
			challenge = receive("SIP/2.0 401")
			to := "<sip:600@" + pbx + ">;tag=" + tagOf(challenge)
			send(request("ACK", "sip:600@"+pbx, to, "call", 1, "", ""))
			send(request("INVITE", "sip:600@"+pbx, "<sip:600@"+pbx+">", "call", 2, authorization(challenge, "INVITE", "sip:600@"+pbx, "alice", "correct-horse-battery")+"Content-Type: application/sdp\n", sdp))
			answer := receive("SIP/2.0 200")
			if !strings.Contains(answer, "m=audio ") || !strings.Contains(answer, ";transport=ws>") {
				t.Errorf("answered\n%s", answer)
			}
			to = "<sip:600@" + pbx + ">;tag=" + tagOf(answer)
			send(request("ACK", "sip:600@"+pbx, to, "call", 2, "", ""))
			send(request("BYE", "sip:600@"+pbx, to, "call", 3, "", ""))
			receive("SIP/2.0 200")
			x.idle()
		})
	}
}

// insecureClient takes any certificate: those of these tests sign themselves.
func insecureClient() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // as said
}

// authorization answers a challenge with qop=auth (RFC 7616 3.4).
func authorization(challenge, method, uri, user, secret string) string {
	field := func(name string) string {
		_, v, _ := strings.Cut(challenge, name+`="`)
		v, _, _ = strings.Cut(v, `"`)
		return v
	}
	hash := func(parts ...string) string { return fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(parts, ":")))) }
	response := hash(hash(user, field("realm"), secret), field("nonce"), "00000001", "c", "auth", hash(method, uri))
	return fmt.Sprintf("Authorization: Digest username=%q, realm=%q, nonce=%q, uri=%q, response=%q, algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\"\n",
		user, field("realm"), field("nonce"), uri, response)
}

func tagOf(m string) string {
	_, tag, _ := strings.Cut(header(m, "To"), ";tag=")
	return strings.TrimSpace(tag)
}

// TestCertificateReload: the exchange shows a new certificate after a reload.
func TestCertificateReload(t *testing.T) {
	t.Parallel()
	n := newNetwork()
	archive := streams(t, n)
	x := newExchangeOn(t, n, archive)
	shown := func() string {
		c, err := tls.Dial("tcp", n.host(1)+":5061", &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is looked at
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return string(c.ConnectionState().PeerCertificates[0].Signature)
	}
	before := shown()
	phone := startBaresip(t, n.host(11), n.host(1)+":5061;transport=tls", "alice", "correct-horse-battery", 400, false)
	x.reachedOver("alice", "TLS")
	file := certificateOf(archive)
	fresh, err := os.ReadFile(certificate(t, n.host(1)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, fresh, 0o600); err != nil {
		t.Fatal(err)
	}
	x.console("sip reload")
	eventually(t, 10*time.Second, "the new certificate", func() bool { return shown() != before })
	phone.do("dial", "sip:600@"+n.host(1)+":5061;transport=tls")
	phone.await("CALL_ESTABLISHED") // over the connection that it had
	phone.do("hangup", "")
	phone.await("CALL_CLOSED")
	x.idle()
}
