// Package agi hands calls to programs (the Asterisk Gateway Interface): scripts
// that the exchange starts, servers that it connects to (FastAGI), and managers
// that feed commands to a waiting call (AsyncAGI). All of them speak one protocol
// of lines: the exchange tells of the call in agi_… lines, the program sends
// commands, each is answered by a line that begins with a number. ExternalIVR is
// another protocol of lines, in which neither side waits for the other.
//
// A session runs on the dialplan thread of its call, which waits for the program
// and for the call at once. One goroutine a session reads what the program says;
// it ends with the session, and so do its descriptors. Loops never come here.
package agi

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/dialplan"
	"pbx/dialplan/program"
)

// Version is what programs are told as the exchange's version: that of the ancestor whose
// protocols it speaks, and its own behind that. Old libraries divide arguments by bars when
// they see one below 1.6, and others give up where none is in front.
func Version(own string) string {
	const spoken = "20.0.0-pbx"
	if own == "" {
		return spoken
	}
	return spoken + "-" + own
}

// Resolver finds the servers of hagi:// (RFC 2782); *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

// Limits bound what a program may take.
type Limits struct {
	// Time is how long one may run, 0 for as long as it likes; Dead how long it may
	// go on when its call is over.
	Time, Dead time.Duration
}

// DefaultDead is how long a program may go on after its call.
const DefaultDead = time.Hour

// Deps are what AGI needs of the exchange.
type Deps struct {
	Engine   *dialplan.Engine
	Player   *prompt.Player
	Database channel.Database
	// Programs starts the scripts; nil has limits of its own.
	Programs *program.Runner
	// Directory is where a script's name is looked up (astagidir), Recordings where
	// that of RECORD FILE is (astspooldir and sounds are the ancestor's places).
	Directory, Recordings string
	// Environ is added to a script's environment.
	Environ []string
	// Limits are asked for when a session begins; nil has the defaults.
	Limits func() Limits
	// Bars reports whether EXEC takes the arguments of an application divided by bars,
	// as programs from before version 1.6 divide them; nil is no.
	Bars func() bool
	// Resolver and Dial are the system's when nil.
	Resolver Resolver
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Version  string // agi_version
	// Stderr is where the scripts' complaints go, the exchange's own when nil.
	Stderr *os.File
}

// AGI is the interface of one exchange.
type AGI struct {
	deps  Deps
	debug atomic.Bool
	// threads numbers the sessions, commands the commands of AsyncAGI.
	threads, commands atomic.Uint32
	table             []command
}

// New makes it.
func New(d Deps) *AGI {
	if d.Limits == nil {
		d.Limits = func() Limits { return Limits{Dead: DefaultDead} }
	}
	if d.Resolver == nil {
		d.Resolver = net.DefaultResolver
	}
	if d.Dial == nil {
		d.Dial = new(net.Dialer).DialContext
	}
	if d.Stderr == nil {
		d.Stderr = os.Stderr
	}
	a := &AGI{deps: d}
	a.table = commands()
	return a
}

// trace shows a line of the protocol when `agi set debug` asked for it.
func (a *AGI) trace(log *slog.Logger, ch *channel.Channel, format, line string) {
	if a.debug.Load() {
		log.Info(fmt.Sprintf(format, ch.Name(), line))
	}
}
