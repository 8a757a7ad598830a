// Command sipload is a generator of SIP load over UDP, TCP and TLS: Debian's sipp has
// no TLS. It registers users, or makes calls from one side and answers them on the
// other, and prints what became of them as key=value.
//
//	sipload -w register  -proto tls -target 127.0.10.1:5061 -local 127.0.10.6 -users 500 -rate 200 -secs 8
//	sipload -w b2bua_call -proto tls -target 127.0.10.1:5061 -local 127.0.10.2 -uas 127.0.10.3:5073 -exten 2011 -rate 50 -secs 8
//
// Connections are made before the load begins and stay, as those of phones do: -conns
// of them for calls, one a user for registrations.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	workload = flag.String("w", "register", "register or b2bua_call")
	proto    = flag.String("proto", "udp", "udp, tcp or tls")
	target   = flag.String("target", "127.0.10.1:5060", "the PBX")
	local    = flag.String("local", "127.0.10.2", "our address")
	uas      = flag.String("uas", "", "address of the callee, which answers calls")
	exten    = flag.String("exten", "2000", "extension to call")
	users    = flag.Int("users", 500, "users to register")
	conns    = flag.Int("conns", 50, "connections of callers")
	rate     = flag.Int("rate", 100, "operations a second")
	secs     = flag.Int("secs", 8, "how long")
	ready    = flag.String("ready-file", "", "written when the connections are made; the load begins when it is removed")
)

// link is a way to send messages and get those that come.
type link struct {
	conn    net.Conn
	packet  *net.UDPConn // of UDP that is not connected
	peer    net.Addr
	mu      sync.Mutex
	waiting map[string]chan string // by Call-ID
	handle  func(l *link, m string)
	via     string
}

func header(m, name string) string {
	i := strings.Index(m, "\r\n"+name+": ")
	if i < 0 {
		return ""
	}
	v, _, _ := strings.Cut(m[i+len(name)+4:], "\r\n")
	return v
}

func (l *link) send(m string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.packet != nil {
		_, _ = l.packet.WriteTo([]byte(m), l.peer)
		return
	}
	_, _ = l.conn.Write([]byte(m))
}

// read hands each message to who waits for its call, or to handle.
func (l *link) read() {
	buf := make([]byte, 64<<10)
	var rest []byte
	for {
		n, err := l.conn.Read(buf)
		if err != nil {
			return
		}
		if *proto == "udp" {
			l.take(string(buf[:n]))
			continue
		}
		rest = append(rest, buf[:n]...)
		for {
			rest = bytes.TrimLeft(rest, "\r\n")
			i := bytes.Index(rest, []byte("\r\n\r\n"))
			if i < 0 {
				break
			}
			length, _ := strconv.Atoi(header(string(rest[:i+2]), "Content-Length"))
			if len(rest) < i+4+length {
				break
			}
			l.take(string(rest[:i+4+length]))
			rest = append(rest[:0], rest[i+4+length:]...)
		}
	}
}

func (l *link) take(m string) {
	l.mu.Lock()
	c := l.waiting[header(m, "Call-ID")]
	l.mu.Unlock()
	if c != nil {
		select {
		case c <- m:
		default:
		}
		return
	}
	if l.handle != nil {
		l.handle(l, m)
	}
}

// dial opens a link to the PBX.
func dial() (*link, error) {
	l := &link{waiting: make(map[string]chan string), via: strings.ToUpper(*proto)}
	var err error
	d := net.Dialer{Timeout: 5 * time.Second}
	if ip := net.ParseIP(*local); *proto == "udp" {
		d.LocalAddr = &net.UDPAddr{IP: ip}
	} else {
		d.LocalAddr = &net.TCPAddr{IP: ip}
	}
	switch *proto {
	case "udp":
		l.conn, err = d.Dial("udp", *target)
	case "tcp":
		l.conn, err = d.Dial("tcp", *target)
	case "tls":
		l.conn, err = tls.DialWithDialer(&d, "tcp", *target, &tls.Config{InsecureSkipVerify: true})
	default:
		err = errors.New("unknown protocol " + *proto)
	}
	if err != nil {
		return nil, err
	}
	go l.read()
	return l, nil
}

