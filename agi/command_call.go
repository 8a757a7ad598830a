package agi

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/config"
	"pbx/event"
)

// callCommands are those about the call itself.
func callCommands() []command {
	return []command{
		{
			words: "answer", synopsis: "Answer the call", most: -1,
			help: "Answers the call unless it was answered. The result is 0, or -1 when that fails.",
			run: func(s *session, _ []string) (reply, bool) {
				return result("%d", failed(s.ch.Answer())), true
			},
		},
		{
			words: "asyncagi break", synopsis: "Leave AGI(agi:async)", dead: true, most: -1,
			help: "Ends AGI(agi:async); the call goes on in the dialplan. Other programs get 0 and nothing else.",
			run: func(s *session, _ []string) (reply, bool) {
				s.leave = true
				return result("0"), true
			},
		},
		{
			words: "channel status", args: "[channel]", synopsis: "Tell the state of a channel", most: 1,
			help: "The result is the state of the channel, or of the one that is named: 0 down, 1 reserved, 2 off hook, 3 dialling, 4 an unanswered call, 5 ringing, 6 up, 7 busy; -1 when there is no such channel.",
			run: func(s *session, a []string) (reply, bool) {
				if ch := s.named(a, 0); ch != nil {
					return result("%d", ch.State()), true
				}
				return result("-1"), true
			},
		},
	}
}

// named is the channel that argument i names, the session's without one, nil when
// it is not there.
func (s *session) named(a []string, i int) *channel.Channel {
	if len(a) <= i {
		return s.ch
	}
	ch, _ := s.ch.Registry().Find(a[i])
	return ch
}

func failed(err error) int {
	if err != nil {
		return -1
	}
	return 0
}

// executeCommand is EXEC.
func executeCommand() command {
	return command{
		words: "exec", args: "application [arguments]", synopsis: "Run a dialplan application", dead: true, least: 1, most: -1,
		help: "Runs the application with the arguments as they are; AGIEXECFULL=yes has variables and functions in them substituted. The result is what it returned, -1 when it ended the call, -2 when there is no such application.",
		run: func(s *session, a []string) (reply, bool) {
			text := channel.Value{}
			if len(a) > 1 {
				text.S = a[1]
			}
			if bars := s.agi.deps.Bars; bars != nil && bars() {
				text.S = barred.Replace(text.S)
			}
			event.Verbose(s.t.Log(), 3, "AGI Script Executing Application: (%s) Options: (%s)", a[0], text.S)
			if _, ok := s.agi.deps.Engine.Catalog().Application(a[0]); !ok {
				s.t.Log().Warn("Could not find application (" + a[0] + ")")
				return result("-2"), true
			}
			if full, _ := config.Bool(s.variable("AGIEXECFULL")); full {
				text = s.t.Expand(text.S)
			}
			was := prompt.TakeDigits(s.ch, true)
			err := s.t.Exec(a[0], text)
			prompt.TakeDigits(s.ch, was)
			digit := channel.Digit(0)
			switch {
			case errors.As(err, &digit):
				return result("%d", digit), true
			case err != nil && !errors.Is(err, channel.ErrHangup) && !errors.Is(err, channel.ErrRedirect):
				s.t.Log().Warn(fmt.Sprintf("%s: %v", a[0], err))
			}
			return result("%d", failed(err)), true
		},
	}
}

// barred makes commas of bars, and keeps the commas that were part of an argument.
var barred = strings.NewReplacer(",", `\,`, "|", ",")

