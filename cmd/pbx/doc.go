package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"pbx/server"
)

// doc explains a name, without an exchange.
func doc(args []string, out, errs io.Writer) error {
	f := flag.NewFlagSet("doc", flag.ContinueOnError)
	p := places{more: true}
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	if f.NArg() == 0 {
		fmt.Fprintln(errs, "usage: pbx doc NAME")
		return errUsage
	}
	return server.Doc(out, strings.Join(f.Args(), " "))
}
