package sip

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/message"
	"pbx/channels/sip/presence"
	"pbx/channels/sip/transaction"
	"pbx/config"
	"pbx/decl"
	"pbx/sched"
)

// MailboxSource is an mwi => line: a mailbox at a provider whose messages are to
// be known here, as BOX@SIP_Remote.
type MailboxSource struct {
	User, Secret, AuthUser string
	Host                   string
	Port                   uint16
	Box                    string
}

// setMWI reads user[:secret[:authuser]]@host[:port]/mailbox. The message never has
// the value in it: it holds a secret.
func setMWI(r *reader, v config.Variable) error {
	slash := strings.LastIndexByte(v.Value, '/')
	if slash < 0 {
		return errMWI
	}
	at := strings.LastIndexByte(v.Value[:slash], '@')
	box, _, _ := strings.Cut(v.Value[slash+1:], "@")
	if at < 1 || box == "" {
		return errMWI
	}
	host, port, err := splitHostPort(v.Value[at+1 : slash])
	if err != nil {
		return errMWI
	}
	parts := strings.SplitN(v.Value[:at], ":", 3)
	s := MailboxSource{User: parts[0], Host: host, Port: port, Box: strings.TrimSpace(box)}
	if len(parts) > 1 {
		s.Secret = parts[1]
	}
	if len(parts) > 2 {
		s.AuthUser = parts[2]
	}
	r.g.MWI = append(r.g.MWI, s)
	return nil
}

var errMWI = errors.New("an mwi line is user[:secret[:authuser]]@host[:port]/mailbox")

// mailboxSources are the subscriptions that mwi => lines ask for.
type mailboxSources struct{ list []*mailboxSource }

// mailboxSource is one of them: the subscriber of RFC 6665 4.1.
type mailboxSource struct {
	MailboxSource
	d          *Driver
	dialog     dialog
	life       time.Duration // that is asked for
	timer      sched.ID      // of the next SUBSCRIBE
	subscribed bool
	failures   int
	gone       bool
	servers    *servers
}

const (
	sourceRetry    = 30 * time.Second // after a failure, doubled for each
	sourceRetryMax = 15 * time.Minute
)

// setSources begins what the configuration asks for and ends what it no longer
// does.
func (d *Driver) setSources() {
	old := d.boxes.list
	d.boxes.list = nil
	for _, c := range d.cfg.General.MWI {
		var s *mailboxSource
		for i, o := range old {
			if o != nil && o.MailboxSource == c {
				s, old[i] = o, nil
				break
			}
		}
		if s == nil {
			s = &mailboxSource{MailboxSource: c, d: d, life: d.cfg.General.MWIExpiry}
			s.after(0)
		}
		d.boxes.list = append(d.boxes.list, s)
	}
	for _, s := range old {
		if s != nil {
			s.close()
		}
	}
}

// after arranges for the next SUBSCRIBE.
func (s *mailboxSource) after(wait time.Duration) {
	if s.gone {
		return
	}
	if s.timer != 0 {
		s.d.sched.Delete(s.timer)
	}
	s.timer = s.d.sched.Add(wait, func() time.Duration {
		s.timer = 0
		defer s.d.recovered(nil)
		s.subscribe()
		return 0
	})
}

// close ends it; what is subscribed runs out at the provider after a last word.
func (s *mailboxSource) close() {
	if s.timer != 0 {
		s.d.sched.Delete(s.timer)
		s.timer = 0
	}
	if s.subscribed {
		s.life = 0
		s.send()
	}
	s.gone = true
}

// subscribe finds the provider and sends the first SUBSCRIBE, or refreshes.
func (s *mailboxSource) subscribe() {
	d := s.d
	if s.dialog.remoteTag != "" {
		s.send()
		return
	}
	at := hop{query: d.query(s.Host, s.Port, d.protocols(&d.cfg.General.Defaults), false)}
	d.reach(at, func(to *servers, err error) {
		switch {
		case s.gone || d.quit:
		case err != nil:
			s.failed("its server was not found")
		default:
			s.servers = to
			s.first()
		}
	})
}

// first makes the dialog of a new subscription.
func (s *mailboxSource) first() {
	d := s.d
	route := s.servers.route()
	local, _ := d.localAddress(route)
	aor := "sip:" + string(message.AppendEscaped(nil, s.User)) + "@" + string(message.AppendHostPort(nil, s.Host, s.Port))
	given := digest.Credential{User: s.User, Secret: s.Secret}
	if s.AuthUser != "" {
		given.User = s.AuthUser
	}
	s.dialog = dialog{
		callID: d.random.callID(local.String()), localTag: d.random.tag(), localSeq: firstSeq - 1,
		local: "<" + aor + ">", remote: "<" + aor + ">", target: aor, route: route,
		contact: contactURI(s.User, local, route.Protocol), proof: &proof{given: given, addr: route.Remote.Addr()},
	}
	s.send()
}

