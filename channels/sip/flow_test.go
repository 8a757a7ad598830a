package sip

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mrand "math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/bridge"
	"pbx/channel"
	"pbx/channel/devstate"
	"pbx/channels/sip/message"
	"pbx/config"
	"pbx/dialplan"
	"pbx/dialplan/hints"
	"pbx/event"
	pbxio "pbx/io"
	"pbx/media"
)

// Call flows are scripts of what phones send and get, one message a line, run
// against a whole driver in memory and virtual time:
//
//	alice > INVITE 1000 sdp          alice sends a request (1000 is the user part)
//	alice < 100                      the next message alice gets is this response
//	alice < 200 sdp                  … and it has a session description
//	alice < BYE @1s                  … exactly a second after the last line
//	alice > 200                      she answers the last request she got
//	alice > answer                   … the last INVITE, whatever came since, with 200
//	alice > progress 183             … or with another response
//	alice < BYE @@2s                 … or within two seconds
//	alice < nothing 5s               she gets nothing for so long
//	wait 2s
//
// Words after the method: sdp, sdp=hold, sdp=zero, sdp=CODECS; branch=last
// (a retransmission keeps its branch), cseq=N, cseq=+0, tag=X (our To tag when
// she answers), fork=X (answer as another fork), call=new (a new dialog),
// from=USER, contact=URI, noto; and the habits of phones_test.go. After "|" stand headers to add, or text that must be in what
// is expected; "!" before the text: must not. The header "rack" is the RAck of
// the last reliable response.
type flow struct {
	t      *testing.T
	net    *pbxio.Memory
	d      *Driver
	plan   *fakePlan
	reg    *channel.Registry
	media  *media.Engine
	bus    *event.Bus
	dns    *scriptedDNS
	log    *logBuffer
	phones map[string]*flowPhone
	last   time.Time
	states *devstate.Table
	hints  *hints.Keeper
	store  channel.Store
}

var flowAddr = netip.MustParseAddrPort("192.0.2.1:5060")

// phone is one user agent of a script.
type flowPhone struct {
	name   string
	addr   netip.AddrPort
	socket pbxio.Socket
	callID string
	local  string // From of its requests, with tag
	remote string // To of its requests
	target string
	seq    int
	invite int // CSeq number of the last INVITE
	branch string
	// inviteBranch is that of the last INVITE.
	inviteBranch string
	request      *message.Message // last received
	invited      *message.Message // last INVITE received
	final        int              // of the last INVITE
	rseq         string           // of the last reliable response
	sent         []byte
	serial       int
}

// fakePlan is a dialplan of functions.
type fakePlan struct {
	extens  map[string]func(ch *channel.Channel)
	hints   *dialplan.Engine
	any     func(ch *channel.Channel) // what every other extension does, nil for none
	partial map[string]bool
}

func (p *fakePlan) Match(_, exten string, _ int, _ string) channel.Match {
	if p.extens[exten] != nil || p.any != nil {
		return channel.MatchExists
	}
	if p.partial[exten] {
		return channel.MatchPartial
	}
	return 0
}

func (p *fakePlan) Start(ch *channel.Channel) {
	f := p.extens[ch.Location().Exten]
	if f == nil {
		f = p.any
	}
	go func() {
		defer ch.Hangup()
		f(ch)
	}()
}

func (p *fakePlan) HasContext(string) bool { return true }

// StartApplication runs the only one that the driver asks for.
func (p *fakePlan) StartApplication(ch *channel.Channel, app string, data channel.Value) error {
	other, ok := ch.Registry().Find(data.S)
	if app != "BridgeAdd" || !ok {
		return fmt.Errorf("no %s(%s)", app, data.S)
	}
	go func() {
		defer ch.Hangup()
		if ch.Answer() == nil {
			_ = bridge.Add(ch, other)
		}
	}()
	return nil
}

func (p *fakePlan) Hint(context, exten string) string {
	if p.hints == nil {
		return ""
	}
	return p.hints.Hint(context, exten)
}

// logBuffer keeps what was logged.
type logBuffer struct{ bytes.Buffer }

// testConfig loads a sip.conf.
func testConfig(t testing.TB, text string) *Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sip.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, findings, err := LoadConfig(&config.Loader{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Severity == config.Error {
			t.Errorf("sip.conf: %v", f)
		}
	}
	return cfg
}

