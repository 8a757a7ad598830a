// Package apps are the dialplan applications, one file each. Each is declared
// once, with its arguments, option letters, variables and help; the engine's
// parser, `pbx check`, the console and the reference read that declaration.
//
// An application runs on the goroutine of the thread that called it. It returns
// nil to go on with the next priority, channel.ErrHangup to end the call, and
// channel.ErrRedirect when the channel was sent elsewhere meanwhile.
package apps

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"pbx/apps/dial"
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/channel/originate"
	"pbx/dialplan"
	"pbx/dialplan/program"
	"pbx/event"
	"pbx/media/sound"
)

// Deps are what the applications need of the exchange.
type Deps struct {
	Sounds *sound.Library
	Tones  prompt.Tones
	// Dialplan starts threads of their own for parties that Dial sends away, and for
	// calls that Originate places.
	Dialplan Dialplan
	// Locks are those that MacroExclusive takes; nil has some of its own.
	Locks *dialplan.Locks
	// Database is AstDB.
	Database channel.Database
	// Records are the call records; nil keeps none.
	Records channel.Records
	// Recordings is the directory for recordings whose names are relative; "" records
	// nothing.
	Recordings string
	// Programs runs commands; nil has limits of its own.
	Programs *program.Runner
	// QueueLog takes the lines of queue_log; nil throws them away.
	QueueLog channel.QueueLog
	// Now is the clock, time.Now when nil.
	Now func() time.Time

	// Session finds the media session of a channel; nil takes Channel.Media.
	Session func(*channel.Channel) prompt.Session
}

// Dialplan is what the applications need of the plan; *dialplan.Engine is one.
type Dialplan interface {
	originate.Dialplan
	// Resolve reads [[context,]extension,]priority-or-label from a place.
	Resolve(ch *channel.Channel, from channel.Location, spec string) (channel.Location, error)
	// Execute runs an application on a channel that the calling goroutine owns.
	Execute(ch *channel.Channel, app, args string) error
}

// set holds what the applications share.
type set struct {
	player   *prompt.Player
	locks    *dialplan.Locks
	programs *program.Runner
	now      func() time.Time
	// records are the call records.
	records  channel.Records
	queueLog channel.QueueLog
	dialplan Dialplan
	// recordings is the directory for recordings, "" for none.
	recordings string
}

// All returns every application.
func All(d Deps) []channel.Application {
	s := &set{player: prompt.New(d.Sounds, d.Tones, d.Session), locks: d.Locks, programs: d.Programs, now: d.Now, records: d.Records, queueLog: d.QueueLog, dialplan: d.Dialplan, recordings: d.Recordings}
	if s.locks == nil {
		s.locks = new(dialplan.Locks)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.records == nil {
		s.records = channel.NoRecords{}
	}
	deps := dial.Deps{Player: s.player, Dialplan: d.Dialplan, Records: s.records, Database: d.Database, Recordings: d.Recordings}
	if d.Dialplan != nil {
		deps.Execute = d.Dialplan.Execute
	}
	return []channel.Application{
		answer(), originateApp(s), hangup(), wait(), busy(s), congestion(s),
		ringing(s), progress(), proceeding(), incomplete(),
		noop(), verbose(), logApp(),
		setVar(), mset(),
		gotoApp(), gotoIf(), gotoIfTime(s), execIf(), execIfTime(s),
		gosub(), gosubIf(), aelSub(), returnApp(), stackPop(), raiseException(),
		macro(), macroExclusive(s), macroIf(), macroExit(),
		ifApp(), elseIf(), elseApp(), endIf(), exitIf(),
		while(), endWhile(), exitWhile(), continueWhile(), exec(), tryExec(),
		playback(s), background(s), waitExten(s), read(s), echo(s),
		sayDigits(s), sayNumber(s), sayAlpha(s), sayTime(s, "SayUnixTime"), sayTime(s, "DateTime"), sayPhonetic(s), sayOrdinal(s), sayMoney(s), sayAlphaCase(s),
		playTones(s), stopPlayTones(s),
		sendDTMF(), transfer(), blindTransfer(s), attendedTransfer(), bridgeAdd(), pickup(s.player), pickupChan(), messageSend(), hangupCauseClear(), dbDeltree(d.Database), importVar(), clearHash(), dumpChan(),
		system(s), trySystem(s), waitUntil(s), waitDigit(), waitForCondition(), readExten(s),
		softHangup(), chanIsAvail(), sendText(), receiveText(), userEvent(), celGenUserEvent(), forkCDR(s), resetCDR(s), noCDR(s), setAMAFlags(), queueLog(s), authenticate(s, d.Database),
		channelRedirect(s), milliwatt(s), zapateller(s), privacyManager(s), controlPlayback(s), storeDTMF(), disa(s), record(s),
		dial.Application(deps), dial.Retry(deps), dial.Bridge(deps),
	}
}

// warn logs a mistake that the field forgives, as said by the line that calls it.
func warn(t channel.Thread, format string, args ...any) {
	log, ctx := t.Log(), context.Background()
	if !log.Enabled(ctx, event.LevelWarning) {
		return
	}
	var pc [1]uintptr
	runtime.Callers(2, pc[:])
	r := slog.NewRecord(t.Channel().Registry().Now(), event.LevelWarning, fmt.Sprintf(format, args...), pc[0])
	_ = log.Handler().Handle(ctx, r) // a log that cannot be written has nowhere to say so
}

// tell logs a verbose message of class n.
func tell(t channel.Thread, n int, format string, args ...any) {
	event.Verbose(t.Log(), n, format, args...)
}

// goTo sends the thread to spec. A place that is not there ends the call.
func goTo(t channel.Thread, spec string) error {
	if err := t.Goto(spec); err != nil {
		warn(t, "%v", err)
		return channel.ErrHangup
	}
	if log := t.Log(); log.Enabled(context.Background(), event.LevelVerbose(3)) {
		// At every turn of a loop: spare it what it costs to say nothing.
		if l, err := t.Resolve(spec); err == nil {
			tell(t, 3, "Goto (%s,%s,%d)", l.Context, l.Exten, l.Priority)
		}
	}
	return nil
}

// forgive logs an error that does not end the call, and returns one that does.
func forgive(t channel.Thread, app string, err error) error {
	if err == nil || prompt.Ended(err) {
		return err
	}
	if errors.Is(err, prompt.ErrNoMedia) {
		warn(t, "%s: %s: %v", app, t.Channel().Name(), err)
	} else {
		warn(t, "%s: %v", app, err)
	}
	return nil
}
