package manager

import (
	"crypto/md5" // the protocol's
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"pbx/decl"
	"pbx/event"
)

// sessionActions are those about the session itself. Those that are open may be
// asked before the login.
func (s *Server) sessionActions() []action {
	return []action{
		{Action: decl.Action{
			Name: "Login", Synopsis: "Login Manager.",
			Help: "Logs in with a secret, or with the answer to a challenge. Events says which events are sent: on, off or a list of classes.",
			Args: []decl.Arg{
				{Name: "Username"},
				{Name: "Secret", Optional: true},
				{Name: "AuthType", Help: "MD5 with Key", Optional: true},
				{Name: "Key", Help: "the MD5 of challenge and secret", Optional: true},
				{Name: "Events", Optional: true},
			},
		}, session: (*session).login, open: true},
		{Action: decl.Action{
			Name: "Challenge", Synopsis: "Generate Challenge for MD5 Auth.", Help: "Gives the challenge that a login with AuthType: MD5 answers.",
			Args: []decl.Arg{{Name: "AuthType", Help: "MD5"}},
		}, session: (*session).challenged, open: true},
		{Action: decl.Action{Name: "Logoff", Synopsis: "Logoff Manager.", Help: "Ends the session."}, session: (*session).logoff, open: true},
		{Action: decl.Action{Name: "Ping", Synopsis: "Keepalive command.", Help: "Answers Pong."}, session: (*session).ping},
		{Action: decl.Action{
			Name: "Events", Synopsis: "Control Event Flow.", Help: "Says which events this session is sent from now on.",
			Args: []decl.Arg{{Name: "EventMask", Help: "on, off or a list of classes"}},
		}, session: (*session).events},
		{Action: decl.Action{
			Name: "Filter", Synopsis: "Dynamically add filters for the current manager session.", Classes: []string{"system"},
			Help: "Adds a filter as eventfilter of manager.conf has it. With MatchCriteria the filter is in the newer syntax.",
			Args: []decl.Arg{{Name: "Operation", Help: "Add"}, {Name: "Filter"}, {Name: "MatchCriteria", Optional: true}},
		}, session: (*session).filter, need: ClassSystem},
		{Action: decl.Action{Name: "ListCommands", Synopsis: "List available manager commands.", Help: "Lists the actions that this user may send."}, session: (*session).listCommands},
		{Action: decl.Action{
			Name: "WaitEvent", Synopsis: "Wait for an event to occur.",
			Help: "Answers with the events that came since the last time, or as soon as one comes: for sessions over HTTP.",
			Args: []decl.Arg{{Name: "Timeout", Help: "seconds; -1 waits as long as the session lasts", Optional: true}},
		}, session: (*session).waitEvent},
	}
}

// action finds an action in any case of letters.
func (s *Server) action(name string) *action {
	return s.actions[strings.ToLower(strings.TrimSpace(name))]
}

var errAuthentication = errors.New("Authentication failed")

func (x *session) login(r *decl.ActionRequest) error {
	if x.loggedIn() != nil {
		return r.OK("Already authenticated")
	}
	s := x.server
	conf := s.settings.Load()
	user, err := x.authenticate(conf, r)
	if err != nil {
		// Guessing takes time.
		select {
		case <-time.After(loginDelay):
		case <-s.ctx.Done():
		}
		r.Fail(errAuthentication.Error())
		return errBye
	}
	if !user.MultipleLogin && s.count(user) > 0 {
		s.deps.Log.Warn(fmt.Sprintf("manager: '%s' is logged in already (allowmultiplelogin=no)", user.Name))
		x.security("SessionLimit", severityError, user.Name)
		r.Fail("Login Already In Use")
		return errBye
	}
	if x.conn != nil {
		_ = x.conn.SetReadDeadline(time.Time{})
		s.admitted()
	}
	x.mu.Lock()
	x.user = user
	if mask, ok := eventMask(r.Get("Events")); ok {
		x.mask = mask
	}
	x.mu.Unlock()
	s.tune()
	if user.DisplayConnects {
		event.Verbose(s.deps.Log, 2, "Manager '%s' logged on from %s", user.Name, x.remote.Addr())
	}
	_ = r.OK("Authentication accepted")
	if x.wants()&ClassSystem != 0 {
		f, now := s.deps.Facts(), s.deps.Now()
		var w page
		s.begin(&w, ClassSystem, "FullyBooted", now)
		w.number("Uptime", int(now.Sub(f.Started).Seconds()))
		w.number("LastReload", int(now.Sub(f.Reloaded).Seconds()))
		w.line("Status", "Fully Booted")
		booted := strings.TrimSuffix(string(w.text), "\r\n")
		for l := range strings.SplitSeq(booted, "\r\n") {
			r.Text(l)
		}
		r.End()
	}
	r.Then = func() {
		x.security("SuccessfulAuth", "Informational", user.Name, "UsingPassword", "0")
	}
	return nil
}

