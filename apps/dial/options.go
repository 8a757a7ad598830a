package dial

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
)

// Why an option letter is known and does nothing.
const (
	noHoldMusic = "hold music is not there yet"
	noParking   = "parking is not there yet"
	noRecording = "recording is not there yet"
	noPulses    = "MF and SF signalling is not there"
	noOperator  = "operator services need analog lines"
	noStreams   = "there is one audio stream"
)

// optionTable declares the letters; parseOptions reads them.
var optionTable = []decl.Option{
	{Letter: 'A', Args: []string{"x", "y"}, Help: "Play the sound x to the called party, and y to the caller, before they are connected."},
	{Letter: 'a', Help: "Answer the caller at once when the called party answers, before announcements and subroutines."},
	{Letter: 'b', Args: []string{"context^exten^priority"}, Help: "Run a subroutine on each new leg before it is called; arguments follow in parentheses."},
	{Letter: 'B', Args: []string{"context^exten^priority"}, Help: "Run a subroutine on the caller's channel before anything is dialled."},
	{Letter: 'C', Help: "Begin the call record anew."},
	{Letter: 'c', Help: "Tell every leg that is cancelled that the call was answered elsewhere, so that it is not shown as missed."},
	{Letter: 'd', Help: "Let the caller press one digit while it rings and go to that extension, in the context EXITCONTEXT if it is set."},
	{Letter: 'D', Args: []string{"called", "calling", "progress"}, Help: "Send digits to the called party and to the caller after the answer, or to the called party when it sends early audio. A w waits half a second, a W a whole one."},
	{Letter: 'E', Help: "Echo MF and SF digits to the caller.", Absent: noPulses},
	{Letter: 'e', Help: "Run the extension h of the context for the called party after the call."},
	{Letter: 'f', Args: []string{"x"}, Help: "Show x to the called party as the caller. Without x: show the extension that was dialled as the caller of a call that the called party forwards."},
	{Letter: 'F', Args: []string{"context^exten^priority"}, Help: "When the caller hangs up, send the called party to that place, or to the next priority; e takes precedence."},
	{Letter: 'g', Help: "Go on with the next priority when the called party hangs up."},
	{Letter: 'G', Args: []string{"context^exten^priority"}, Help: "On answer send the caller to that place and the called party to the priority after it, instead of connecting them."},
	{Letter: 'h', Help: "Let the called party hang up with the code disconnect of features.conf, *."},
	{Letter: 'H', Help: "Let the caller hang up with the code disconnect of features.conf, *."},
	{Letter: 'i', Help: "Take no forwarding from the called phones."},
	{Letter: 'I', Help: "Leave the names and numbers that the parties see as they are after the answer."},
	{Letter: 'j', Help: "Keep the caller's stream layout.", Absent: noStreams},
	{Letter: 'k', Help: "Let the called party park the call.", Absent: noParking},
	{Letter: 'K', Help: "Let the caller park the call.", Absent: noParking},
	{Letter: 'L', Args: []string{"x", "y", "z"}, Help: "End the call x milliseconds after the answer, warn y before the end and again every z."},
	{Letter: 'm', Args: []string{"class"}, Help: "Play hold music to the caller until the answer.", Absent: noHoldMusic},
	{Letter: 'M', Args: []string{"macro", "argument"}, Help: "Run the macro x^argument... on the called party before it is connected. MACRO_RESULT there decides what follows."},
	{Letter: 'n', Args: []string{"delete"}, Help: "With p and P: do not keep the name that the caller said once the called party has decided; with 1 not where nobody answered either."},
	{Letter: 'N', Help: "With p and P: put callers that have a number through without asking."},
	{Letter: 'o', Args: []string{"x"}, Help: "Keep the caller's name and number, or x, as those of the called channel."},
	{Letter: 'O', Args: []string{"mode"}, Help: "Operator services.", Absent: noOperator},
	{Letter: 'p', Help: "Screen the call: the caller says a name, the called party hears it and presses 1 to take the call, 2 to send it to voicemail (DIALSTATUS is NOANSWER), 3 to the menus (TORTURE) or 4 away (DONTCALL)."},
	{Letter: 'P', Args: []string{"x"}, Help: "Screen the call as p does and remember the answer for the caller's number, in the database under privacy/x/number, x being the extension if not given; 5 takes later calls and sends this one to voicemail."},
	{Letter: 'Q', Args: []string{"cause"}, Help: "The cause, a number or name, that legs hear when another one answered."},
	{Letter: 'r', Args: []string{"tone"}, Help: "Let the caller hear ringing at once, by the tone of that name if one is given, until the answer."},
	{Letter: 'R', Args: []string{"tone"}, Help: "Like r, but early audio of the called party takes the place of the ringing."},
	{Letter: 'S', Args: []string{"x"}, Help: "End the call x seconds after the answer."},
	{Letter: 's', Args: []string{"x"}, Help: "The tag of the identity that f shows.", Absent: "nothing reads the tag yet"},
	{Letter: 't', Help: "Let the called party transfer the caller with the codes of features.conf: blindxfer, #, and atxfer, which has none by default."},
	{Letter: 'T', Help: "Let the caller transfer the called party with the codes of features.conf: blindxfer, #, and atxfer, which has none by default."},
	{Letter: 'U', Args: []string{"subroutine", "argument"}, Help: "Run the subroutine x^argument... on the called party before it is connected. GOSUB_RESULT there decides what follows."},
	{Letter: 'u', Args: []string{"x"}, Help: "The presentation of the identity that f shows, such as prohib."},
	{Letter: 'w', Help: "Let the called party record with Monitor.", Absent: noRecording},
	{Letter: 'W', Help: "Let the caller record with Monitor.", Absent: noRecording},
	{Letter: 'x', Help: "Let the called party record with MixMonitor.", Absent: noRecording},
	{Letter: 'X', Help: "Let the caller record with MixMonitor.", Absent: noRecording},
	{Letter: 'z', Help: "Drop the time limit when the call is forwarded."},
}

