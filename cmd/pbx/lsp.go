package main

import (
	"flag"
	"io"

	"pbx/lsp"
	"pbx/server"
)

// language is the language server of an editor, on standard input and output.
func language(args []string, in io.Reader, out, errs io.Writer) error {
	f := flag.NewFlagSet("lsp", flag.ContinueOnError)
	var p places
	p.flags(f)
	f.Bool("stdio", true, "what editors say who start it so; nothing else is possible")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	o := server.Options{StateDir: p.state, Version: version}
	if p.given {
		o.ConfigDir = p.config
	}
	return lsp.New(in, out, o).Run()
}
