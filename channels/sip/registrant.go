package sip

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/message"
	"pbx/channels/sip/registry"
	"pbx/channels/sip/transaction"
	"pbx/event"
	"pbx/sched"
)

// registrant registers this exchange with somebody else, for one binding: the
// dialog-like state of RFC 3261 10.2 around the machine that says what to do. The
// monitor loop owns it.
type registrant struct {
	dialog
	d       *Driver
	machine *registry.Registration
	peer    *Peer // whose settings hold, nil for those of [general]
	timer   sched.ID
	next    time.Time           // when timer fires
	client  *transaction.Client // a REGISTER without final answer
	flow    transaction.Flow    // the connection that the last one was granted by, 0 for none
	servers *servers            // of this try
	found   bool                // route is that of this try
	told    registry.State      // what the bus heard last
	// service is the route that requests take through the provider (RFC 3608).
	service []string
	// toward is the registrar that a 3xx response named, for this try, and redirects
	// how often that was.
	toward    string
	redirects int
	gone      func() // called when an unregistration is over
}

// registryGap is the time between the first tries of several registrations.
const registryGap = 100 * time.Millisecond

// startRegistrations makes the registrations those of the configuration: what is
// there stays, unless it was given up, what is new begins, and what is gone is taken
// back at the registrar.
func (d *Driver) startRegistrations() {
	old := d.registrants
	d.registrants = nil
	bound := make(map[registry.Line]*registrant, len(old))
	for _, r := range d.leaving { // put back before the registrar heard that it went
		bound[r.machine.Line.Binding()] = r
	}
	for _, r := range old {
		bound[r.machine.Line.Binding()] = r
	}
	wait := time.Duration(0)
	for _, c := range d.cfg.General.Registrations {
		key := c.Binding()
		r := bound[key]
		if r == nil {
			r = d.newRegistrant(c.Line)
		}
		d.stay(r)
		delete(bound, key)
		d.registrants = append(d.registrants, r)
		if r.configure(c.Line) {
			wait += registryGap
			r.dueIn(wait)
		}
	}
	for _, r := range old {
		if bound[r.machine.Line.Binding()] == r {
			d.leaving = append(d.leaving, r)
			r.leave(func() { d.left(r) })
		}
	}
}

func (d *Driver) left(r *registrant) {
	d.leaving = slices.DeleteFunc(d.leaving, func(o *registrant) bool { return o == r })
}

// stay takes back that a registration leaves. It goes on with the same Call-ID, so
// that the registrar knows what of it comes late (RFC 3261 10.3).
func (d *Driver) stay(r *registrant) {
	if !slices.Contains(d.leaving, r) {
		return
	}
	d.left(r)
	r.stop()
	r.forget()
	r.gone = nil
	r.machine = registry.New(r.machine.Line, registry.Policy{}, 0, d.random.uint64)
}

func (d *Driver) newRegistrant(l registry.Line) *registrant {
	r := &registrant{d: d, machine: registry.New(l, registry.Policy{}, 0, d.random.uint64)}
	r.localTag = d.random.tag()
	r.localSeq = firstSeq - 1
	r.proof = &proof{}
	return r
}

// configure takes over what the configuration says, and reports whether a REGISTER
// should follow at once.
func (r *registrant) configure(l registry.Line) bool {
	d := r.d
	g := &d.cfg.General
	m := r.machine
	policy := registry.Policy{
		Timeout:  time.Duration(cmp.Or(max(g.RegisterTimeout, 0), defaultRegisterTimeout)) * time.Second,
		Attempts: g.RegisterAttempts, RetryForbidden: g.RegisterRetry403,
	}
	if m.Idle(d.now()) || m.Line != l { // what was given up begins again
		r.stop()
		r.forget()
		r.proof.Forget()
		r.machine = registry.New(l, policy, g.DefaultExpiry, d.random.uint64)
		r.machine.Since = m.Since
	}
	r.machine.Policy = policy
	r.peer = d.registrarSection(l)
	given := digest.Credential{}
	if l.Secret != "" {
		given = digest.Credential{User: cmp.Or(l.AuthUser, l.User), Secret: l.Secret}
	}
	r.proof.peer, r.proof.given = r.peer, given
	return r.machine.Idle(d.now())
}

