package agi

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"pbx/apps/field"
	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/dialplan/program"
	"pbx/event"
)

// status is how a session went, the value of AGISTATUS.
type status string

const (
	success  status = "SUCCESS"
	failure  status = "FAILURE"
	notFound status = "NOTFOUND"
	hungUp   status = "HANGUP"
)

const help = `The program is a script of the AGI directory, agi://host[:port]/path of a server (port 4573), hagi://domain/path of servers that its SRV records name, ` +
	`or agi:async, whose commands come from managers. The call is not answered for it. ` +
	`When the call ends, a script gets SIGHUP once and a server the line HANGUP; both may go on with the commands that a dead call allows. ` +
	`A script gets the facts of a SIP call in its environment: SIP_HF_NAME for each header, SIP_TID, SIP_DID, SIP_SRCIP, SIP_RURI, SIP_ORURI, SIP_USER and SIP_OUSER. ` +
	`A name of a script that came from a caller may only be the plain name of a file.`

// Applications declares AGI, EAGI, DeadAGI and ExternalIVR.
func (a *AGI) Applications() []channel.Application {
	args := []decl.Arg{
		{Name: "command", Help: "The program, see below."},
		{Name: "arg", Help: "What it is told, as agi_arg_1 and so on, and as arguments of a script.", Optional: true, Repeat: true},
	}
	variables := []decl.Variable{
		{Name: "AGISTATUS", Help: "How it went.", Values: []string{"SUCCESS", "FAILURE", "NOTFOUND", "HANGUP"}},
		{Name: "AGISIGHUP", Help: "Read: no sends neither SIGHUP nor HANGUP."},
		{Name: "AGIEXITONHANGUP", Help: "Read: yes leaves the program as soon as the call ends."},
		{Name: "AGIEXECFULL", Help: "Read: yes has EXEC substitute variables and functions."},
		program.StatusVariable, program.ReplyVariable,
	}
	app := func(name, synopsis string, enhanced bool, see ...string) channel.Application {
		return channel.Application{
			Name: name, Synopsis: synopsis, Help: help, Args: args, Variables: variables, SeeAlso: see, Raw: true, Wait: true,
			Run: func(t channel.Thread, args *decl.Args) error {
				if name == "DeadAGI" {
					t.Log().Warn("DeadAGI has been deprecated, please use AGI in all cases!")
				}
				return a.run(t, args, enhanced)
			},
		}
	}
	return []channel.Application{
		app("AGI", "Hand the call to a program", false, "EAGI", "System"),
		app("EAGI", "Hand the call to a script that hears the caller", true, "AGI"),
		app("DeadAGI", "Hand a call that is over to a program", false, "AGI"),
		a.externalIVR(),
	}
}

// run is one call of an application.
func (a *AGI) run(t channel.Thread, args *decl.Args, enhanced bool) error {
	thread, ok := t.(*dialplan.Thread)
	if !ok {
		return errors.New("AGI needs a dialplan thread")
	}
	parts := field.Split(field.Of(args), ',', 0)
	if len(parts) == 0 || parts[0].S == "" {
		t.Log().Warn("AGI requires an argument (script)")
		return channel.ErrHangup
	}
	if err := checkName(parts[0]); err != nil {
		t.Log().Error("AGI: " + err.Error())
		t.Channel().SetVar("AGISTATUS", channel.Clean(string(failure)))
		return nil
	}
	var rest []string
	for _, p := range parts[1:] {
		rest = append(rest, p.S)
	}
	s := &session{conversation: conversation{t: thread, ch: t.Channel(), what: "AGI Script", name: parts[0].S}, agi: a, args: rest, data: args.Raw, enhanced: enhanced}
	result := s.run()
	s.ch.SetVar("AGISTATUS", channel.Clean(string(result)))
	if s.exited {
		if err := program.Reply(t, s.exit); err != nil {
			return err
		}
	}
	return nil // the engine sees for itself whether the call is over
}

// checkName refuses a program's name that a caller chose too much of: of a script
// only a plain part of the file's name, of a server's address nothing before its
// path.
func checkName(v channel.Value) error {
	path := 0 // where a caller's text may begin
	if scheme, _, ok := strings.Cut(v.S, "://"); ok {
		path = len(v.S)
		if i := strings.IndexByte(v.S[len(scheme)+3:], '/'); i >= 0 {
			path = len(scheme) + 3 + i + 1
		}
	}
	for _, s := range v.Taint {
		part := v.S[s.Start:s.End]
		plain := strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+*#") == "" && !strings.Contains(part, "..")
		switch {
		case path > 0 && s.Start < path:
			return fmt.Errorf("%q: a caller's text %q names the server", v.S, part)
		case path > 0:
			if strings.ContainsAny(part, " \r\n\x00") {
				return fmt.Errorf("%q: a caller's text %q is in the address", v.S, url.QueryEscape(part))
			}
		case !plain || strings.HasPrefix(part, "."):
			return fmt.Errorf("%q: a caller's text %q is no part of a file's name", v.S, part)
		}
	}
	return nil
}

// open begins the conversation that the name asks for.
func (s *session) open() (wire, status) {
	scheme, rest, _ := strings.Cut(s.name, ":")
	switch {
	case strings.EqualFold(scheme, "agi") && strings.HasPrefix(rest, "//"):
		return s.connect(strings.TrimPrefix(rest, "//"), false)
	case strings.EqualFold(scheme, "hagi") && strings.HasPrefix(rest, "//"):
		return s.connect(strings.TrimPrefix(rest, "//"), true)
	}
	p, refused := s.agi.launch(s.t, script{name: s.name, args: s.args, hears: s.enhanced})
	if refused != "" {
		return nil, refused
	}
	event.Verbose(s.t.Log(), 3, "Launched AGI Script %s", p.cmd.Path)
	return p, ""
}