// office is the configuration of most flows: friends without secrets who are
// where the scripts put them.
const office = `
[general]
udpbindaddr=192.0.2.1:5060
allowguest=no
disallow=all
allow=ulaw,alaw
rtptimeout=0
[alice]
type=friend
host=192.0.2.10
context=phones
[bob]
type=friend
host=192.0.2.20
context=phones
[carol]
type=friend
host=192.0.2.30
context=phones
`

var phoneAddrs = map[string]string{"alice": "192.0.2.10", "bob": "192.0.2.20", "carol": "192.0.2.30", "mallory": "198.51.100.66"}

// run runs a script in a bubble of virtual time.
func runFlow(t *testing.T, conf string, extens map[string]func(*channel.Channel), script string) {
	t.Helper()
	withFlow(t, conf, extens, func(f *flow) { f.play(script) })
}

func withFlow(t *testing.T, conf string, extens map[string]func(*channel.Channel), body func(*flow)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFlow(t, conf, extens)
		defer f.close()
		body(f)
	})
}

func newFlow(t *testing.T, conf string, extens map[string]func(*channel.Channel)) *flow {
	t.Helper()
	return newFlowWith(t, conf, extens, nil)
}

// newFlowWith is newFlow with a store.
func newFlowWith(t *testing.T, conf string, extens map[string]func(*channel.Channel), store channel.Store) *flow {
	t.Helper()
	f := &flow{
		t: t, store: store, net: pbxio.NewMemory(), bus: &event.Bus{}, phones: map[string]*flowPhone{}, log: &logBuffer{}, dns: &scriptedDNS{},
		plan: &fakePlan{extens: extens, partial: map[string]bool{}},
	}
	for line := range strings.Lines(conf) { // ";dns KIND name = records" is what the name server knows
		if rec, ok := strings.CutPrefix(strings.TrimSpace(line), ";dns "); ok {
			question, records, _ := strings.Cut(rec, "=")
			f.dns.set(strings.TrimSpace(question), records)
		}
	}
	log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: event.LevelDebug(1)}))
	random := mrand.NewChaCha8(sha256.Sum256([]byte(t.Name())))
	var err error
	if f.media, err = media.NewEngine(f.net, media.EngineOptions{RTPStart: 10000, RTPEnd: 10099, Random: random, Log: log}); err != nil {
		t.Fatal(err)
	}
	f.reg = channel.NewRegistry(f.bus, log, time.Now, "")
	f.plan.hints = dialplan.NewEngine(dialplan.EngineOptions{Channels: f.reg})
	f.states = devstate.New(devstate.Deps{Bus: f.bus})
	f.states.Register(f.reg)
	f.hints = hints.New(f.plan.hints, f.reg)
	f.loadHints(flowHints)
	go f.hints.Run()
	f.start(log, random, conf)
	return f
}