// subroutine is the text of b, B, U, G and F: a place and arguments.
type subroutine struct {
	given bool
	place string // context,exten,priority
	args  []channel.Value
}

// options are the letters as Dial uses them.
type options struct {
	// refused says that the call is not made for what stands in them, and invalid
	// what DIALSTATUS is then.
	refused                          bool
	invalid                          string
	announce, announceCaller         string // A
	answerFirst                      bool   // a
	preDial, preDialCaller           subroutine
	onCallee, gotoBoth, afterward    subroutine // U, G, F
	macro                            subroutine // M: place is the macro's name
	elsewhere                        bool       // c
	exitDigit                        bool       // d
	digits, digitsCaller             string     // D
	digitsProgress                   string
	forceID                          bool // f; without a text of its own only for forwards
	forcedID                         string
	forcedPresentation               channel.Presentation
	goOn                             bool // g
	newRecord                        bool // C
	calleeHangsUp, callerHangsUp     bool // h H
	ignoreForward, ignoreLine        bool // i I
	limit, warnAt, warnEvery         time.Duration
	storeID                          bool // o
	storedID                         string
	loserCause                       channel.Cause // Q
	ring, ringUntilMedia             bool          // r R
	ringTone                         string
	noLimitForwarded                 bool // z
	calleeTransfers, callerTransfers bool // t T
	calleeGoesOn                     bool // in its own plan, after Bridge
	calleeFarewell                   bool // e
	screening                             // p P n N
}

// rings reports whether the caller hears ringing of our own and no early audio.
func (o *options) entertained() bool { return o.ring && !o.ringUntilMedia }

// leavesAlone reports whether nobody here listens to the two parties, or says
// something to one of them.
func (o *options) leavesAlone() bool {
	return !o.calleeHangsUp && !o.callerHangsUp && !o.calleeTransfers && !o.callerTransfers && o.limit == 0 && o.announce == "" && o.announceCaller == "" && !o.onCallee.given && !o.macro.given &&
		o.digits == "" && o.digitsCaller == "" && o.digitsProgress == "" && !o.ring && !o.screening.on
}

// parseOptions reads the option argument. What is wrong in it is logged and left
// out.
func parseOptions(v channel.Value, log *slog.Logger) *options {
	o := &options{loserCause: channel.CauseAnsweredElsewhere}
	a := decl.Args{Tainted: len(v.Taint) > 0}
	for _, c := range a.ParseOptions(trusted(v, log), optionTable) {
		log.Warn("Dial: unknown option", "letter", string(rune(c)))
	}
	if a.Unclosed != 0 {
		log.Warn(fmt.Sprintf("Missing closing parenthesis for argument '%c' in string '%s'", a.Unclosed, v.S))
		o.refused, o.invalid = true, "INVALIDARGS"
	}
	flag := func(letter byte) bool { _, ok := a.Option(letter); return ok }
	text := func(letter byte) string { s, _ := a.Option(letter); return s }

	o.announce, o.announceCaller, _ = strings.Cut(text('A'), ":")
	o.answerFirst = flag('a')
	o.preDial, o.preDialCaller = place(&a, 'b'), place(&a, 'B')
	o.gotoBoth, o.afterward = place(&a, 'G'), place(&a, 'F')
	o.onCallee, o.macro = inline(&a, 'U', ",s,1"), inline(&a, 'M', "")
	o.elsewhere, o.exitDigit, o.goOn, o.newRecord = flag('c'), flag('d'), flag('g'), flag('C')
	d := strings.Split(text('D')+"::", ":")
	o.digits, o.digitsCaller, o.digitsProgress = d[0], d[1], d[2]
	o.forceID, o.forcedID, o.forcedPresentation = flag('f'), text('f'), channel.AllowedPassedScreen
	if flag('u') {
		if p, ok := channel.ParsePresentation(text('u')); ok {
			o.forcedPresentation = p
		}
	}
	o.calleeHangsUp, o.callerHangsUp = flag('h'), flag('H')
	o.ignoreForward, o.ignoreLine = flag('i'), flag('I')
	o.storeID, o.storedID = flag('o'), text('o')
	if flag('Q') {
		if c, ok := channel.ParseCause(text('Q')); ok {
			o.loserCause = c
		} else if strings.EqualFold(text('Q'), "NONE") {
			o.loserCause = channel.CauseNone
		} else {
			log.Warn("Dial: option Q: not a cause", "cause", text('Q'))
		}
	}
	o.ring, o.ringUntilMedia, o.ringTone = flag('r') || flag('R'), flag('R'), text('r')+text('R')
	o.noLimitForwarded = flag('z')
	o.calleeFarewell, o.calleeTransfers, o.callerTransfers = flag('e'), flag('t'), flag('T')
	o.readScreening(a.Option)
	o.readLimits(&a, log)
	return o
}

