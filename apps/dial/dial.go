// Package dial is the application Dial: it rings one or many devices, joins the
// caller with the first that answers, and says in DIALSTATUS how it went.
//
// One call of Run is one goroutine, the caller's thread, which owns the caller's
// channel and every leg until the call ends or Run returns; nothing is shared.
package dial

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"pbx/apps/field"
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
	"pbx/event"
)

// Deps are what Dial needs of the exchange.
type Deps struct {
	Player *prompt.Player
	// Dialplan starts threads for the parties that G and F send away.
	Dialplan channel.Dialplan
	// Execute is that of feature.Deps.
	Execute func(ch *channel.Channel, app, args string) error
	// Records are the call records; nil keeps none.
	Records channel.Records
	// Database is AstDB, for option P; nil remembers nothing.
	Database channel.Database
	// Recordings is the directory for the names that callers say; "" records none.
	Recordings string
}

// Application declares Dial.
func Application(d Deps) channel.Application {
	return channel.Application{
		Name:     "Dial",
		Synopsis: "Ring one or more devices and connect the first that answers",
		Help: `Rings every device in the list at the same time. The first one to answer is connected with the caller, the others stop ringing. ` +
			`Until then the caller hears what the called device tells: ringing, or its own early audio when it is the only one.

When nobody answers, the next priority is run and DIALSTATUS tells why. After a conversation the call ends and the h extension runs, unless option g is given and it was the called party that hung up.

A time limit of 0, or one that is not a number, is no limit. Separators that came from the network, such as an '&' that a caller dialled, do not add devices or options.`,
		Args: []decl.Arg{
			{Name: "Technology/Resource", Help: "A device to ring, such as SIP/100 or SIP/${EXTEN}@trunk.", Separator: "&", Target: decl.Device},
			{Name: "timeout", Help: "Seconds to ring, with a fraction if wished. After a ^, the seconds after which a call that shows no ringing and no early audio is given up.", Optional: true},
			{Name: "options", Help: "Letters that change how the call is made.", Optional: true, Options: true},
			{Name: "URL", Help: "Accepted and not used: no device here shows pages.", Optional: true},
		},
		Options: optionTable,
		Variables: []decl.Variable{
			{Name: "DIALSTATUS", Help: "How the attempt ended.", Values: []string{"CHANUNAVAIL", "CONGESTION", "NOANSWER", "BUSY", "ANSWER", "CANCEL", "INVALIDARGS", "DONTCALL", "TORTURE"}},
			{Name: "DIALEDTIME", Help: "Seconds from the start of Dial to the end of an answered call; DIALEDTIME_MS in milliseconds."},
			{Name: "ANSWEREDTIME", Help: "Seconds of conversation; ANSWEREDTIME_MS in milliseconds."},
			{Name: "RINGTIME", Help: "Seconds until the first device rang; RINGTIME_MS in milliseconds."},
			{Name: "PROGRESSTIME", Help: "Seconds until the first early audio; PROGRESSTIME_MS in milliseconds."},
			{Name: "DIALEDPEERNAME", Help: "The channel that answered."},
			{Name: "DIALEDPEERNUMBER", Help: "The resource of the device that answered."},
			{Name: "FORWARDERNAME", Help: "The channel that forwarded the call."},
			{Name: "FORWARD_CONTEXT", Help: "Read when a called phone forwards: the context of the number, the phone's own if not set. Inherited variables reach the phone: __FORWARD_CONTEXT."},
			{Name: "OUTBOUND_GROUP", Help: "Read: the group, or group@category, that every called channel is put into; GROUP_COUNT() counts it."},
			{Name: "OUTBOUND_GROUP_ONCE", Help: "Read before OUTBOUND_GROUP, and taken away: the group for one Dial."},
			{Name: "GOTO_ON_BLINDXFR", Help: "Read on the channel of the party that transfers the other one by digits: the place, context^exten^priority, where it goes on itself. Set __GOTO_ON_BLINDXFR for both."},
			{Name: "EXITCONTEXT", Help: "Read by option d: the context of the digit."},
			{Name: "DYNAMIC_FEATURES", Help: "Read on both channels during the call: the names of features of [applicationmap] in features.conf, and of groups of them, divided by #, that the party may dial. Set __DYNAMIC_FEATURES for both."},
			{Name: "LIMIT_PLAYAUDIO_CALLER", Help: "Read by option L: yes or no, whether the caller hears the warnings; yes if not set."},
			{Name: "LIMIT_PLAYAUDIO_CALLEE", Help: "Read by option L: whether the called party does; no if not set."},
			{Name: "LIMIT_TIMEOUT_FILE", Help: "Read by option L: the sound at the end."},
			{Name: "LIMIT_CONNECT_FILE", Help: "Read by option L: the sound at the beginning."},
			{Name: "LIMIT_WARNING_FILE", Help: "Read by option L: the sound of a warning; the time left is said if it is not set."},
		},
		SeeAlso: []string{"Hangup", "Gosub"},
		Raw:     true,
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			return run(d, t, args)
		},
	}
}