// wait expects the messages of one call.
func (l *link) wait(id string) (<-chan string, func()) {
	c := make(chan string, 16)
	l.mu.Lock()
	l.waiting[id] = c
	l.mu.Unlock()
	return c, func() {
		l.mu.Lock()
		delete(l.waiting, id)
		l.mu.Unlock()
	}
}

var serial atomic.Int64

// stamp keeps the names of two runs apart: what was said twice with one name is a loop.
var stamp = strconv.FormatInt(time.Now().UnixNano(), 36)

func (l *link) request(method, uri, from, to, id string, seq int, extra, body string) string {
	host := l.conn.LocalAddr().String()
	return fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;rport;branch=z9hG4bK%s%d\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:load@%s;transport=%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, uri, l.via, host, stamp, serial.Add(1), from, to, id, seq, method, host, *proto, extra, len(body), body)
}

// await returns the first message that begins so.
func await(c <-chan string, starts ...string) (string, error) {
	late := time.NewTimer(8 * time.Second)
	defer late.Stop()
	for {
		select {
		case m := <-c:
			for _, s := range starts {
				if strings.HasPrefix(m, s) {
					return m, nil
				}
			}
			if len(m) > 8 && m[:8] == "SIP/2.0 " && m[8] >= '3' {
				return "", errors.New(m[:min(len(m), 40)])
			}
		case <-late.C:
			return "", errors.New("no answer")
		}
	}
}

func register(l *link, user int) error {
	name, secret := fmt.Sprintf("user%04d", user+1), fmt.Sprintf("pw%04d", user+1)
	id := fmt.Sprintf("r%s%d@%s", stamp, serial.Add(1), *local)
	c, end := l.wait(id)
	defer end()
	uri := "sip:" + *target
	from := fmt.Sprintf("<sip:%s@bench>;tag=%d", name, serial.Add(1))
	to := fmt.Sprintf("<sip:%s@bench>", name)
	l.send(l.request("REGISTER", uri, from, to, id, 1, "Expires: 600\r\n", ""))
	m, err := await(c, "SIP/2.0 401")
	if err != nil {
		return err
	}
	field := func(n string) string {
		_, v, _ := strings.Cut(header(m, "WWW-Authenticate"), n+`="`)
		v, _, _ = strings.Cut(v, `"`)
		return v
	}
	hash := func(p ...string) string { return fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(p, ":")))) }
	response := hash(hash(name, field("realm"), secret), field("nonce"), "00000001", "c", "auth", hash("REGISTER", uri))
	proof := fmt.Sprintf("Authorization: Digest username=%q, realm=%q, nonce=%q, uri=%q, response=%q, algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\"\r\n", name, field("realm"), field("nonce"), uri, response)
	l.send(l.request("REGISTER", uri, from, to, id, 2, proof+"Expires: 600\r\n", ""))
	_, err = await(c, "SIP/2.0 200")
	return err
}

const sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"

func call(l *link) error {
	id := fmt.Sprintf("c%s%d@%s", stamp, serial.Add(1), *local)
	c, end := l.wait(id)
	defer end()
	uri := "sip:" + *exten + "@" + *target
	from := fmt.Sprintf("<sip:load@%s>;tag=%d", *local, serial.Add(1))
	l.send(l.request("INVITE", uri, from, "<"+uri+">", id, 1, "Content-Type: application/sdp\r\n", sdp))
	m, err := await(c, "SIP/2.0 200")
	if err != nil {
		return err
	}
	to := header(m, "To")
	l.send(l.request("ACK", uri, from, to, id, 1, "", ""))
	time.Sleep(time.Second)
	l.send(l.request("BYE", uri, from, to, id, 2, "", ""))
	_, err = await(c, "SIP/2.0 200")
	return err
}