// readLimits reads S, in seconds, and L, in milliseconds, which has the last word.
// Without a time in them the call is not made.
func (o *options) readLimits(a *decl.Args, log *slog.Logger) {
	if s, _ := a.Option('S'); s != "" {
		x, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil || x <= 0 || x > maxSeconds {
			log.Warn("Dial: option S: not a number of seconds", "text", s)
			o.refused, o.invalid = true, "INVALIDARGS"
		} else {
			o.limit = time.Duration(x * float64(time.Second))
		}
	}
	s, _ := a.Option('L')
	if s == "" {
		return
	}
	var ms [3]time.Duration
	for i, t := range strings.SplitN(s, ":", 3) {
		x, err := strconv.ParseInt(strings.TrimSpace(t), 10, 64)
		if t == "" {
			continue
		}
		if err != nil || x < 0 || x > maxSeconds*1000 {
			log.Warn("Dial: option L: not a number of milliseconds", "text", t)
			continue
		}
		ms[i] = time.Duration(x) * time.Millisecond
	}
	if ms[0] == 0 {
		log.Warn("Dial: option L: no limit", "text", s)
		o.refused = true
		return
	}
	o.limit, o.warnAt, o.warnEvery = ms[0], ms[1], ms[2]
	// A warning that would come before the call does is given the next time that it
	// is due.
	if before := o.warnAt - ms[0]; before > 0 {
		if o.warnEvery > 0 {
			o.warnAt -= o.warnEvery * (1 + (before-1)/o.warnEvery)
		}
		if o.warnEvery == 0 || o.warnAt < time.Millisecond {
			o.warnAt, o.warnEvery = 0, 0
		}
	}
}

// maxSeconds bounds times that are read from text: ten years.
const maxSeconds = 10 * 365 * 24 * 3600

// trusted is the text of v in which the network added no option: outside
// parentheses what came from there is left out, inside its parentheses are.
func trusted(v channel.Value, log *slog.Logger) string {
	if len(v.Taint) == 0 {
		return v.S
	}
	var b strings.Builder
	depth, dropped := 0, 0
	for i := 0; i < len(v.S); i++ {
		c, tainted := v.S[i], field.TaintedAt(v, i)
		switch {
		case tainted && (depth == 0 || c == '(' || c == ')'):
			dropped++
			continue
		case tainted:
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		}
		b.WriteByte(c)
	}
	if dropped > 0 {
		log.Warn("Dial: options that came from the network are not taken", "text", v.S)
	}
	return b.String()
}

// place reads "context^exten^priority(arg^arg)", with '^' for every comma.
func place(a *decl.Args, letter byte) subroutine {
	s, ok := a.Option(letter)
	if !ok {
		return subroutine{}
	}
	at, args := s, ""
	if i := strings.IndexByte(s, '('); i >= 0 {
		at, args = s[:i], strings.TrimSuffix(s[i+1:], ")")
	}
	sub := subroutine{given: true, place: strings.ReplaceAll(at, "^", ",")}
	if args != "" {
		for _, x := range strings.Split(args, "^") {
			sub.args = append(sub.args, value(a, x))
		}
	}
	return sub
}

// inline reads U and M: "name^arg^arg"; the place is the name and suffix.
func inline(a *decl.Args, letter byte, suffix string) subroutine {
	s, ok := a.Option(letter)
	if !ok {
		return subroutine{}
	}
	parts := strings.Split(s, "^")
	sub := subroutine{given: true, place: parts[0] + suffix}
	for _, x := range parts[1:] {
		sub.args = append(sub.args, value(a, x))
	}
	return sub
}

// value is an argument out of the options; one of a line with any taint counts as
// tainted, since the option parser keeps no positions.
func value(a *decl.Args, s string) channel.Value {
	if a.Tainted {
		return channel.Tainted(s)
	}
	return channel.Clean(s)
}

// timeouts reads "seconds[^early seconds]", negative for none. What is not a
// time, 0 included, is none with a warning.
func timeouts(text string, log *slog.Logger) (answer, early time.Duration) {
	text, second, _ := strings.Cut(text, "^")
	return seconds(text, log), seconds(second, log)
}

func seconds(text string, log *slog.Logger) time.Duration {
	if text == "" {
		return -1
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(x > 0) || x > maxSeconds {
		log.Warn(fmt.Sprintf("Invalid timeout specified: '%s'. Setting timeout to infinite", text))
		return -1
	}
	return time.Duration(x * float64(time.Second))
}
