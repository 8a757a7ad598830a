package channel

import (
	"log/slog"
	"time"

	"pbx/decl"
)

// Location is a place in the dialplan.
type Location struct {
	Context, Exten string
	Priority       int
}

// Thread is a dialplan thread as applications and functions see it: the
// goroutine that runs one channel through the plan. Its methods belong to that
// goroutine.
type Thread interface {
	// Channel is the channel that runs; never nil.
	Channel() *Channel
	// Log is a logger whose records carry the call.
	Log() *slog.Logger
	// Location is the priority being run.
	Location() Location
	// Goto continues at a place after the application returns. spec is
	// [[context,]extension,]priority-or-label as Goto() takes it. An error names
	// what is missing; the place was not changed then.
	Goto(spec string) error
	// Resolve finds the place that Goto would go on at.
	Resolve(spec string) (Location, error)
	// GotoLocation is Goto with the parts at hand; it does not check.
	GotoLocation(l Location)
	// Match asks the plan what it has for an extension as the channel's caller
	// sees it.
	Match(context, exten string, priority int) Match
	// Exec runs an application by name with the text between its parentheses,
	// which is not substituted again.
	Exec(app string, text Value) error
	// Gosub runs the subroutine at spec to its Return and comes back (Dial's U
	// and b options). ch may be another channel that the thread owns.
	Gosub(ch *Channel, spec string, args []Value) error
	// Macro runs the extension s of the context macro-NAME until its priorities
	// run out and comes back (the application Macro, Dial's M option). ch is as
	// for Gosub.
	Macro(ch *Channel, name string, args []Value) error
	// Farewell runs the extension h of the context, if there is one, for another
	// channel that the thread owns and whose call is over.
	Farewell(ch *Channel)
	// Call pushes a frame and continues at spec when the application returns: the
	// application Gosub. Return pops it and goes back to the priority after it,
	// with GOSUB_RETVAL set; Pop only pops it. Both fail with no frame there.
	Call(spec string, args []Value) error
	Return(value Value) error
	Pop() error
	// Expand substitutes variables, functions and expressions in text.
	Expand(text string) Value
	// Get and Set read and write a variable or a function by its text, such as
	// "CALLERID(num)".
	Get(name string) Value
	Set(name string, v Value) error
	// SetNamed is Set with the taint of the name, which a function's arguments have.
	SetNamed(name, v Value) error
	// SetLocal sets a variable that lives until the Return of the subroutine; it
	// fails outside of one.
	SetLocal(name string, v Value) error
	// Global reads and SetGlobal writes a global variable.
	Global(name string) (string, bool)
	SetGlobal(name, value string)
	// Timeouts are how long the thread waits for digits; the caller may change
	// them.
	Timeouts() *Timeouts
	// Absolute is the time that is left to the call, 0 for no limit, and
	// SetAbsolute limits it from now on; 0 takes the limit away.
	Absolute() time.Duration
	SetAbsolute(d time.Duration)
	// Raise continues at priority 1 of the extension e of the context, where
	// EXCEPTION(reason) tells why; it reports whether there is one.
	Raise(reason string) bool
}

// Timeouts are how long a thread waits for the digits of an extension.
type Timeouts struct {
	Digit    time.Duration // between two, 5 s unless TIMEOUT(digit) says otherwise
	Response time.Duration // for the first, 10 s
}

// Match is what the plan has for the digits dialled so far.
type Match uint8

// The answers of Match, as bits.
const (
	MatchExists  Match = 1 << iota // an extension with that priority
	MatchPartial                   // more digits could reach one
	MatchIgnore                    // ignorepat: keep the dial tone
)

// Exists reports a match.
func (m Match) Exists() bool { return m&MatchExists != 0 }

// Partial reports that more digits could lead to a match.
func (m Match) Partial() bool { return m&MatchPartial != 0 }

// Application and Function are declarations whose code is handed a Thread.
type (
	Application = decl.Application[Thread]
	Function    = decl.Function[Thread]
)

// Dialplan is what a driver needs of the plan. Both methods may be called from
// any goroutine and do not block.
type Dialplan interface {
	// Match looks an extension up, as a caller with that number sees it.
	Match(context, exten string, priority int, callerNumber string) Match
	// Start runs ch from its Location on a goroutine of its own, which hangs the
	// channel up in the end.
	Start(ch *Channel)
	// StartApplication runs one application on ch on a goroutine of its own, which
	// hangs it up in the end. It fails where there is none of the name.
	StartApplication(ch *Channel, app string, data Value) error
	// HasContext reports whether the context is there at all.
	HasContext(name string) bool
	// Hint returns the devices of an extension's hint, "" without one.
	Hint(context, exten string) string
}

// OwnStep is a step that somebody else than the file makes.
type OwnStep struct {
	Registrar string // who, for `dialplan show`
	App, Args string
}

// Extensions are those that a driver makes, in contexts that the exchange keeps for
// it. The methods may be called from any goroutine and do not block.
type Extensions interface {
	// AddStep makes priority 1 of an extension, unless the file has one there, for
	// the calls that begin from now on; RemoveStep takes it away.
	AddStep(context, exten string, s OwnStep)
	RemoveStep(context, exten string)
}

// Store keeps small records across restarts. Put and Delete return at once; done
// is called on the store's goroutine when the record would survive a kill of
// the process, or with the error that prevents it.
type Store interface {
	Put(family, key string, value []byte, done func(error))
	Delete(family, key string, done func(error))
	// Range calls f for every record of family until it returns false.
	Range(family string, f func(key string, value []byte) bool)
}