// answer is the callee.
func answer(l *link, m string) {
	method, _, _ := strings.Cut(m, " ")
	reply := func(status, extra, body string) {
		var b strings.Builder
		b.WriteString("SIP/2.0 " + status + "\r\n")
		for _, h := range []string{"Via", "From"} {
			b.WriteString(h + ": " + header(m, h) + "\r\n")
		}
		to := header(m, "To")
		if !strings.Contains(to, ";tag=") {
			to += ";tag=callee"
		}
		fmt.Fprintf(&b, "To: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: %d\r\n\r\n%s", to, header(m, "Call-ID"), header(m, "CSeq"), extra, len(body), body)
		l.send(b.String())
	}
	switch method {
	case "INVITE":
		contact := fmt.Sprintf("Contact: <sip:callee@%s;transport=%s>\r\n", *uas, *proto)
		reply("180 Ringing", contact, "")
		reply("200 OK", contact+"Content-Type: application/sdp\r\n", sdp)
	case "BYE", "OPTIONS":
		reply("200 OK", "", "")
	}
}

func listen() error {
	if *proto == "udp" {
		a, err := net.ResolveUDPAddr("udp", *uas)
		if err != nil {
			return err
		}
		c, err := net.ListenUDP("udp", a)
		if err != nil {
			return err
		}
		_ = c.SetReadBuffer(8 << 20)
		l := &link{conn: c, packet: c, handle: answer, waiting: map[string]chan string{}}
		go func() {
			buf := make([]byte, 64<<10)
			for {
				n, from, err := c.ReadFrom(buf)
				if err != nil {
					return
				}
				l.peer = from
				l.take(string(buf[:n]))
			}
		}()
		return nil
	}
	ln, err := net.Listen("tcp", *uas)
	if err != nil {
		return err
	}
	if *proto == "tls" {
		pair, err := certificate()
		if err != nil {
			return err
		}
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}})
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go (&link{conn: c, handle: answer, waiting: map[string]chan string{}}).read()
		}
	}()
	return nil
}

// certificate signs itself; the PBX of the kit does not ask for more.
func certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func run() error {
	if *uas != "" {
		if err := listen(); err != nil {
			return err
		}
	}
	n := *conns
	if *workload == "register" {
		n = *users
	}
	links := make([]*link, n)
	for i := range links {
		var err error
		if links[i], err = dial(); err != nil {
			return err
		}
		if *workload == "register" && *proto != "udp" { // phones that are there: proven connections
			if err := register(links[i], i); err != nil {
				return fmt.Errorf("user %d: %w", i, err)
			}
		}
	}
	if *ready != "" {
		if err := os.WriteFile(*ready, nil, 0o600); err != nil {
			return err
		}
		for {
			if _, err := os.Stat(*ready); err != nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	var ok, failed atomic.Int64
	var group sync.WaitGroup
	total := *rate * *secs
	began := time.Now()
	var first atomic.Pointer[error]
	for i := range total {
		if wait := time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(*rate))); wait > 0 {
			time.Sleep(wait)
		}
		group.Add(1)
		go func() {
			defer group.Done()
			var err error
			if *workload == "register" {
				err = register(links[i%n], i%n)
			} else {
				err = call(links[i%n])
			}
			if err != nil {
				failed.Add(1)
				first.CompareAndSwap(nil, &err)
				return
			}
			ok.Add(1)
		}()
	}
	group.Wait()
	fmt.Printf("ok=%d failed=%d elapsed_s=%.3f\n", ok.Load(), failed.Load(), time.Since(began).Seconds())
	if e := first.Load(); e != nil {
		fmt.Fprintln(os.Stderr, "first failure:", *e)
	}
	return nil
}

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sipload:", err)
		os.Exit(1)
	}
}
