package server

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pbx/configs"
	"pbx/console"
	pbxio "pbx/io"
)

// exchange is a whole Server on a network in memory. In a synctest bubble its
// clock is the bubble's: nothing takes time but what is meant to.
type exchange struct {
	t    *testing.T
	net  *pbxio.Memory
	s    *Server
	dir  string
	over chan error
	// stopped is set once the end was waited for.
	stopped bool
}

// newExchange starts the default office, with edits made to its files before.
func newExchange(t *testing.T, edits ...func(dir string)) *exchange {
	t.Helper()
	random := mrand.NewChaCha8([32]byte{2}) // the same office every time
	dir := filepath.Join(t.TempDir(), "config")
	if _, err := configs.Write(dir, random); err != nil {
		t.Fatal(err)
	}
	x := &exchange{t: t, net: pbxio.NewMemory(), dir: dir, over: make(chan error, 1)}
	x.edit("sip.conf", "udpbindaddr=0.0.0.0:5060", "udpbindaddr=127.0.0.1:5060")
	for _, e := range edits {
		e(dir)
	}
	s, err := New(Options{
		ConfigDir: dir, StateDir: filepath.Dir(dir), Version: "test", Logger: testLogger(t), Network: x.net,
		Random: random, NoConsole: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	x.s = s
	go func() { x.over <- s.Run() }()
	return x
}

// testLogger shows warnings and verbose lines of a test that fails.
func testLogger(t *testing.T) *console.Logger {
	l := console.NewLogger()
	t.Cleanup(l.Close)
	levels := console.ConsoleLevels()
	levels.Verbose = 3
	l.Attach("test", levels, func(_ slog.Level, line []byte) { t.Log(strings.TrimSpace(string(line))) })
	return l
}

func (x *exchange) stop() {
	x.t.Helper()
	if x.stopped {
		return
	}
	x.stopped = true
	x.s.Stop(0)
	if err := <-x.over; err != nil {
		x.t.Errorf("Run: %v", err)
	}
	x.s.logger.Close()
}

// edit replaces a text in a file of the office.
func (x *exchange) edit(name, from, to string) { edit(x.t, filepath.Join(x.dir, name), from, to) }

func edit(t *testing.T, path, from, to string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), from) {
		t.Fatalf("%s does not hold %q", path, from)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), from, to, 1)), 0o640); err != nil {
		t.Fatal(err)
	}
}

// command runs a console command.
func (x *exchange) command(line string) string {
	x.t.Helper()
	var out strings.Builder
	_ = x.s.Commands().Run(x.t.Context(), line, &out)
	return out.String()
}

// secret is what sip.conf has for a phone.
func (x *exchange) secret(name string) string {
	x.t.Helper()
	b, err := os.ReadFile(filepath.Join(x.dir, "sip.conf"))
	if err != nil {
		x.t.Fatal(err)
	}
	m := regexp.MustCompile(`(?s)\n\[` + name + `\].*?\nsecret=(\w+)`).FindSubmatch(b)
	if m == nil {
		x.t.Fatalf("sip.conf has no phone %s", name)
	}
	return string(m[1])
}

// phone is a SIP phone that a test holds in its hand.
type phone struct {
	x      *exchange
	name   string
	addr   netip.AddrPort
	rtp    pbxio.Socket
	sock   pbxio.Socket
	poller pbxio.Poller
	serial int
	// trace is what was sent and received, by Call-ID.
	trace map[string][]string
	calls []string // Call-IDs in order
}

var exchangeAddr = netip.MustParseAddrPort("127.0.0.1:5060")

func (x *exchange) phone(name string) *phone {
	x.t.Helper()
	p := &phone{x: x, name: name, trace: make(map[string][]string)}
	p.addr = netip.MustParseAddrPort("127.0.0." + name + ":5060")
	var err error
	if p.sock, err = x.net.ListenUDP(p.addr, pbxio.SocketOptions{}); err != nil {
		x.t.Fatal(err)
	}
	if p.rtp, err = x.net.ListenUDP(netip.AddrPortFrom(p.addr.Addr(), 4000), pbxio.SocketOptions{}); err != nil {
		x.t.Fatal(err)
	}
	if p.poller, err = x.net.NewPoller(); err != nil {
		x.t.Fatal(err)
	}
	if err := p.poller.Add(p.sock.FD(), pbxio.In); err != nil {
		x.t.Fatal(err)
	}
	return p
}

