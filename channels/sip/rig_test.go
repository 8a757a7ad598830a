package sip

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/digest"
	"pbx/channels/sip/message"
	"pbx/config"
	"pbx/decl"
	"pbx/event"
	pbxio "pbx/io"
)

// loadText reads a sip.conf, and other files as name, text pairs.
func loadText(t testing.TB, text string, more ...string) (*Config, []config.Finding) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sip.conf", text)
	for i := 0; i+1 < len(more); i += 2 {
		write(more[i], more[i+1])
	}
	cfg, findings, err := LoadConfig(&config.Loader{Dir: dir})
	if err != nil {
		t.Fatalf("LoadConfig: %v", err)
	}
	return cfg, findings
}

// rig is a driver on a network in memory, without media: for everything that is
// no call.
type rig struct {
	*Driver
	t    *testing.T
	net  *pbxio.Memory
	logs *logLines
}

// rigStore keeps records in memory; while hold is set its answers wait.
type rigStore struct {
	mu      sync.Mutex
	records map[string][]byte
	hold    bool
	held    []func(error)
	err     error
}

func (s *rigStore) answer(done func(error)) {
	if s.hold {
		s.held = append(s.held, done)
		return
	}
	go done(s.err)
}

func (s *rigStore) record(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.records[key])
}

func (s *rigStore) Put(family, key string, value []byte, done func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[family+"/"+key] = bytes.Clone(value)
	s.answer(done)
}

func (s *rigStore) Delete(family, key string, done func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, family+"/"+key)
	s.answer(done)
}

func (s *rigStore) Range(family string, f func(string, []byte) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, v := range s.records {
		if key, ok := strings.CutPrefix(k, family+"/"); ok && !f(key, v) {
			return
		}
	}
}

// release answers what was held.
func (s *rigStore) release() {
	s.mu.Lock()
	held := s.held
	s.held, s.hold = nil, false
	s.mu.Unlock()
	for _, done := range held {
		done(s.err)
	}
}

// logLines collects what is logged.
type logLines struct {
	mu    sync.Mutex
	lines []string
	full  []string // with their attributes
}

func (l *logLines) Enabled(context.Context, slog.Level) bool { return true }
func (l *logLines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logLines) WithGroup(string) slog.Handler            { return l }
func (l *logLines) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	l.lines = append(l.lines, r.Message)
	full := r.Message
	r.Attrs(func(a slog.Attr) bool { full += " " + a.String(); return true })
	l.full = append(l.full, full)
	l.mu.Unlock()
	return nil
}

// with counts the lines that have all of the texts, in their attributes as well.
func (l *logLines) with(texts ...string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.full {
		if !slices.ContainsFunc(texts, func(s string) bool { return !strings.Contains(line, s) }) {
			n++
		}
	}
	return n
}

func (l *logLines) count(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		n += strings.Count(line, text)
	}
	return n
}

// rigPlan has extension 1000 in every context, but 404 in none.
type rigPlan struct{}

func (rigPlan) Match(_, exten string, _ int, _ string) channel.Match {
	if exten == "1000" {
		return channel.MatchExists
	}
	return 0
}
func (rigPlan) Start(ch *channel.Channel)                { ch.Hangup() }
func (rigPlan) HasContext(string) bool                   { return true }
func (rigPlan) Hint(context, exten string) (hint string) { return "" }

// StartApplication implements channel.Dialplan: nothing asks for one.
func (rigPlan) StartApplication(*channel.Channel, string, channel.Value) error {
	return errors.New("no applications")
}

// rigAddr is where the exchange listens.
const rigAddr = "127.0.50.1:5060"

const listen = "[general]\nudpbindaddr=" + rigAddr + "\n"

// newRig starts a driver in the bubble of the test.
func newRig(t *testing.T, text string, store channel.Store) *rig {
	t.Helper()
	cfg, _ := loadText(t, text)
	return startRig(t, cfg, store, &scriptedDNS{})
}

func startRig(t *testing.T, cfg *Config, store channel.Store, dns NameServer) *rig {
	t.Helper()
	return startRigOver(t, pbxio.NewMemory(), cfg, store, dns)
}

func startRigOver(t *testing.T, network *pbxio.Memory, cfg *Config, store channel.Store, dns NameServer) *rig {
	t.Helper()
	return startRigWith(t, network, cfg, func(d *Deps) { d.Store, d.DNS = store, dns })
}

