package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"pbx/dryrun"
	"pbx/server"
)

// errTests says that tests failed, which was printed.
var errTests = errors.New("tests failed")

// test runs tests of the dialplan.
func test(args []string, out, errs io.Writer) error {
	f := flag.NewFlagSet("test", flag.ContinueOnError)
	var p places
	p.flags(f)
	p.more = true
	var coverage, verbose bool
	var page string
	f.BoolVar(&coverage, "coverage", false, "print which priorities never ran")
	f.StringVar(&page, "html", "", "write the coverage as a page to this `file`")
	f.BoolVar(&verbose, "v", false, "print what each test's call did")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	files, err := testFiles(f.Args(), p.config)
	if err != nil {
		return err
	}
	var tests []*dryrun.Test
	for _, name := range files {
		more, err := readTests(name)
		if err != nil {
			return err
		}
		tests = append(tests, more...)
	}
	r, err := server.Rehearse(server.Options{ConfigDir: p.config, StateDir: p.state, Version: version})
	if err != nil {
		return err
	}
	var ran dryrun.Coverage
	failed := 0
	for _, res := range r.Test(tests, &ran) {
		if res.Err == nil {
			fmt.Fprintf(out, "ok    %s\n", res.Test.Name)
		} else {
			failed++
			fmt.Fprintf(out, "FAIL  %s\n      %v\n", res.Test.Name, res.Err)
		}
		if res.Trace != nil && (verbose || res.Err != nil) {
			if err := res.Trace.Write(out); err != nil {
				return err
			}
		}
	}
	if coverage {
		if err := ran.Write(out, r.Plan()); err != nil {
			return err
		}
	}
	if page != "" {
		if err := writePage(page, &ran, r, p.config); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", len(tests)-failed, failed)
	if failed > 0 {
		return errTests
	}
	return nil
}

// testFiles are those named, or those in the configuration directory.
func testFiles(named []string, config string) ([]string, error) {
	if len(named) > 0 {
		return named, nil
	}
	var files []string
	for _, pattern := range []string{"*.test", filepath.Join("tests", "*.test")} {
		found, err := filepath.Glob(filepath.Join(config, pattern))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no *.test files, and tests/ none: name the files to run", config)
	}
	slices.Sort(files)
	return files, nil
}

func readTests(name string) ([]*dryrun.Test, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return dryrun.ParseTests(name, f)
}

func writePage(name string, c *dryrun.Coverage, r *server.Rehearsal, config string) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return c.WriteHTML(f, r.Plan(), config)
}