// defaultRegisterTimeout is registertimeout, in seconds, where that is 0.
const defaultRegisterTimeout = 20

// registrarSection is the section whose settings hold for a line: the one that it
// names, or whose name stands in the place of its host.
func (d *Driver) registrarSection(l registry.Line) *Peer {
	for _, name := range [...]string{l.Peer, l.Host} {
		if name == "" {
			continue
		}
		if p := d.peer(name); p != nil && p.Type.IsPeer() && !p.Dynamic {
			return p
		}
	}
	return nil
}

// registrar is where the registrar is: the host of the line, or of the section that
// stands in its place.
func (r *registrant) registrar() (host string, port uint16) {
	l := &r.machine.Line
	if p := r.peer; p != nil && strings.EqualFold(p.Name, l.Host) && p.Host != "" {
		return p.Host, cmp.Or(l.Port, p.Port)
	}
	return l.Host, l.Port
}

// domain is what is registered at, for the Request-URI and To (RFC 3261 10.2).
func (r *registrant) domain() (host string, port uint16) {
	l := &r.machine.Line
	switch p := r.peer; {
	case l.Domain != "":
		return l.Domain, l.DomainPort
	case p != nil && p.FromDomain != "":
		return p.FromDomain, p.FromDomainPort
	}
	return r.registrar()
}

// settings are those that hold for the requests to the registrar.
func (r *registrant) settings() *PeerSettings { return r.d.settings(r.peer) }

// dueIn arranges for the next try.
func (r *registrant) dueIn(wait time.Duration) {
	r.stop()
	r.next = r.d.now().Add(wait)
	r.timer = r.d.sched.Add(wait, func() time.Duration {
		r.timer = 0
		defer r.d.recovered(nil)
		r.proof.tries, r.found, r.toward, r.redirects = 0, false, "", 0
		r.follow(r.machine.Due(r.d.now()))
		return 0
	})
}

func (r *registrant) stop() {
	if r.timer != 0 {
		r.d.sched.Delete(r.timer)
		r.timer = 0
	}
}

// leave takes the binding back; gone, which may be nil, is called when that is
// answered, or there is none.
func (r *registrant) leave(gone func()) {
	r.stop()
	r.forget()
	r.gone = gone
	r.proof.tries, r.found = 0, r.route.Remote.IsValid()
	r.servers = nil
	r.follow(r.machine.Leave(r.d.now()))
}

// forget lets go of a REGISTER that waits for its answer.
func (r *registrant) forget() {
	if r.client != nil {
		r.client.SetReceiver(nobody{})
		r.client = nil
	}
}

// follow does what the machine wants.
func (r *registrant) follow(s registry.Step) {
	d := r.d
	switch {
	case s.Note != "" && s.Again:
		d.verbose(3, s.Note)
	case s.Note != "":
		d.notice(s.Note)
	}
	switch {
	case s.Send:
		r.send()
	case s.Wait > 0:
		r.dueIn(s.Wait)
	default:
		if r.gone != nil {
			r.gone()
			r.gone = nil
		}
	}
	r.tell(s)
}

// tell publishes how the registration stands, when that changed or the registrar has
// just confirmed it.
func (r *registrant) tell(s registry.Step) {
	d := r.d
	now := r.machine.State(d.now())
	if now == r.told && !s.Again {
		return
	}
	r.told = now
	if d.bus.Wants(event.Registry) {
		domain, _ := r.domain()
		d.bus.Publish(event.Event{Kind: event.Registry, Time: d.now(), Name: r.machine.Line.User, Value: now.String(), Address: domain})
	}
}

// send sends a REGISTER: to the server of this try, which the first of it finds.
func (r *registrant) send() {
	if r.found {
		r.sendTo(r.route)
		return
	}
	at := r.hop()
	if r.machine.Bound(r.d.now()) {
		at.known = r.route
	}
	r.sendBy(at)
}