// startRigWith starts a driver with what more puts into its dependencies.
func startRigWith(t *testing.T, network *pbxio.Memory, cfg *Config, more func(*Deps)) *rig {
	t.Helper()
	r := &rig{t: t, net: network, logs: &logLines{}}
	log, bus := slog.New(r.logs), &event.Bus{}
	deps := Deps{
		Network: r.net, Registry: channel.NewRegistry(bus, log, time.Now, ""), Dialplan: rigPlan{}, Bus: bus,
		Log: log, Now: time.Now, Random: rand.Reader, Version: "test",
	}
	more(&deps)
	d, err := New(cfg, deps)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	r.Driver = d
	go func() {
		if err := d.Run(); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(d.Close)
	return r
}

// console runs a command and returns what it prints.
func (r *rig) console(line string) string {
	r.t.Helper()
	return console(r.t, r.Driver, line)
}

// console runs a command of a driver and returns what it prints.
func console(t *testing.T, d *Driver, line string) string {
	t.Helper()
	for _, c := range d.Commands() {
		rest, ok := strings.CutPrefix(line, c.Words)
		if !ok || rest != "" && rest[0] != ' ' {
			continue
		}
		var out bytes.Buffer
		if err := c.Run(context.Background(), &decl.Request{Args: strings.Fields(rest), Line: line, Out: &out}); err != nil {
			fmt.Fprintln(&out, err)
		}
		return out.String()
	}
	t.Fatalf("no command %q", line)
	return ""
}

// phone is a socket that speaks SIP by hand.
type phone struct {
	r    *rig
	s    pbxio.Socket
	addr string
	user string
	seq  int
	id   string
}

func (r *rig) phone(addr, user string) *phone {
	r.t.Helper()
	s, err := r.net.ListenUDP(netip.MustParseAddrPort(addr), pbxio.SocketOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { s.Close() })
	return &phone{r: r, s: s, addr: addr, user: user, seq: 100, id: fmt.Sprintf("%s-%d", addr, len(addr))}
}

// send sends raw text.
func (p *phone) send(text string) {
	p.r.t.Helper()
	text = strings.ReplaceAll(text, "\n", "\r\n")
	if err := p.s.Send([]byte(text), netip.MustParseAddrPort(rigAddr)); err != nil {
		p.r.t.Fatal(err)
	}
}

// receive returns what came, after the exchange has done all it had to.
func (p *phone) receive() (msgs []*message.Message) {
	p.r.t.Helper()
	synctest.Wait()
	for {
		buf := make([]byte, 4096)
		n, _, err := p.s.Recv(buf)
		if errors.Is(err, pbxio.ErrAgain) {
			return msgs
		}
		if err != nil {
			p.r.t.Fatal(err)
		}
		m := &message.Message{}
		if err := m.Parse(buf[:n]); err != nil {
			p.r.t.Fatalf("%s received what does not parse: %v\n%s", p.addr, err, buf[:n])
		}
		msgs = append(msgs, m)
	}
}

// ask sends a request and returns the one answer; nil when there is none.
func (p *phone) ask(method, to, headers, body string) *message.Message {
	p.r.t.Helper()
	p.seq++
	uri := "sip:" + to + "@127.0.50.1"
	if method == "REGISTER" {
		uri = "sip:127.0.50.1"
	}
	toUser := to
	if method == "REGISTER" {
		toUser = p.user
	}
	p.send(fmt.Sprintf("%s %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%d;rport\nMax-Forwards: 70\nFrom: <sip:%s@127.0.50.1>;tag=t%d\nTo: <sip:%s@127.0.50.1>\nCall-ID: %s\nCSeq: %d %s\n%sContent-Length: %d\n\n%s",
		method, uri, p.addr, strings.NewReplacer(":", "x", ".", "x").Replace(p.addr), p.seq, p.user, p.seq, toUser, p.id, p.seq, method, headers, len(body), body))
	msgs := p.receive()
	switch len(msgs) {
	case 0:
		return nil
	case 1:
		return msgs[0]
	}
	p.r.t.Fatalf("%s %s: %d answers", method, to, len(msgs))
	return nil
}

// answerTo makes the Authorization header for a 401.
func answerTo(t testing.TB, m *message.Message, method, uri, user, secret, nc string) string {
	t.Helper()
	if m == nil || m.Status() != 401 {
		t.Fatalf("no 401 to answer: %v", statusOf(m))
	}
	c, ok := digest.ParseChallenge(m.Header(message.HeaderWWWAuthenticate))
	if !ok {
		t.Fatalf("challenge does not parse: %s", m.Header(message.HeaderWWWAuthenticate))
	}
	alg, ok := digest.ParseAlgorithm(c.Algorithm)
	if !ok {
		t.Fatalf("algorithm %s", c.Algorithm)
	}
	a := digest.Authorization{Nonce: c.Nonce, URI: []byte(uri)}
	extra := ""
	if c.Offers("auth") && nc != "" {
		a.QOP, a.NC, a.CNonce = []byte("auth"), []byte(nc), []byte("abc")
		extra = fmt.Sprintf(`, qop=auth, nc=%s, cnonce="abc"`, nc)
	}
	var g digest.Hasher
	response := g.Response(alg, digest.NewKeys(user, string(c.Realm), secret, "", "").HA1[alg], method, &a, nil)
	return fmt.Sprintf("Authorization: Digest username=%q, realm=%q, nonce=%q, uri=%q, response=%q, algorithm=%s%s\n",
		user, c.Realm, c.Nonce, uri, response, alg, extra)
}

func statusOf(m *message.Message) int {
	if m == nil {
		return 0
	}
	return m.Status()
}

// register registers with a digest and returns the final answer.
func (p *phone) register(secret, headers string) *message.Message {
	p.r.t.Helper()
	m := p.ask("REGISTER", "", headers, "")
	if statusOf(m) != 401 {
		return m
	}
	return p.ask("REGISTER", "", answerTo(p.r.t, m, "REGISTER", "sip:127.0.50.1", p.user, secret, "00000001")+headers, "")
}

// contact is a Contact header of the phone itself.
func (p *phone) contact() string { return fmt.Sprintf("Contact: <sip:%s@%s>\n", p.user, p.addr) }
