package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"pbx/dryrun"
	"pbx/server"
)

// caller are the flags that say who calls whom, and when.
type caller struct {
	from, context, to, at, who string
	call                       dryrun.Call
}

func (c *caller) flags(f *flag.FlagSet) {
	f.StringVar(&c.from, "from", "", "the `peer` of sip.conf that calls")
	f.StringVar(&c.context, "context", "", "the `context` in which the call begins, instead of the peer's")
	f.StringVar(&c.to, "to", "", "the `extension` that is dialled")
	f.StringVar(&c.at, "at", "now", "the `moment` of the call: 18:05, \"Mon 18:05\", \"2026-12-24 18:05\"")
	f.StringVar(&c.who, "caller", "", "the caller's `number`, or \"Name <number>\"")
	f.Func("set", "a `NAME=VALUE` of the caller's channel", c.call.SetVariable)
	f.Func("given", "what a function or command gives back, such as `SHELL(date)=now`", c.call.Give)
}

// ready reads the configuration and fills in the call.
func (c *caller) ready(p *places) (*server.Rehearsal, time.Time, error) {
	start, err := dryrun.ParseMoment(c.at, time.Now())
	if err != nil {
		return nil, start, err
	}
	r, err := server.Rehearse(server.Options{ConfigDir: p.config, StateDir: p.state, Version: version})
	if err != nil {
		return nil, start, err
	}
	if c.from != "" {
		if err := r.From(&c.call, c.from); err != nil {
			return nil, start, err
		}
	}
	if c.context != "" {
		c.call.Context = c.context
	}
	if c.who != "" {
		c.call.SetCaller(c.who)
	}
	c.call.Exten = c.to
	return r, start, nil
}

// dial walks the dialplan without a phone.
func dial(args []string, out, errs io.Writer) error {
	f := flag.NewFlagSet("dial", flag.ContinueOnError)
	var p places
	var c caller
	var asJSON bool
	p.flags(f)
	c.flags(f)
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.Func("answer", "what the devices do: answers, no, busy, refuses, congestion, unavailable, after:3s, forward:103; DEVICE=`WHAT` for one of them, such as SIP/102=busy", c.call.Behave)
	f.Func("press", "`digits` that the caller presses when the plan asks for some, DIGITS@3s for a moment; may be given again", c.call.Press)
	f.DurationVar(&c.call.HangupAfter, "hangup", 0, "when the caller hangs up, after the beginning; without it when nothing more would happen")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	if c.to == "" || c.from == "" && c.context == "" {
		fmt.Fprintln(errs, "pbx dial: --to EXTENSION, and --from PEER or --context CONTEXT")
		return errUsage
	}
	r, start, err := c.ready(&p)
	if err != nil {
		return err
	}
	t, err := r.Call(start, &c.call)
	if err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(t)
	}
	who := cmp.Or(strings.TrimSpace(c.call.Caller.Name+" "+c.call.Caller.Number), "somebody")
	fmt.Fprintf(out, "%s: %s dials %s in [%s]\n", start.Format("Mon 2006-01-02 15:04:05"), who, c.to, c.call.Context)
	return t.Write(out)
}

// eval prints what a text becomes in a priority.
func eval(args []string, out, errs io.Writer) error {
	f := flag.NewFlagSet("eval", flag.ContinueOnError)
	p := places{more: true}
	var c caller
	p.flags(f)
	c.flags(f)
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	if f.NArg() != 1 {
		fmt.Fprintln(errs, "pbx eval: one TEXT, in quotes, such as '${LEN(abc)}' or '$[1 + 2]'")
		return errUsage
	}
	r, start, err := c.ready(&p)
	if err != nil {
		return err
	}
	value, notes, err := r.Eval(start, &c.call, f.Arg(0))
	if err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintln(errs, n)
	}
	_, err = fmt.Fprintln(out, value)
	return err
}