// sendBy sends a REGISTER to the first server of a hop.
func (r *registrant) sendBy(at hop) {
	d, asked := r.d, r.machine
	d.reach(at, func(s *servers, err error) {
		switch {
		case r.machine != asked || r.found: // configured anew meanwhile, or leaving
		case err != nil:
			r.follow(r.machine.Unsent(d.now(), err))
		default:
			r.servers, r.found, r.routes = s, true, s.path
			r.sendTo(s.route())
		}
	})
}

// hop is where the registrar is looked for, or the proxy before it.
func (r *registrant) hop() hop {
	d, s := r.d, r.settings()
	if s.OutboundProxy.Host != "" {
		return d.proxyHop(s)
	}
	host, port := r.registrar()
	protocols, fixed := d.protocols(s), false
	if p, ok := transaction.ParseProtocol(r.machine.Line.Transport); ok {
		protocols, fixed = []transaction.Protocol{p}, true
	}
	return hop{query: d.query(host, port, protocols, fixed)}
}

// sendTo sends the REGISTER (RFC 3261 10.2).
func (r *registrant) sendTo(to transaction.Route) {
	d, l := r.d, &r.machine.Line
	local, _ := d.localAddress(to)
	if r.callID == "" { // one for all, until the next start
		r.callID = d.random.callID(string(appendHost(nil, local.Addr())))
	}
	host, port := r.domain()
	host = bracketed(host)
	user := string(message.AppendEscaped(nil, l.User))
	r.route, r.proof.addr = to, to.Remote.Addr()
	r.target = cmp.Or(r.toward, string(appendTarget(nil, "", host, port, transaction.UDP)))
	r.local = "<" + string(appendTarget(nil, user, host, 0, transaction.UDP)) + ">"
	r.remote = r.local
	r.contact = contactURI(l.Exten, local, to.Protocol)
	r.localSeq++
	branch := d.random.branch()
	b := r.begin(d, message.REGISTER, branch, r.localSeq)
	b.Header(message.HeaderSupported, r.supported())
	b.HeaderInt(message.HeaderExpires, int64(r.machine.Asked/time.Second))
	b.Address(message.HeaderContact, "", r.contact, "")
	r.forget()
	if c := d.txs.Send(d.finish(), message.REGISTER, branch, to, r.timers(), r); c.State() != transaction.Terminated {
		r.client = c
	}
}

// supported says that proxies on the way may put themselves into Path (RFC 3327
// 5.1), with supportpath.
func (r *registrant) supported() string {
	if r.settings().SupportPath {
		return supported + ", " + optionPath
	}
	return supported
}

// timers end a REGISTER without an answer when registertimeout is over, and sooner
// where there is another server.
func (r *registrant) timers() transaction.Timers {
	s := r.settings()
	b := min(cmp.Or(s.TimerB, 64*cmp.Or(s.T1, transaction.DefaultT1)), r.machine.Policy.Timeout)
	if r.servers != nil && r.servers.more() {
		b = min(b, replyPatience)
	}
	return transaction.Timers{T1: s.T1, B: b}
}

// elsewhere goes on with the next server, where there is one (RFC 3263 4.3).
func (r *registrant) elsewhere(reason string, wait time.Duration) bool {
	if r.servers == nil || !r.servers.next(reason, wait) {
		return false
	}
	r.proof.tries = 0
	r.sendTo(r.servers.route())
	return true
}

// Response implements transaction.Receiver.
func (r *registrant) Response(c *transaction.Client, m *message.Message) {
	d := r.d
	defer d.recovered(nil)
	if c != r.client || m.Status() < 200 {
		return
	}
	r.client = nil
	if wait, ok := unavailable(m); ok && r.elsewhere("503", wait) {
		return
	}
	if r.redirected(m) {
		return
	}
	reply := registry.ReadReply(m, r.contact)
	switch {
	case reply.Status == 401 || reply.Status == 407:
		reply.Proof = d.proves(r.proof, m, r.route.Remote.Addr())
	case reply.Status < 300:
		r.proof.accepted(m)
		r.service = registry.ServiceRoute(m)
		r.flow = c.Route.Flow
	}
	r.follow(r.machine.Answered(d.now(), reply))
}

