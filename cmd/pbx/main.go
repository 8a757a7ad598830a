// Command pbx is the exchange and the ways to talk to it from a terminal. It
// holds flags and subcommands, nothing else: package server builds the exchange,
// package console is the operator's socket.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"pbx/server"
)

// version is set by the linker.
var version = "dev"

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // it did not work: errors found, no exchange, a command failed
	exitUsage  = 2 // the command line makes no sense
	exitNobody = 3 // pbx ctl: no exchange answers
)

const usage = `pbx is a telephone exchange for the files of a generation of offices.

usage:
  pbx run [--config DIR] [--state DIR] [--strict] [-v] [--cpuprofile FILE]
        Run the exchange in the foreground. Without --config a default office
        is written under the state directory, once, and run. SIGTERM ends it
        when the calls have ended or after the drain time, SIGHUP has it read
        its files again. -v shows more, -vvv what each call does.
        --cpuprofile writes, at the end, where the time went.
  pbx check [--config DIR] [--state DIR] [--strict] [--json|--sarif]
        Read the files and name every mistake as file:line:column. Exit code 1
        when there is an error; with --strict, when there is a warning. --json
        prints an array, --sarif a log that code hosts and editors show.
  pbx reach --from CONTEXT|PEER [--config DIR] [--json]
        What a caller there can get to, trunks first, and by which lines.
  pbx graph [--config DIR] [--svg|--dot]
        Draw the contexts, includes and jumps of the dialplan.
  pbx dial --from PEER|--context CONTEXT --to EXTENSION [--at MOMENT]
           [--answer [DEVICE=]WHAT]... [--press DIGITS[@TIME]]... [--caller WHO]
           [--set NAME=VALUE]... [--given FUNCTION=VALUE]... [--hangup TIME]
           [--config DIR] [--json]
        Walk the dialplan without a phone and print what happens: what matched
        and what it beat, each step as file:line, the variables it changed, who
        is called, how it ends. WHAT is answers, no, busy, refuses, congestion,
        unavailable, unknown, after:3s or forward:103.
  pbx eval [--config DIR] [--from PEER|--context CONTEXT] [--to EXTENSION]
           [--at MOMENT] [--set NAME=VALUE]... [--given FUNCTION=VALUE]... TEXT
        Print what TEXT becomes in a priority: variables, functions, $[ ].
  pbx fmt [--config DIR] [-l|-w] [FILE]...
        Print extensions.conf, or the files, in the one layout; -w writes them,
        -l names those that would change. Comments and meaning stay.
  pbx lsp [--config DIR]
        A language server for editors, on standard input and output: findings
        while you type, help, completion, go to a context or device, layout.
  pbx test [--config DIR] [--coverage] [--html FILE] [-v] [FILE]...
        Run tests of the dialplan, those of *.test and tests/*.test in the
        configuration directory if no file is named. Exit code 1 when one
        fails. --coverage prints the priorities that never ran.
  pbx explain [--config DIR] [--state DIR] [--messages] [last|list|WHICH]
        Have the running exchange tell the story of a call: WHICH is a Call-ID,
        a channel or a Uniqueid, without it the call that ended last.
  pbx reload [--config DIR] [--state DIR] [--dry-run]
        Have the running exchange read its files again and say what changed;
        --dry-run says it and changes nothing.
  pbx console [--config DIR] [--state DIR] [--socket PATH] [-v] [-x COMMAND]
        Talk to the running exchange; -x runs one command and exits with 1 if
        it failed. Also, as asterisk: pbx -r, pbx -rvvvx COMMAND, pbx -V.
  pbx ctl [--config DIR] [--state DIR] COMMAND [ARGUMENT]...
        For programs: ask the running exchange, and print its answer as JSON.
        channels, channel ID, peers, peer NAME, calls, registrations, stats,
        check, reload [--dry-run], hangup ID, redirect ID EXTENSION [CONTEXT],
        click FROM TO [--mode auto|refer|originate] [--context CONTEXT]
        [--timeout SECONDS] [--nowait], fifo COMMAND [ARGUMENT]...,
        get|delete PATH, post PATH JSON. Exit code 3 when no exchange answers.
  pbx top [--config DIR] [--state DIR] [--interval SECONDS] [--once]
        Calls, peers and load, in the terminal, until q is pressed; --once
        prints them once. NO_COLOR leaves colours out.
  pbx doc NAME
        Explain an application, a function, an option of sip.conf, a rule of
        pbx check or a console command.
  pbx version
  pbx help

The state directory is /var/lib/pbx for root, else $XDG_STATE_HOME/pbx
(~/.local/state/pbx), unless --state says otherwise; asterisk.conf in the
configuration directory may put parts of it elsewhere.

exit codes: 0 it worked, 1 it did not, 2 the command line makes no sense, 3 for
pbx ctl: no exchange answers
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// errUsage is the error of a command line that makes no sense.
var errUsage = errors.New("usage")

// run runs one command line and returns the exit code.
func run(args []string, in *os.File, out, errs io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(errs, usage)
		return exitUsage
	}
	err := error(nil)
	switch name := args[0]; {
	case name == "run":
		err = runExchange(args[1:], out, errs)
	case name == "check":
		err = check(args[1:], out, errs)
	case name == "lsp":
		err = language(args[1:], in, out, errs)
	case name == "reach":
		err = reach(args[1:], out, errs)
	case name == "graph":
		err = drawGraph(args[1:], out, errs)
	case name == "fmt":
		err = format(args[1:], out, errs)
	case name == "eval":
		err = eval(args[1:], out, errs)
	case name == "test":
		err = test(args[1:], out, errs)
	case name == "dial":
		err = dial(args[1:], out, errs)
	case name == "doc":
		err = doc(args[1:], out, errs)
	case name == "reload":
		err = reload(args[1:], out, errs)
	case name == "explain":
		err = explain(args[1:], out, errs)
	case name == "ctl":
		err = control(args[1:], in, out, errs)
	case name == "top":
		err = watchTop(args[1:], in, out, errs)
	case name == "console":
		err = consoleCommand(args[1:], in, out, errs)
	case name == "version" || name == "--version":
		fmt.Fprintln(out, "pbx", version)
	case name == "-V": // asked by programs, which go on by what they know of versions
		fmt.Fprintln(out, "Asterisk", server.AsteriskVersion(version))
	case name == "help" || name == "--help" || name == "-h":
		fmt.Fprint(out, usage)
	case strings.HasPrefix(name, "-") && !strings.HasPrefix(name, "--"):
		var rest []string
		if rest, err = fieldStyle(args); err == nil {
			err = consoleCommand(rest, in, out, errs)
		}
	default:
		fmt.Fprintf(errs, "pbx: unknown command %q; `pbx help` lists them\n", name)
		return exitUsage
	}
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.Is(err, errNobody):
		fmt.Fprintf(errs, "pbx: %v\n", err)
		return exitNobody
	case errors.Is(err, errFindings) || errors.Is(err, errTests) || errors.Is(err, errLayout):
		return exitFailed
	}
	fmt.Fprintf(errs, "pbx: %v\n", err)
	return exitFailed
}

// usageOf is what the usage says of one command.
func usageOf(name string) string {
	lines := strings.SplitAfter(usage, "\n")
	begin := slices.IndexFunc(lines, func(l string) bool {
		words := strings.Fields(l)
		return strings.HasPrefix(l, "  pbx ") && words[1] == name
	})
	if begin < 0 {
		return ""
	}
	end := begin + 1
	for strings.HasPrefix(lines[end], "    ") {
		end++
	}
	return strings.Join(lines[begin:end], "")
}

// places are the flags that say where things are.
type places struct {
	config, state string
	socket        string // of the console, where it is known
	given         bool   // --config was
	more          bool   // arguments may follow the flags
}

func (p *places) flags(f *flag.FlagSet) {
	f.StringVar(&p.config, "config", "", "`directory` of sip.conf and extensions.conf")
	f.StringVar(&p.state, "state", "", "`directory` for everything the exchange writes")
}

// parse reads flags; anything left over is a mistake.
func (p *places) parse(f *flag.FlagSet, args []string, errs io.Writer) error {
	f.SetOutput(io.Discard)
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(errs, usageOf(f.Name()))
		return err
	case err != nil:
		fmt.Fprintf(errs, "pbx %s: %v\n%s", f.Name(), err, usageOf(f.Name()))
		return errUsage
	}
	if f.NArg() > 0 && !p.more {
		fmt.Fprintf(errs, "pbx %s: unexpected %q\n", f.Name(), f.Arg(0))
		return errUsage
	}
	if p.state == "" {
		state, err := server.DefaultState()
		if err != nil {
			return err
		}
		p.state = state
	}
	p.given = p.config != ""
	if !p.given {
		p.config = server.DefaultConfig(p.state)
		return nil
	}
	if info, err := os.Stat(p.config); err != nil || !info.IsDir() {
		return fmt.Errorf("--config %s: no such directory", p.config)
	}
	return nil
}

// count is a flag that counts how often it is given; -vvv is not split by the
// flag package, so each length is a flag of its own.
type count int

func (c *count) String() string   { return "" }
func (c *count) IsBoolFlag() bool { return true }

func (c *count) add(n int) func(string) error {
	return func(string) error {
		*c += count(n)
		return nil
	}
}

func (c *count) flags(f *flag.FlagSet) {
	for n := 1; n <= 5; n++ {
		f.BoolFunc(strings.Repeat("v", n), "show more, the more v the more", c.add(n))
	}
}
