package manager

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pbx/channel"
	"pbx/channel/devstate"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/dialplan/hints"
	"pbx/event"
	pbxio "pbx/io"
)

// Deps are what the interface is built on.
type Deps struct {
	Network  pbxio.Network
	Registry *channel.Registry
	Engine   *dialplan.Engine
	Database channel.Database
	States   *devstate.Table
	Hints    *hints.Keeper
	// Console runs a line of the console and writes its answer; an error says that
	// the command failed.
	Console func(ctx context.Context, line string, out io.Writer) error
	// Reload reads a part of the configuration again, "" all of it.
	Reload func(module string) error
	// Module reports whether the exchange has what a module of that name has.
	Module func(name string) bool
	// Devices are the devices that are known, with their states.
	Devices func() []Device
	// AGI sends a command to a call that runs AGI(agi:async).
	AGI func(ch *channel.Channel, command, id string) error
	// QueueLog takes lines of queue_log.
	QueueLog channel.QueueLog
	// Rotate opens the log files anew.
	Rotate func() error
	// Facts tells of the exchange, SystemName how events name it where there are several:
	// "" for not at all.
	Facts      func() Facts
	SystemName func() string
	// ConfigDir is what GetConfig and its kin read and write.
	ConfigDir string
	Log       *slog.Logger
	Now       func() time.Time
	Random    io.Reader
}

// Facts are what CoreStatus, CoreSettings and FullyBooted tell.
type Facts struct {
	Version, SystemName string
	Started, Reloaded   time.Time
	MaxCalls            int
	MaxFiles            uint64
	HTTP, CDR           bool
	// LiveDangerously lets programs use the functions that can harm the system.
	LiveDangerously bool
}

// Server is the manager interface of one exchange.
type Server struct {
	deps     Deps
	settings atomic.Pointer[Settings]
	actions  map[string]*action // by lower-case name
	web      *webSessions

	plain, secure open
	group         sync.WaitGroup
	ctx           context.Context // ends with Close
	cancel        context.CancelFunc

	mu       sync.Mutex
	sessions map[*session]struct{}
	waiting  int // connections that have not logged in
	feed     *event.Subscription
	wanted   []event.Kind
	fed      chan struct{} // closed when feed is over
	debug    bool

	catch chan chan<- struct{} // catchUp
	batch batch
	page  page       // scratch of the feed's goroutine, as the next
	told  []*session // to be handed the batch
}

// open is a listener with the address of the configuration that it has.
type open struct {
	listener net.Listener
	at       netip.AddrPort
}

// action is an entry of the table of actions.
type action struct {
	decl.Action
	need Class
	// session is Run for an action about the session itself.
	session func(s *session, r *decl.ActionRequest) error
	// open actions may be called before the login.
	open bool
}

// New makes the interface with the actions of the exchange and those given. It does
// not listen yet.
func New(d Deps, more ...decl.Action) *Server {
	s := &Server{deps: d, actions: make(map[string]*action), sessions: make(map[*session]struct{}), catch: make(chan chan<- struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.settings.Store(&Settings{})
	s.web = newWebSessions(s)
	for _, a := range s.sessionActions() {
		s.actions[strings.ToLower(a.Name)] = &a
	}
	for _, list := range [][]decl.Action{
		s.coreActions(), s.channelActions(), s.listActions(), s.originateActions(), s.transferActions(), s.stateActions(), s.databaseActions(),
		s.configActions(), s.planActions(), s.messageActions(), more,
	} {
		s.Add(list...)
	}
	return s
}

// Add makes actions known.
func (s *Server) Add(list ...decl.Action) {
	for _, a := range list {
		s.actions[strings.ToLower(a.Name)] = &action{Action: a, need: classes(a.Classes)}
	}
}

// Actions are all of them by name.
func (s *Server) Actions() []decl.Action {
	var all []decl.Action
	for _, a := range s.sorted() {
		all = append(all, a.Action)
	}
	return all
}

func (s *Server) sorted() []*action {
	all := make([]*action, 0, len(s.actions))
	for _, a := range s.actions {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *action) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return all
}

// Apply takes in a configuration: listeners whose address changed are opened anew,
// sessions stay as they are. What cannot be opened is an error; the rest serves.
func (s *Server) Apply(c Settings) error {
	s.settings.Store(&c)
	s.mu.Lock()
	s.debug = c.Debug
	s.mu.Unlock()
	s.tune()
	err := s.listen(&s.plain, c.Enabled, c.Bind, func(l net.Listener) net.Listener { return l })
	return errors.Join(err, s.listen(&s.secure, c.Enabled && c.TLS && c.certificate != nil, c.TLSBind, func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.settings.Load().certificate, nil
		}})
	}))
}

func (s *Server) listen(o *open, on bool, at netip.AddrPort, wrap func(net.Listener) net.Listener) error {
	if o.listener != nil && (!on || o.at != at) {
		_ = o.listener.Close()
		o.listener = nil
	}
	if !on || o.listener != nil {
		return nil
	}
	l, err := s.deps.Network.ListenTCP(at, pbxio.SocketOptions{})
	if err != nil {
		return fmt.Errorf("manager.conf: %w", err)
	}
	o.listener, o.at = l, at
	s.group.Add(1)
	go s.accept(wrap(l))
	return nil
}

func (s *Server) accept(l net.Listener) {
	defer s.group.Done()
	for {
		conn, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || s.ctx.Err() != nil {
				return
			}
			s.deps.Log.Error("manager: a connection could not be taken", "err", err)
			// Out of descriptors: not again at once.
			select {
			case <-s.ctx.Done():
				return
			case <-time.After(time.Second):
			}
			continue
		}
		if !s.admit() {
			s.deps.Log.Warn("manager: a connection is turned away: authlimit connections have not logged in", "address", conn.RemoteAddr().String())
			_ = conn.Close()
			continue
		}
		s.group.Add(1)
		go func() {
			defer s.group.Done()
			newSession(s, conn).serve()
		}()
	}
}

// admit counts a connection that has not logged in, unless there are too many.
func (s *Server) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting >= s.settings.Load().AuthLimit {
		return false
	}
	s.waiting++
	return true
}

// admitted takes one off that has logged in, or is gone.
func (s *Server) admitted() {
	s.mu.Lock()
	s.waiting--
	s.mu.Unlock()
}

// Addresses are where the interface is served, the zero AddrPort where not.
func (s *Server) Addresses() (plain, secure netip.AddrPort) {
	local := func(o *open) netip.AddrPort {
		if o.listener == nil {
			return netip.AddrPort{}
		}
		a, _ := o.listener.Addr().(*net.TCPAddr)
		return a.AddrPort()
	}
	return local(&s.plain), local(&s.secure)
}

// Close ends the listeners and the sessions, and waits for their goroutines.
func (s *Server) Close() {
	s.cancel()
	s.mu.Lock()
	fed := s.fed
	s.mu.Unlock()
	if fed != nil {
		<-fed // the last events are with the sessions
	}
	for _, o := range []*open{&s.plain, &s.secure} {
		if o.listener != nil {
			_ = o.listener.Close()
		}
	}
	for _, x := range s.list() {
		x.leave("")
	}
	s.web.close()
	s.group.Wait()
}

// list returns the sessions, oldest first.
func (s *Server) list() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*session, 0, len(s.sessions))
	for x := range s.sessions {
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b *session) int { return a.began.Compare(b.began) })
	return all
}
