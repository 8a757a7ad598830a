package e2e

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// TestAMIOverTLS: a program logs in and originates a call over TLS, whose certificate
// names the exchange; what is older than TLS 1.2, and what is no TLS, gets nowhere.
func TestAMIOverTLS(t *testing.T) {
	t.Parallel()
	n := newNetwork()
	cert := certificate(t, n.host(1))
	x := newExchangeOn(t, n, strings.Replace(amiOffice, "bindaddr=@PBX@\n[crm]", "bindaddr=@PBX@\ntlsenable=yes\ntlsbindaddr=@PBX@:5039\ntlscertfile="+cert+"\ntlsprivatekey="+cert+"\n[crm]", 1))
	text, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatal("no certificate in the file")
	}
	at := n.host(1) + ":5039"
	conn, err := tls.Dial("tcp", at, &tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := &amiClient{t, conn, bufio.NewReader(conn)}
	if line, err := c.in.ReadString('\n'); err != nil || line != "Asterisk Call Manager/9.0.0\r\n" {
		t.Fatalf("greeted with %q, %v", line, err)
	}
	c.send("Action: Login", "Username: crm", "Secret: correct horse", "ActionID: login")
	if r := c.await("ActionID", "login"); r["Response"] != "Success" {
		t.Fatalf("login: %v", r)
	}
	c.send("Action: Originate", "Channel: Local/1000@t", "Application: Wait", "Data: 30", "Async: true", "ActionID: o")
	r := c.await("Event", "OriginateResponse")
	if r["Response"] != "Success" {
		t.Fatalf("originate: %v", r)
	}
	c.send("Action: Hangup", "Channel: "+r["Channel"])
	x.idle()

	if _, err := tls.Dial("tcp", at, &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is served")
	}
	plain, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := plain.Write([]byte("Action: Login\r\nUsername: crm\r\nSecret: correct horse\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = plain.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 512)
	size, _ := plain.Read(buf)
	if strings.Contains(string(buf[:size]), "Asterisk Call Manager") {
		t.Errorf("who speaks no TLS was told %q", buf[:size])
	}
}