// authenticate says who logs in.
func (x *session) authenticate(conf *Settings, r *decl.ActionRequest) (*User, error) {
	s := x.server
	name := r.Get("Username")
	notice := func(format string, args ...any) {
		s.deps.Log.Log(s.ctx, event.LevelNotice, fmt.Sprintf(format, args...))
	}
	shown := printableName(name)
	user := conf.user(name)
	if user == nil || user.Secret == "" {
		notice("%s tried to authenticate with nonexistent user '%s'", x.remote.Addr(), shown)
		x.security("InvalidAccountID", severityError, shown)
		return nil, errAuthentication
	}
	if !user.ACL.Allows(x.remote.Addr()) {
		notice("%s failed to pass IP ACL as '%s'", x.remote.Addr(), shown)
		x.security("FailedACL", severityError, shown)
		return nil, errAuthentication
	}
	x.mu.Lock()
	challenge := x.challenge
	x.challenge = ""
	x.mu.Unlock()
	given, want := r.Get("Secret"), user.Secret
	what, more := "InvalidPassword", []string(nil)
	if strings.EqualFold(r.Get("AuthType"), "MD5") {
		sum := md5.Sum([]byte(challenge + user.Secret))
		given, want = strings.ToLower(r.Get("Key")), hex.EncodeToString(sum[:])
		if challenge == "" {
			given = ""
		}
		// What was expected is kept to ourselves: a secret could be found by it.
		what, more = "ChallengeResponseFailed", []string{"Challenge", challenge, "Response", given}
	}
	if given == "" || subtle.ConstantTimeCompare([]byte(given), []byte(want)) != 1 {
		notice("%s failed to authenticate as '%s'", x.remote.Addr(), shown)
		x.security(what, severityError, shown, more...)
		return nil, errAuthentication
	}
	return user, nil
}

// printableName is what somebody says his name is, as logs and events show it.
func printableName(name string) string { return strings.Map(printable, name) }

func printable(r rune) rune {
	if r < ' ' || r == '\'' || r == 0x7f {
		return '?'
	}
	return r
}

// count is how many sessions a user has.
func (s *Server) count(u *User) (n int) {
	for _, x := range s.list() {
		if o := x.loggedIn(); o != nil && o.Name == u.Name {
			n++
		}
	}
	return n
}

func (x *session) challenged(r *decl.ActionRequest) error {
	if !strings.EqualFold(r.Get("AuthType"), "MD5") {
		return errors.New("Must specify AuthType")
	}
	var b [4]byte
	if _, err := io.ReadFull(x.server.deps.Random, b[:]); err != nil {
		return err
	}
	challenge := strconv.FormatUint(uint64(binary.BigEndian.Uint32(b[:])&0x7fffffff), 10)
	x.mu.Lock()
	x.challenge = challenge
	x.mu.Unlock()
	r.Response("Success")
	r.Field("Challenge", challenge)
	r.End()
	return nil
}

func (x *session) logoff(r *decl.ActionRequest) error {
	r.Response("Goodbye")
	r.Field("Message", "Thanks for all the fish.")
	r.End()
	return errBye
}

func (x *session) ping(r *decl.ActionRequest) error {
	now := x.server.deps.Now()
	r.Response("Success")
	r.Field("Ping", "Pong")
	r.Field("Timestamp", fmt.Sprintf("%d.%06d", now.Unix(), now.Nanosecond()/1000))
	r.End()
	return nil
}

func (x *session) events(r *decl.ActionRequest) error {
	mask, ok := eventMask(r.Get("EventMask"))
	silent := x.server.settings.Load().SilentEvents
	if !ok {
		if silent {
			return nil
		}
		return errors.New("Invalid event mask")
	}
	x.mu.Lock()
	x.mask = mask
	x.mu.Unlock()
	x.server.tune()
	if silent && mask == ClassAll {
		return nil
	}
	r.Response("Success")
	if mask == 0 {
		r.Field("Events", "Off")
	} else {
		r.Field("Events", "On")
	}
	r.End()
	return nil
}

// maxFilters bounds the filters of a session.
const maxFilters = 64

func (x *session) filter(r *decl.ActionRequest) error {
	if !strings.EqualFold(r.Get("Operation"), "Add") {
		return errors.New("Unknown operation")
	}
	var f filter
	var err error
	if criteria := r.Get("MatchCriteria"); criteria != "" {
		f, err = parseNamedFilter(criteria, r.Get("Filter"))
	} else {
		f, err = parseFilter(r.Get("Filter"))
	}
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.filters) >= maxFilters {
		return errors.New("Too many filters")
	}
	x.filters = append(x.filters[:len(x.filters):len(x.filters)], f)
	return r.OK("Success")
}