// settingCommands change the call.
func settingCommands() []command {
	return []command{
		{
			words: "set autohangup", args: "time", synopsis: "Limit the call's time", least: 1, most: 1,
			help: "Ends the call in so many seconds from now; 0 takes the limit away. The result is 0.",
			run: func(s *session, a []string) (reply, bool) {
				seconds, err := strconv.ParseFloat(a[0], 64)
				if err != nil || seconds > 1<<31 {
					return reply{}, false
				}
				s.t.SetAbsolute(time.Duration(max(seconds, 0) * float64(time.Second)))
				return result("0"), true
			},
		},
		{
			words: "set callerid", args: "number", synopsis: "Set who calls", least: 1, most: 1,
			help: "Sets the caller's number, or name and number as in \"Ann <101>\". The result is 1.",
			run: func(s *session, a []string) (reply, bool) {
				if err := s.t.Set("CALLERID(all)", channel.Value{S: a[0]}); err != nil {
					s.t.Log().Warn(fmt.Sprintf("SET CALLERID: %v", err))
				}
				return result("1"), true
			},
		},
		{
			words: "set context", args: "context", synopsis: "Set where the call goes on", least: 1, most: 1,
			help: "The call is in that context from now on. The result is 0.",
			run: func(s *session, a []string) (reply, bool) {
				if !s.agi.deps.Engine.HasContext(a[0]) {
					event.Verbose(s.t.Log(), 2, "SET CONTEXT: there is no context %s", a[0])
				}
				s.t.Move(a[0], s.t.Location().Exten)
				return result("0"), true
			},
		},
		{
			words: "set extension", args: "extension", synopsis: "Set where the call goes on", least: 1, most: 1,
			help: "The call is in that extension from now on. The result is 0.",
			run: func(s *session, a []string) (reply, bool) {
				s.t.Move(s.t.Location().Context, a[0])
				return result("0"), true
			},
		},
		{
			words: "set music", args: "on|off [class]", synopsis: "Music on hold", least: 1, most: 2,
			help: "There is no music on hold: the command is taken and does nothing. The result is 0.",
			run:  func(*session, []string) (reply, bool) { return result("0"), true },
		},
		{
			words: "set priority", args: "priority", synopsis: "Set where the call goes on", least: 1, most: 1,
			help: "The call goes on at that priority or label when the program ends. The result is 0.",
			run: func(s *session, a []string) (reply, bool) {
				if s.t.Goto(a[0]) != nil {
					return reply{}, false
				}
				return result("0"), true
			},
		},
		{
			words: "tdd mode", args: "on|off|mate|tdd", synopsis: "Text telephones", least: 1, most: 1,
			help: "Text telephones are not supported: the result is 0.",
			run:  func(*session, []string) (reply, bool) { return result("0"), true },
		},
	}
}

// gosubCommand is GOSUB, whose answer has two lines.
func gosubCommand() command {
	return command{
		words: "gosub", args: "context extension priority [arguments]", synopsis: "Run a subroutine of the dialplan", least: 3, most: 4,
		help: "Runs the subroutine to its Return and comes back. The result is 0, or -1 when there is no such place or the call ended.",
		run: func(s *session, a []string) (reply, bool) {
			l := channel.Location{Context: a[0], Exten: a[1]}
			priority, err := strconv.Atoi(a[2])
			if err != nil && !s.t.HasLabel(l.Context, l.Exten, a[2]) || err == nil && !s.t.Match(l.Context, l.Exten, priority).Exists() {
				return result("-1 Gosub label not found"), true
			}
			var args []channel.Value
			if len(a) > 3 {
				for part := range strings.SplitSeq(a[3], ",") {
					args = append(args, channel.Value{S: part})
				}
			}
			if !s.note("100 result=0 Trying...\n") {
				return result("-1 Gosub failed"), true
			}
			if err := s.t.Gosub(s.ch, strings.Join(a[:3], ","), args); err != nil {
				return result("-1 Gosub failed"), true
			}
			return result("0 Gosub complete"), true
		},
	}
}

// hangupCommand is HANGUP.
func hangupCommand() command {
	return command{
		words: "hangup", args: "[channel]", synopsis: "End a call", most: 1,
		help: "Ends the call, or the channel that is named. The result is 1, or -1 when there is no such channel.",
		run: func(s *session, a []string) (reply, bool) {
			ch := s.named(a, 0)
			if ch == nil {
				return result("-1"), true
			}
			ch.SoftHangup(channel.CauseNormalClearing)
			return result("1"), true
		},
	}
}
