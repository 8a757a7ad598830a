package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pbx/console"
	"pbx/server"
)

func consoleCommand(args []string, in *os.File, out, errs io.Writer) error {
	f := flag.NewFlagSet("console", flag.ContinueOnError)
	var p places
	var verbose count
	p.flags(f)
	verbose.flags(f)
	command := f.String("x", "", "run one `command` and exit")
	f.StringVar(&p.socket, "socket", "", "the console's `socket`, where it is not that of asterisk.conf")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	if *command == "" {
		path, err := socket(&p)
		if err != nil {
			return err
		}
		return console.Prompt(background(), path, int(verbose), filepath.Join(p.state, "console_history"), in, out)
	}
	return ask(&p, *command, out)
}

// socket is where the running exchange listens.
func socket(p *places) (string, error) {
	if p.socket != "" {
		return p.socket, nil
	}
	sockets, err := server.Sockets(p.config, p.state)
	if errors.Is(err, fs.ErrPermission) { // the socket tells whose it is
		return filepath.Join(p.state, "pbx.ctl"), nil
	}
	if err != nil {
		return "", err
	}
	for _, s := range sockets {
		if _, err := os.Stat(s); err == nil {
			return s, nil
		}
	}
	return sockets[0], nil
}

// ask has the running exchange run a command.
func ask(p *places, command string, out io.Writer) error {
	path, err := socket(p)
	if err != nil {
		return err
	}
	c, err := console.Dial(path, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	err = c.Run(background(), command, out)
	if errors.Is(err, console.ErrFailed) {
		return errFindings // the answer said why
	}
	return err
}

// quoted is a word of a console command.
func quoted(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}

// explain has the running exchange tell the story of a call.
func explain(args []string, out, errs io.Writer) error {
	f := flag.NewFlagSet("explain", flag.ContinueOnError)
	p := places{more: true}
	p.flags(f)
	messages := f.Bool("messages", false, "show the SIP messages as well, where recordhistory keeps them")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	if f.NArg() > 1 {
		fmt.Fprintf(errs, "pbx explain: unexpected %q\n", f.Arg(1))
		return errUsage
	}
	which := "last"
	if f.NArg() == 1 {
		which = f.Arg(0)
	}
	command := "core explain " + quoted(which)
	if *messages {
		command += " messages"
	}
	return ask(&p, command, out)
}

// reload has the running exchange read its files again, or say what that would
// change.
func reload(args []string, out, errs io.Writer) error {
	f := flag.NewFlagSet("reload", flag.ContinueOnError)
	var p places
	p.flags(f)
	dry := f.Bool("dry-run", false, "say what would change, and change nothing")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	command := "core reload"
	if *dry {
		command += " --dry-run"
	}
	return ask(&p, command, out)
}