func (x *session) listCommands(r *decl.ActionRequest) error {
	user := x.loggedIn()
	r.Response("Success")
	for _, a := range x.server.sorted() {
		if a.need == 0 || a.need&user.Write != 0 {
			r.Field(a.Name, fmt.Sprintf("%s  (Priv: %s)", a.Synopsis, a.need.privilege()))
		}
	}
	r.End()
	return nil
}

// defaultWait is how long WaitEvent waits without a Timeout.
const defaultWait = -1

func (x *session) waitEvent(r *decl.ActionRequest) error {
	seconds := defaultWait
	if n, err := strconv.Atoi(r.Get("Timeout")); err == nil {
		seconds = n
	}
	most := time.Hour
	if x.conn == nil { // a session over HTTP ends a while after its last request
		most = max(x.server.settings.Load().HTTPTimeout-10*time.Second, 5*time.Second)
		x.follow()
	}
	wait := most
	if seconds >= 0 {
		wait = min(most, time.Duration(seconds)*time.Second)
	}
	_ = r.OK("Waiting for Event completed.")
	if x.conn == nil {
		timer := time.NewTimer(wait)
		defer timer.Stop()
	waiting:
		for !x.out.waiting() {
			select {
			case <-x.out.wake:
			case <-timer.C:
				break waiting
			case <-x.server.ctx.Done():
				break waiting
			}
		}
		if text, _ := x.out.take(); len(text) > 0 {
			for l := range strings.SplitSeq(strings.TrimSuffix(string(text), "\r\n"), "\r\n") {
				r.Text(l)
			}
		}
	} else if wait < most {
		x.await(wait) // what comes meanwhile is sent as it comes
	}
	r.Event("WaitEventComplete")
	return nil
}

// severityError is that of security events about a request that was refused.
const severityError = "Error"

// security tells the bus what the session did about its own security, and the log, at its
// level for that, what was refused.
func (x *session) security(name, severity, account string, more ...string) {
	s := x.server
	bus := s.deps.Registry.Bus()
	logged := severity == severityError && s.deps.Log.Enabled(s.ctx, event.LevelSecurity)
	if !logged && !bus.Wants(event.Security) {
		return
	}
	now := s.deps.Now()
	var w page
	w.line("EventTV", stamp(now))
	w.line("Severity", severity)
	w.line("Service", "AMI")
	w.line("EventVersion", "1")
	if name != "RequestBadFormat" {
		w.line("AccountID", account)
	}
	w.line("SessionID", x.ID())
	w.line("LocalAddress", x.transport(x.local.String()))
	w.line("RemoteAddress", x.transport(x.remote.String()))
	for i := 0; i+1 < len(more); i += 2 {
		w.line(more[i], more[i+1])
	}
	w.line("SessionTV", stamp(x.began))
	if name == "RequestBadFormat" {
		w.line("AccountID", account)
	}
	text := strings.ReplaceAll(strings.TrimSuffix(string(w.text), "\r\n"), "\r\n", "\n")
	if logged {
		s.deps.Log.Log(s.ctx, event.LevelSecurity, securityLine(name, text))
	}
	bus.Publish(event.Event{Kind: event.Security, Time: now, Name: name, Value: account, Address: x.remote.String(), AppData: text})
}

// securityLine is a security event as the log has it and as filters read it: pairs with
// quotes around the values, which nothing in a value can end.
func securityLine(name, text string) string {
	var b strings.Builder
	b.WriteString(`SecurityEvent="` + name + `"`)
	for l := range strings.SplitSeq(text, "\n") {
		field, value, _ := strings.Cut(l, ": ")
		b.WriteString("," + field + `="` + strings.ReplaceAll(value, `"`, "?") + `"`)
	}
	return b.String()
}

func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000-0700") }

// transport is an address as security events write it: IPV4/TCP/192.0.2.1/5038.
func (x *session) transport(addr string) string {
	family, protocol := "IPV4", "TCP"
	if x.remote.Addr().Is6() {
		family = "IPV6"
	}
	if x.secure {
		protocol = "TLS"
	}
	host, port := addr, ""
	if i := strings.LastIndexByte(addr, ':'); i >= 0 {
		host, port = strings.Trim(addr[:i], "[]"), addr[i+1:]
	}
	return strings.Join([]string{family, protocol, host, port}, "/")
}

// badFormat tells of a request without an action that there is.
func (x *session) badFormat(name string) {
	account := ""
	if u := x.loggedIn(); u != nil {
		account = u.Name
	}
	x.security("RequestBadFormat", severityError, account, "RequestType", "Action: "+name)
}
