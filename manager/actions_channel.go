package manager

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/decl"
)

var (
	errNoChannelNamed = errors.New("No channel specified")
	errNoSuchChannel  = errors.New("No such channel")
	errNoVariable     = errors.New("No variable specified")
	// errChannelNotFound is the word for both of those that send signals.
	errChannelNotFound = errors.New("Channel not found")
)

// named is a Channel header.
func named(help string) decl.Arg { return decl.Arg{Name: "Channel", Help: help} }

// channelActions act on one channel.
func (s *Server) channelActions() []decl.Action {
	call := []string{"call"}
	return []decl.Action{
		{
			Name: "Hangup", Synopsis: "Hangup channel.", Classes: []string{"system", "call"}, Run: s.hangup,
			Help: "Ends a channel, or all whose names match a regular expression between slashes.",
			Args: []decl.Arg{named("a name, or /expression/"), {Name: "Cause", Help: "a Q.850 cause", Optional: true}},
		},
		{
			Name: "Getvar", Synopsis: "Gets a channel variable or function value.", Classes: []string{"call", "reporting"}, Run: s.getvar,
			Help: "Reads a variable or a function of a channel, or a global one.", Args: []decl.Arg{{Name: "Channel", Optional: true}, {Name: "Variable"}},
		},
		{
			Name: "Setvar", Synopsis: "Sets a channel variable or function value.", Classes: call, Run: s.setvar,
			Help: "Sets a variable or a function of a channel, or a global variable.", Args: []decl.Arg{{Name: "Channel", Optional: true}, {Name: "Variable"}, {Name: "Value"}},
		},
		{
			Name: "AbsoluteTimeout", Synopsis: "Set absolute timeout.", Classes: []string{"system", "call"}, Run: s.absoluteTimeout,
			Help: "Ends a channel after so many seconds from now; 0 takes the limit away.", Args: []decl.Arg{named(""), {Name: "Timeout", Help: "seconds"}},
		},
		{
			Name: "PlayDTMF", Synopsis: "Play DTMF signal on a specific channel.", Classes: call, Run: s.playDTMF,
			Help: "Sends a digit to a channel; with Receive: yes it is as if the channel had dialled it.",
			Args: []decl.Arg{named(""), {Name: "Digit"}, {Name: "Duration", Help: "milliseconds", Optional: true}, {Name: "Receive", Optional: true}},
		},
		{
			Name: "MuteAudio", Synopsis: "Mute an audio stream.", Classes: []string{"system"}, Run: s.muteAudio,
			Help: "Puts silence in the place of what a channel's phone says (in), of what it hears (out), or of both (all), or lets it through again.",
			Args: []decl.Arg{named(""), {Name: "Direction", Help: "in, out or all"}, {Name: "State", Help: "on or off"}},
		},
		{
			Name: "SendText", Synopsis: "Sends a text message to channel.", Classes: call, Run: s.sendText,
			Help: "Sends a text within a call.", Args: []decl.Arg{named(""), {Name: "Message"}},
		},
		{
			Name: "SendFlash", Synopsis: "Send a hook flash on a specific channel.", Classes: call, Run: s.sendFlash,
			Help: "Sends a hook flash to a channel; with Receive: yes it is as if the channel had sent it.", Args: []decl.Arg{named(""), {Name: "Receive", Optional: true}},
		},
		{
			Name: "AGI", Synopsis: "Add an AGI command to execute by Async AGI.", Classes: []string{"agi"}, Run: s.asyncAGI,
			Help: "Sends a command to a call that runs AGI(agi:async); the event AsyncAGIExec tells what came of it.",
			Args: []decl.Arg{named(""), {Name: "Command"}, {Name: "CommandID", Optional: true}},
		},
		{
			Name: "LocalOptimizeAway", Synopsis: "Optimize away a local channel when possible.", Classes: []string{"system", "call"}, Run: s.optimizeAway,
			Help: "Lets a Local channel that was made with /n take itself out of the call.", Args: []decl.Arg{named("a Local channel")},
		},
	}
}

