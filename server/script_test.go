package server

import (
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/console"
	pbxio "pbx/io"
)

// Stories of several phones and a real dialplan are scripts, one message a line,
// played against a whole exchange in memory and virtual time:
//
//	alice > INVITE 102 call=A        alice begins a call that the script names A;
//	                                 from=NAME says that she is somebody else
//	bob < INVITE call=A              the next message that bob gets begins his A
//	alice > INVITE A hold            she puts him on hold; without hold she takes him back
//	                                 codecs=9,0 are the payload types of her offer
//	bob > 200                        he answers the last request he got
//	bob > 200 A                      … the last INVITE of his call A
//	alice < 200 A                    the next message alice gets is of her call A
//	alice > ACK A                    within her call A
//	bob > REFER A | Refer-To: <sip:103@pbx?Replaces={B}>
//	                                 {B} is his call B, escaped
//	trudy > INVITE x call=T | Replaces: [bob:A]
//	                                 … and as it is, of another phone
//	bob < NOTIFY A | SIP/2.0 200 OK  the text must be in it; "!" before it: must not
//	alice < nothing 5s
//	wait 2s
//	log "Executing [103@t:1]"        it was logged since the last log line
//	show "core show channels" 2 active channels
//	ami m > Action: Ping | ActionID: 1   a program called m, logged in the first time,
//	                                 sends an action; what it gets is its transcript
//
// Messages with a session description are checked for one: INVITE, and 183 and 200 of an
// INVITE, have it.
type story struct {
	t      *testing.T
	net    *pbxio.Memory
	s      *Server
	over   chan error
	phones map[string]*storyPhone
	logged logged
	last   time.Time
	amis   map[string]*storyProgram
}

type storyPhone struct {
	name    string
	addr    netip.AddrPort
	sock    pbxio.Socket
	calls   map[string]*storyCall
	all     map[string]*storyPhone
	request string // last received
	serial  int
}

// storyCall is one dialog as its phone knows it.
type storyCall struct {
	id, local, remote, target string
	seq, invite               int
	branch                    string // of its last INVITE
	request                   string // last INVITE received
	final                     bool   // a refusal of its INVITE came
}

// logged keeps what is logged.
type logged struct {
	mu    sync.Mutex
	lines []string
	read  int
}

func (l *logged) add(line string) {
	l.mu.Lock()
	l.lines = append(l.lines, line)
	l.mu.Unlock()
}

// find looks for text in what was logged after what it found last.
func (l *logged) find(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := l.read; i < len(l.lines); i++ {
		if strings.Contains(l.lines[i], text) {
			l.read = i + 1
			return true
		}
	}
	return false
}

const storyHost = "127.0.60.1"

// storySIP is the sip.conf of the stories.
const storySIP = `[general]
udpbindaddr=127.0.60.1:5060
allowguest=no
context=none
disallow=all
allow=ulaw,alaw
rtptimeout=0
[phone](!)
type=friend
context=t
[alice](phone)
host=127.0.60.11
callerid="Alice A" <101>
accountcode=acc1
[bob](phone)
host=127.0.60.12
callerid="Bob B" <102>
[carol](phone)
host=127.0.60.13
callerid="Carol C" <103>
[dave](phone)
host=127.0.60.14
callerid="Dave D" <104>
[trudy](phone)
host=127.0.60.66
callerid="Trudy T" <666>
`

var storyAddrs = map[string]string{
	"alice": "127.0.60.11", "bob": "127.0.60.12", "carol": "127.0.60.13", "dave": "127.0.60.14", "trudy": "127.0.60.66",
}

// tell plays a script in an exchange with these files beside storySIP, and looks
// that nothing is left of it.
func tell(t *testing.T, files map[string]string, script string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, files)
		defer s.stop()
		s.play(script)
		s.end()
	})
}