// header returns the first value of a header, as it stands on the wire.
func header(msg, name string) string {
	for line := range strings.SplitSeq(msg, "\r\n") {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(k, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func headers(msg, name string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(msg, "\r\n") {
		if k, _, ok := strings.Cut(line, ":"); ok && strings.EqualFold(k, name) {
			b.WriteString(line + "\r\n")
		}
	}
	return b.String()
}

func startLine(msg string) string {
	line, _, _ := strings.Cut(msg, "\r\n")
	return line
}

// note keeps a message in its dialog's trace.
func (p *phone) note(direction, msg string) {
	id := header(msg, "Call-ID")
	if _, seen := p.trace[id]; !seen {
		p.calls = append(p.calls, id)
	}
	p.trace[id] = append(p.trace[id], direction+" "+msg)
}

func (p *phone) send(msg string) {
	p.x.t.Helper()
	p.note(">", msg)
	if err := p.sock.Send([]byte(msg), exchangeAddr); err != nil {
		p.x.t.Fatal(err)
	}
}

// receive waits up to d for a message; "" when none came.
func (p *phone) receive(d time.Duration) string {
	p.x.t.Helper()
	buf := make([]byte, 4096)
	ready := make([]pbxio.Ready, 1)
	for end := time.Now().Add(d); ; {
		n, _, err := p.sock.Recv(buf)
		if err == nil {
			msg := string(buf[:n])
			p.note("<", msg)
			if strings.HasPrefix(msg, "OPTIONS ") { // the exchange asks whether we are there
				p.send(p.response(msg, "200 OK", ""))
				continue
			}
			return msg
		}
		if !errors.Is(err, pbxio.ErrAgain) {
			p.x.t.Fatal(err)
		}
		left := time.Until(end)
		if left <= 0 {
			return ""
		}
		if _, err := p.poller.Wait(left, ready); err != nil {
			p.x.t.Fatal(err)
		}
	}
}

// expect receives a message whose start line begins with want.
func (p *phone) expect(want string) string {
	p.x.t.Helper()
	msg := p.receive(40 * time.Second)
	if strings.HasPrefix(want, "SIP/2.0 ") || !strings.Contains(want, " ") {
		// a response by its code, or a request by its method
		want = strings.TrimPrefix(want, "SIP/2.0 ")
	}
	line := strings.TrimPrefix(startLine(msg), "SIP/2.0 ")
	if !strings.HasPrefix(line, want+" ") {
		p.x.t.Fatalf("phone %s: got %q, want %s", p.name, startLine(msg), want)
	}
	return msg
}

// response answers a request; a To tag is added when it has none.
func (p *phone) response(req, status, body string) string {
	to := header(req, "To")
	if !strings.Contains(to, "tag=") {
		to += ";tag=" + p.name
	}
	msg := "SIP/2.0 " + status + "\r\n" + headers(req, "Via") + headers(req, "Record-Route") + headers(req, "From") +
		"To: " + to + "\r\n" + headers(req, "Call-ID") + headers(req, "CSeq") + "Contact: <sip:" + p.name + "@" + p.addr.String() + ">\r\n"
	return msg + payload(body)
}

func payload(body string) string {
	if body != "" {
		return fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	return "Content-Length: 0\r\n\r\n"
}

func (p *phone) sdp() string {
	a := p.addr.Addr()
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n", a, a)
}

// request builds a request outside of a dialog.
func (p *phone) request(method, to, callID string, cseq int, extra, body string) string {
	p.serial++
	return fmt.Sprintf("%s sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s-%d;rport\r\nMax-Forwards: 70\r\nFrom: <sip:%s@127.0.0.1>;tag=f%s\r\n"+
		"To: <sip:%s>\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s>\r\n%s", method, strings.TrimPrefix(to, "@"), p.addr, p.name, p.serial,
		p.name, p.name, toURI(to, p.name), callID, cseq, method, p.name, p.addr, extra) + payload(body)
}

func toURI(to, self string) string {
	if strings.HasPrefix(to, "@") {
		return self + to
	}
	return to
}

// authorize answers a challenge (RFC 2617, section 3.2.2, qop=auth).
func (p *phone) authorize(challenge, method, uri string) string {
	param := func(name string) string {
		m := regexp.MustCompile(`\b` + name + `="?([^",]*)`).FindStringSubmatch(header(challenge, "WWW-Authenticate"))
		if m == nil {
			return ""
		}
		return m[1]
	}
	h := func(text string) string {
		sum := md5.Sum([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	realm, nonce := param("realm"), param("nonce")
	ha1 := h(p.name + ":" + realm + ":" + p.x.secret(p.name))
	answer := h(ha1 + ":" + nonce + ":00000001:0a4f113b:auth:" + h(method+":"+uri))
	return fmt.Sprintf("Authorization: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"0a4f113b\"\r\n",
		p.name, realm, nonce, uri, answer)
}

// register registers the phone with its password.
func (p *phone) register() {
	p.x.t.Helper()
	id := "reg-" + p.name
	p.send(p.request("REGISTER", "@127.0.0.1", id, 1, "Expires: 600\r\n", ""))
	challenge := p.expect("401")
	p.send(p.request("REGISTER", "@127.0.0.1", id, 2, "Expires: 600\r\n"+p.authorize(challenge, "REGISTER", "sip:127.0.0.1"), ""))
	p.expect("200")
}

// call sends an INVITE with the password and returns it after the 100.
func (p *phone) call(number, callID string) (invite string) {
	p.x.t.Helper()
	to := number + "@127.0.0.1"
	first := p.request("INVITE", to, callID, 1, "", p.sdp())
	p.send(first)
	challenge := p.expect("401")
	p.send(p.ack(first, challenge))
	invite = p.request("INVITE", to, callID, 2, p.authorize(challenge, "INVITE", "sip:"+to), p.sdp())
	p.send(invite)
	p.expect("100")
	return invite
}

// ack acknowledges a response; that to a 2xx is a transaction of its own
// (RFC 3261, 13.2.2.4).
func (p *phone) ack(invite, response string) string {
	uri := strings.Fields(startLine(invite))[1]
	via := headers(invite, "Via")
	if strings.HasPrefix(response, "SIP/2.0 2") {
		p.serial++
		via = fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bK%s-%d;rport\r\n", p.addr, p.name, p.serial)
		uri = target(response)
	}
	n, _, _ := strings.Cut(header(invite, "CSeq"), " ")
	return "ACK " + uri + " SIP/2.0\r\n" + via + "Max-Forwards: 70\r\n" + headers(invite, "From") + headers(response, "To") +
		headers(invite, "Call-ID") + "CSeq: " + n + " ACK\r\nContent-Length: 0\r\n\r\n"
}

// target is the URI of a message's Contact.
func target(msg string) string {
	c := header(msg, "Contact")
	if i := strings.IndexByte(c, '<'); i >= 0 {
		c = c[i+1:]
	}
	c, _, _ = strings.Cut(c, ">")
	return c
}

// bye ends a call that the phone made: response is the 200 to its INVITE.
// cancel takes an INVITE back.
func (p *phone) cancel(invite string) string {
	first, rest, _ := strings.Cut(invite, "\r\n")
	head, _, _ := strings.Cut(rest, "Content-Type:")
	head = strings.Replace(head, " INVITE\r\n", " CANCEL\r\n", 1)
	return strings.Replace(first, "INVITE", "CANCEL", 1) + "\r\n" + head + "Content-Length: 0\r\n\r\n"
}

func (p *phone) bye(invite, response string) {
	p.x.t.Helper()
	p.serial++
	p.send("BYE " + target(response) + " SIP/2.0\r\n" + fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bK%s-%d;rport\r\n", p.addr, p.name, p.serial) +
		"Max-Forwards: 70\r\n" + headers(invite, "From") + headers(response, "To") + headers(invite, "Call-ID") + "CSeq: 3 BYE\r\nContent-Length: 0\r\n\r\n")
	p.expect("200")
}

// summary is the dialog of a Call-ID in short: direction, start line without the
// address, and CSeq.
func (p *phone) summary(callID string) string {
	var b strings.Builder
	for _, m := range p.trace[callID] {
		fmt.Fprintf(&b, "%s %s [%s]\n", m[:1], strings.TrimSuffix(startLine(m[2:]), " SIP/2.0"), header(m[2:], "CSeq"))
	}
	return b.String()
}
