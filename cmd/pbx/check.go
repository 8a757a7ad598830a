package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"pbx/config"
	"pbx/configs"
	"pbx/server"
)

// errFindings ends the program with 1; what is wrong was already printed.
var errFindings = errors.New("findings")

func background() context.Context { return context.Background() }

func check(args []string, out, errs io.Writer) error {
	f := flag.NewFlagSet("check", flag.ContinueOnError)
	var p places
	p.flags(f)
	strict := f.Bool("strict", false, "warnings count as errors")
	asJSON := f.Bool("json", false, "print a JSON array")
	sarifLog := f.Bool("sarif", false, "print a SARIF 2.1.0 log")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	done, err := p.written()
	if err != nil {
		return err
	}
	defer done()
	r := server.Check(server.Options{ConfigDir: p.config, StateDir: p.state, Version: version, Strict: *strict})
	var whole any
	switch {
	case *sarifLog:
		whole = asSARIF(p.config, r.Findings)
	case *asJSON:
		whole = asFindings(r.Findings)
	}
	if whole != nil {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		if err := e.Encode(whole); err != nil {
			return err
		}
	} else {
		for _, f := range r.Findings {
			fmt.Fprintln(out, f)
		}
	}
	if r.Failed {
		return errFindings
	}
	return nil
}

// written makes sure that there are files to look at: where nothing was ever
// started, those of the office that would be. done takes them away again.
func (p *places) written() (done func(), err error) {
	if p.given || configs.Written(p.config) {
		return func() {}, nil
	}
	dir, err := os.MkdirTemp("", "pbx-office-")
	if err != nil {
		return nil, err
	}
	done = func() { _ = os.RemoveAll(dir) }
	if _, err := configs.Write(dir, rand.Reader); err != nil {
		done()
		return nil, err
	}
	p.config = dir
	return done, nil
}

// finding is a finding as --json prints it.
type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Template string `json:"template,omitempty"`
	Severity string `json:"severity"`
	Rule     string `json:"rule"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

func asFindings(list []config.Finding) []finding {
	out := make([]finding, len(list))
	for i, f := range list {
		out[i] = finding{f.Pos.File, f.Pos.Line, f.Column, f.Pos.Template, f.Severity.String(), f.Rule, f.Message, f.Hint}
	}
	return out
}