func newStory(t *testing.T, files map[string]string) *story {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "config")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sip.conf", storySIP)
	for name, text := range files {
		write(name, text)
	}
	s := &story{t: t, net: pbxio.NewMemory(), over: make(chan error, 1), phones: map[string]*storyPhone{}}
	logger := console.NewLogger()
	t.Cleanup(logger.Close)
	levels := console.ConsoleLevels()
	levels.Verbose = 4
	logger.Attach("story", levels, func(_ slog.Level, line []byte) { s.logged.add(strings.TrimSpace(string(line))) })
	s.start(Options{
		ConfigDir: dir, StateDir: filepath.Dir(dir), Version: "test", Logger: logger, Network: s.net,
		Random: mrand.NewChaCha8([32]byte{3}), NoConsole: true,
	})
	return s
}

// start starts the exchange.
func (s *story) start(o Options) {
	s.t.Helper()
	var err error
	if s.s, err = New(o); err != nil {
		s.t.Fatal(err)
	}
	go func() { s.over <- s.s.Run() }()
	s.last = time.Now()
}

// restart stops the exchange and starts it again when it has been down for so long.
func (s *story) restart(down time.Duration) {
	s.t.Helper()
	synctest.Wait()
	s.s.Stop(0)
	if err := <-s.over; err != nil {
		s.t.Fatalf("Run: %v", err)
	}
	time.Sleep(down)
	s.start(s.s.opts)
}

// end looks that nothing is left.
func (s *story) end() {
	s.t.Helper()
	time.Sleep(time.Minute) // transactions end
	synctest.Wait()
	if got := s.show("core show channels concise"); got != "" {
		s.t.Errorf("channels are left:\n%s", got)
	}
	if got := s.show("sip show channels"); !strings.Contains(got, "0 active SIP dialogs") {
		s.t.Errorf("dialogs are left:\n%s", got)
	}
	if got := s.show("missed show"); !strings.Contains(got, "; 0 calls are followed") {
		s.t.Errorf("calls are followed that are over:\n%s", got)
	}
	if n := s.s.media.Sessions(); n != 0 {
		s.t.Errorf("%d RTP sessions are left", n)
	}
}

// stop ends the exchange.
func (s *story) stop() {
	for _, p := range s.amis {
		_ = p.conn.Close()
	}
	s.s.Stop(0)
	if err := <-s.over; err != nil {
		s.t.Errorf("Run: %v", err)
	}
	s.s.logger.Close()
	for _, p := range s.phones {
		_ = p.sock.Close()
	}
	if s.t.Failed() {
		s.logged.mu.Lock()
		s.t.Log(strings.Join(s.logged.lines, "\n"))
		s.logged.mu.Unlock()
	}
}

func (s *story) show(line string) string {
	var out strings.Builder
	_ = s.s.Commands().Run(s.t.Context(), line, &out)
	return out.String()
}

func (s *story) phone(name string) *storyPhone {
	if p := s.phones[name]; p != nil {
		return p
	}
	host, ok := storyAddrs[name]
	if !ok {
		s.t.Fatalf("no phone is called %q", name)
	}
	p := &storyPhone{name: name, addr: netip.MustParseAddrPort(host + ":5060"), calls: map[string]*storyCall{}, all: s.phones}
	var err error
	if p.sock, err = s.net.ListenUDP(p.addr, pbxio.SocketOptions{}); err != nil {
		s.t.Fatal(err)
	}
	s.phones[name] = p
	return p
}

func (s *story) play(script string) {
	s.t.Helper()
	for line := range strings.Lines(script) { // every phone listens from the start
		if w := strings.Fields(line); len(w) > 2 && w[0] != "ami" && (w[1] == ">" || w[1] == "<") {
			s.phone(w[0])
		}
	}
	for n, line := range strings.Split(script, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := s.step(line); err != nil {
			synctest.Wait()
			s.t.Fatalf("line %d: %s\n%v", n+1, line, err)
		}
	}
}