// call is one run of Dial.
type call struct {
	Deps
	t      channel.Thread
	caller *channel.Channel
	log    *slog.Logger
	*options

	app, data string // as the dialplan has them, for the records
	number    string // the extension that the caller dialled
	// at is where the caller is in the plan; in a macro, where the macro was called.
	at channel.Location
	// outboundGroup is the group that the legs are put into.
	outboundGroup channel.Value
	start         time.Time
	timeout       time.Duration // negative: none
	early         time.Duration

	legs    []*leg
	waiting []later            // what rings later, in order of time
	chans   []*channel.Channel // the caller and the legs, as they are waited for
	alone   bool               // it is the only one, and nobody here will listen to the two
	single  bool               // there is one leg: its early audio goes to the caller
	failed  failures
	lines   int // devices that were tried

	sentRinging, rang, progressed bool
	pressed                       string // by the caller while it rings
}

func run(d Deps, t channel.Thread, args *decl.Args) error {
	c := &call{Deps: d, t: t, caller: t.Channel(), log: t.Log(), at: caller(t)}
	c.number = c.at.Exten
	here := t.Channel().Snapshot()
	c.app, c.data = here.App, here.Data
	c.start = c.now()
	defer c.end()
	c.clearVariables()
	parts := field.Split(field.Of(args), ',', 4)
	for len(parts) < 3 {
		parts = append(parts, channel.Value{})
	}
	c.options = parseOptions(parts[2], c.log)
	if c.refused {
		return c.finish(c.invalid, channel.ErrHangup)
	}
	if c.caller.HungUp() { // as in the extension h
		c.verbose(3, "Caller hung up before dial.")
		return c.finish("CANCEL", channel.ErrHangup)
	}
	dests := destinations(parts[0])
	if len(dests) == 0 {
		c.log.Warn("Dial requires an argument (technology/resource)")
		return c.finish("CHANUNAVAIL", nil)
	}
	c.timeout, c.early = timeouts(parts[1].S, c.log)
	if c.caller.Settings().Dials >= channel.MaxDials {
		c.log.Warn("Cannot place outbound call from channel '" + c.caller.Name() + "'. Max forwards exceeded")
		return c.finish("BUSY", channel.ErrHangup)
	}
	if c.newRecord && c.Records != nil {
		if err := c.Records.Reset(c.caller.Uniqueid(), false); err != nil {
			c.log.Warn("Dial: option C: " + err.Error())
		}
	}
	if c.screening.on {
		defer c.forgetName()
		if done, err := c.introduce(); done || err != nil {
			return c.introduced(err)
		}
	}
	c.readGroup()
	if c.preDialCaller.given {
		if err := t.Gosub(c.caller, c.preDialCaller.place, c.preDialCaller.args); err != nil {
			return c.ended(err)
		}
	}
	for i := range dests {
		if dests[i].missing {
			c.log.Warn(fmt.Sprintf("Dial argument takes format (technology/resource): %q", dests[i].String()))
			if c.goOn {
				return c.finish("INVALIDARGS", nil)
			}
			return c.finish("INVALIDARGS", channel.ErrHangup)
		}
	}
	if err := c.place(dests); err != nil {
		return c.ended(err)
	}
	if len(c.legs) == 0 {
		return c.finish("CHANUNAVAIL", nil)
	}
	c.entertain()
	answered, status, err := c.ring()
	if answered == nil {
		c.Player.StopTone(c.caller)
		c.cancel(status)
		return c.finish(status, err)
	}
	return c.connect(answered)
}

func (c *call) now() time.Time { return c.caller.Registry().Now() }

// finish sets DIALSTATUS and ends the application.
func (c *call) finish(status string, err error) error {
	c.set("DIALSTATUS", status)
	return err
}

// ended is what a step before the answer came to when it failed with err: the
// caller is gone, or was sent elsewhere.
func (c *call) ended(err error) error {
	if !errors.Is(err, channel.ErrHangup) && !errors.Is(err, channel.ErrRedirect) {
		c.log.Warn("Dial: " + err.Error())
		err = channel.ErrHangup
	}
	c.cancel("CANCEL")
	return c.finish("CANCEL", err)
}

// introduced is the end of a call that was not made.
func (c *call) introduced(err error) error {
	if err != nil {
		return c.ended(err)
	}
	return nil
}

// end hangs up what is left, whatever happened.
func (c *call) end() {
	for _, l := range c.legs {
		l.ch.Hangup()
	}
	c.legs = nil
}

func (c *call) verbose(n int, format string, args ...any) {
	event.Verbose(c.log, n, format, args...)
}

// notice logs as said by the line that calls it.
func (c *call) notice(format string, args ...any) {
	ctx := context.Background()
	if !c.log.Enabled(ctx, event.LevelNotice) {
		return
	}
	var pc [1]uintptr
	runtime.Callers(2, pc[:])
	r := slog.NewRecord(c.caller.Registry().Now(), event.LevelNotice, fmt.Sprintf(format, args...), pc[0])
	_ = c.log.Handler().Handle(ctx, r)
}
