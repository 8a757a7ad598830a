package manager

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"pbx/decl"
	"pbx/event"
	pbxio "pbx/io"
)

// Version is that of the protocol which programs look at.
const Version = "9.0.0"

const greeting = "Asterisk Call Manager/" + Version + "\r\n"

// session is one program that is connected, or one over HTTP.
type session struct {
	server        *Server
	conn          net.Conn // nil over HTTP
	remote, local netip.AddrPort
	secure        bool
	began         time.Time
	out           *outbox
	round         uint64 // of the batch that it was handed last; the batch's mu, as the next
	had           int    // how many parts of it

	mu        sync.Mutex
	user      *User // nil before the login
	mask      Class // of EventMask
	filters   filters
	challenge string
	reason    string // why it was ended, "" for the program's own wish
	gone      bool
	greeted   bool // the answer to its login is on the way: events come behind it
	follows   bool // over HTTP: it fetches its events

	in reader // of its goroutine
}

// sessionLimits are how long a line may be kept waiting for.
const (
	loginDelay = time.Second // after a wrong secret
	farewell   = 2 * time.Second
)

func newSession(s *Server, conn net.Conn) *session {
	x := &session{server: s, conn: conn, began: s.deps.Now(), out: newOutbox(), mask: ClassAll}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		x.remote = unmapped(a.AddrPort())
	}
	if a, ok := conn.LocalAddr().(*net.TCPAddr); ok {
		x.local = unmapped(a.AddrPort())
	}
	_, x.secure = conn.(*tls.Conn)
	if c, ok := conn.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			x.out.now = func(b []byte) int {
				n, _ := pbxio.WriteNow(raw, b) // what is wrong with it Write says
				return n
			}
		}
	}
	s.mu.Lock()
	s.sessions[x] = struct{}{}
	s.mu.Unlock()
	return x
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// serve runs the session to its end.
func (x *session) serve() {
	s := x.server
	written := make(chan struct{})
	go func() {
		defer close(written)
		x.write()
	}()
	x.out.push([]byte(greeting))
	_ = x.conn.SetReadDeadline(time.Now().Add(s.settings.Load().AuthTimeout))
	err := x.read()
	x.mu.Lock()
	user, reason := x.user, x.reason
	x.gone = true
	x.mu.Unlock()
	s.mu.Lock()
	delete(s.sessions, x)
	s.mu.Unlock()
	s.tune()
	if user == nil {
		s.admitted()
	}
	x.out.end()
	select {
	case <-written:
	case <-time.After(farewell):
	}
	_ = x.conn.Close()
	<-written
	switch {
	case reason != "":
		s.deps.Log.Warn(fmt.Sprintf("manager: %s: %s", x.who(), reason))
	case user == nil && errors.Is(err, os.ErrDeadlineExceeded):
		s.deps.Log.Log(s.ctx, event.LevelNotice, fmt.Sprintf("manager: %s did not log in within %v", x.remote, s.settings.Load().AuthTimeout))
	case user != nil && user.DisplayConnects:
		event.Verbose(s.deps.Log, 2, "Manager '%s' logged off from %s", user.Name, x.remote.Addr())
	}
}

// who is the session in a log line.
func (x *session) who() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.user == nil {
		return x.remote.String()
	}
	return fmt.Sprintf("'%s' from %s", x.user.Name, x.remote)
}

// errBye ends a session that said goodbye, or that could not prove itself.
var errBye = errors.New("goodbye")