func (s *story) step(line string) error {
	head, extra, _ := strings.Cut(line, "|")
	words := strings.Fields(head)
	var texts []string
	for x := range strings.SplitSeq(extra, "|") {
		if x = strings.TrimSpace(x); x != "" {
			texts = append(texts, x)
		}
	}
	switch words[0] {
	case "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			return err
		}
		synctest.Wait()
		time.Sleep(d)
		synctest.Wait()
		s.last = time.Now()
		return nil
	case "ami":
		return s.ami(words[1], append([]string{strings.TrimSpace(strings.SplitN(head, ">", 2)[1])}, texts...))
	case "log":
		synctest.Wait()
		s.s.logger.Flush()
		if text := strings.Trim(strings.TrimSpace(line[len("log"):]), `"`); !s.logged.find(text) {
			return fmt.Errorf("was not logged")
		}
		return nil
	case "show":
		synctest.Wait()
		_, rest, _ := strings.Cut(line, `"`)
		command, want, _ := strings.Cut(rest, `"`)
		if got := s.show(command); !strings.Contains(got, strings.TrimSpace(want)) {
			return fmt.Errorf("shown:\n%s", got)
		}
		return nil
	}
	p := s.phone(words[0])
	if words[1] == ">" {
		s.last = time.Now()
		return p.send(words[2:], texts)
	}
	return s.expect(p, words[2:], texts)
}

// option takes name=value out of words.
func take(words *[]string, name string) (string, bool) {
	for i, w := range *words {
		if v, ok := strings.CutPrefix(w, name+"="); ok {
			*words = slices.Delete(slices.Clone(*words), i, i+1)
			return v, true
		}
	}
	return "", false
}

func (p *storyPhone) body(codecs string) string {
	a := p.addr.Addr()
	if codecs == "" {
		codecs = "0,8"
	}
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 4000 RTP/AVP %s 101\r\na=rtpmap:101 telephone-event/8000\r\n", a, a, strings.ReplaceAll(codecs, ",", " "))
}

func (p *storyPhone) via() (branch, line string) {
	p.serial++
	branch = fmt.Sprintf("z9hG4bK-%s-%d", p.name, p.serial)
	return branch, fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=%s;rport\r\n", p.addr, branch)
}