// send sends the SUBSCRIBE.
func (s *mailboxSource) send() {
	d, g := s.d, &s.dialog
	g.localSeq++
	branch := d.random.branch()
	b := g.begin(d, message.SUBSCRIBE, branch, g.localSeq)
	b.Header(message.HeaderEvent, presence.Summary.Event())
	b.Header(message.HeaderAccept, presence.Summary.MIME())
	b.HeaderInt(message.HeaderExpires, int64(s.life/time.Second))
	d.txs.Send(d.finish(), message.SUBSCRIBE, branch, g.route, transaction.Timers{}, s)
}

// Response implements transaction.Receiver.
func (s *mailboxSource) Response(_ *transaction.Client, m *message.Message) {
	d, g := s.d, &s.dialog
	status := m.Status()
	switch {
	case status < 200:
	case (status == 401 || status == 407) && d.proves(g.proof, m, g.route.Remote.Addr()):
		s.send()
	case s.gone:
	case status < 300:
		g.proof.accepted(m)
		s.confirmed(m)
	case status == 423 && m.Seconds(message.HeaderMinExpires) > int64(s.life/time.Second):
		s.life = time.Duration(m.Seconds(message.HeaderMinExpires)) * time.Second
		s.send()
	default:
		wait, again := unavailable(m)
		if again && g.remoteTag == "" && s.servers.next("503", wait) {
			s.first()
			return
		}
		s.failed(fmt.Sprintf("%d %s", status, m.Reason()))
	}
}

// Failed implements transaction.Receiver.
func (s *mailboxSource) Failed(_ *transaction.Client, err error) {
	switch {
	case s.gone:
	case s.dialog.remoteTag == "" && s.servers.next(reasonOf(err), 0):
		s.first()
	default:
		s.failed(err.Error())
	}
}

// confirmed takes the dialog out of the 2xx and plans the refresh.
func (s *mailboxSource) confirmed(m *message.Message) {
	g := &s.dialog
	s.subscribed, s.failures = true, 0
	if g.remoteTag == "" {
		g.remoteTag = string(m.ToTag())
		g.learnRoutes(m, true)
	}
	g.learnTarget(m)
	g.aim(s.d, g.route, false)
	life := s.life
	if n := m.Expires(); n > 0 {
		life = min(life, time.Duration(n)*time.Second)
	}
	// Well before the end, so that a lost message does no harm.
	s.after(max(life-max(life/10, 10*time.Second), time.Second))
}

// failed tries again later, with a new dialog.
func (s *mailboxSource) failed(why string) {
	s.d.log.Warn("SIP: the messages at a provider are not known", "mailbox", remoteBox(s.Box), "host", s.Host, "reason", why)
	s.subscribed, s.dialog = false, dialog{}
	wait := min(sourceRetry<<min(s.failures, 10), sourceRetryMax)
	s.failures++
	s.after(wait)
}

// notified takes in a NOTIFY of one of the subscriptions; false when it belongs to
// none.
func (t *mailboxSources) notified(d *Driver, tx *transaction.Server, m *message.Message) bool {
	for _, s := range t.list {
		if g := &s.dialog; g.callID == "" || g.callID != string(m.CallID()) || g.localTag != string(m.ToTag()) ||
			g.remoteTag != "" && g.remoteTag != string(m.FromTag()) {
			continue
		}
		s.notify(tx, m)
		return true
	}
	return false
}

func (s *mailboxSource) notify(tx *transaction.Server, m *message.Message) {
	d := s.d
	if seq, _ := m.CSeq(); s.dialog.hasRemoteSeq && seq <= s.dialog.remoteSeq {
		d.respond(tx, m, 500, "Server Internal Error", nil)
		return
	}
	s.dialog.remoteSeq, _ = m.CSeq()
	s.dialog.hasRemoteSeq = true
	if len(m.Body()) > 0 {
		counts, err := presence.ParseSummary(m.Body())
		if err != nil {
			d.respond(tx, m, 400, "Bad Request", nil)
			return
		}
		if d.mailboxes != nil {
			d.mailboxes.SetMessages(remoteBox(s.Box), counts)
		}
	}
	tx.Keep()
	d.respond(tx, m, 200, "OK", nil)
	state, params, _ := bytes.Cut(m.Header(message.HeaderSubscriptionState), []byte(";"))
	if !bytes.EqualFold(bytes.TrimSpace(state), []byte("terminated")) || s.gone {
		return
	}
	s.subscribed, s.dialog = false, dialog{} // RFC 6665 4.1.3
	wait := sourceRetry
	p := message.Params(append([]byte(";"), params...))
	if v, ok := p.Get("retry-after"); ok {
		wait = max(time.Duration(message.ParseSeconds(v))*time.Second, wait)
	} else if v, _ := p.Get("reason"); bytes.EqualFold(v, []byte("deactivated")) || bytes.EqualFold(v, []byte("timeout")) {
		wait = time.Second
	}
	s.after(wait)
}

func (d *Driver) showMWI(w io.Writer, _ *decl.Request) error {
	const format = "%-30.30s  %-12.12s  %-10.10s  %-10.10s\n"
	fmt.Fprintf(w, format, "Host", "Username", "Mailbox", "Subscribed")
	for _, s := range d.boxes.list {
		host := string(message.AppendHostPort(nil, s.Host, s.Port))
		fmt.Fprintf(w, format, host, s.User, s.Box, yesNo(s.subscribed))
	}
	return nil
}