// find finds the channel of a request. missing is the error where it names none, gone
// where there is no such channel.
func (s *Server) find(r *decl.ActionRequest, missing, gone error) (*channel.Channel, error) {
	name := strings.TrimSpace(r.Get("Channel"))
	if name == "" {
		return nil, missing
	}
	ch, ok := s.deps.Registry.Lookup(name)
	if !ok {
		return nil, gone
	}
	return ch, nil
}

func (s *Server) hangup(_ context.Context, r *decl.ActionRequest) error {
	cause := channel.CauseNormalClearing
	if text := r.Get("Cause"); text != "" {
		if c, ok := channel.ParseCause(text); ok {
			cause = c
		}
	}
	name := r.Get("Channel")
	if strings.HasPrefix(name, "/") {
		if len(name) < 2 || !strings.HasSuffix(name, "/") {
			return errors.New("Regex format invalid, Channel param should be /regex/")
		}
		re, err := regexp.Compile(name[1 : len(name)-1])
		if err != nil {
			return errors.New("Regex compile failed on: " + name)
		}
		r.List("Channels hung up will follow")
		for _, ch := range s.deps.Registry.Channels() {
			if !re.MatchString(ch.Name()) {
				continue
			}
			ch.SoftHangup(cause)
			r.EntryLast("ChannelHungup", "Channel", ch.Name())
		}
		return r.Done("ChannelsHungupListComplete")
	}
	ch, err := s.find(r, errNoChannelNamed, errNoSuchChannel)
	if err != nil {
		return err
	}
	r.Then = func() { ch.SoftHangup(cause) }
	return r.OK("Channel Hungup")
}

// optional finds the channel of a request that need not name one.
func (s *Server) optional(r *decl.ActionRequest) (*channel.Channel, error) {
	if strings.TrimSpace(r.Get("Channel")) == "" {
		return nil, nil
	}
	return s.find(r, nil, errNoSuchChannel)
}

// mayRead reports whether a user may read variables: those who have not the class system
// may not run programs, or text, on the way.
func mayRead(r *decl.ActionRequest, names string) bool {
	return r.May("system") || !calls(names, func(name string) bool { return name == "SHELL" || name == "EVAL" })
}

func (s *Server) getvar(_ context.Context, r *decl.ActionRequest) error {
	name := r.Get("Variable")
	if name == "" {
		return errNoVariable
	}
	if !mayRead(r, name) {
		return errors.New("GetVar Access Forbidden: Variable")
	}
	ch, err := s.optional(r)
	if err != nil {
		return err
	}
	v, err := s.deps.Engine.Read(ch, name, r.Fenced)
	if err != nil && strings.HasSuffix(name, ")") { // the answer has no word for it: it is empty
		s.deps.Log.Warn("manager: Getvar: " + err.Error())
	}
	r.Response("Success")
	r.Field("Variable", name)
	r.Field("Value", v.S)
	r.End()
	return nil
}

func (s *Server) setvar(_ context.Context, r *decl.ActionRequest) error {
	name := r.Get("Variable")
	if name == "" {
		return errNoVariable
	}
	ch, err := s.optional(r)
	if err != nil {
		return err
	}
	value := channel.Clean(r.Get("Value"))
	if strings.HasSuffix(name, ")") {
		if err := s.deps.Engine.Write(ch, name, value, r.Fenced); err != nil {
			s.deps.Log.Warn("manager: Setvar: " + err.Error())
			return errors.New("Variable not set")
		}
		return r.OK("Variable Set")
	}
	// A plain variable can always be set; what is heard of it comes after the answer.
	r.Then = func() { _ = s.deps.Engine.Write(ch, name, value, r.Fenced) }
	return r.OK("Variable Set")
}

func (s *Server) absoluteTimeout(_ context.Context, r *decl.ActionRequest) error {
	if strings.TrimSpace(r.Get("Channel")) == "" {
		return errNoChannelNamed
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(r.Get("Timeout")), 64)
	if err != nil || !(seconds >= 0 && seconds < 1e9) {
		return errors.New("No timeout specified")
	}
	ch, err := s.find(r, errNoChannelNamed, errNoSuchChannel)
	if err != nil {
		return err
	}
	s.deps.Engine.Limit(ch, time.Duration(seconds*float64(time.Second)))
	return r.OK("Timeout Set")
}