func (p *storyPhone) send(words, extra []string) error {
	name, begins := take(&words, "call")
	user, other := take(&words, "from")
	if !other {
		user = p.name
	}
	codecs, _ := take(&words, "codecs")
	body, typ := "", "application/sdp"
	var b strings.Builder
	if status, err := strconv.Atoi(words[0]); err == nil {
		req := p.request
		if len(words) > 1 {
			c := p.calls[words[1]]
			if c == nil || c.request == "" {
				return fmt.Errorf("no INVITE of call %s", words[1])
			}
			req = c.request
		}
		to := header(req, "To")
		if !strings.Contains(to, "tag=") && status > 100 {
			to += ";tag=uas-" + p.name
		}
		contact := fmt.Sprintf("Contact: <sip:%s@%s>\r\n", p.name, p.addr)
		if status/100 == 3 {
			contact = "" // the script says it
		}
		fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n%s%s%sTo: %s\r\n%s%s%s", status, "Test", headers(req, "Via"), headers(req, "Record-Route"),
			headers(req, "From"), to, headers(req, "Call-ID"), headers(req, "CSeq"), contact)
		if strings.HasPrefix(req, "INVITE") {
			if c := p.find(header(req, "Call-ID")); c != nil {
				c.local = to
			}
			if status/100 == 2 || status == 183 {
				body = p.body(codecs)
			}
		}
	} else {
		method := words[0]
		var c *storyCall
		if begins {
			p.serial++
			to := "sip:" + words[1] + "@" + storyHost
			c = &storyCall{
				id: fmt.Sprintf("%s-%d@test", p.name, p.serial), local: fmt.Sprintf("<sip:%s@%s>;tag=%s%d", user, storyHost, p.name, p.serial),
				remote: "<" + to + ">", target: to,
			}
			p.calls[name] = c
		} else if c = p.calls[words[1]]; c == nil {
			return fmt.Errorf("no call %s", words[1])
		}
		branch, via := p.via()
		if method == "CANCEL" || method == "ACK" && c.final {
			via = fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=%s;rport\r\n", p.addr, c.branch)
		}
		if method == "INVITE" {
			c.seq++
			c.invite, c.branch, c.final = c.seq, branch, false
			if !slices.Contains(words, "nosdp") {
				body = p.body(codecs)
			}
			if slices.Contains(words, "hold") {
				body += "a=sendonly\r\n"
			}
		} else if method != "ACK" && method != "CANCEL" {
			c.seq++
		}
		seq := c.seq
		if method == "ACK" || method == "CANCEL" {
			seq = c.invite
		}
		fmt.Fprintf(&b, "%s %s SIP/2.0\r\n%sMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s>\r\n",
			method, c.target, via, c.local, c.remote, c.id, seq, method, p.name, p.addr)
	}
	for _, h := range extra {
		if text, ok := strings.CutPrefix(h, "body "); ok {
			body = text
			typ = ""
			continue
		}
		for name, other := range p.all {
			for label, c := range other.calls {
				h = strings.ReplaceAll(h, "["+name+":"+label+"]", c.replaces())
			}
		}
		for label, c := range p.calls {
			h = strings.ReplaceAll(h, "{"+label+"}", url.QueryEscape(c.replaces()))
			h = strings.ReplaceAll(h, "["+label+"]", c.replaces())
		}
		b.WriteString(h + "\r\n")
	}
	if body != "" && typ != "" {
		b.WriteString("Content-Type: " + typ + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return p.sock.Send([]byte(b.String()), netip.MustParseAddrPort(storyHost+":5060"))
}

// replaces is the call as a Replaces header of its phone names it.
func (c *storyCall) replaces() string {
	tag := func(s string) string { _, t, _ := strings.Cut(s, ";tag="); return t }
	return c.id + ";to-tag=" + tag(c.remote) + ";from-tag=" + tag(c.local)
}

func (p *storyPhone) find(callID string) *storyCall {
	for _, c := range p.calls {
		if c.id == callID {
			return c
		}
	}
	return nil
}

// next is the next message that the phone gets within limit, "" without one.
func (s *story) next(p *storyPhone, limit time.Duration) string {
	buf := make([]byte, 65536)
	for end := time.Now().Add(limit); ; {
		synctest.Wait()
		if n, _, err := p.sock.Recv(buf); err == nil {
			return string(buf[:n])
		}
		if !time.Now().Before(end) {
			return ""
		}
		time.Sleep(min(time.Millisecond, time.Until(end)))
	}
}

func (s *story) expect(p *storyPhone, words, texts []string) error {
	if words[0] == "nothing" {
		d, err := time.ParseDuration(words[1])
		if err != nil {
			return err
		}
		if m := s.next(p, d); m != "" {
			return fmt.Errorf("got\n%s", m)
		}
		return nil
	}
	name, begins := take(&words, "call")
	limit, at := 100*time.Millisecond, time.Duration(-1)
	if last := words[len(words)-1]; last[0] == '@' {
		d, err := time.ParseDuration(last[1:])
		if err != nil {
			return err
		}
		limit, at, words = d, d, words[:len(words)-1]
	}
	m := s.next(p, limit)
	if m == "" {
		return fmt.Errorf("got nothing")
	}
	if took := time.Since(s.last); at >= 0 && (took > at || took < at-2*time.Millisecond) {
		return fmt.Errorf("came after %v:\n%s", took, m)
	}
	s.last = time.Now()
	line := strings.Fields(startLine(m))
	got := line[0]
	response := got == "SIP/2.0"
	if response {
		got = line[1]
	}
	if got != words[0] {
		return fmt.Errorf("got\n%s", m)
	}
	c := p.find(header(m, "Call-ID"))
	switch {
	case begins:
		c = &storyCall{id: header(m, "Call-ID"), remote: header(m, "From"), local: header(m, "To"), target: target(m)}
		p.calls[name] = c
	case len(words) > 1 && (c == nil || p.calls[words[1]] != c):
		return fmt.Errorf("it is not of call %s:\n%s", words[1], m)
	}
	if !response {
		p.request = m
		if got == "INVITE" && c != nil {
			c.request = m
		}
	} else if c != nil && strings.HasSuffix(header(m, "CSeq"), " INVITE") && got != "100" {
		c.remote = header(m, "To")
		c.final = got[0] > '2'
		if got[0] < '3' {
			c.target = target(m)
		}
	}
	for _, text := range texts {
		if not, ok := strings.CutPrefix(text, "!"); ok {
			if strings.Contains(m, not) {
				return fmt.Errorf("%q is in\n%s", not, m)
			}
		} else if !strings.Contains(m, text) {
			return fmt.Errorf("%q is not in\n%s", text, m)
		}
	}
	return nil
}