// read reads and carries out messages.
func (x *session) read() error {
	x.in = newReader(x.conn)
	for {
		headers, err := x.in.next()
		switch {
		case errors.Is(err, errTooLong), errors.Is(err, errTooMany):
			r := decl.NewActionRequest(nil)
			r.Fail(err.Error())
			x.send(r.Answer())
			continue
		case err != nil:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := x.handle(headers); err != nil {
			return nil
		}
	}
}

// handle carries out one message. Its error ends the session.
func (x *session) handle(headers []decl.Header) error {
	r := decl.NewActionRequest(headers)
	err := x.perform(r)
	x.send(r.Answer())
	if r.Then != nil {
		r.Then()
	}
	return err
}

// perform finds the action and runs it. The error is errBye or nil: what an action
// says is in the answer.
func (x *session) perform(r *decl.ActionRequest) error {
	s := x.server
	x.catchUp() // what happened before it is for who the session was then
	name := cmp.Or(r.All("Action")...)
	user := x.loggedIn()
	if name == "" {
		x.badFormat("NONE")
		r.Fail(errNoAction.Error())
		return nil
	}
	a := s.action(name)
	switch {
	case user == nil && (a == nil || !a.open):
		r.Fail("Permission denied")
		return nil
	case a == nil:
		x.badFormat(name)
		r.Fail("Invalid/unknown command: " + name + ". Use Action: ListCommands to show available commands.")
		return nil
	case a.need != 0 && a.need&user.Write == 0:
		x.security("RequestNotAllowed", severityError, user.Name, "RequestType", "Action: "+a.Name)
		r.Fail("Permission denied")
		return nil
	}
	if user != nil {
		r.User = user.Name
		r.May = func(words ...string) bool { return user.Write&classes(words) != 0 }
		r.Fenced = !s.deps.Facts().LiveDangerously
		r.Plain = user.CommandFollows && x.conn != nil // what comes over HTTP has names only
	}
	err := x.run(a, r)
	if err != nil && !errors.Is(err, errBye) {
		r.Reset()
		r.Fail(err.Error())
		return nil
	}
	return err
}

// run runs an action and contains its panic.
func (x *session) run(a *action, r *decl.ActionRequest) (err error) {
	defer func() {
		if p := recover(); p != nil {
			x.server.deps.Log.Error(fmt.Sprintf("manager: panic in %s: %v\n%s", a.Name, p, debug.Stack()))
			err = errors.New("Internal error")
		}
	}()
	if a.session != nil {
		return a.session(x, r)
	}
	return a.Run(x.server.ctx, r)
}

func (x *session) loggedIn() *User {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.user
}

// queue queues a text; a program that does not read loses its session. One over HTTP that
// has never asked for its events loses those alone.
func (x *session) queue(text []byte) {
	if x.out.push(text) {
		return
	}
	x.mu.Lock()
	drop := x.conn == nil && !x.follows
	if drop {
		x.out.drop()
	}
	x.mu.Unlock()
	if !drop {
		x.leave("does not read what it is sent: the session is ended")
	}
}

// follow says that the session fetches its events from now on: it is sent some.
func (x *session) follow() {
	x.mu.Lock()
	x.follows = true
	if x.mask == 0 {
		x.mask = ClassAll
	}
	x.mu.Unlock()
	x.server.tune()
}

// await waits so long, or until the program says something.
func (x *session) await(d time.Duration) {
	if x.in.Buffered() > 0 {
		return
	}
	x.readBy(time.Now().Add(d))
	_, _ = x.in.Peek(1) // what is wrong the next read finds again
	x.readBy(time.Time{})
}

// readBy says when the program must have said something, unless the session is over.
func (x *session) readBy(at time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.gone {
		_ = x.conn.SetReadDeadline(at)
	}
}

// ended is why the session was ended, "" where it was not, or by the program's own wish.
func (x *session) ended() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.reason
}

// leave ends the session from any goroutine.
func (x *session) leave(reason string) {
	x.mu.Lock()
	if x.reason == "" {
		x.reason = reason
	}
	x.gone = true
	x.mu.Unlock()
	x.out.end()
	if x.conn != nil {
		_ = x.conn.SetReadDeadline(time.Unix(1, 0)) // its reader looks up
		if reason != "" {
			_ = x.conn.SetWriteDeadline(time.Unix(1, 0))
		}
	}
}

// write writes what waits, until the end.
func (x *session) write() {
	for range x.out.wake {
		for {
			text, done := x.out.take()
			if len(text) == 0 {
				if done {
					return
				}
				break
			}
			for len(text) > 0 {
				n := min(len(text), maxWrite)
				if !x.put(text[:n]) {
					return
				}
				text = text[n:]
			}
		}
	}
}

// maxWrite is how much is written at once, in the time that a user has for it.
const maxWrite = 16 << 10 // bytes

// put writes in the time that the user has for it.
func (x *session) put(b []byte) bool {
	limit := defaultWriteTimeout
	if u := x.loggedIn(); u != nil {
		limit = u.WriteTimeout
	}
	x.deadline(time.Now().Add(limit))
	if _, err := x.conn.Write(b); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			x.leave(fmt.Sprintf("has not read for %v: the session is ended", limit))
		} else {
			x.leave("")
		}
		return false
	}
	x.deadline(time.Time{})
	return true
}

// deadline says how long a write may take, unless the session was ended for a reason:
// none is waited for then.
func (x *session) deadline(at time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.reason == "" {
		_ = x.conn.SetWriteDeadline(at)
	}
}

// wants are the classes of the events that the session is sent.
func (x *session) wants() Class {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.user == nil || x.gone {
		return 0
	}
	return x.user.Read & x.mask
}

// ID is the session in security events.
func (x *session) ID() string { return fmt.Sprintf("%p", x) }