// digitLength is that of a digit without a Duration.
const digitLength = 100 * time.Millisecond

func (s *Server) muteAudio(_ context.Context, r *decl.ActionRequest) error {
	direction := strings.ToLower(r.Get("Direction"))
	switch {
	case r.Get("Channel") == "":
		return errors.New("Channel not specified")
	case r.Get("State") == "":
		return errors.New("State not specified")
	case direction == "":
		return errors.New("Direction not specified")
	}
	ch, err := s.find(r, nil, errNoSuchChannel)
	switch {
	case err != nil:
		return err
	case direction != "in" && direction != "out" && direction != "all":
		return errors.New("Direction must be in, out or all")
	}
	if !ch.Mute(direction != "out", direction != "in", r.True("State")) {
		return errors.New("Failed to mute/unmute stream")
	}
	return r.OK("")
}

func (s *Server) playDTMF(_ context.Context, r *decl.ActionRequest) error {
	ch, err := s.find(r, errChannelNotFound, errChannelNotFound)
	if err != nil {
		return err
	}
	digit := strings.ToUpper(r.Get("Digit"))
	if digit == "" {
		return errors.New("No digit specified")
	}
	if !strings.ContainsRune("0123456789*#ABCD", rune(digit[0])) {
		return errors.New("Invalid digit")
	}
	length := digitLength
	if text := strings.TrimSpace(r.Get("Duration")); text != "" {
		ms, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return errors.New("Could not convert Duration parameter")
		}
		if ms > 0 && ms < 60_000 {
			length = time.Duration(ms) * time.Millisecond
		}
	}
	if r.True("Receive") {
		ch.DigitBegin(digit[0])
		ch.DigitEnd(digit[0], length)
	} else if err := ch.Leg().SendDigit(digit[0], length); err != nil {
		return fmt.Errorf("DTMF was not sent: %w", err)
	}
	return r.OK("DTMF successfully queued")
}

func (s *Server) sendText(_ context.Context, r *decl.ActionRequest) error {
	text := r.Get("Message")
	switch {
	case r.Get("Channel") == "":
		return errNoChannelNamed
	case text == "":
		return errors.New("No Message specified")
	}
	ch, err := s.find(r, nil, errNoSuchChannel)
	if err != nil {
		return err
	}
	if ch.Leg().SendText(text) != nil {
		return errors.New("Failure")
	}
	return r.OK("Success")
}

func (s *Server) sendFlash(_ context.Context, r *decl.ActionRequest) error {
	ch, err := s.find(r, errChannelNotFound, errChannelNotFound)
	if err != nil {
		return err
	}
	if r.True("Receive") {
		ch.Queue(channel.Frame{Kind: channel.FrameControl, Control: channel.ControlFlash})
	} else if err := ch.Leg().Indicate(channel.ControlFlash); err != nil {
		return fmt.Errorf("Flash was not sent: %w", err)
	}
	return r.OK("Flash successfully queued")
}

// optimizer is a leg that can be told to take itself out of the call.
type optimizer interface{ OptimizeAway() }

func (s *Server) optimizeAway(_ context.Context, r *decl.ActionRequest) error {
	ch, err := s.find(r, errors.New("'Channel' not specified."), errors.New("Channel does not exist."))
	if err != nil {
		return err
	}
	if o, ok := ch.Leg().(optimizer); ok {
		o.OptimizeAway()
	}
	return r.OK("Queued channel to be optimized away.")
}

func (s *Server) asyncAGI(_ context.Context, r *decl.ActionRequest) error {
	if r.Get("Channel") == "" || r.Get("Command") == "" {
		return errors.New("Channel and Command must be given")
	}
	ch, err := s.find(r, errNoChannelNamed, errNoSuchChannel)
	if err != nil {
		return fmt.Errorf("Channel %s does not exist.", r.Get("Channel"))
	}
	if s.deps.AGI(ch, r.Get("Command"), r.Get("CommandID")) != nil {
		return errors.New("Failed to add AGI command to queue")
	}
	return r.OK("Added AGI command to queue")
}