// maxRedirects bounds how often one try is sent on.
const maxRedirects = 3

// redirected goes on at the registrar that a 3xx response names (RFC 3261 8.1.3.4),
// where promiscredir= lets a provider send us elsewhere: our proof goes there too.
func (r *registrant) redirected(m *message.Message) bool {
	d, s := r.d, r.settings()
	a, ok := m.Contact()
	switch m.Status() {
	case 301, 302, 305:
	default:
		return false
	}
	if !ok || a.Wildcard || !a.URI.IsSIP() || !s.PromiscRedirect || r.redirects >= maxRedirects {
		return false
	}
	a.URI.Headers, a.URI.User = nil, nil
	to := a.URI.String()
	at := d.uriHop(to, s, hop{})
	if at.query.Host == "" {
		return false
	}
	d.verbose(3, "SIP: the registrar sends us on", "user", r.machine.Line.User, "to", to)
	r.redirects++
	r.toward, r.found, r.proof.tries = to, false, 0
	r.sendBy(at)
	return true
}

// Failed implements transaction.Receiver.
func (r *registrant) Failed(_ *transaction.Client, err error) {
	d := r.d
	defer d.recovered(nil)
	r.client = nil
	switch {
	case r.elsewhere(reasonOf(err), 0):
	case errors.Is(err, transaction.ErrTimeout):
		r.follow(r.machine.Silent(d.now()))
	default:
		r.follow(r.machine.Unsent(d.now(), err))
	}
}

// provided is the hop to the provider that p is, where this exchange is registered
// with it: the server that knows us, by the route that it told (RFC 3608 6.1).
func (d *Driver) provided(p *Peer, at hop) hop {
	r := d.registrantFor(p)
	if r == nil {
		return at
	}
	if at.known, at.path = r.route, r.service; len(at.path) > 0 {
		at.query = d.uriHop(at.path[0], &p.PeerSettings, at).query
	}
	return at
}

// registrantFor is the registration with the provider that p is, nil where there is
// none or it is not in force.
func (d *Driver) registrantFor(p *Peer) *registrant {
	for _, r := range d.registrants {
		if r.machine.Bound(d.now()) && r.serves(p) {
			return r
		}
	}
	return nil
}

// serves reports whether the registration is that of the account that p is: the
// section of its line, or one at the registrar's host with its user.
func (r *registrant) serves(p *Peer) bool {
	if r.peer != nil {
		return r.peer == p
	}
	l := &r.machine.Line
	return strings.EqualFold(p.Host, l.Host) && (p.DefaultUser == "" && p.FromUser == "" || p.DefaultUser == l.User || p.FromUser == l.User || p.Name == l.User)
}

// registerAgain registers at once with the provider at p, which has come back: it may
// have forgotten us. What it refused waits as long as it would.
func (d *Driver) registerAgain(p *Peer) {
	for _, r := range d.registrants {
		host, _ := r.registrar()
		if r.timer == 0 || r.peer != p && !strings.EqualFold(host, p.Host) {
			continue
		}
		switch r.machine.State(d.now()) {
		case registry.Registered, registry.Unregistered, registry.Timeout:
			r.dueIn(0)
		}
	}
}

// unregisterLimit bounds the wait for registrars at the end.
const unregisterLimit = 2 * time.Second

// unregister takes every binding back and calls done when that is answered, after
// unregisterLimit at the latest.
func (d *Driver) unregisterAll(done func()) {
	list := d.registrants
	d.registrants = nil
	left := len(list)
	finish := func() {
		if done != nil {
			done()
			done = nil
		}
	}
	if left == 0 {
		finish()
		return
	}
	for _, r := range list {
		r.leave(func() {
			if left--; left == 0 {
				finish()
			}
		})
	}
	d.sched.Add(unregisterLimit, func() time.Duration {
		finish()
		return 0
	})
}

// bracketed puts an IPv6 address into brackets, as URIs have it.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
