// Package decl says how anything in the exchange declares itself: an
// application, a function or a console command is one table entry that holds
// its names, arguments, option letters, the variables it sets, its help and the
// code it runs. Parsing, `pbx check`, `core show application`, completion and
// the reference in docs/ all read that entry, so they cannot disagree.
//
// decl is a leaf: it imports nothing of the exchange, and any package may import
// it. Declarations are values without state; every goroutine may read them.
package decl

import "context"

// Arg declares one positional argument of an application or function.
type Arg struct {
	Name string // as shown in a usage line
	Help string // one sentence
	// Optional arguments may be left out; they follow the required ones.
	Optional bool
	// Separator is set when the argument is itself a list, such as "&" in the
	// device list of Dial.
	Separator string
	// Repeat marks the last argument as one that may be given again and again.
	Repeat bool
	// Options marks the argument that holds option letters.
	Options bool
	// Target marks an argument that names a place in the dialplan, a device,
	// a sound file or a variable, for `pbx check`.
	Target Target
}

// Target says what an argument refers to.
type Target int

// The things an argument can refer to.
const (
	NoTarget   Target = iota
	Location          // context,extension,priority
	Device            // Technology/resource
	Sound             // a sound file without its extension
	VarName           // the name of a variable
	ContextRef        // the name of a context
)

// Option declares an option letter, for example L(x[:y[:z]]).
type Option struct {
	Letter byte
	// Args names the sub-arguments inside the parentheses, if any; they are
	// separated by ':' ('^' where the text holds one, as in Dial's M and U).
	Args []string
	Help string
	// Absent says that the letter is known to the field and that this exchange
	// does not act on it yet: `pbx check` tells, the parser accepts it.
	Absent string
}

// Variable declares a channel variable that an application sets or reads.
type Variable struct {
	Name   string
	Help   string
	Values []string // where it takes one of a few words
}

// Application declares a dialplan application whose code is handed a C, the
// thread that runs it.
type Application[C any] struct {
	Name      string
	Synopsis  string // one line, without a full stop
	Help      string // paragraphs
	Args      []Arg
	Options   []Option
	Variables []Variable
	SeeAlso   []string
	// Raw applications take their text as it is: nothing is split, no quote
	// removed (Set, NoOp, Goto, Gosub, ExecIf).
	Raw bool
	// Wait marks applications that take time or talk to a person, so that a
	// Goto cycle through them is not a busy loop.
	Wait bool
	// Run does the work on the thread's goroutine. nil continues with the next
	// priority; any error ends the call (see channel.ErrHangup); a mistake in
	// the arguments that the field forgives is logged by Run itself.
	Run func(c C, args *Args) error
}

// Function declares a dialplan function, read as ${NAME(args)} and written as
// Set(NAME(args)=value).
type Function[C any] struct {
	Name     string
	Synopsis string
	Help     string
	Args     []Arg
	SeeAlso  []string
	// Raw functions get their argument text unsplit in Args.Raw.
	Raw bool
	// Dangerous functions (SHELL, FILE writing …) may not be reached from
	// outside programs unless live_dangerously allows it.
	Dangerous bool
	// Outside functions ask something that is not of the exchange, such as the DNS
	// or a database; dry runs do not.
	Outside bool
	// Read returns the value. On entry args.Tainted says whether some of the argument
	// text came from the network; on return it says so of the value, as a whole unless
	// Mark or MarkPieces says more. A look-up whose answer is the office's own data sets
	// it to false; one that hands out network data sets it to true.
	Read func(c C, args *Args) (string, error)
	// Write stores value; nil when the function cannot be written.
	Write func(c C, args *Args, value string) error
}

// Command declares a console command such as "sip show peers".
type Command struct {
	Words    string // the fixed words, separated by one space
	Args     []Arg
	Synopsis string
	Help     string
	// Run writes its output to r.Out. An error is shown to the operator and
	// makes `pbx console -x` exit 1.
	Run func(ctx context.Context, r *Request) error
	// Complete lists the words that may follow, given the arguments before it
	// and the beginning of the word; nil where there is nothing to offer.
	Complete func(args []string, prefix string) []string
}
