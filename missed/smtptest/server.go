// Package smtptest is a mail server for tests: it takes mail, over TLS or not, with or
// without a login, and refuses it as it is told.
//
// A Server serves each client on a goroutine of its own; its methods may be called from
// any goroutine.
package smtptest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Mail is one mail that was taken.
type Mail struct {
	From string
	To   []string
	// Data is the mail with its header, lines ended by LF.
	Data string
	// Auth is how the client logged in: method and what it sent, decoded.
	Auth string
	// Secure says that it came over TLS.
	Secure bool
}

// Server is a mail server.
type Server struct {
	Addr string
	// CA is its certificate, PEM.
	CA []byte
	// Mails are those that were taken.
	Mails chan Mail

	config  *tls.Config
	listen  net.Listener
	running sync.WaitGroup

	mu     sync.Mutex
	answer map[string]string
	conns  map[net.Conn]bool
}

// Options change what a Server does.
type Options struct {
	// TLS speaks it from the first byte on; otherwise STARTTLS is offered.
	TLS bool
	// Auth are the methods offered, "" for none.
	Auth string
	// Addr is where it listens, 127.0.0.1:0 where it is "".
	Addr string
}

// New starts a server, which ends with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{Mails: make(chan Mail, 100), answer: make(map[string]string), conns: make(map[net.Conn]bool)}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	var err error
	if s.listen, err = net.Listen("tcp", o.Addr); err != nil {
		t.Fatal(err)
	}
	s.Addr = s.listen.Addr().String()
	s.certificate(t, s.listen.Addr().(*net.TCPAddr).IP)
	s.running.Go(func() {
		for {
			conn, err := s.listen.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns[conn] = true
			s.mu.Unlock()
			s.running.Go(func() { s.serve(conn, o) })
		}
	})
	t.Cleanup(s.close)
	return s
}

func (s *Server) close() {
	_ = s.listen.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Answer has the server answer a command (MAIL, RCPT, DATA, AUTH) with a line from now
// on; "" takes that back.
func (s *Server) Answer(command, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer[command] = line
}

func (s *Server) scripted(command string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answer[command]
}

// certificate makes one for an address.
func (s *Server) certificate(t testing.TB, ip net.IP) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{ip}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s.config = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// serve speaks to one client (RFC 5321).
func (s *Server) serve(conn net.Conn, o Options) {
	defer func() {
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
		_ = conn.Close()
	}()
	c := conn
	mail := Mail{}
	if o.TLS {
		c, mail.Secure = tls.Server(conn, s.config), true
	}
	r := bufio.NewReader(c)
	say := func(line string) { _, _ = io.WriteString(c, line+"\r\n") }
	read := func() (string, bool) {
		line, err := r.ReadString('\n')
		return strings.TrimRight(line, "\r\n"), err == nil
	}
	say("220 mail.test ESMTP")
	for {
		line, ok := read()
		if !ok {
			return
		}
		command, rest, _ := strings.Cut(line, " ")
		command = strings.ToUpper(command)
		if a := s.scripted(command); a != "" {
			say(a)
			continue
		}
		switch command {
		case "EHLO":
			say("250-mail.test")
			if !mail.Secure {
				say("250-STARTTLS")
			}
			if o.Auth != "" {
				say("250-AUTH " + o.Auth)
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			c, mail.Secure = tls.Server(conn, s.config), true
			r = bufio.NewReader(c)
		case "AUTH":
			method, initial, given := strings.Cut(rest, " ")
			if !given {
				say("334 ")
				if initial, ok = read(); !ok {
					return
				}
			}
			text, _ := base64.StdEncoding.DecodeString(initial)
			mail.Auth = method + " " + strings.ReplaceAll(strings.ReplaceAll(string(text), "\x00", "|"), "\x01", "|")
			say("235 welcome")
		case "MAIL":
			mail.From, mail.To = between(rest), nil
			say("250 ok")
		case "RCPT":
			mail.To = append(mail.To, between(rest))
			say("250 ok")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				line, ok := read()
				if !ok {
					return
				}
				if line == "." {
					break
				}
				fmt.Fprintln(&b, strings.TrimPrefix(line, "."))
			}
			mail.Data = b.String()
			s.Mails <- mail
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// between is what stands between < and >.
func between(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}