// start makes a driver and runs it.
func (f *flow) start(log *slog.Logger, random io.Reader, conf string) {
	f.t.Helper()
	d, err := New(testConfig(f.t, conf), Deps{
		Hints: f.hints, Mailboxes: f.states, Store: f.store,
		Network: f.net, Registry: f.reg, Dialplan: f.plan, Media: f.media, Bus: f.bus,
		Log: log, Now: time.Now, Random: random, Version: "test", DNS: f.dns,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.d = d
	f.reg.Register(d)
	go func() {
		if err := d.Run(); err != nil {
			f.t.Error(err)
		}
	}()
	f.last = time.Now()
}

// restart stops the exchange and starts it again when between is done.
func (f *flow) restart(conf string, between func()) {
	f.t.Helper()
	log, random := f.d.log, f.d.random
	f.d.Close()
	between()
	f.start(log, random, conf)
}

// flowHints are the hints of the scripts.
const flowHints = `
[phones]
exten => 107,hint,SIP/bob
exten => 203,hint,Custom:abc
exten => 204,hint,SIP/bob&SIP/carol
exten => _21X,hint,Custom:${EXTEN}
[other]
exten => 107,hint,SIP/bob
`

func (f *flow) loadHints(text string) {
	f.t.Helper()
	p, _, err := f.plan.hints.Parse("extensions.conf", []byte(text))
	if err != nil {
		f.t.Fatal(err)
	}
	f.plan.hints.Swap(p)
}

func (f *flow) close() {
	f.d.Close()
	f.hints.Close()
	synctest.Wait()
	f.media.Close()
	if n, _ := f.reg.Count(); n != 0 && !f.t.Failed() {
		f.t.Errorf("%d channels are left", n)
	}
	if n := f.d.calls.len(); n != 0 {
		f.t.Errorf("%d calls are left", n)
	}
	if n := f.media.Sessions(); n != 0 {
		f.t.Errorf("%d RTP sessions are left", n)
	}
	if f.d.panics != 0 {
		f.t.Errorf("%d panics:\n%s", f.d.panics, f.log.String())
	}
	for _, p := range f.phones {
		_ = p.socket.Close()
	}
}

func (f *flow) phone(name string) *flowPhone {
	if p := f.phones[name]; p != nil {
		return p
	}
	host := phoneAddrs[strings.TrimRight(name, "0123456789")]
	if host == "" {
		f.t.Fatalf("no phone is called %q", name)
	}
	port := 5060
	if n, err := strconv.Atoi(strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz")); err == nil {
		port += n
	}
	p := &flowPhone{name: name, addr: netip.AddrPortFrom(netip.MustParseAddr(host), uint16(port))}
	var err error
	if p.socket, err = f.net.ListenUDP(p.addr, pbxio.SocketOptions{}); err != nil {
		f.t.Fatal(err)
	}
	p.fresh("")
	f.phones[name] = p
	return p
}

func (p *flowPhone) fresh(user string) {
	p.serial++
	if user == "" {
		user = strings.TrimRight(p.name, "0123456789")
	}
	p.callID = fmt.Sprintf("%s-%d@test", p.name, p.serial)
	p.local = fmt.Sprintf("<sip:%s@192.0.2.1>;tag=%s%d", user, p.name, p.serial)
	p.remote, p.target = "", ""
	p.seq, p.invite, p.final, p.inviteBranch = 0, 0, 0, ""
}

// play runs a script.
func (f *flow) play(script string) {
	f.t.Helper()
	for line := range strings.Lines(script) { // every phone listens from the start
		if w := strings.Fields(line); len(w) > 2 && (w[1] == ">" || w[1] == "<") {
			f.phone(w[0])
		}
	}
	for n, line := range strings.Split(script, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := f.step(line); err != nil {
			f.t.Fatalf("line %d: %s\n%v\nlog:\n%s", n+1, line, err, f.log.String())
		}
	}
}

func (f *flow) step(line string) error {
	line, extra, _ := strings.Cut(line, "|")
	words := strings.Fields(line)
	extra = strings.TrimSpace(extra)
	if words[0] == "wait" {
		d, err := time.ParseDuration(words[1])
		if err != nil {
			return err
		}
		synctest.Wait()
		time.Sleep(d)
		f.last = time.Now()
		return nil
	}
	p := f.phone(words[0])
	if words[1] == ">" {
		if err := f.send(p, words[2:], extra); err != nil {
			return err
		}
		f.last = time.Now()
		return nil
	}
	return f.expect(p, words[2:], extra)
}

func option(words []string, name string) (string, bool) {
	for _, w := range words {
		if w == name {
			return "", true
		}
		if v, ok := strings.CutPrefix(w, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

func (p *flowPhone) sdp(form string) string {
	host, direction, codecs, events, more := p.addr.Addr().String(), "sendrecv", "0 8 101", 101, ""
	port := 30000
	switch form {
	case "":
	case "zero6":
		host = "::"
	case "natted":
		host = "10.0.0.7"
	case "moved":
		host = p.addr.Addr().Next().String()
	case "events96":
		codecs, events = "0 8 96", 96
	case "video":
		more = "m=video 30002 RTP/AVP 34\r\n"
	case "fax":
		return p.faxSDP()
	case "stopped":
		port = 0
	case "hold":
		direction = "sendonly"
	case "inactive":
		direction = "inactive"
	case "zero":
		host = "0.0.0.0"
	default:
		codecs = strings.ReplaceAll(form, ",", " ")
	}
	return "v=0\r\no=- 1 1 IN IP4 " + p.addr.Addr().String() + "\r\ns=-\r\nc=IN " + map[bool]string{true: "IP6 ", false: "IP4 "}[strings.Contains(host, ":")] + host +
		"\r\nt=0 0\r\nm=audio " + strconv.Itoa(port) + " RTP/AVP " + codecs + "\r\na=rtpmap:" + strconv.Itoa(events) + " telephone-event/8000\r\na=" + direction + "\r\n" + more
}

// faxSDP is T.38 alone.
func (p *flowPhone) faxSDP() string {
	host := p.addr.Addr().String()
	return "v=0\r\no=- 1 1 IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host +
		"\r\nt=0 0\r\nm=image 30010 udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\na=T38FaxUdpEC:t38UDPRedundancy\r\na=X-" + p.name + ":1\r\n"
}

func (f *flow) send(p *flowPhone, words []string, extra string) error {
	if words[0] == "again" {
		return p.socket.Send(p.sent, flowAddr)
	}
	var b strings.Builder
	contact := fmt.Sprintf("sip:%s@%v", p.name, p.addr)
	if uri, ok := option(words, "contact"); ok {
		contact = uri
	}
	body := ""
	if form, ok := option(words, "sdp"); ok {
		body = p.sdp(form)
	}
	again := words[0] == "answer" || words[0] == "progress" // the last INVITE, whatever came since
	if words[0] == "progress" {
		words = words[1:]
	} else if again {
		words[0] = "200"
	}
	if status, err := strconv.Atoi(words[0]); err == nil {
		if p.request == nil {
			return errors.New("there is no request to answer")
		}
		m := p.request
		if p.invited != nil && again {
			m = p.invited
		}
		fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", status, message.StatusText(status))
		for _, h := range []string{"Via", "Record-Route", "From"} {
			for v := range m.Named(h) {
				fmt.Fprintf(&b, "%s: %s\r\n", h, v)
			}
		}
		tag := ""
		if len(m.ToTag()) == 0 && status > 100 {
			t := "uas-" + p.name
			if v, ok := option(words, "fork"); ok {
				t = v
			}
			tag = ";tag=" + t
		}
		fmt.Fprintf(&b, "To: %s%s\r\n", m.Header(message.HeaderTo), tag)
		if m.Method() == message.INVITE {
			// The phone's own requests are within this dialog from here on.
			p.callID = string(m.CallID())
			p.local = string(m.Header(message.HeaderTo)) + tag
			p.remote = string(m.Header(message.HeaderFrom))
			if c, ok := m.Contact(); ok {
				p.target = c.URI.String()
			}
			fmt.Fprintf(&b, "Contact: <%s>\r\n", contact)
		}
		fmt.Fprintf(&b, "Call-ID: %s\r\nCSeq: %s\r\n", m.CallID(), m.Header(message.HeaderCSeq))
	} else {
		method := words[0]
		if v, ok := option(words, "call"); ok && v == "new" {
			from, _ := option(words, "from")
			p.fresh(from)
		}
		if len(words) > 1 && !strings.Contains(words[1], "=") && words[1] != "sdp" && words[1] != "noto" {
			p.target = "sip:" + words[1] + "@192.0.2.1"
			p.remote = "<" + p.target + ">"
		}
		if _, ok := option(words, "noto"); ok {
			p.remote, _, _ = strings.Cut(p.remote, ";tag=")
		}
		if v, ok := option(words, "tag"); ok {
			to, _, _ := strings.Cut(p.remote, ";tag=")
			p.remote = to + ";tag=" + v
		}
		switch method {
		case "ACK", "CANCEL":
			// Of a response that is not a 2xx, an ACK is in the INVITE's transaction.
			if p.branch = p.inviteBranch; method == "ACK" && p.final < 300 || p.branch == "" {
				p.newBranch()
			}
		default:
			if v, ok := option(words, "branch"); !ok || v != "last" {
				p.newBranch()
			}
			p.seq++
		}
		seq := p.seq
		to := p.remote
		switch method {
		case "INVITE":
			p.invite, p.inviteBranch = seq, p.branch
		case "CANCEL":
			to, _, _ = strings.Cut(to, ";tag=")
		}
		if method == "ACK" || method == "CANCEL" {
			seq = p.invite
		}
		if v, ok := option(words, "cseq"); ok {
			n, _ := strconv.Atoi(v)
			if strings.HasPrefix(v, "+") || strings.HasPrefix(v, "-") {
				seq += n
			} else {
				seq = n
			}
			if method == "INVITE" {
				p.invite = seq
			}
			p.seq = max(seq, p.seq)
		}
		fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %v;branch=%s;rport\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <%s>\r\n",
			method, p.target, p.addr, p.branch, p.local, to, p.callID, seq, method, contact)
	}
	for _, h := range strings.Split(extra, "|") {
		if h = strings.TrimSpace(h); h == "" {
			continue
		}
		if h == "rack" {
			h = fmt.Sprintf("RAck: %s %d INVITE", p.rseq, p.invite)
		}
		if text, ok := strings.CutPrefix(h, "body "); ok {
			body = strings.NewReplacer(`\r\n`, "\r\n", `\n`, "\n").Replace(text)
			continue
		}
		b.WriteString(h + "\r\n")
	}
	if body != "" && !strings.Contains(b.String(), "Content-Type:") {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	p.sent = []byte(accent(b.String(), words))
	return p.socket.Send(p.sent, flowAddr)
}

func (p *flowPhone) newBranch() {
	p.serial++
	p.branch = fmt.Sprintf("z9hG4bK-%s-%d", p.name, p.serial)
}

// next returns the next datagram that the phone gets within limit.
func (f *flow) next(p *flowPhone, limit time.Duration) ([]byte, bool) {
	buf := make([]byte, 65536)
	end := time.Now().Add(limit)
	for {
		synctest.Wait()
		n, _, err := p.socket.Recv(buf)
		if err == nil {
			return buf[:n], true
		}
		if !time.Now().Before(end) {
			return nil, false
		}
		time.Sleep(min(time.Millisecond, time.Until(end)))
	}
}

func (f *flow) expect(p *flowPhone, words []string, extra string) error {
	if words[0] == "nothing" {
		d, err := time.ParseDuration(words[1])
		if err != nil {
			return err
		}
		if b, ok := f.next(p, d); ok {
			return fmt.Errorf("got\n%s", b)
		}
		f.last = time.Now()
		return nil
	}
	limit, at := 100*time.Millisecond, time.Duration(-1)
	for _, w := range words {
		if v, ok := strings.CutPrefix(w, "@"); ok {
			v, within := strings.CutPrefix(v, "@")
			d, err := time.ParseDuration(v)
			if err != nil {
				return err
			}
			if limit = d; !within {
				at = d
			}
		}
	}
	b, ok := f.next(p, limit)
	if !ok {
		return errors.New("got nothing")
	}
	if took := time.Since(f.last); at >= 0 && (took > at || took < at-2*time.Millisecond) {
		return fmt.Errorf("came after %v:\n%s", took, b)
	}
	f.last = time.Now()
	m := &message.Message{}
	if err := m.Parse(bytes.Clone(b)); err != nil {
		return fmt.Errorf("what came does not parse: %w\n%s", err, b)
	}
	if err := message.Validate(m); err != nil {
		return fmt.Errorf("what came is not valid: %w\n%s", err, b)
	}
	if status, err := strconv.Atoi(words[0]); err == nil {
		if m.Status() != status {
			return fmt.Errorf("got\n%s", b)
		}
		if rseq := m.Header(message.HeaderRSeq); rseq != nil {
			p.rseq = string(rseq)
		}
		if _, method := m.CSeq(); method == message.SUBSCRIBE && status/100 == 2 {
			p.remote = string(m.Header(message.HeaderTo))
		}
		if _, method := m.CSeq(); method == message.INVITE && status > 100 {
			p.final = status
			p.remote = string(m.Header(message.HeaderTo))
			if c, ok := m.Contact(); ok && status < 300 {
				p.target = c.URI.String()
			}
		}
	} else {
		if m.Method() != message.Method(words[0]) {
			return fmt.Errorf("got\n%s", b)
		}
		p.request = m
		if m.Method() == message.INVITE {
			p.invited = m
		}
	}
	if _, want := option(words, "sdp"); want != (m.ContentLength() > 0 && m.ContentType().Is(sdpType)) {
		return fmt.Errorf("a session description is expected: %v\n%s", want, b)
	}
	for _, text := range strings.Split(extra, "|") {
		text = strings.TrimSpace(text)
		if not, ok := strings.CutPrefix(text, "!"); ok {
			if strings.Contains(string(b), not) {
				return fmt.Errorf("%q is in\n%s", not, b)
			}
		} else if !strings.Contains(string(b), text) {
			return fmt.Errorf("%q is not in\n%s", text, b)
		}
	}
	return nil
}

// The applications of the scripts.

func answerAndWait(ch *channel.Channel) {
	_ = ch.Leg().Answer()
	untilHangup(ch)
}

func untilHangup(ch *channel.Channel) {
	for {
		if _, err := ch.Wait(-1); err != nil {
			return
		}
	}
}

func answerFor(d time.Duration) func(*channel.Channel) {
	return func(ch *channel.Channel) {
		_ = ch.Leg().Answer()
		if ch.Sleep(d) == nil {
			ch.SetCause(channel.CauseNormalClearing, "")
		}
	}
}

func hangupWith(cause channel.Cause) func(*channel.Channel) {
	return func(ch *channel.Channel) { ch.SetCause(cause, "") }
}

func indicate(c channel.Control) func(*channel.Channel) {
	return func(ch *channel.Channel) {
		_ = ch.Leg().Indicate(c)
		untilHangup(ch)
	}
}

// dial is a plain Dial(): it calls dests at once, joins the first to answer, and
// tells what every leg came to.
func dial(results *[]string, dests ...string) func(*channel.Channel) {
	return func(ch *channel.Channel) {
		note := func(format string, args ...any) {
			if results != nil {
				*results = append(*results, fmt.Sprintf(format, args...))
			}
		}
		chans := []*channel.Channel{ch}
		for _, dest := range dests {
			leg, err := ch.Registry().Request(dest, channel.Request{From: ch, Formats: ch.Settings().Formats})
			if err != nil {
				var e *channel.RequestError
				errors.As(err, &e)
				note("request %d", e.Cause)
				continue
			}
			leg.UpdateIdentity(func(id *channel.Identity) { id.Connected = ch.Identity().Caller })
			leg.Inherit(ch)
			_ = leg.Leg().Call()
			chans = append(chans, leg)
		}
		end := func(i int) {
			chans[i].Hangup()
			chans = append(chans[:i], chans[i+1:]...)
		}
		for len(chans) > 1 {
			i, fr, err := channel.WaitAny(-1, chans...)
			switch {
			case err != nil && i == 0:
				note("caller gone")
				for len(chans) > 1 {
					end(1)
				}
				return
			case err != nil:
				note("hangup %d", chans[i].Cause())
				end(i)
			case fr.Kind != channel.FrameControl:
			case i > 0 && fr.Control == channel.ControlAnswer:
				note("answer %s", chans[i].Media().Format())
				for j := len(chans) - 1; j > 0; j-- {
					if j != i {
						chans[j].SetCause(channel.CauseAnsweredElsewhere, "")
						end(j)
					}
				}
				_ = ch.Leg().Answer()
				for {
					j, fr, err := channel.WaitAny(-1, chans...)
					if err != nil {
						note("end %d cause %d", j, chans[j].Cause())
						chans[1].SetCause(channel.CauseNormalClearing, "")
						ch.SetCause(channel.CauseNormalClearing, "")
						end(1)
						return
					}
					if fr.Kind == channel.FrameControl {
						note("%d %v", j, fr.Control)
					}
				}
			case i > 0 && (fr.Control == channel.ControlBusy || fr.Control == channel.ControlCongestion):
				note("%v %d %s", fr.Control, fr.Cause, chans[i].TechCause())
				ch.SetCause(fr.Cause, "")
				end(i)
			case i > 0 && fr.Control == channel.ControlForward:
				note("forward %s", fr.Text)
				_ = ch.Leg().Indicate(fr.Control)
			case i > 0:
				note("%v", fr.Control)
				_ = ch.Leg().Indicate(fr.Control)
			}
		}
		_ = ch.Leg().Indicate(channel.ControlCongestion)
	}
}
